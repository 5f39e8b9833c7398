"""What a home keeps of its releases outside the database: all that was locked, so that a lost release is locked again.

A line of releases.jsonl for each release, with its definitions, rates and comparisons, and beside it a Parquet file
with its courses. Both are written once and never changed.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from outcomes import inbox
from outcomes.errors import OutcomesError
from outcomes.frames import given
from outcomes.paths import Home
from outcomes.store import one
from outcomes.summary import rows_of

Row = dict[str, Any]

RELEASES = "releases.jsonl"
# Part of a receipt: the table that it is a copy of, and the order of its rows.
PARTS = {
    "release": ("release", "release_no"),
    "definitions": ("release_definition", "kind, id"),
    "rates": ("release_rate", "measure_id, clinic_id"),
    "comparisons": ("release_comparison", "coalesce(benchmark_id, claim_id), clinic_id"),
}


def read_release_receipts(home: Home) -> list[Row]:
    """The receipts of a home, in the order of locking."""
    return inbox.read_lines(home.receipts / RELEASES)


def locked_rows(con: duckdb.DuckDBPyConnection, release_no: int, at: str = "main") -> Row:
    """The parts of a release's receipt as a store has them, dates and times as text."""
    found = {
        part: rows_of(con, f"SELECT * FROM {at}.{table} WHERE release_no = ? ORDER BY {order}", [release_no])
        for part, (table, order) in PARTS.items()
    }
    said: Row = json.loads(json.dumps(found, default=str))
    return said


def has_all_receipts(home: Home, con: duckdb.DuckDBPyConnection) -> bool:
    """Whether each release of a store has its receipt. A store of an earlier version has no releases."""
    if not one(con, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'release'"):
        return True
    have = {receipt["release_no"] for receipt in read_release_receipts(home)}
    return have >= {row[0] for row in con.execute("SELECT release_no FROM release").fetchall()}


def write_release_receipts(home: Home, con: duckdb.DuckDBPyConnection) -> None:
    """Write the receipt of each release that has none yet."""
    have = {receipt["release_no"] for receipt in read_release_receipts(home)}
    for (release_no,) in con.execute("SELECT release_no FROM release ORDER BY release_no").fetchall():
        if release_no in have:
            continue
        courses = courses_file(home, release_no)
        aside = courses.with_name(f".{courses.name}.new")
        con.execute(
            f"""COPY (FROM release_endpoint WHERE release_no = {int(release_no)} ORDER BY measure_id, patient_no, course)
            TO '{_quoted(aside)}' (FORMAT parquet)"""
        )
        digest = hashlib.sha256(aside.read_bytes()).hexdigest()
        inbox.sync(aside)
        aside.replace(courses)
        inbox.sync(courses.parent)
        receipt = {"release_no": release_no, **locked_rows(con, release_no), "courses_sha256": digest}
        inbox.append_lasting(home.receipts / RELEASES, [receipt | {"digest": _digest(receipt)}])


def restore_releases(home: Home, con: duckdb.DuckDBPyConnection) -> int:
    """Lock again each release that the database does not know, as its receipt has it. Returns how many.

    Raises OutcomesError where a receipt is damaged, or the ledger is not the one that the release was locked on.
    """
    highest = one(con, "SELECT max(release_no) FROM release") or 0
    lost = [receipt for receipt in read_release_receipts(home) if receipt["release_no"] > highest]
    for receipt in lost:
        (release,) = receipt["release"]
        courses = courses_file(home, receipt["release_no"])
        held = courses.read_bytes() if courses.exists() else b""
        if receipt["digest"] != _digest(receipt) or hashlib.sha256(held).hexdigest() != receipt["courses_sha256"]:
            raise OutcomesError(
                f"The receipt of release {release['name']} is damaged, so it cannot be locked again: restore the folder receipts from a backup."
            )
        found = one(con, "SELECT hash FROM arrival WHERE arrival_no = ?", [release["arrival_no"]])
        if found != release["arrival_hash"]:
            raise OutcomesError(
                f"Release {release['name']} was locked on another ledger than the warehouse has: restore the warehouse from a backup."
            )
        con.execute("BEGIN")
        try:
            for part, (table, _) in PARTS.items():
                with given(con, "kept", pl.DataFrame(receipt[part], infer_schema_length=None)):
                    con.execute(f"INSERT INTO {table} BY NAME FROM kept")
            con.execute(f"INSERT INTO release_endpoint BY NAME FROM read_parquet('{_quoted(courses)}')")
            con.execute("COMMIT")
        except BaseException:
            con.execute("ROLLBACK")
            raise
    return len(lost)


def is_as_in_receipt(home: Home, con: duckdb.DuckDBPyConnection, release_no: int, at: str = "main") -> bool:
    """Whether the locked rows of a release are those of its receipt."""
    for receipt in read_release_receipts(home):
        if receipt["release_no"] == release_no:
            courses = courses_file(home, release_no)
            if not courses.exists() or any(receipt[k] != v for k, v in locked_rows(con, release_no, at).items()):
                return False
            stored = f"SELECT * REPLACE (status::VARCHAR AS status) FROM {at}.release_endpoint WHERE release_no = {int(release_no)}"
            kept = f"SELECT * REPLACE (status::VARCHAR AS status) FROM read_parquet('{_quoted(courses)}')"
            differ = (
                f"((FROM ({stored}) EXCEPT ALL FROM ({kept})) UNION ALL (FROM ({kept}) EXCEPT ALL FROM ({stored})))"
            )
            return not one(con, f"SELECT count(*) FROM {differ}")
    return False


def courses_file(home: Home, release_no: int) -> Path:
    """Where the courses of a release are kept."""
    return home.receipts / f"release-{release_no}.parquet"


def _digest(receipt: Row) -> str:
    said = {key: value for key, value in receipt.items() if key != "digest"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
