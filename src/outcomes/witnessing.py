"""What people record between nights, kept twice: append-only in the store, and a line each in a file of receipts/.

The tables here name nothing by a number of the store that could change, so that a line is a row, and a store that was
lost gets its rows back as they were.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import duckdb

from outcomes import lasting
from outcomes.frames import at_once, one
from outcomes.paths import Home
from outcomes.summary import Row, rows_of


@dataclass(frozen=True)
class Witnessed:
    """A table, the column that numbers its rows, its file, and the table of the parts of a row where it has some."""

    table: str
    number: str
    file: str
    parts: str | None = None


SIGNATURES = Witnessed("signature", "signature_no", "signatures.jsonl")
BENCHMARKS = Witnessed("benchmark_change", "change_no", "benchmarks.jsonl")
AUDITS = Witnessed("sample_audit", "audit_no", "audits.jsonl", "sample_audit_course")
ALL = (SIGNATURES, BENCHMARKS, AUDITS)


def append(
    home: Home, con: duckdb.DuckDBPyConnection, kept: Witnessed, row: Row, parts: list[Row] | tuple[Row, ...] = ()
) -> int:
    """Append a row, and its parts, to the store and the file. Returns the number it was given."""
    number = int(one(con, f"SELECT coalesce(max({kept.number}), 0) + 1 FROM {kept.table}"))
    _insert(con, kept, {kept.number: number, **row}, [{kept.number: number, **part} for part in parts])
    _write(home, con, kept)
    return number


def lines(home: Home, kept: Witnessed) -> list[Row]:
    """What the file of a home says, in order."""
    return lasting.read_lines(home.receipts / kept.file)


def restore(home: Home, con: duckdb.DuckDBPyConnection) -> None:
    """Put back the rows that the files tell of and the database, being older, does not; and give each row its line."""
    for kept in ALL:
        have = one(con, f"SELECT max({kept.number}) FROM {kept.table}") or 0
        for line in lines(home, kept):
            if line[kept.number] > have:
                parts = [{kept.number: line[kept.number], **part} for part in line.pop("parts", [])]
                _insert(con, kept, line, parts)
        _write(home, con, kept)


def differing(home: Home, con: duckdb.DuckDBPyConnection) -> list[str]:
    """The tables whose rows are not those that their files tell of."""
    return [kept.table for kept in ALL if rows(con, kept) != lines(home, kept)]


def _insert(con: duckdb.DuckDBPyConnection, kept: Witnessed, row: Row, parts: list[Row]) -> None:
    with at_once(con):
        for table, of in ((kept.table, row), *((str(kept.parts), part) for part in parts)):
            marks = ", ".join("?" * len(of))
            con.execute(f"INSERT INTO {table} ({', '.join(of)}) VALUES ({marks})", list(of.values()))


def _write(home: Home, con: duckdb.DuckDBPyConnection, kept: Witnessed) -> None:
    lasting.append_new(home.receipts / kept.file, kept.number, rows(con, kept))


def rows(con: duckdb.DuckDBPyConnection, kept: Witnessed) -> list[Row]:
    """The rows of a table as the lines of its file, dates as text."""
    found = rows_of(con, f"SELECT * FROM {kept.table} ORDER BY {kept.number}")
    if kept.parts:
        for row in found:
            query = f"SELECT * EXCLUDE ({kept.number}) FROM {kept.parts} WHERE {kept.number} = ? ORDER BY number"
            row["parts"] = rows_of(con, query, [row[kept.number]])
    said: list[dict[str, Any]] = json.loads(json.dumps(found, default=str))
    return said
