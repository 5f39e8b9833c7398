"""One night, step by step. Each step may be run twice with the same result; a killed night is healed by the next."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from outcomes import inbox
from outcomes.checking import Judged, judge
from outcomes.datafiles import DataFiles, put_data_files, read_data_files
from outcomes.errors import OutcomesError
from outcomes.frames import asked
from outcomes.laying import derive, lay_again
from outcomes.paths import Home, data_folder
from outcomes.store import File, NightId, load, one, warehouse
from outcomes.summary import Summary, summarise
from schemas.clinics import clinics_text, read_clinics
from schemas.errors import DataFileError

RECEIPTS = "receipts.jsonl"
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Manifest:
    """What a night is: its id and the hashes it takes, written before anything is stored."""

    night: int
    run_id: str
    as_of: str
    sha256: list[str]
    sizes: list[int]
    files_known: int
    left_alone: int

    @property
    def id(self) -> NightId:
        """Number, run and as-of date."""
        return NightId(self.night, self.run_id, dt.date.fromisoformat(self.as_of))


@dataclass
class Night:
    """A night under way in a home. `healed` counts the nights that had to be done again before it."""

    home: Home
    as_of: dt.date
    manifest: Manifest | None = None
    files: DataFiles | None = None
    found: inbox.Looked = field(default_factory=inbox.Looked)
    healed: int = 0
    registered: list[str] = field(default_factory=list)
    nothing_new: bool = False


def take(night: Night, progress: Progress | None = None) -> Night:
    """Heal what was left undone, look at the inbox, hold the new files and write the night's manifest."""
    home = night.home
    home.make()
    files = night.files = _data_files()
    with warehouse(home.warehouse) as con:
        lay_again(con)
        night.healed += _restore(home, con, files)
    if home.manifest.exists():
        left = _read_manifest(home)
        unfinished = Night(home, left.id.as_of, left, files)
        for step in (store, derive_all, publish):
            step(unfinished)
        night.healed += 1
    with warehouse(home.warehouse) as con:
        last = one(con, "SELECT arg_max(as_of, night) FROM night")
        if last and night.as_of < last:
            raise OutcomesError(
                f"The as-of date {night.as_of} is before the last night's, {last}. Give that date or a later one."
            )
        known = {sha for (sha,) in con.execute("SELECT sha256 FROM arrival").fetchall()}
        number = (one(con, "SELECT max(night) FROM night") or 0) + 1
        head = one(con, "SELECT arg_max(hash, arrival_no) FROM arrival") or ""
    night.found = found = inbox.look(home, known)
    fresh = sorted(sha for sha in found.sizes if sha not in known)
    run_id = hashlib.sha256("\n".join([head, str(number), night.as_of.isoformat(), *fresh]).encode()).hexdigest()[:16]
    night.manifest = Manifest(
        number,
        run_id,
        night.as_of.isoformat(),
        fresh,
        [found.sizes[sha] for sha in fresh],
        len(found.places) - len(fresh),
        found.left_alone,
    )
    inbox.write_lasting(home.manifest, json.dumps(vars(night.manifest)))
    return night


def store(night: Night, progress: Progress | None = None) -> Night:
    """Judge the night's files and store them, a transaction a batch; then the night itself."""
    manifest = _of(night)
    with warehouse(night.home.warehouse) as con:
        lay_again(con)
        _load_night(night, con, manifest, progress)
    return night


def derive_all(night: Night, progress: Progress | None = None) -> Night:
    """Courses, endpoints, rates and comparisons, as of the night's date; nothing where nothing could have changed."""
    with warehouse(night.home.warehouse) as con:
        night.nothing_new = (
            not night.healed and _is_same_as_before(con) and night.home.published_copy.exists() and _is_derived(con)
        )
        if not night.nothing_new:
            derive(con)
    return night


def publish(night: Night, progress: Progress | None = None) -> Summary:
    """Receipts, the published copy by atomic rename, the summary; then the inbox is cleared of what is in the ledger."""
    home, manifest = night.home, _of(night)
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        _write_receipts(home, con)
        summary = summarise(con, registered=night.registered, healed=night.healed, left_alone=manifest.left_alone)
        in_ledger = dict(con.execute("SELECT sha256, refused_because IS NULL FROM arrival").fetchall())
    wal = home.warehouse.with_name(home.warehouse.name + ".wal")
    if wal.exists():
        raise OutcomesError("The warehouse was not closed whole, so it was not published. Run the night again.")
    aside = home.published / ".outcomes.duckdb.new"
    shutil.copyfile(home.warehouse, aside)
    inbox.sync(aside)
    os.replace(aside, home.published_copy)
    inbox.write_lasting(home.summary, json.dumps(summary.as_dict(), indent=1) + "\n")
    inbox.put_away(
        home,
        [s for s in manifest.sha256 if in_ledger.get(s)],
        [s for s in manifest.sha256 if in_ledger.get(s) is False],
    )
    _clear_inbox(night, set(in_ledger))
    home.manifest.unlink(missing_ok=True)
    inbox.sync(home.root)
    return summary


STEPS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("take", take),
    ("store", store),
    ("derive", derive_all),
    ("publish", publish),
)


def run_step(name: str, step: Callable[..., Any], value: Any, progress: Progress | None = None) -> Any:
    """One step. Whatever breaks inside comes out as an OutcomesError: third-party words can carry cells."""
    try:
        return step(value, progress)
    except OutcomesError:
        raise
    except Exception as error:
        ours = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if "outcomes" in frame.filename or "schemas" in frame.filename
        ]
        where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "unknown"
        raise OutcomesError(
            f"The step {name} could not finish ({type(error).__name__} at {where}). Nothing is lost: run the night again."
        ) from None


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


def _of(night: Night) -> Manifest:
    assert night.manifest is not None, "take comes first"
    return night.manifest


def _read_manifest(home: Home) -> Manifest:
    return Manifest(**json.loads(home.manifest.read_text("utf-8")))


def _data_files() -> DataFiles:
    try:
        return read_data_files(data_folder())
    except DataFileError as error:
        raise OutcomesError(f"The data files break their contract:\n{error}") from None


def batches(files: Iterable[File], size: int = inbox.BATCH_BYTES) -> Iterator[list[File]]:
    """Whole files, together up to about `size` bytes."""
    batch: list[File] = []
    held = 0
    for file in files:
        if batch and held + file.size > size:
            yield batch
            batch, held = [], 0
        batch.append(file)
        held += file.size
    if batch:
        yield batch


def _load_night(night: Night, con: duckdb.DuckDBPyConnection, manifest: Manifest, progress: Progress | None) -> None:
    home, files = night.home, night.files or _data_files()
    clinics = _put_clinics(home, con)
    put_data_files(con, files)
    stored = {sha for (sha,) in con.execute("SELECT sha256 FROM arrival").fetchall()}
    left = [File(sha, size) for sha, size in zip(manifest.sha256, manifest.sizes, strict=True) if sha not in stored]
    done = 0
    for batch in batches(left):
        judged = judge([inbox.bytes_of(home, file.sha256) for file in batch], clinics)
        if clinics is None:
            _register(con, judged)
        load(con, manifest.id, batch, judged)
        done += len(batch)
        if progress:
            progress("store", done, len(left))
    if clinics is None:
        night.registered = [row[0] for row in con.execute("SELECT clinic_id FROM clinic ORDER BY clinic_id").fetchall()]
        if night.registered and not home.clinics.exists():
            inbox.write_lasting(home.clinics, clinics_text(night.registered))
    if not one(con, "SELECT count(*) FROM night WHERE night = ?", [manifest.night]):
        counts = con.execute(
            "SELECT count(*), count(refused_because) FROM arrival WHERE night = ?", [manifest.night]
        ).fetchone() or (0, 0)
        clinics_digest = hashlib.sha256(home.clinics.read_bytes()).hexdigest()[:12] if home.clinics.exists() else "none"
        con.execute(
            "INSERT INTO night VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [manifest.night, manifest.run_id, manifest.as_of, version("outcomes"), f"{files.versions} clinics.toml:{clinics_digest}",
             counts[0] - counts[1], counts[1], manifest.files_known],
        )  # fmt: skip


def _put_clinics(home: Home, con: duckdb.DuckDBPyConnection) -> set[str] | None:
    """The clinics that may send, by clinics.toml; None on a first night without one: then all that are seen may."""
    if not home.clinics.exists():
        if one(con, "SELECT count(*) FROM score"):
            if not one(con, "SELECT count(*) FROM night"):
                return None  # a first night that is being healed
            raise OutcomesError(
                "clinics.toml is missing from the home, though scores are stored. Put it back, then run the night again."
            )
        return None
    try:
        rows = read_clinics(home.clinics)
    except DataFileError as error:
        raise OutcomesError(str(error)) from None
    listed = {row["clinic_id"] for row in rows}
    lost = [
        row[0]
        for row in con.execute("SELECT DISTINCT clinic_id FROM patient ORDER BY 1").fetchall()
        if row[0] not in listed
    ]
    if lost:
        raise OutcomesError(
            f"clinics.toml no longer lists {', '.join(lost)}, of which scores are stored. Put the entry back, then run the night again."
        )
    con.execute("DELETE FROM clinic")
    for row in rows:
        con.execute("INSERT INTO clinic VALUES (?, ?, ?, ?, ?, ?)", list(row.values()))
    return listed


def _register(con: duckdb.DuckDBPyConnection, judged: Judged) -> None:
    for clinic_id in judged.good["clinic_id"].unique().sort():
        if not one(con, "SELECT count(*) FROM clinic WHERE clinic_id = ?", [clinic_id]):
            con.execute("INSERT INTO clinic VALUES (?, '', 'ketamine_iv', false, false, false)", [clinic_id])


def _is_same_as_before(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the last night brought nothing and had the date and the data files of the one before."""
    last = con.execute(
        "SELECT as_of, data_versions, program_version, files_taken FROM night ORDER BY night DESC LIMIT 2"
    ).fetchall()
    return len(last) == 2 and last[0][:3] == last[1][:3] and last[0][3] == 0


def _is_derived(con: duckdb.DuckDBPyConnection) -> bool:
    # Benchmarks that are compared with nothing have a row in any store.
    return bool(one(con, "SELECT count(*) FROM comparison"))


def _write_receipts(home: Home, con: duckdb.DuckDBPyConnection) -> None:
    """Append the ledger entries that have no receipt yet: a witness outside the database."""
    path = home.receipts / RECEIPTS
    have = _receipts(home)[-1]["arrival_no"] if path.exists() and path.stat().st_size else 0
    missing = asked(
        con,
        f"SELECT a.*, n.run_id FROM arrival AS a JOIN night AS n USING (night) WHERE arrival_no > {int(have)} ORDER BY arrival_no",
    )
    rows = [{**row, "received_on": row["received_on"].isoformat()} for row in missing.iter_rows(named=True)]
    if rows:
        inbox.append_lasting(path, rows)


def _receipts(home: Home) -> list[dict[str, Any]]:
    path = home.receipts / RECEIPTS
    if not path.exists():
        return []
    whole = path.read_bytes().decode()
    if whole and not whole.endswith("\n"):
        # Cut while it was written: the ledger still has what the last line said.
        whole = whole[: whole.rfind("\n") + 1]
        inbox.write_lasting(path, whole)
    return [json.loads(line) for line in whole.splitlines()]


def _restore(home: Home, con: duckdb.DuckDBPyConnection, files: DataFiles) -> int:
    """Reload the arrivals whose receipts the database does not know: it is older than they are. Returns nights redone."""
    receipts = _receipts(home)
    highest = one(con, "SELECT max(arrival_no) FROM arrival") or 0
    lost = [entry for entry in receipts if entry["arrival_no"] > highest]
    if not lost:
        return 0
    for number in sorted({entry["night"] for entry in lost}):
        entries = [entry for entry in lost if entry["night"] == number]
        manifest = Manifest(
            number,
            entries[0]["run_id"],
            entries[0]["received_on"],
            [e["sha256"] for e in entries],
            [e["bytes"] for e in entries],
            0,
            0,
        )
        _load_night(Night(home, manifest.id.as_of, manifest, files), con, manifest, None)
    return len({entry["night"] for entry in lost})


def _clear_inbox(night: Night, in_ledger: set[str]) -> None:
    """Remove the inbox files that were looked at, have not changed since, and whose bytes are in the ledger."""
    for place in night.found.places:
        if place.sha256 in in_ledger and place.is_unchanged():
            place.path.unlink()
