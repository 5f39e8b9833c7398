"""What a home keeps of its releases outside the database: all that was locked, so that a lost release is locked again.

Two files for each release, written once: release-N.json with its definitions, rates and comparisons, release-N.parquet
with its courses. A line of releases.jsonl, which every night reads, has the SHA-256 of both.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from outcomes import lasting
from outcomes.errors import OutcomesError
from outcomes.frames import at_once, literal, one, put_rows
from outcomes.paths import Home
from outcomes.sources.content import sha256_of
from outcomes.summary import rows_of

Row = dict[str, Any]

RELEASES = "releases.jsonl"
# Part of release-N.json: the table that it is a copy of, and the order of its rows.
PARTS = {
    "release": ("release", "release_no"),
    "definitions": ("release_definition", "kind, id"),
    "rates": ("release_rate", "measure_id, clinic_id"),
    "comparisons": ("release_comparison", "coalesce(benchmark_id, claim_id), clinic_id"),
}


def read_release_receipts(home: Home) -> list[Row]:
    """The receipts of a home, in the order of locking."""
    return lasting.read_lines(home.receipts / RELEASES)


def locked_rows(con: duckdb.DuckDBPyConnection, release_no: int, at: str = "main") -> Row:
    """The parts of release-N.json as a store has them, dates as text."""
    found = {
        part: rows_of(con, f"SELECT * FROM {at}.{table} WHERE release_no = ? ORDER BY {order}", [release_no])
        for part, (table, order) in PARTS.items()
    }
    said: Row = json.loads(json.dumps(found, default=str))
    return said


def refuse_earlier_version(con: duckdb.DuckDBPyConnection) -> None:
    """Raise OutcomesError for a store of a version that lacks what a release is made from: the next night lays it."""
    if (
        one(con, "SELECT count(*) FROM duckdb_tables() WHERE table_name IN ('release', 'identity_change', 'signature')")
        < 3
    ):
        raise OutcomesError("The program has changed since the last night. Run outcomes nightly, and then try again.")


def has_all_receipts(home: Home, con: duckdb.DuckDBPyConnection) -> bool:
    """Whether each release of a store has its receipt."""
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
            TO {literal(aside)} (FORMAT parquet)"""
        )
        lasting.put(aside, courses)
        rows = locked_rows(con, release_no)
        lasting.write(rows_file(home, release_no), json.dumps(rows, indent=1) + "\n")
        receipt = {
            "release_no": release_no,
            "name": rows["release"][0]["name"],
            "rows_sha256": _sha256(rows_file(home, release_no)),
            "courses_sha256": _sha256(courses),
        }
        lasting.append(home.receipts / RELEASES, [receipt])


def restore_releases(home: Home, con: duckdb.DuckDBPyConnection) -> int:
    """Lock again each release that the database does not know, as its receipt has it. Returns how many.

    Raises OutcomesError where a receipt is damaged, or the ledger is not the one that the release was locked on.
    """
    highest = one(con, "SELECT max(release_no) FROM release") or 0
    lost = [receipt for receipt in read_release_receipts(home) if receipt["release_no"] > highest]
    for receipt in lost:
        number, name = receipt["release_no"], receipt["name"]
        if not _is_whole(home, receipt):
            raise OutcomesError(
                f"The receipt of release {name} is damaged, so it cannot be locked again: restore the folder receipts from a backup."
            )
        rows = json.loads(rows_file(home, number).read_text("utf-8"))
        (release,) = rows["release"]
        found = one(con, "SELECT hash FROM arrival WHERE arrival_no = ?", [release["arrival_no"]])
        if found != release["arrival_hash"]:
            raise OutcomesError(
                f"Release {name} was locked on another ledger than the warehouse has: restore the warehouse from a backup."
            )
        with at_once(con):
            for part, (table, _) in PARTS.items():
                put_rows(con, table, rows[part])
            con.execute(
                f"INSERT INTO release_endpoint BY NAME FROM read_parquet({literal(courses_file(home, number))})"
            )
    return len(lost)


def is_as_in_receipt(home: Home, con: duckdb.DuckDBPyConnection, release_no: int, at: str = "main") -> bool:
    """Whether the locked rows of a release are those of its receipt."""
    receipts = [r for r in read_release_receipts(home) if r["release_no"] == release_no]
    if not receipts or not _is_whole(home, receipts[0]):
        return False
    if json.loads(rows_file(home, release_no).read_text("utf-8")) != locked_rows(con, release_no, at):
        return False
    stored = (
        f"SELECT * REPLACE (status::VARCHAR AS status) FROM {at}.release_endpoint WHERE release_no = {int(release_no)}"
    )
    kept = f"SELECT * REPLACE (status::VARCHAR AS status) FROM read_parquet({literal(courses_file(home, release_no))})"
    differ = f"((FROM ({stored}) EXCEPT ALL FROM ({kept})) UNION ALL (FROM ({kept}) EXCEPT ALL FROM ({stored})))"
    return not one(con, f"SELECT count(*) FROM {differ}")


def rows_file(home: Home, release_no: int) -> Path:
    """Where the definitions, rates and comparisons of a release are kept."""
    return home.receipts / f"release-{release_no}.json"


def courses_file(home: Home, release_no: int) -> Path:
    """Where the courses of a release are kept."""
    return home.receipts / f"release-{release_no}.parquet"


def _is_whole(home: Home, receipt: Row) -> bool:
    """Whether the two files of a release are those that its line tells of."""
    files = rows_file(home, receipt["release_no"]), courses_file(home, receipt["release_no"])
    return [_sha256(path) for path in files] == [receipt["rows_sha256"], receipt["courses_sha256"]]


def _sha256(path: Path) -> str:
    return sha256_of(path)[0] if path.exists() else "none"
