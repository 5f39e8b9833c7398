"""A digest of a table, whatever order its rows lie in; and of a whole store: every table, stored and derived."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

import duckdb

# The sides of a night's contests, read only while it runs; how many there are depends on how its files were batched.
WORKING = frozenset({"contested"})
# Numbers that were computed are the same up to here on every machine.
DECIMALS = 9


def table_digest(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: Iterable[str] | None = None,
    *,
    where: str = "true",
    exact: bool = False,
) -> str:
    """How many rows a table or view has, and the sum of the MD5 of each as text, over all its columns or some.

    Columns go by name, so that a store whose columns were added later has the same digest. A row's text is the same in
    every version of DuckDB that writes numbers, dates and words alike. `exact` takes computed numbers to the last digit.
    """
    types = {name: kind for name, kind, *_ in con.execute(f"DESCRIBE {table}").fetchall()}
    texts = ", ".join(_text(name, types[name], exact) for name in sorted(types if columns is None else columns))
    rows, total = con.execute(
        f"SELECT count(*), coalesce(sum(md5_number_lower(concat_ws('|', {texts}))), 0) FROM {table} WHERE {where}"
    ).fetchone() or (0, 0)
    return f"{rows}:{total:x}"


def added(digest: str, more: str) -> str:
    """The table_digest of the rows of two together."""
    (rows, total), (more_rows, more_total) = (said.split(":") for said in (digest, more))
    return f"{int(rows) + int(more_rows)}:{int(total, 16) + int(more_total, 16):x}"


def _text(name: str, kind: str, exact: bool) -> str:
    """A column as text in which no value holds the separator, and null is no value."""
    said = f'"{name}"'
    if kind in ("DOUBLE", "FLOAT") and not exact:
        # Nothing added to -0.0 is 0.0.
        said = f"(round({said}, {DECIMALS}) + 0.0)"
    said = f"{said}::VARCHAR"
    if kind.startswith("VARCHAR"):
        said = rf"replace(replace({said}, '\', '\\'), '|', '\p')"
    return rf"coalesce({said}, '\N')"


def store_digests(con: duckdb.DuckDBPyConnection, *, exact: bool = False) -> dict[str, str]:
    """Each table of a store but what is WORKING, with its digest."""
    names = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' AND database_name = current_database() ORDER BY 1"
    ).fetchall()
    return {name: table_digest(con, f'main."{name}"', exact=exact) for (name,) in names if name not in WORKING}


def store_digest(digests: dict[str, str]) -> str:
    """The digest of a store, of those of its tables."""
    return hashlib.sha256(json.dumps(sorted(digests.items())).encode()).hexdigest()
