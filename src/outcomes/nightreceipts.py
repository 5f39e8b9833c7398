"""A receipt for each night, outside the database: what made it, what it brought, and digests of all that is stored.

receipts.jsonl has what the ledger says of each arrival, its rows digested. A line of nights.jsonl covers the rest: the
night itself, where it left the ledger, and each stored table that has no witness of its own, as it was when the night
ended. Each line holds the hash of the one before. LOGS have files of their own.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from outcomes import lasting
from outcomes.digests import added, table_digest
from outcomes.frames import given, one
from outcomes.ledger import NO_HASH
from outcomes.paths import Home
from outcomes.summary import rows_of

Row = dict[str, Any]

NIGHTS = "nights.jsonl"
# What each night changed, which the archive cannot bring back: table of entries, and the file that has them too.
LOGS = {"rate_log": "rates.jsonl", "definition_log": "definitions.jsonl"}
# Tables to which nights only add: which of their rows came after the night of a receipt, by its last arrival or how many
# rows there were. Their digests are sums, and go on from there: a night's cost must not grow with all that is stored, and
# what is changed in older rows after their receipt does not come into the next one.
_ADDED = {
    "score": "arrival_no > {arrival_no}",
    "patient_row": "arrival_no > {arrival_no}",
    "extract_day": "arrival_no > {arrival_no}",
    "patient": "patient_no > {rows}",
}
# Stored tables without a witness of their own: which columns a receipt digests (None: all of them), of which rows.
DIGESTED: dict[str, tuple[tuple[str, ...] | None, str]] = {
    # What a row says is in rows_digest of its arrival.
    "score": (("score_id", "arrival_no", "line"), "true"),
    "patient_row": (("patient_row_id", "arrival_no", "line"), "true"),
    "score_event": (None, "true"),
    "patient_row_event": (None, "true"),
    "extract_day": (None, "true"),
    "quarantine": (None, "true"),
    "note": (None, "true"),
    "rule_count": (None, "true"),
    # Rows of 0.1.0 are held to these digests instead of the ledger's.
    "redigested": (None, "true"),
    "rate_log": (None, "true"),
    "definition_log": (None, "true"),
    # Those below 0 are made by a split, between two nights: identity.jsonl has it.
    "patient": (None, "patient_no > 0"),
}
# With the last ledger entry up to each night: a night that brought no file has none of its own.
_NIGHT = """
    WITH ends AS (
        SELECT night, max(arrival_no) AS arrival_no, arg_max(hash, arrival_no) AS arrival_hash FROM arrival GROUP BY night
    ),
    said AS (
        SELECT n.*, last_value(e.arrival_no IGNORE NULLS) OVER (ORDER BY n.night) AS arrival_no,
            last_value(e.arrival_hash IGNORE NULLS) OVER (ORDER BY n.night) AS arrival_hash
        FROM night AS n LEFT JOIN ends AS e USING (night)
    )
    SELECT * FROM said WHERE night > ? ORDER BY night
"""


def write_night_receipts(home: Home, con: duckdb.DuckDBPyConnection) -> None:
    """Append the new entries of the logs, and a line for each night that has none: of the last one with all digests."""
    _write_logs(home, con)
    last: Row = lasting.last_line(home.receipts / NIGHTS) or {"night": 0, "hash": NO_HASH}
    previous = last
    nights = said_of_nights(con, previous["night"])
    for night in nights:
        night["stored"] = stored_digests(con, after=last) if night is nights[-1] else None
        night["sql_digest"] = one(con, "SELECT sql_digest FROM laid") if night is nights[-1] else None
        night["previous_hash"] = previous["hash"]
        night["hash"] = line_hash(night)
        previous = night
    if nights:
        lasting.append(home.receipts / NIGHTS, nights)


def said_of_nights(con: duckdb.DuckDBPyConnection, after: int = 0) -> list[Row]:
    """What a store says of its nights, as their receipts have it."""
    return [row | {"as_of": row["as_of"].isoformat()} for row in rows_of(con, _NIGHT, [after])]


def stored_digests(con: duckdb.DuckDBPyConnection, after: Row | None = None) -> dict[str, str]:
    """The digest of each table of DIGESTED, as it is now: of all its rows, or of those in the receipt `after` and what was added since."""
    after = after or {}
    told = after.get("stored") or {}
    found = {}
    for name, (columns, where) in DIGESTED.items():
        before = told.get(name) if name in _ADDED else None
        if before is not None:
            where += " AND " + _ADDED[name].format(arrival_no=after["arrival_no"] or 0, rows=before.partition(":")[0])
        digest = table_digest(con, f"main.{name}", columns, where=where)
        found[name] = digest if before is None else added(before, digest)
    return found


def line_hash(line: Row) -> str:
    """SHA-256 of a night's receipt, the hash of the one before included."""
    said = {key: line[key] for key in sorted(line) if key != "hash"}
    return hashlib.sha256(lasting.on_one_line(said).encode()).hexdigest()


def told_nights(home: Home) -> dict[int, Row]:
    """What the receipts tell of each night, by its number."""
    return {line["night"]: line for line in lasting.read_lines(home.receipts / NIGHTS)}


def put_night(con: duckdb.DuckDBPyConnection, night: Row) -> None:
    """A night into the store, as `night` has it; what it does not know of is left to the table's defaults."""
    known = [row[0] for row in con.execute("DESCRIBE night").fetchall() if row[0] in night]
    con.execute(
        f"INSERT INTO night ({', '.join(known)}) VALUES ({', '.join('?' * len(known))})",
        [night[name] for name in known],
    )


def restore_nights(home: Home, con: duckdb.DuckDBPyConnection) -> None:
    """Put back the nights, and the entries of the logs, that the receipts tell of and the database, being older, does not."""
    have = {number for (number,) in con.execute("SELECT night FROM night").fetchall()}
    for number, line in told_nights(home).items():
        if number not in have:
            put_night(con, line)
    for table, file in LOGS.items():
        last = one(con, f"SELECT max(entry) FROM {table}") or 0
        if _last_entry(home.receipts / file) > last:
            lost = [row for row in lasting.read_lines(home.receipts / file) if row["entry"] > last]
            with given(con, "lost", pl.DataFrame(lost, infer_schema_length=None)):
                con.execute(f"INSERT INTO {table} BY NAME FROM lost")


def _write_logs(home: Home, con: duckdb.DuckDBPyConnection) -> None:
    for table, file in LOGS.items():
        path = home.receipts / file
        new = rows_of(con, f"SELECT * FROM {table} WHERE entry > ? ORDER BY entry", [_last_entry(path)])
        if new:
            lasting.append(path, new)


def _last_entry(path: Path) -> int:
    """The number of the last entry that is written down."""
    last = lasting.last_line(path)
    return int(last["entry"]) if last else 0
