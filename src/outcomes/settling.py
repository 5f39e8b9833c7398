"""The good rows of a batch into their table: whose they are, which of them stand, and what is said of those that do not.

All is done block by block but for two numbers a row, its patient and its key: what repeats a row may be in any other block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import duckdb
import polars as pl

from outcomes.contest import RETRACTED, settle
from outcomes.frames import asked, given, one
from outcomes.goodrows import GoodRows
from outcomes.kept import Kept, append_events, said_of
from outcomes.rereading import Before, fates_of_held

_NAMES = ["clinic_id", "patient_id"]
_REASONS = {"arrival_no": pl.Int32, "line": pl.Int32, "column_name": pl.String, "reason_code": pl.String}
# A file and a patient are one number: to group by two columns takes three times as long, and as much memory.
_WHOSE = 2**32


class Contest(NamedTuple):
    """Which rows a batch is contested by: the night, the one in which its files came, and whether the night has further batches."""

    night: int
    came: int
    more: bool


@dataclass(repr=False)
class Keyed:
    """The good rows of a batch of one feed, in their order, with two numbers a row: `patient_no` and `key`.

    by_file: how many rows each file has. new_from: numbers of patients that were not known before this batch begin here.
    """

    kept: Kept
    good: GoodRows
    patient_no: pl.Series
    key: pl.Series
    by_file: dict[int, int]
    new_from: int

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows block by block, with the columns of their table but for arrival and number, and `row`: their place in the batch."""
        start = 0
        for good in self.good.frames():
            rows = self.kept.stored(good).with_columns(status=pl.col("status").fill_null("final"))
            yield rows.with_columns(
                row=pl.int_range(start, start + rows.height, dtype=pl.Int64),
                patient_no=self.patient_no.slice(start, rows.height),
                key=self.key.slice(start, rows.height),
            )
            start += rows.height


def keyed(con: duckdb.DuckDBPyConnection, kept: Kept, first: int, good: GoodRows) -> Keyed:
    """Number the patients of a batch, those that are new in the order of its rows; and keep how far each file has followed them."""
    new_from = (one(con, "SELECT max(patient_no) FROM patient") or 0) + 1
    asked_of = [name for name in kept.key.meta.root_names() if name != "patient_no"]
    extract = ["extract_day"] if "extract_day" in good.schema else []
    numbers, keys = [pl.Series(dtype=pl.Int32)], [pl.Series(dtype=pl.Int64)]
    by_file: dict[int, int] = {}
    days = [pl.DataFrame(schema={"whose": pl.Int64, "extract_day": pl.Int16})]
    for rows in good.frames(["file", *_NAMES, *asked_of, *extract]):
        patient_no = _patient_numbers(con, rows.select(_NAMES))
        rows = rows.drop(_NAMES).with_columns(patient_no=patient_no)
        numbers.append(patient_no)
        keys.append(rows.select(key=kept.key.cast(pl.Int64)).to_series())
        for file, count in rows["file"].value_counts().iter_rows():
            by_file[file] = by_file.get(file, 0) + count
        if extract:
            told = rows.select(
                "extract_day", whose=pl.col("file").cast(pl.Int64) * _WHOSE + pl.col("patient_no")
            ).drop_nulls()
            days.append(told.group_by("whose").agg(pl.col("extract_day").max()))
    _keep_followed(con, pl.concat(days), first)
    return Keyed(kept, good, pl.concat(numbers), pl.concat(keys), by_file, new_from)


def _patient_numbers(con: duckdb.DuckDBPyConnection, names: pl.DataFrame) -> pl.Series:
    """Of each row the number that its pseudonym has, or the next one in the order of the rows."""
    # A patient's rows mostly follow each other: the pseudonyms are compared once a run of them.
    run = names.select(pl.struct(_NAMES).rle_id()).to_series()
    runs = names.filter(run.diff().fill_null(1) > 0)
    seen = runs.unique(maintain_order=True)
    with given(con, "seen", seen):
        known = asked(
            con, "SELECT patient_no, clinic_id, patient_id FROM patient SEMI JOIN seen USING (clinic_id, patient_id)"
        )
    highest = one(con, "SELECT max(patient_no) FROM patient") or 0
    new = (
        seen.join(known, on=_NAMES, how="anti", maintain_order="left")
        .with_row_index("patient_no", offset=highest + 1)
        .with_columns(pl.col("patient_no").cast(pl.Int32))
    )
    with given(con, "new_patients", new):
        con.execute("INSERT INTO patient BY NAME FROM new_patients")
    numbers = pl.concat([known.select("patient_no", *_NAMES), new.select("patient_no", *_NAMES)])
    number = runs.join(numbers, on=_NAMES, how="left", maintain_order="left")["patient_no"]
    return number.gather(run)


def _keep_followed(con: duckdb.DuckDBPyConnection, days: pl.DataFrame, first: int) -> None:
    """Keep the last extract_day of each patient in each file."""
    if not days.height:
        return
    days = days.sort("whose", "extract_day")
    last = days.filter((pl.col("whose") != pl.col("whose").shift(-1)).fill_null(True)).select(
        arrival_no=(pl.col("whose") // _WHOSE + first).cast(pl.Int32),
        patient_no=(pl.col("whose") % _WHOSE).cast(pl.Int32),
        extract_day="extract_day",
    )
    with given(con, "days", last):
        con.execute("INSERT INTO extract_day BY NAME FROM days")


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


@dataclass(repr=False)
class SettledRows:
    """What became of the good rows of a batch of one feed.

    stays: whether each row is stored; None: all are. fates: accepted, duplicate and set aside rows by file. reasons: of those set aside.
    disputed: rows of contested keys with their places, and events: what settle() says of them.
    """

    stays: pl.Series | None
    fates: dict[int, tuple[int, int, int]]
    reasons: pl.DataFrame
    disputed: pl.DataFrame | None = None
    events: pl.DataFrame | None = None


def settled_rows(
    con: duckdb.DuckDBPyConnection, kept: Kept, of: Contest, first: int, rows: Keyed, before: Before | None
) -> SettledRows:
    """Which rows of a batch are stored.

    What of one night means here is: of files that came in night `came`, whichever night read them.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE stored_keys (row_id BIGINT, key BIGINT)")
    earlier = asked(
        con,
        f"SELECT key, said, mark, extract_day FROM contested WHERE night = {of.night} AND coalesce(came_in_night, night) = {of.came} AND feed = '{kept.feed}'",
    )
    no_reasons = pl.DataFrame(schema=_REASONS)
    keys = pl.concat([_twice(rows.key), _stored_keys(con, kept, rows), earlier["key"]]).unique()
    contested = rows.key.is_in(keys.implode()) if keys.len() else pl.Series(dtype=pl.Boolean)
    if not contested.any():
        return SettledRows(None, {file: (count, 0, 0) for file, count in rows.by_file.items()}, no_reasons)

    disputed = pl.concat(
        [block.filter(contested.slice(start, block.height)) for start, block in _placed(rows.frames())]
    )
    said = said_of(con, kept, disputed)
    mark = pl.when(pl.col("status") == "final").then(0).when(pl.col("status") == RETRACTED).then(2).otherwise(1)
    new = disputed.select("row", "key", "extract_day", mark=mark.cast(pl.Int32)).join(
        said, on="row", maintain_order="left"
    )
    confirmed = pl.DataFrame(schema={"row_id": pl.Int64}) if before is None else before.confirmed
    with given(con, "confirmed", confirmed):
        stored = asked(con, _STORED.format(**vars(kept), said=kept.said("s"), night=of.night, came=of.came))
    held = fates_of_held(new, stored, earlier, before)
    free = new.filter(~new["row"].is_in(held["row"].implode()))
    settled = settle(free, stored.filter(stored["key"].is_in(free["key"].implode())), earlier)
    if of.more:
        sides = new.select(
            "key", "said", "mark", "extract_day", night=pl.lit(of.night), feed=pl.lit(kept.feed), came_in_night=pl.lit(of.came)
        )  # fmt: skip
        with given(con, "sides", sides):
            con.execute("INSERT INTO contested BY NAME FROM sides")

    fate_of = pl.concat([settled.fates.with_columns(reason_code=pl.lit("contradiction")), held])
    not_kept = disputed.join(fate_of.filter(pl.col("fate") != "accepted"), on="row", maintain_order="left")
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
    lost = {
        file: (duplicate, quarantined)
        for file, duplicate, quarantined in not_kept.group_by("file")
        .agg(duplicate=(pl.col("fate") == "duplicate").sum(), quarantined=(pl.col("fate") == "quarantined").sum())
        .iter_rows()
    }
    fates = {}
    for file, read in rows.by_file.items():
        duplicate, quarantined = lost.get(file, (0, 0))
        fates[file] = (read - duplicate - quarantined, duplicate, quarantined)
    stays = pl.repeat(True, rows.key.len(), eager=True).scatter(not_kept["row"], False) if not_kept.height else None
    return SettledRows(stays, fates, pl.concat([no_reasons, reasons]), disputed, settled.events)


def _placed(frames: Iterator[pl.DataFrame]) -> Iterator[tuple[int, pl.DataFrame]]:
    """Blocks with the place of each one's first row."""
    start = 0
    for frame in frames:
        yield start, frame
        start += frame.height


def _twice(keys: pl.Series) -> pl.Series:
    """The keys that more than one row has."""
    in_order = keys.sort()
    return in_order.slice(1).filter(in_order.slice(1) == in_order.slice(0, max(0, in_order.len() - 1)))


def _stored_keys(con: duckdb.DuckDBPyConnection, kept: Kept, rows: Keyed) -> pl.Series:
    """The keys of `rows` that are stored already; where they are goes into the table `stored_keys` of the connection."""
    # Of patients that are new nothing is stored.
    known = rows.patient_no < rows.new_from
    if not known.any():
        return pl.Series("key", dtype=pl.Int64)
    of_known = pl.DataFrame({"key": rows.key.filter(known), "patient_no": rows.patient_no.filter(known)})
    with given(con, "new_keys", of_known.unique("key")):
        con.execute(
            f"INSERT INTO stored_keys SELECT s.{kept.row_id}, k.key FROM {kept.table} AS s "
            f"JOIN new_keys AS k ON s.patient_no = k.patient_no AND {kept.stored_key} = k.key"
        )
    return asked(con, "SELECT DISTINCT key FROM stored_keys")["key"]


def put_in(
    con: duckdb.DuckDBPyConnection, kept: Kept, first: int, rows: Keyed, settled: SettledRows, digests: dict[int, int]
) -> pl.DataFrame:
    """Store the rows that stay, numbered in their order. Returns row and number of the disputed ones; `digests` by arrival grow."""
    next_id = (one(con, f"SELECT max({kept.row_id}) FROM {kept.table}") or 0) + 1
    own = [pl.DataFrame(schema={"row": pl.Int64, "own_id": pl.Int64})]
    for start, block in _placed(rows.frames()):
        if settled.stays is not None:
            block = block.filter(settled.stays.slice(start, block.height))
        if not block.height:
            continue
        block = block.with_row_index(kept.row_id, offset=next_id).with_columns(
            pl.col(kept.row_id).cast(pl.Int64), arrival_no=pl.col("file") + first
        )
        next_id += block.height
        sums = block.select("arrival_no", digest=kept.digest).group_by("arrival_no").agg(pl.col("digest").sum())
        for arrival, digest in sums.iter_rows():
            digests[arrival] = digests.get(arrival, 0) + digest
        if settled.disputed is not None:
            own.append(
                block.filter(pl.col("row").is_in(settled.disputed["row"].implode())).select("row", own_id=kept.row_id)
            )
        with given(con, "rows", block.drop("file", *_NAMES, "key", "row", "extract_day")):
            con.execute(f"INSERT INTO {kept.table} BY NAME FROM rows")
    return pl.concat(own)


def keep_events(
    con: duckdb.DuckDBPyConnection, kept: Kept, night: int, first: int, settled: SettledRows, own: pl.DataFrame
) -> None:
    """What settling says of rows into the store: `own` are those stored now with their numbers."""
    if settled.disputed is None or settled.events is None:
        return
    places = settled.disputed.select(by_row="row", by_arrival_no=pl.col("file") + first, by_line="line")
    told = (
        settled.events.join(places, on="by_row", how="left").join(own, on="row", how="left")
        .select(row_id=pl.coalesce("row_id", "own_id"), current="current", reason_code="reason_code", by_arrival_no="by_arrival_no", by_line="by_line")
    )  # fmt: skip
    append_events(con, kept, night, told)
