"""The benchmarks of a home beside those that ship: added and retired by name, append-only, in force from the next night on."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path

import duckdb

from outcomes import witnessing
from outcomes.datafiles import read_data_files
from outcomes.errors import UsageError
from outcomes.frames import one
from outcomes.paths import Home, data_folder
from outcomes.signing import last_night, plain_words, refuse_other_program, signed
from outcomes.summary import Row, rows_of
from outcomes.witnessing import BENCHMARKS
from schemas.errors import DataFileError
from schemas.ownbenchmarks import Cells, read_cells

LISTED = """
    WITH pending AS (
        SELECT benchmark_id, any_value(made_by) AS made_by
        FROM benchmark_change
        WHERE night >= (SELECT max(night) FROM night)
        GROUP BY benchmark_id
    )
    SELECT c.id AS benchmark_id, c.version, u.outcome, b.retired_on, b.retired_because, b.citation, c.is_signed, c.signed_by, c.signed_on,
        c.earlier_signatures, starts_with(c.id, 'own_') AS is_own, p.benchmark_id IS NOT NULL AS changes_next_night
    FROM definition_check AS c
    JOIN benchmark AS b ON b.benchmark_id = c.id
    JOIN benchmark_use AS u ON u.benchmark_id = c.id
    LEFT JOIN pending AS p ON p.benchmark_id = c.id
    WHERE c.kind = 'benchmark'
    ORDER BY c.position
"""
# Added since the last night: not yet among the benchmarks.
NEW = """
    SELECT benchmark_id, (cells->>'version')::INTEGER AS version, cells->>'citation' AS citation, made_by
    FROM benchmark_change
    WHERE kind = 'add' AND benchmark_id NOT IN (SELECT benchmark_id FROM benchmark)
    ORDER BY change_no
"""


def add(home: Home, path: Path, by: str, on: dt.date | None = None) -> list[str]:
    """Add the benchmarks of a CSV or TOML file, all of them or none; returns their names. The published copy is made anew.

    Raises UsageError where a row breaks the contract, or its version is not above that of the row it replaces; BusyError
    during a night.
    """
    try:
        rows = read_cells(path)
    except DataFileError as error:
        # Somebody can have given another file by mistake: not its name.
        raise _broken([fault.replace(path.name, "the file") for fault in error.faults]) from None
    except OSError:
        raise UsageError("The file of benchmarks cannot be read.") from None
    with signed(home, by) as (con, name):
        refuse_other_program(con)
        changes = witnessing.lines(home, BENCHMARKS)
        if len({cells["benchmark_id"] for cells in rows}) < len(rows):
            raise UsageError("The file has two rows of one benchmark_id. Nothing was recorded.")
        for cells in rows:
            _refuse_same_version(changes, cells)
            for column, cell in cells.items():
                if cell and len(cell) > 1:
                    plain_words(con, cell, f"The {column} of a benchmark", most=2000)
        new = [{"kind": "add", "benchmark_id": cells["benchmark_id"], "cells": json.dumps(cells)} for cells in rows]
        return _recorded(home, con, changes, new, name, on)


def retire(home: Home, benchmark_id: str, since: dt.date | None, because: str, by: str, on: dt.date | None = None) -> None:  # fmt: skip
    """Retire a benchmark from an as-of date on, by default that of the last night. Locked releases keep it.

    Raises UsageError where there is none of that name, or it is retired already; BusyError during a night.
    """
    with signed(home, by) as (con, name):
        refuse_other_program(con)
        changes = witnessing.lines(home, BENCHMARKS)
        about = [change["kind"] for change in changes if change["benchmark_id"] == benchmark_id]
        if not about and not one(con, "SELECT count(*) FROM benchmark WHERE benchmark_id = ?", [benchmark_id]):
            raise UsageError(f"There is no benchmark {benchmark_id}. They are listed by: outcomes benchmarks list")
        if about and about[-1] == "retire":
            raise UsageError(f"The benchmark {benchmark_id} is retired already.")
        words = plain_words(con, because, "The reason with --because")
        day = since or one(con, "SELECT arg_max(as_of, night) FROM night")
        new = [{"kind": "retire", "benchmark_id": benchmark_id, "retired_on": day.isoformat(), "because": words}]
        _recorded(home, con, changes, new, name, on)


def listed(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Every benchmark of the last night in its order, then those added since, which it does not have yet."""
    new = {row["benchmark_id"]: row for row in rows_of(con, NEW)}
    known = rows_of(con, LISTED)
    unknown: Row = dict.fromkeys(known[0] if known else ())
    of_new = {"is_signed": False, "earlier_signatures": 0, "is_own": True, "changes_next_night": True}
    return known + [unknown | of_new | {key: row[key] for key in ("benchmark_id", "version", "citation")} for row in new.values()]  # fmt: skip


def _recorded(
    home: Home, con: duckdb.DuckDBPyConnection, changes: list[Row], new: list[Row], name: str, on: dt.date | None
) -> list[str]:
    """Append changes, where the data files hold with them. Returns the names."""
    night, last = last_night(home, con)
    try:
        read_data_files(data_folder(), [*changes, *new])
    except DataFileError as error:
        raise _broken(error.faults) from None
    for row in new:
        witnessing.append(home, con, BENCHMARKS, {**row, "made_by": name, "made_on": on or last, "night": night})
    return [row["benchmark_id"] for row in new]


def _refuse_same_version(changes: list[Row], cells: Cells) -> None:
    before = [json.loads(change["cells"]) for change in changes if change["kind"] == "add" and change["benchmark_id"] == cells["benchmark_id"]]  # fmt: skip
    given = cells["version"] or ""
    if before and given.isdecimal() and int(given) <= int(before[-1]["version"]):
        raise UsageError(f"The benchmark {cells['benchmark_id']} is stored as version {before[-1]['version']}: raise the version of the row.")  # fmt: skip


def _broken(faults: Sequence[str]) -> UsageError:
    return UsageError(f"The benchmarks break their contract, so nothing was recorded: {'; '.join(faults)}.")
