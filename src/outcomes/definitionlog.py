"""The definition log: by which definitions and which program each night was made."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import polars as pl

from outcomes.frames import given
from outcomes.recomputing import definitions_of, first_row
from outcomes.summary import rows_of

Row = dict[str, Any]

PROGRAM = "program"
# The last that was logged of each definition up to a night.
_LAST = """
    SELECT kind, id, unnest(arg_max(struct_pack(version, decides, definition), entry))
    FROM definition_log
    WHERE night <= $night
    GROUP BY kind, id
"""
_CHANGED = f"""
    INSERT INTO definition_log
    WITH logged AS ({_LAST}),

    changed AS (
        SELECT kind, id, n.version, n.decides, n.definition
        FROM definitions_now AS n
        FULL JOIN logged AS l USING (kind, id)
        WHERE (n.decides, n.definition) IS DISTINCT FROM (l.decides, l.definition)
    )

    SELECT (SELECT coalesce(max(entry), 0) FROM definition_log) + row_number() OVER (ORDER BY kind, id), $night, *
    FROM changed
    ORDER BY kind, id
"""


def log_definitions(con: duckdb.DuckDBPyConnection) -> None:
    """Append each definition that is not as it was last logged, under the last night. A second call appends nothing."""
    night = first_row(con, "SELECT night, program_version FROM night ORDER BY night DESC LIMIT 1")
    laid = first_row(con, "SELECT sql_digest FROM laid")
    if night is None or laid is None:
        return
    program = {"program_version": night["program_version"], **laid}
    now = [
        *definitions_of(con),
        {"kind": PROGRAM, "id": PROGRAM, "version": None, "decides": laid["sql_digest"], "definition": json.dumps(program)},
    ]  # fmt: skip
    schema = {"kind": pl.String, "id": pl.String, "version": pl.Int32, "decides": pl.String, "definition": pl.String}
    with given(con, "definitions_now", pl.DataFrame(now, schema=schema)):
        con.execute(_CHANGED, {"night": night["night"]})


def definitions_on(con: duckdb.DuckDBPyConnection, night: int) -> list[Row] | None:
    """The definitions that a night was made by, the program among them; None where a store of then kept none."""
    first = first_row(con, "SELECT min(night) AS night FROM definition_log")
    if first is None or first["night"] is None:
        return None
    if night < first["night"]:
        # Before the log began: the same where the data files were.
        same = "SELECT count(DISTINCT data_versions) = 1 AS same FROM night WHERE night IN (?, ?)"
        if not (first_row(con, same, [night, first["night"]]) or {}).get("same"):
            return None
        return [row for row in rows_of(con, _LAST, {"night": first["night"]}) if row["kind"] != PROGRAM]
    return [row for row in rows_of(con, _LAST, {"night": night}) if row["definition"] is not None]
