"""What was said: by a release, or by the last night on or before a date."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

import duckdb

from outcomes.definitionlog import PROGRAM, definitions_on
from outcomes.errors import UsageError
from outcomes.recomputing import first_row
from outcomes.summary import rows_of

Row = dict[str, Any]

COUNTS = ("courses", "eligible", "due", "observed", "met")


@dataclass(frozen=True)
class Said:
    """A release, or the last night on or before a date: what it said, and where in the ledger it stands.

    rates: by measure and clinic, the COUNTS. definitions: None where they are not known any more. base: as_of and arrival_no of
    the release that its courses start from, None where it has all of them. program: its SQL, None where not known.
    release_no: None for a night.
    """

    name: str
    as_of: dt.date
    arrival_no: int
    night: int
    base: Row | None
    definitions: list[Row] | None
    program: str | None
    rates: dict[tuple[str, str], dict[str, int]]
    release_no: int | None = None


def said_at(con: duckdb.DuckDBPyConnection, name: str) -> Said:
    """What a release of that name said, or the last night on or before a date. Raises UsageError where there is none."""
    release = first_row(con, "SELECT * FROM release WHERE name = ?", [name])
    if release is not None:
        return _of_release(con, release)
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", name):
        names = ", ".join(row[0] for row in con.execute("SELECT name FROM release ORDER BY release_no").fetchall())
        raise UsageError(f"{name} is neither a release nor a date like 2026-01-31. Releases: {names or 'none'}.")
    try:
        day = dt.date.fromisoformat(name)
    except ValueError:
        raise UsageError(f"{name} is no date of the calendar.") from None
    night = first_row(con, "SELECT * FROM night WHERE as_of <= ? ORDER BY night DESC LIMIT 1", [day])
    if night is None:
        first = first_row(con, "SELECT min(as_of) AS as_of FROM night") or {"as_of": "none"}
        raise UsageError(f"No night was as of {name} or earlier. The first was as of {first['as_of']}.")
    return _of_night(con, night)


def _of_release(con: duckdb.DuckDBPyConnection, release: Row) -> Said:
    number = [release["release_no"]]
    base = first_row(con, "SELECT as_of, arrival_no FROM release WHERE release_no = ?", [release["base_release_no"]])
    return Said(
        f"release {release['name']}", release["as_of"], release["arrival_no"], release["night"], base,
        rows_of(con, "SELECT * EXCLUDE (release_no) FROM release_definition WHERE release_no = ? ORDER BY ALL", number),
        release["sql_digest"],
        _by_place(rows_of(con, f"SELECT measure_id, clinic_id, {', '.join(COUNTS)} FROM release_rate WHERE release_no = ?", number)),
        release["release_no"],
    )  # fmt: skip


def _of_night(con: duckdb.DuckDBPyConnection, night: Row) -> Said:
    number = night["night"]
    arrival = first_row(con, "SELECT coalesce(max(arrival_no), 0) AS last FROM arrival WHERE night <= ?", [number])
    definitions = definitions_on(con, number)
    program = [row["decides"] for row in definitions or [] if row["kind"] == PROGRAM]
    logged = rows_of(
        con,
        f"""SELECT measure_id, clinic_id, {", ".join(COUNTS)} FROM rate_log WHERE night <= ?
        QUALIFY row_number() OVER (PARTITION BY measure_id, clinic_id ORDER BY entry DESC) = 1""",
        [number],
    )
    return Said(
        f"night {number}", night["as_of"], arrival["last"] if arrival else 0, number, None,
        None if definitions is None else [row for row in definitions if row["kind"] != PROGRAM],
        program[0] if program else None, _by_place([row for row in logged if row["courses"] is not None]),
    )  # fmt: skip


def _by_place(rows: list[Row]) -> dict[tuple[str, str], dict[str, int]]:
    return {(row["measure_id"], row["clinic_id"]): {key: row[key] for key in COUNTS} for row in rows}


def in_order(one: Said, other: Said) -> None:
    """Raise UsageError unless `other` is the later one, or the same."""
    if (other.as_of, other.arrival_no) < (one.as_of, one.arrival_no) or other.arrival_no < one.arrival_no:
        raise UsageError(f"The {other.name} is before the {one.name}: give the earlier one first.")
