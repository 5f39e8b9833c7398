"""Destroying the bytes of one file: what the ledger says of it stays, and who did it.

A refused file may hold identifiers. A file of the archive is erased only where none of its rows stands: each was retracted,
corrected or read otherwise since. Its rows stay in the store as rows that no longer stand, since the ledger's digests are
over them; what is gone is the file as it was sent. A database that is lost cannot be made again from the archive then, so
the floor (outcomes.migrating) is laid first.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

import duckdb

from outcomes import inbox, lasting, logs
from outcomes.errors import BusyError, UsageError
from outcomes.frames import one
from outcomes.migrating import lay_floor
from outcomes.paths import Home
from outcomes.publishedcopy import file_of
from outcomes.signing import signed
from outcomes.summary import Row, rows_of
from schemas.reasons import REASONS

DESTROYED = "destroyed.jsonl"
WHY = {reason.code: reason.sentence for reason in REASONS if reason.about == "erasure"}
# What a store says of destroyed files, as the receipts have it; but that a refused one has no reason_code there.
RECEIPT = """
    SELECT d.destroyed_no, a.sha256, d.destroyed_on::VARCHAR AS destroyed_on, d.destroyed_by, d.reason_code
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
_FILE = "SELECT a.refused_because, l.first_arrival_no FROM last_reading AS l JOIN arrival AS a USING (arrival_no) WHERE l.sha256 = ?"
# How many rows of a file stand.
STANDING = "SELECT (SELECT count(*) FROM current_score WHERE sha256 = ?) + (SELECT count(*) FROM current_patient WHERE sha256 = ?)"


def refused_files(home: Home, con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Every file that is refused: why, where, and whether its bytes are still in `refused/`."""
    return [row | {"bytes_here": (home.refused / row["sha256"]).exists()} for row in rows_of(con, REFUSED)]


def destroy(home: Home, head: str, by: str, on: dt.date | None) -> str:
    """Destroy the bytes of the refused file whose SHA-256 begins with `head`; returns it. The published copy is made anew.

    Raises UsageError where there is none, or it is not refused, or the name is a patient's; BusyError during a night.
    """
    with signed(home, by) as (con, name):
        sha, first, refused_because = _file(con, head)
        if not refused_because:
            raise UsageError(
                f"The file {sha[:12]} was taken, not refused. A file of the archive goes by: outcomes erase"
            )
        _record(home, con, first, name, on, None)
    _remove_at_once(home)
    logs.write(home, "warning", "refused_file_destroyed", sha256=sha)
    return sha


def erase(home: Home, head: str, by: str, reason: str, on: dt.date | None) -> str:
    """Erase the bytes of the file of the archive whose SHA-256 begins with `head`; returns it. The published copy is made anew.

    Raises UsageError where there is none, a row of it stands, it was refused, or the name is a patient's; BusyError during a
    night.
    """
    with signed(home, by) as (con, name):
        sha, first = may_be_erased(con, head, reason)
        _record(home, con, first, name, on, reason)
    _remove_at_once(home)
    logs.write(home, "warning", "file_erased", sha256=sha, reason_code=reason)
    return sha


def may_be_erased(con: duckdb.DuckDBPyConnection, head: str, reason: str) -> tuple[str, int]:
    """SHA-256 and first arrival of the file of the archive that `head` begins. Raises UsageError where it may not be erased."""
    if reason not in WHY:
        raise UsageError(f"There is no reason {reason} to erase a file. Give one of: {', '.join(WHY)}.")
    sha, first, refused_because = _file(con, head)
    if refused_because:
        raise UsageError(
            f"The file {sha[:12]} was refused. It goes by: outcomes refused --destroy {sha[:12]} --by NAME"
        )
    if standing := one(con, STANDING, [sha, sha]):
        raise UsageError(
            f"Numbers rest on {sha[:12]} (rows of it that stand: {standing:,}). Have its clinic send them marked entered_in_error, run a night, and then erase it."
        )
    return sha, first


def finish_destroying(home: Home, con: duckdb.DuckDBPyConnection) -> None:
    """Put back what the receipts tell of and the database, being older, does not; and write the receipts that are missing."""
    have = one(con, "SELECT max(destroyed_no) FROM destroyed") or 0
    for receipt in lasting.read_lines(home.receipts / DESTROYED):
        if receipt["destroyed_no"] > have:
            con.execute(
                """INSERT INTO destroyed (destroyed_no, arrival_no, destroyed_on, destroyed_by, reason_code)
                SELECT $destroyed_no, first_arrival_no, $destroyed_on, $destroyed_by, $reason_code FROM last_reading WHERE sha256 = $sha256""",
                {"reason_code": None} | receipt,
            )
    _write_receipts(home, con)


def remove_destroyed(home: Home) -> None:
    """Remove the bytes of every file that was destroyed, if they are still there. The lock is held, the warehouse closed."""
    said = lasting.read_lines(home.receipts / DESTROYED)
    if any((home.archive / receipt["sha256"]).exists() for receipt in said):
        lay_floor(home)
    _remove(home, [receipt["sha256"] for receipt in said])


def _remove_at_once(home: Home) -> None:
    # A night that has begun since does it in our place.
    with suppress(BusyError), inbox.locked(home):
        remove_destroyed(home)


def _file(con: duckdb.DuckDBPyConnection, head: str) -> tuple[str, int, str | None]:
    """SHA-256, first arrival and reason of refusal of a file that was not destroyed yet. Raises UsageError where it was."""
    sha = file_of(con, head)
    (file,) = rows_of(con, _FILE, [sha])
    if one(con, "SELECT count(*) FROM destroyed WHERE arrival_no = ?", [file["first_arrival_no"]]):
        raise UsageError(f"The bytes of {sha[:12]} were destroyed already.")
    return sha, file["first_arrival_no"], file["refused_because"]


def _record(
    home: Home, con: duckdb.DuckDBPyConnection, arrival_no: int, name: str, on: dt.date | None, reason: str | None
) -> None:
    """Said first, then done: what is said and was not done is done by the next night."""
    last = one(con, "SELECT arg_max(as_of, night) FROM night")
    con.execute(
        """INSERT INTO destroyed (destroyed_no, arrival_no, destroyed_on, destroyed_by, reason_code)
        SELECT coalesce(max(destroyed_no), 0) + 1, ?, ?, ?, ? FROM destroyed""",
        [arrival_no, on or last, name, reason],
    )
    _write_receipts(home, con)


def _write_receipts(home: Home, con: duckdb.DuckDBPyConnection) -> None:
    rows = [{key: of for key, of in row.items() if key != "reason_code" or of} for row in rows_of(con, RECEIPT)]
    lasting.append_new(home.receipts / DESTROYED, "destroyed_no", rows)


def _remove(home: Home, shas: list[str]) -> None:
    """Unlink: writing over a file first destroys nothing on the disks of today."""
    for sha in shas:
        for folder in (home.refused, home.archive, home.requeue):
            (folder / sha).unlink(missing_ok=True)
    if shas:
        lasting.sync(home.refused)
        lasting.sync(home.archive)
