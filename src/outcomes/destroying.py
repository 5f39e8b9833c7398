"""Destroying the bytes of a refused file: they may hold identifiers. What the ledger says of it stays, and who did it."""

from __future__ import annotations

import datetime as dt

import duckdb

from outcomes import inbox
from outcomes.errors import UsageError
from outcomes.paths import Home
from outcomes.publishedcopy import file_of
from outcomes.signing import signed
from outcomes.store import one
from outcomes.summary import Row, rows_of

DESTROYED = "destroyed.jsonl"
# What a store says of destroyed files after a number, as the receipts have it.
RECEIPT = """
    SELECT d.destroyed_no, a.sha256, d.destroyed_on::VARCHAR AS destroyed_on, d.destroyed_by
    FROM destroyed AS d LEFT JOIN arrival AS a USING (arrival_no) ORDER BY d.destroyed_no
"""
REFUSED = """
    SELECT a.sha256, l.came_in_night AS night, l.came_on, a.format, a.bytes, a.refused_because AS reason_code, f.kind, f.column_no, f.line,
        r.sentence, d.destroyed_on, d.destroyed_by
    FROM last_reading AS l
    JOIN arrival AS a USING (arrival_no)
    LEFT JOIN refusal AS f USING (arrival_no)
    LEFT JOIN reason AS r ON r.reason_code = a.refused_because AND r.about = 'file'
    LEFT JOIN destroyed AS d ON d.arrival_no = l.first_arrival_no
    WHERE a.refused_because IS NOT NULL
    ORDER BY l.first_arrival_no
"""


def refused_files(home: Home, con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Every file that is refused: why, where, and whether its bytes are still in `refused/`."""
    return [row | {"bytes_here": (home.refused / row["sha256"]).exists()} for row in rows_of(con, REFUSED)]


def destroy(home: Home, head: str, by: str, on: dt.date | None) -> str:
    """Destroy the bytes of the refused file whose SHA-256 begins with `head`; returns it. The published copy is made anew.

    Raises UsageError where there is none, or it is not refused, or the name is a patient's; BusyError during a night.
    """
    with signed(home, by) as (con, name):
        sha = file_of(con, head)
        (file,) = rows_of(con, "SELECT a.refused_because, l.first_arrival_no FROM last_reading AS l JOIN arrival AS a USING (arrival_no) WHERE l.sha256 = ?", [sha])  # fmt: skip
        if not file["refused_because"]:
            raise UsageError(f"The file {sha[:12]} was taken, not refused: what is in the archive is never destroyed.")
        if one(con, "SELECT count(*) FROM destroyed WHERE arrival_no = ?", [file["first_arrival_no"]]):
            raise UsageError(f"The bytes of {sha[:12]} were destroyed already.")
        last = one(con, "SELECT arg_max(as_of, night) FROM night")
        # Said first, then done: what is said and was not done is done by the next night.
        con.execute(
            "INSERT INTO destroyed SELECT coalesce(max(destroyed_no), 0) + 1, ?, ?, ? FROM destroyed",
            [file["first_arrival_no"], on or last, name],
        )
        _write_receipts(home, con)
        _remove(home, [sha])
    return sha


def finish_destroying(home: Home, con: duckdb.DuckDBPyConnection) -> None:
    """Put back what the receipts tell of and the database, being older, does not; and remove bytes that are still there."""
    have = one(con, "SELECT max(destroyed_no) FROM destroyed") or 0
    for receipt in inbox.read_lines(home.receipts / DESTROYED):
        if receipt["destroyed_no"] > have:
            con.execute(
                """INSERT INTO destroyed SELECT $destroyed_no, first_arrival_no, $destroyed_on, $destroyed_by
                FROM last_reading WHERE sha256 = $sha256""",
                receipt,
            )
    _write_receipts(home, con)
    _remove(home, [sha for (sha,) in con.execute("SELECT sha256 FROM destroyed JOIN arrival USING (arrival_no)").fetchall()])  # fmt: skip


def _write_receipts(home: Home, con: duckdb.DuckDBPyConnection) -> None:
    inbox.append_new(home.receipts / DESTROYED, "destroyed_no", rows_of(con, RECEIPT))


def _remove(home: Home, shas: list[str]) -> None:
    """Unlink: writing over a file first destroys nothing on the disks of today."""
    for sha in shas:
        (home.refused / sha).unlink(missing_ok=True)
        (home.requeue / sha).unlink(missing_ok=True)
    if shas:
        inbox.sync(home.refused)
