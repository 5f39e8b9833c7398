"""The derived views as tables: curves, durability, missing patients, case mix, change, item 9, safety, strata, funnel."""

from __future__ import annotations

from typing import Any

import duckdb

from outcomes.errors import UsageError
from outcomes.publishedcopy import known
from outcomes.summary import Row, rows_of
from outcomes.views import VIEWS
from outcomes.words import clinic_words


def figures(con: duckdb.DuckDBPyConnection, view: str, clinic: str | None, measure: str | None) -> list[Row]:
    """The rows of one view, of one clinic ('*' is all together) or measure where it is named.

    Raises UsageError where the view does not tell them apart, or there is no such clinic or measure.
    """
    columns = {row["column_name"] for row in rows_of(con, f"DESCRIBE {view}")}
    wanted = {"clinic_id": known(con, "clinic", clinic), "measure_id": known(con, "measure", measure)}
    asked = {column: value for column, value in wanted.items() if value is not None}
    for column in asked:
        if column not in columns:
            raise UsageError(f"{view} has no {column}: leave --{column.removesuffix('_id')} out.")
    where = " AND ".join(f"{column} = ${column}" for column in asked) or "true"
    return rows_of(con, f"SELECT * FROM {view} WHERE {where} ORDER BY {VIEWS[view]}", asked)


def in_words(rows: list[Row]) -> list[Row]:
    """Rows for a table: clinics by name, numbers to three decimals."""
    return [{key: _plain(key, value) for key, value in row.items()} for row in rows]


def _plain(key: str, value: Any) -> Any:
    if key == "clinic_id":
        return clinic_words(value)
    return f"{value:.3f}" if isinstance(value, float) else value
