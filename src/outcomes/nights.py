"""One night, step by step. Each step may be run twice with the same result; a killed night is healed by the next."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from collections.abc import Callable
from typing import Any

import duckdb
import polars as pl

from outcomes import healing, inbox, lasting, logs, requeueing, witnessing
from outcomes.datafiles import clinics_of
from outcomes.definitionlog import log_definitions
from outcomes.deriving import derive
from outcomes.destroying import remove_destroyed
from outcomes.errors import OutcomesError
from outcomes.frames import given, one
from outcomes.laying import lay_again
from outcomes.loading import Manifest, Night, Progress, data_files, load_night
from outcomes.migrating import stand_on_floor, upgrade
from outcomes.pages.writing import write_pages
from outcomes.paths import Home
from outcomes.publishedcopy import publish_copy
from outcomes.ratelog import log_rates
from outcomes.readers import let_in
from outcomes.receipts import write_receipts
from outcomes.recomputing import clear_scratch
from outcomes.sentreceipts import write_sent
from outcomes.stepping import run_step
from outcomes.store import File, reading, warehouse
from outcomes.summary import Summary, rows_of, summarise

# Nights of an earlier version that brought no file have left no receipt. What was locked or changed after one that a
# restored database has lost still names it, and its number is not given again.
_LAST_NIGHT = """
    SELECT max(night) FROM (
        SELECT night FROM night UNION ALL SELECT night FROM release UNION ALL SELECT night FROM identity_change
        UNION ALL SELECT night FROM signature UNION ALL SELECT night FROM benchmark_change UNION ALL SELECT recorded_night FROM sample_audit
    )
"""

_ROWS = """
    SELECT count(*) AS files, count(refused_because) AS refused, coalesce(sum(rows_read), 0)::BIGINT AS rows_read,
        coalesce(sum(rows_accepted), 0)::BIGINT AS rows_accepted, coalesce(sum(rows_duplicate), 0)::BIGINT AS rows_duplicate,
        coalesce(sum(rows_quarantined), 0)::BIGINT AS rows_quarantined, coalesce(sum(rows_blank), 0)::BIGINT AS rows_blank
    FROM arrival WHERE night = ?
"""


def heal(night: Night, progress: Progress | None = None) -> Night:
    """Make the home whole: upgrade the store and lay it again, reload what it has lost, and do a night that was killed to its end."""
    home = night.home
    home.make()
    let_in(home)
    clear_scratch(home)
    stand_on_floor(home)
    night.upgraded_from = upgrade(home) or night.upgraded_from
    with warehouse(home.warehouse) as con:
        lay_again(con)
        witnessing.restore(home, con)
        files = night.files = data_files(home)
        night.healed += healing.heal(home, con, files)
        _stand(night, con)
    remove_destroyed(home)
    if home.manifest.exists():
        left = _read_manifest(home)
        unfinished = Night(home, left.id.as_of, left, files)
        with warehouse(home.warehouse) as con:
            requeueing.drop_left(home, con, left.night, left.requeued)
        for _, step in AFTER_MANIFEST:
            step(unfinished, None)
        _end(home)
        night.healed += 1
        night.ended = left.night
        with reading(home) as con:
            _stand(night, con)
    if night.healed:
        logs.write(home, "warning", "nights_healed", nights=night.healed)
    night.counts = {"nights_healed": night.healed}
    return night


def look(night: Night, progress: Progress | None = None) -> Night:
    """Hash the finished files of the inbox and hold the bytes of the new ones. Refuses a date before the last night's, and a
    clinics.toml that breaks its contract."""
    home = night.home
    if night.last_as_of and night.as_of < night.last_as_of:
        raise OutcomesError(
            f"The as-of date {night.as_of} is before the last night's, {night.last_as_of}. Give that date or a later one; if that one was a slip, go back to a backup from before it: outcomes restore --help."
        )
    # Before it is made: a slip in clinics.toml must not use up a night.
    clinics_of(home)
    entries = inbox.listed(home)
    night.held = inbox.left_in_hold(home)
    # Where nothing waits, nothing is looked for among all that is known.
    if entries or night.held:
        with reading(home) as con:
            night.known = _known(con)
    night.found = inbox.look(home, entries, night.known)
    return night


def hold(night: Night, progress: Progress | None = None) -> Night:
    """Make the night what it is: its number, its run id and the files it takes, in a manifest that lasts."""
    home, found, known = night.home, night.found, night.known
    again: list[File] = []
    if requeueing.is_requested(home):
        with warehouse(home.warehouse) as con:
            again = requeueing.requested(home, con)
    number = night.last + 1
    sizes = night.held | found.sizes
    fresh = sorted(sha for sha in sizes if sha not in known)
    made_of = [
        night.ledger_head,
        str(number),
        night.as_of.isoformat(),
        *(f"again {file.sha256}" for file in again),
        *fresh,
    ]
    night.manifest = Manifest(
        night=number,
        run_id=hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:16],
        as_of=night.as_of.isoformat(),
        sha256=[*(file.sha256 for file in again), *fresh],
        sizes=[*(file.size for file in again), *(sizes[sha] for sha in fresh)],
        files_known=len(found.places) - sum(1 for sha in found.sizes if sha not in known),
        known_refused=sum(1 for place in found.places if known.get(place.sha256)),
        left_alone=found.left_alone,
        requeued=[file.sha256 for file in again],
    )
    lasting.write(home.manifest, json.dumps(vars(night.manifest)))
    requeueing.drop(home, night.manifest.requeued)
    night.counts = {
        "files_new": len(fresh), "files_again": len(again), "files_known": night.manifest.files_known, "files_left_alone": found.left_alone
    }  # fmt: skip
    return night


def store(night: Night, progress: Progress | None = None) -> Night:
    """Judge the night's files and store them, a transaction a batch; then the night itself; and see whether it brought anything."""
    manifest = _of(night)
    with warehouse(night.home.warehouse) as con:
        load_night(night, con, manifest, progress)
        (night.counts,) = rows_of(con, _ROWS, [manifest.night])
        night.nothing_new = (
            not night.healed
            and _is_same_as_before(con)
            and not _has_new_identity(con)
            and night.home.published_copy.exists()
            and _is_derived(con)
        )
        if night.nothing_new:
            # All that is derived is so as of this night too.
            con.execute("UPDATE derived SET night = ?", [manifest.night])
    return night


def derive_all(night: Night, progress: Progress | None = None) -> Night:
    """Courses, endpoints, rates and comparisons, as of the night's date; nothing where nothing could have changed."""
    if not night.nothing_new:
        with warehouse(night.home.warehouse) as con:
            derive(con)
    night.counts = {"nothing_new": night.nothing_new}
    return night


def log_changes(night: Night, progress: Progress | None = None) -> Night:
    """Log each rate, and each definition, that is not as it was last logged."""
    if not night.nothing_new:
        with warehouse(night.home.warehouse) as con:
            log_rates(con)
            log_definitions(con)
    return night


def witness(night: Night, progress: Progress | None = None) -> Night:
    """Receipts outside the database, of the ledger and for each clinic's files."""
    with reading(night.home) as con:
        write_receipts(night.home, con)
        write_sent(night.home, con, night=_of(night).night)
    return night


def publish(night: Night, progress: Progress | None = None) -> Night:
    """The published copy, by atomic rename."""
    publish_copy(night.home)
    return night


def say(night: Night, progress: Progress | None = None) -> Night:
    """The night in numbers, for people and for summary.json."""
    manifest = _of(night)
    with reading(night.home) as con:
        night.summary = summarise(
            con,
            registered=night.registered,
            healed=night.healed,
            ended=night.ended,
            upgraded_from=night.upgraded_from,
            left_alone=manifest.left_alone,
            known_refused=manifest.known_refused,
        )
    lasting.write(night.home.summary, _written(night.summary.as_dict()))
    let_in(night.home)
    return night


def put_away(night: Night, progress: Progress | None = None) -> Night:
    """Files to the archive or to refused/, and those that are in the ledger out of the inbox."""
    home, manifest = night.home, _of(night)
    in_ledger: dict[str, str | None] = {}
    if manifest.sha256:
        with reading(home) as con:
            in_ledger = _known(con, manifest.sha256)
    inbox.put_away(
        home,
        [sha for sha in manifest.sha256 if in_ledger[sha] is None],
        [sha for sha in manifest.sha256 if in_ledger[sha]],
        [sha for sha in manifest.requeued if in_ledger[sha] is None],
    )
    inbox.clear(place for place in night.found.places if place.sha256 in in_ledger or place.sha256 in night.known)
    return night


def make_pages(night: Night, progress: Progress | None = None) -> Summary:
    """The pages, made of the published copy. Raises OutcomesError where one could not be made; the night is done all the same."""
    fault: OutcomesError | None = None
    try:
        write_pages(night.home)
    except OutcomesError as error:
        fault = error
    # Also where one could not be made: the others are for the readers all the same.
    let_in(night.home)
    _end(night.home)
    if fault:
        raise fault
    assert night.summary is not None, "say comes first"
    return night.summary


Step = Callable[[Night, Progress | None], Any]
BEFORE_MANIFEST: tuple[tuple[str, Step], ...] = (("heal", heal), ("look", look), ("hold", hold))
# What a night does once it has a manifest: also what is left to do of one that was killed.
AFTER_MANIFEST: tuple[tuple[str, Step], ...] = (
    ("store", store),
    ("derive", derive_all),
    ("log", log_changes),
    ("receipts", witness),
    ("publish", publish),
    ("say", say),
    ("put away", put_away),
)
# The one list of a night's steps, in one process and as tasks of Prefect. The pages come when all else is done, so that no
# night is lost over a page: what a fault there leaves undone, the next night makes.
STEPS = (*BEFORE_MANIFEST, *AFTER_MANIFEST, ("pages", make_pages))


def run_night(home: Home, as_of: dt.date, progress: Progress | None = None) -> Summary:
    """The whole night in this process, without Prefect. Raises BusyError if another one holds the lock."""
    os.umask(0o077)
    home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with inbox.locked(home):
        result: Any = Night(home, as_of)
        for name, step in STEPS:
            result = run_step(name, step, result, progress)
    assert isinstance(result, Summary)
    return result


def _stand(night: Night, con: duckdb.DuckDBPyConnection) -> None:
    """Where the home stands before the night."""
    night.last = one(con, _LAST_NIGHT) or 0
    night.last_as_of = one(con, "SELECT arg_max(as_of, night) FROM night")
    night.ledger_head = one(con, "SELECT arg_max(hash, arrival_no) FROM arrival") or ""


def _known(con: duckdb.DuckDBPyConnection, shas: list[str] | None = None) -> dict[str, str | None]:
    """Every file of the ledger, or those of `shas`: why it is refused, None where one of its readings was taken."""
    query = "SELECT sha256, refused_because FROM last_reading JOIN arrival USING (sha256, arrival_no)"
    if shas is None:
        return dict(con.execute(query).fetchall())
    with given(con, "shas", pl.DataFrame({"sha256": shas})):
        return dict(con.execute(f"{query} SEMI JOIN shas USING (sha256)").fetchall())


def _of(night: Night) -> Manifest:
    assert night.manifest is not None, "hold comes first"
    return night.manifest


def _read_manifest(home: Home) -> Manifest:
    return Manifest(**json.loads(home.manifest.read_text("utf-8")))


def _end(home: Home) -> None:
    """Nothing is left to heal."""
    home.manifest.unlink(missing_ok=True)
    lasting.sync(home.root)


def _written(said: dict[str, Any]) -> str:
    """JSON with a line for each row of each list. An indent would be written by Python, a hundred times slower."""

    def value(of: Any) -> str:
        rows = ",\n".join(json.dumps(row) for row in of) if isinstance(of, list) else None
        return json.dumps(of) if rows is None else f"[\n{rows}\n]"

    return "{\n" + ",\n".join(f"{json.dumps(key)}: {value(of)}" for key, of in said.items()) + "\n}\n"


def _is_same_as_before(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the last night brought nothing and had the date and the data files of the one before."""
    last = con.execute(
        "SELECT as_of, data_versions, program_version, files_taken + files_read_again FROM night ORDER BY night DESC LIMIT 2"
    ).fetchall()
    return len(last) == 2 and last[0][:3] == last[1][:3] and last[0][3] == 0


def _has_new_identity(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether pseudonyms were joined or split, or that undone, since the last derivation."""
    query = "SELECT count(*) FROM identity_change WHERE night >= coalesce((SELECT max(night) FROM derived), 0)"
    return bool(one(con, query))


def _is_derived(con: duckdb.DuckDBPyConnection) -> bool:
    # Benchmarks that are compared with nothing have a row in any store; a derivation that was killed left no row in `derived`.
    return bool(one(con, "SELECT count(*) FROM comparison")) and bool(one(con, "SELECT count(*) FROM derived"))
