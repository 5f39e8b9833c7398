"""The warehouse: opens it, and puts a judged batch in, in one transaction of whole files."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from outcomes.checking import Judged
from outcomes.contest import RETRACTED, settle
from outcomes.frames import asked, given
from outcomes.inbox import sync
from outcomes.kept import KEPT, Kept, append_events, said_of
from outcomes.laying import lay, sql_digest
from outcomes.ledger import write_entries
from outcomes.paths import Home, log_of
from outcomes.rereading import Before, earlier_readings, fates_of_held, reinstate, take_back
from outcomes.settings import settings_of
from outcomes.storeversions import refuse_other, version_of

Config = dict[str, str | bool | int | float | list[str]]
CONFIG: Config = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
ONE_THREAD = CONFIG | {"threads": 1}
# The bytes of a store in which nothing is yet, by the digest of the SQL that it was laid by.
_LAID: dict[str, bytes] = {}


def config_of(home: Home) -> Config:
    """How the warehouse of a home is opened: threads and memory as its settings have them.

    One thread unless told: what is stored comes in one stream, and deriving burns a third more CPU on two threads than on
    one, for tables of a million rows are few row groups.
    """
    limits = settings_of(home).limits
    return CONFIG | {"threads": limits.threads} | ({"memory_limit": limits.memory} if limits.memory else {})


@dataclass(frozen=True)
class NightId:
    """Which night it is: its number, its run and its as-of date, as its manifest has them."""

    night: int
    run_id: str
    as_of: dt.date


@dataclass(frozen=True)
class File:
    """One file of a night: the SHA-256 of its bytes, and how many there are."""

    sha256: str
    size: int


def beside(path: Path) -> Path:
    """Where a store is made that will be put in the place of `path`; nothing lies there."""
    new = path.with_name(path.name + ".new")
    for left in (new, log_of(new)):
        left.unlink(missing_ok=True)
    return new


@contextmanager
def warehouse(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, open for writing; it is made first if it is not there. Closed and checkpointed behind the block.

    Raises OutcomesError where it is of another version than this program's.
    """
    config = config_of(Home(path.parent))
    if not path.exists():
        # Under another name first: a disk that fills up while a database is made leaves a file that never opens.
        new = beside(path)
        make_store(new)
        os.replace(new, path)
    con = duckdb.connect(str(path), config=config)
    try:
        refuse_other(version_of(con))
        con.execute("SET preserve_insertion_order = true")
        con.execute("SET enable_progress_bar = false")
        yield con
        con.execute("CHECKPOINT")
    finally:
        con.close()


def make_store(path: Path) -> None:
    """A new store with everything it has before a row is in it.

    The first of a process is laid, the others are copies of its file: laying costs 0.6 CPU seconds, and a release makes
    up to four stores.
    """
    digest = sql_digest()
    if digest in _LAID:
        path.write_bytes(_LAID[digest])
        sync(path)
        return
    with duckdb.connect(str(path), config=ONE_THREAD) as con:
        lay(con)
    _LAID[digest] = path.read_bytes()


def one(con: duckdb.DuckDBPyConnection, query: str, values: Sequence[Any] = ()) -> Any:
    """The single value of a query."""
    row = con.execute(query, list(values)).fetchone()
    return row[0] if row else None


def load(
    con: duckdb.DuckDBPyConnection,
    night: NightId,
    files: Sequence[File],
    judged: Judged,
    *,
    more: bool,
    came: int | None = None,
) -> None:
    """Store a judged batch, all of it or nothing, with a ledger entry for each of `files` in their order.

    `more` says that the night has further batches: they may contest what this one says. `came` is the night in which the
    files came, where that is an earlier one: they are read again.
    """
    con.execute("BEGIN")
    try:
        _load(con, night, files, judged, more, night.night if came is None else came)
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise


def _load(
    con: duckdb.DuckDBPyConnection, night: NightId, files: Sequence[File], judged: Judged, more: bool, came: int
) -> None:
    first = (one(con, "SELECT max(arrival_no) FROM arrival") or 0) + 1
    reasons = [judged.reasons.with_columns(pl.col("file") + first).rename({"file": "arrival_no"})]
    fates: dict[int, tuple[int, int, int]] = {}
    digests: dict[int, int] = {}
    chains = earlier_readings(con, files) if came < night.night else {}
    for kept in KEPT:
        rows = _with_patients(con, kept, _as_stored(kept, judged.good[kept.feed])) if kept.feed in judged.good else None
        before = None
        if chains:
            taken = [(file, sha) for file, sha in chains.items() if file not in judged.refused]
            before = take_back(con, kept, night.night, first, taken, rows)
        if rows is not None:
            rows, fates_of_feed, set_aside = _settled(con, kept, night, first, rows, more, came, before)
            if rows.height:
                with given(con, "rows", rows.drop("file", "clinic_id", "patient_id", "key", "row", "extract_day")):
                    con.execute(f"INSERT INTO {kept.table} BY NAME FROM rows")
        if before is not None:
            reinstate(con, kept, night.night, first, before)
        if rows is None:
            continue
        reasons.append(set_aside)
        fates |= {
            row[0]: row[1:] for row in fates_of_feed.select("file", "accepted", "duplicate", "quarantined").iter_rows()
        }
        digests |= dict(
            con.execute(
                f"SELECT arrival_no, sum({kept.digest}(s))::BIGINT FROM {kept.table} AS s WHERE arrival_no >= ? GROUP BY arrival_no",
                [first],
            ).fetchall()
        )
    for table, frame in {
        "quarantine": pl.concat(reasons),
        "note": judged.notes.with_columns(pl.col("file") + first).rename({"file": "arrival_no"}),
        "rule_count": judged.rules.with_columns(
            night=night.night, first_arrival_no=first, last_arrival_no=first + len(files) - 1
        ),
    }.items():
        if frame.height:
            with given(con, "rows", frame):
                con.execute(f"INSERT INTO {table} BY NAME FROM rows")
    write_entries(con, night, first, files, judged, fates, digests)


def _as_stored(kept: Kept, good: pl.DataFrame) -> pl.DataFrame:
    """Good rows with the columns of their table, but for patient, arrival and number; numbered by `row` in the batch."""
    rows = kept.stored(good).with_row_index("row")
    return rows.with_columns(pl.col("row").cast(pl.Int64), status=pl.col("status").fill_null("final"))


def _with_patients(con: duckdb.DuckDBPyConnection, kept: Kept, rows: pl.DataFrame) -> pl.DataFrame:
    """With their key, and `patient_no`: the number a pseudonym has, or the next one in the order of the file."""
    names = ["clinic_id", "patient_id"]
    # A patient's rows mostly follow each other: the pseudonyms are compared once a run of them.
    run = rows.select(pl.struct(names).rle_id()).to_series()
    runs = rows.select(names).filter(run.diff().fill_null(1) > 0)
    seen = runs.unique(maintain_order=True)
    with given(con, "seen", seen):
        known = asked(
            con, "SELECT patient_no, clinic_id, patient_id FROM patient SEMI JOIN seen USING (clinic_id, patient_id)"
        )
    highest = one(con, "SELECT max(patient_no) FROM patient") or 0
    new = (
        seen.join(known, on=names, how="anti", maintain_order="left")
        .with_row_index("patient_no", offset=highest + 1)
        .with_columns(pl.col("patient_no").cast(pl.Int32))
    )
    with given(con, "new_patients", new):
        con.execute("INSERT INTO patient BY NAME FROM new_patients")
    numbers = pl.concat([known.select("patient_no", *names), new.select("patient_no", *names)])
    number = runs.join(numbers, on=names, how="left", maintain_order="left")["patient_no"]
    return rows.with_columns(patient_no=number.gather(run)).with_columns(key=kept.key)


_STORED = """
    SELECT s.{row_id} AS row_id, k.key, {said} AS said,
        CASE s.status WHEN 'final' THEN 0 WHEN 'entered_in_error' THEN 2 ELSE 1 END::INTEGER AS mark,
        e.extract_day, coalesce(f.night, a.night) = {came} AS is_tonight,
        coalesce(f.night, a.night) <> {came} AND (coalesce(f.night, a.night) > {came} OR a.night < {night}) AS is_elsewhere,
        s.status <> 'entered_in_error' AND coalesce(v.current, true) AS is_current,
        s.status <> 'entered_in_error' AND coalesce(f.night, a.night) <> {came} AND coalesce(v.current OR v.came = {came}, true) AS was_standing
    FROM {table} AS s
    JOIN stored_keys AS k ON k.row_id = s.{row_id}
    JOIN arrival AS a USING (arrival_no)
    LEFT JOIN arrival AS f ON f.arrival_no = a.read_again_of
    LEFT JOIN extract_day AS e USING (arrival_no, patient_no)
    LEFT JOIN (
        SELECT v.{row_id}, arg_max(v.current, v.event_id) AS current, arg_max(v.reason_code, v.event_id) AS reason_code,
            arg_max(coalesce(f.night, b.night, v.night), v.event_id) AS came
        FROM {events} AS v
        LEFT JOIN arrival AS b ON b.arrival_no = v.by_arrival_no
        LEFT JOIN arrival AS f ON f.arrival_no = b.read_again_of
        GROUP BY v.{row_id}
    ) AS v USING ({row_id})
    WHERE v.reason_code IS DISTINCT FROM 'read_again' OR s.{row_id} IN (SELECT row_id FROM confirmed)
    ORDER BY s.{row_id}
"""


def _settled(
    con: duckdb.DuckDBPyConnection,
    kept: Kept,
    night: NightId,
    first: int,
    rows: pl.DataFrame,
    more: bool,
    came: int,
    before: Before | None,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Rows to store with their ids; per file how many were accepted, duplicate and set aside; and the reasons of those.

    What of one night means here is: of files that came in night `came`, whichever night read them.
    """
    _keep_extract_days(con, first, rows)
    next_id = (one(con, f"SELECT max({kept.row_id}) FROM {kept.table}") or 0) + 1
    con.execute("CREATE OR REPLACE TEMP TABLE stored_keys (row_id BIGINT, key BIGINT)")
    stored_keys = _stored_keys(con, kept, rows) if next_id > 1 else pl.Series("key", dtype=pl.Int64)
    earlier = asked(
        con,
        f"SELECT key, said, mark, extract_day FROM contested WHERE night = {night.night} AND coalesce(came_in_night, night) = {came} AND feed = '{kept.feed}'",
    )
    in_order = rows["key"].sort()
    twice = in_order.filter(in_order.diff().fill_null(1) == 0)
    contested = rows["key"].is_in(pl.concat([twice, stored_keys, earlier["key"]]).unique().implode())
    no_reasons = pl.DataFrame(
        schema={"arrival_no": pl.Int32, "line": pl.Int32, "column_name": pl.String, "reason_code": pl.String}
    )
    if not contested.any():
        rows = _numbered(kept, rows, first, next_id)
        return rows, rows.group_by("file").agg(accepted=pl.len()).with_columns(duplicate=0, quarantined=0), no_reasons

    disputed = rows.filter(contested)
    said = said_of(con, kept, disputed)
    mark = pl.when(pl.col("status") == "final").then(0).when(pl.col("status") == RETRACTED).then(2).otherwise(1)
    new = disputed.select("row", "key", "extract_day", mark=mark.cast(pl.Int32)).join(
        said, on="row", maintain_order="left"
    )
    confirmed = pl.DataFrame(schema={"row_id": pl.Int64}) if before is None else before.confirmed
    with given(con, "confirmed", confirmed):
        stored = asked(con, _STORED.format(**vars(kept), said=kept.said("s"), night=night.night, came=came))
    held = fates_of_held(new, stored, earlier, before)
    free = new.filter(~new["row"].is_in(held["row"].implode()))
    settled = settle(free, stored.filter(stored["key"].is_in(free["key"].implode())), earlier)
    if more:
        sides = new.select(
            "key", "said", "mark", "extract_day", night=pl.lit(night.night), feed=pl.lit(kept.feed), came_in_night=pl.lit(came)
        )  # fmt: skip
        with given(con, "sides", sides):
            con.execute("INSERT INTO contested BY NAME FROM sides")

    fate_of = pl.concat([settled.fates.with_columns(reason_code=pl.lit("contradiction")), held])
    not_kept = disputed.join(fate_of.filter(pl.col("fate") != "accepted"), on="row", maintain_order="left")
    to_store = _numbered(kept, rows.filter(~rows["row"].is_in(not_kept["row"].implode())), first, next_id)
    own = to_store.filter(to_store["row"].is_in(disputed["row"].implode()))
    _keep_events(con, kept, night, first, disputed, own, settled.events)
    aside = not_kept.filter(pl.col("fate") == "quarantined")
    with given(con, "outset", pl.DataFrame({kept.row_id: settled.outset})):
        con.execute(
            # Of the reading that counts: that may be a later one than the one that stored the row.
            f"""INSERT INTO quarantine SELECT l.arrival_no, s.line, NULL, 'contradiction' FROM {kept.table} AS s SEMI JOIN outset USING ({kept.row_id})
            JOIN arrival AS a ON a.arrival_no = s.arrival_no JOIN last_reading AS l ON l.sha256 = a.sha256"""
        )
    reasons = aside.select(
        arrival_no=pl.col("file") + first,
        line="line",
        column_name=pl.lit(None, pl.String),
        reason_code="reason_code",
    )
    fates = (
        rows.group_by("file").agg(read=pl.len().cast(pl.Int64))
        .join(
            not_kept.group_by("file").agg(
                duplicate=(pl.col("fate") == "duplicate").sum().cast(pl.Int64),
                quarantined=(pl.col("fate") == "quarantined").sum().cast(pl.Int64),
            ),
            on="file", how="left",
        )
        .with_columns(pl.col("duplicate", "quarantined").fill_null(0))
        .with_columns(accepted=pl.col("read") - pl.col("duplicate") - pl.col("quarantined"))
    )  # fmt: skip
    return to_store, fates, pl.concat([no_reasons, reasons])


def _stored_keys(con: duckdb.DuckDBPyConnection, kept: Kept, rows: pl.DataFrame) -> pl.Series:
    """The keys of `rows` that are stored already; where they are goes into the table `stored_keys` of the connection."""
    with given(con, "new_keys", rows.select("key", "patient_no").unique("key")):
        con.execute(
            f"INSERT INTO stored_keys SELECT s.{kept.row_id}, k.key FROM {kept.table} AS s "
            f"JOIN new_keys AS k ON s.patient_no = k.patient_no AND {kept.stored_key} = k.key"
        )
    return asked(con, "SELECT DISTINCT key FROM stored_keys")["key"]


def _numbered(kept: Kept, rows: pl.DataFrame, first: int, next_id: int) -> pl.DataFrame:
    return rows.with_row_index(kept.row_id, offset=next_id).with_columns(
        pl.col(kept.row_id).cast(pl.Int64), arrival_no=pl.col("file") + first
    )


def _keep_extract_days(con: duckdb.DuckDBPyConnection, first: int, rows: pl.DataFrame) -> None:
    days = rows.drop_nulls("extract_day").group_by("file", "patient_no").agg(pl.col("extract_day").max())
    if days.height:
        with given(
            con,
            "days",
            days.select(arrival_no=pl.col("file") + first, patient_no="patient_no", extract_day="extract_day").sort(
                "arrival_no", "patient_no"
            ),
        ):
            con.execute("INSERT INTO extract_day BY NAME FROM days")


def _keep_events(
    con: duckdb.DuckDBPyConnection,
    kept: Kept,
    night: NightId,
    first: int,
    rows: pl.DataFrame,
    own: pl.DataFrame,
    events: pl.DataFrame,
) -> None:
    """`events` of settle() into the store: `rows` are those they are due to, `own` those stored now with their numbers."""
    places = rows.select(by_row="row", by_arrival_no=pl.col("file") + first, by_line="line")
    told = (
        events.join(places, on="by_row", how="left").join(own.select("row", own_id=kept.row_id), on="row", how="left")
        .select(row_id=pl.coalesce("row_id", "own_id"), current="current", reason_code="reason_code", by_arrival_no="by_arrival_no", by_line="by_line")
    )  # fmt: skip
    append_events(con, kept, night.night, told)
