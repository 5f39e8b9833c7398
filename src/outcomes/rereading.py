"""A file that is read again: which of its rows are stored already, which no longer stand, and which come too late.

What a contest within one night is for a new file (contest.py) is, for a file read again, one among all files that came in
the same night as it did. Two things are its own. Rows of an earlier reading of the same bytes that the new reading has not
got, or has otherwise, cease to stand (`read_again`). And a row whose key another file's row holds with other values is
set aside (`superseded_since`): an old file read again never quietly turns back what was sent since.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import polars as pl

from outcomes.contest import contested
from outcomes.frames import asked, given
from outcomes.kept import Kept, append_events, said_of

if TYPE_CHECKING:
    from outcomes.store import File

_FATES = {"row": pl.Int64, "fate": pl.String, "reason_code": pl.String}
_LAST = """
    SELECT {row_id}, arg_max(current, event_id) AS current, arg_max(reason_code, event_id) AS reason_code,
        arg_max(by_arrival_no, event_id) AS by_arrival_no, arg_max(by_line, event_id) AS by_line
    FROM {events}
    GROUP BY {row_id}
"""
_OWN = (
    """
    SELECT f.file, f.sha256, s.{row_id} AS row_id, s.arrival_no, s.line, {stored_key} AS key,
        {said} AS said,
        s.status <> 'entered_in_error' AS is_score, coalesce(v.current, true) AS is_current,
        coalesce(v.reason_code = 'read_again', false) AS is_gone
    FROM {table} AS s
    JOIN arrival AS a USING (arrival_no)
    JOIN again AS f USING (sha256)
    LEFT JOIN (
"""
    + _LAST
    + """
    ) AS v USING ({row_id})
    ORDER BY s.{row_id}
"""
)
# Rows that ceased to stand because of a row that has now ceased to stand itself, where no other row holds their key.
_BACK = (
    """
    WITH last AS (
"""
    + _LAST
    + """
    ),
    back AS (
        SELECT s.{row_id} AS row_id, {stored_key} AS key, s.patient_no, g.file, g.line
        FROM {table} AS s
        JOIN last AS v USING ({row_id})
        JOIN gone AS g ON g.arrival_no = v.by_arrival_no AND g.line = v.by_line
        WHERE NOT v.current AND v.reason_code IN ('corrected', 'retracted') AND s.status <> 'entered_in_error'
    ),
    standing AS (
        SELECT DISTINCT {stored_key} AS key
        FROM {table} AS s
        LEFT JOIN last AS v USING ({row_id})
        WHERE s.patient_no IN (SELECT b.patient_no FROM back AS b) AND s.status <> 'entered_in_error' AND coalesce(v.current, true)
    )
    SELECT max(b.row_id) AS row_id, arg_max(b.file, b.row_id) AS file, arg_max(b.line, b.row_id) AS by_line
    FROM back AS b
    ANTI JOIN standing USING (key)
    GROUP BY b.key
    ORDER BY row_id
"""
)


class Before(NamedTuple):
    """What earlier readings of a batch's files stored of one feed.

    confirmed: row_id of the rows that the new reading has on the same line with the same values. gone: the rows that it has
    not, with file (in the batch), arrival_no, line, key, is_score, and is_current: whether they stood, or took one back.
    """

    confirmed: pl.DataFrame
    gone: pl.DataFrame


def earlier_readings(con: duckdb.DuckDBPyConnection, files: Sequence[File]) -> dict[int, str]:
    """The files of a batch that were read before: number in the batch -> SHA-256."""
    with given(con, "files", pl.DataFrame({"sha256": [file.sha256 for file in files]})):
        known = {sha for (sha,) in con.execute("SELECT DISTINCT sha256 FROM arrival SEMI JOIN files USING (sha256)").fetchall()}  # fmt: skip
    return {number: file.sha256 for number, file in enumerate(files) if file.sha256 in known}


def take_back(
    con: duckdb.DuckDBPyConnection, kept: Kept, night: int, first: int, files: Sequence[tuple[int, str]], rows: Iterable[pl.DataFrame]
) -> Before:  # fmt: skip
    """Compare the rows of this reading with those of earlier ones; what it no longer says ceases to stand.

    files: number in the batch and SHA-256 of those that are taken now; one that is refused takes nothing back. rows: what
    was read of this feed, block by block.
    """
    with given(con, "again", pl.DataFrame(list(files), schema={"file": pl.Int32, "sha256": pl.String}, orient="row")):
        own = asked(con, _OWN.format(**vars(kept), said=kept.said("s")))
    place = ["file", "line", "key"]
    found = [own.select(*place, "said").clear()]
    for block in rows if own.height else ():
        same = block.join(own, on=place, how="semi")
        found.append(same.select("row", *place).join(said_of(con, kept, same), on="row").select(*place, "said"))
    now, place = pl.concat(found), [*place, "said"]
    confirmed = own.join(now, on=place, how="semi")
    gone = own.join(now, on=place, how="anti").filter(~pl.col("is_gone"))
    if gone.height:
        append_events(
            con, kept, night, _told(gone.select("row_id", "file", by_line="line"), first, False, "read_again")
        )
    return Before(
        confirmed.select("row_id"), gone.select("file", "arrival_no", "line", "key", "is_score", "is_current")
    )


def fates_of_held(
    new: pl.DataFrame, stored: pl.DataFrame, earlier: pl.DataFrame, before: Before | None
) -> pl.DataFrame:
    """row, fate, reason_code of the rows of a reading again whose key a row of another file holds; none for new files.

    `new`, `stored` and `earlier` are as for settle(), and `stored` has `is_elsewhere`: a row of a file of another night,
    but for earlier ones that were read again this night too.
    """
    if before is None:
        return pl.DataFrame(schema=_FATES)
    elsewhere = stored.filter("is_elsewhere")
    # Where this file's own row stood until now, its new reading stands in its place, as it did.
    own = before.gone.filter("is_score", "is_current")["key"]
    standing = elsewhere.filter("is_current")["key"]
    _, contradicted = contested(new, stored.filter("is_tonight"), earlier)
    held = new.filter(
        pl.col("key").is_in(elsewhere["key"].implode())
        & ~pl.col("key").is_in(contradicted.implode())
        & (~pl.col("key").is_in(own.implode()) | pl.col("key").is_in(standing.implode()))
    )
    same = held.join(stored, on=["key", "said"], how="semi")["row"]
    is_same = pl.col("row").is_in(same.implode())
    return held.select(
        "row",
        fate=pl.when(is_same).then(pl.lit("duplicate")).otherwise(pl.lit("quarantined")),
        reason_code=pl.when(~is_same).then(pl.lit("superseded_since")),
    )


def reinstate(con: duckdb.DuckDBPyConnection, kept: Kept, night: int, first: int, before: Before) -> None:
    """Rows that a row now gone had corrected or retracted stand again, where nothing else stands in their place."""
    gone = before.gone.filter("is_current")
    if gone.is_empty():
        return
    with given(con, "gone", gone):
        back = asked(con, _BACK.format(**vars(kept)))
    if back.height:
        append_events(con, kept, night, _told(back, first, True, "reinstated"))


def _told(rows: pl.DataFrame, first: int, current: bool, reason: str) -> pl.DataFrame:
    """Events about row_id, due to by_line of the arrival of `file`."""
    return rows.select(
        "row_id",
        current=pl.lit(current),
        reason_code=pl.lit(reason),
        by_arrival_no=pl.col("file") + first,
        by_line="by_line",
    )
