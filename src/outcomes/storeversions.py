"""Versions of the store: what each table of it must be like is schemas/sql/10_store.sql, and how an older one gets there.

schemas/sql/migrations/N_name.sql makes a store of version N from one of version N - 1. A migration is never changed once a
program with it was given away; a store says its version in `store_version`, but for those laid before there was that table.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib import resources

import duckdb

from outcomes.errors import OutcomesError


@cache
def migrations() -> dict[int, str]:
    """The SQL of each migration, by the version that it makes, in order."""
    folder = resources.files("schemas") / "sql" / "migrations"
    found = {int(path.name.partition("_")[0]): path for path in folder.iterdir() if path.name.endswith(".sql")}
    return {number: found[number].read_text("utf-8") for number in sorted(found)}


def current() -> int:
    """The version of a store that this program lays."""
    return max(migrations())


def version_of(con: duckdb.DuckDBPyConnection) -> int:
    """The version of an open store."""
    # Asked for itself first: to list columns, DuckDB binds every view that there is.
    with suppress(duckdb.CatalogException, duckdb.BinderException):
        (version,) = con.execute("SELECT version FROM main.store_version").fetchone() or (0,)
        return int(version)
    found = con.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'main' AND table_name IN ('measure', 'arrival')"
    ).fetchall()
    if ("measure", "kind") not in found:
        return 1
    return 3 if ("arrival", "rows_blank") in found else 2


def refuse_newer(version: int) -> None:
    """Raise OutcomesError for a store that a later program has laid."""
    if version > current():
        raise OutcomesError(
            f"The store is of version {version}, and this program knows {current()}: it was made by a later one. Install that; nothing was changed."
        )


def refuse_other(version: int) -> None:
    """Raise OutcomesError for a store that is of another version than this program's."""
    refuse_newer(version)
    if version < current():
        raise OutcomesError("The program has changed since the last night. Run outcomes nightly, which upgrades the store, and then try again.")  # fmt: skip
