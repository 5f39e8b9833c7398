"""Lays the numbered SQL files down in a DuckDB file, and derives everything from the stored scores.

Files 10-29 make tables and macros, once. Each later file makes one view. The view of a step in TABLES is
run once a night and kept as a table of the same name; the same files laid in the schema `recomputed` give
every step again from the stored scores, so that `FROM rate EXCEPT FROM recomputed.rate` is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

import duckdb

# The steps kept as tables, by file name; their order is the files' numbers.
TABLES = frozenset(
    {
        "followed", "renumbered", "known_infusion", "restarted", "infusion", "course", "score_place", "baseline", "picked",
        "clinic_group", "rate", "comparison",
    }
)  # fmt: skip


def sql_files(first: int, last: int) -> Iterator[tuple[str, str]]:
    """Name (without number) and text of each numbered file from `first` to `last`, in order."""
    folder = resources.files("schemas") / "sql"
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        number, _, rest = path.name.partition("_")
        if path.name.endswith(".sql") and first <= int(number) <= last:
            yield rest.removesuffix(".sql"), path.read_text("utf-8")


def lay(con: duckdb.DuckDBPyConnection) -> None:
    """Tables, types and macros of an empty store."""
    for _, text in sql_files(10, 19):
        con.execute(text)
    lay_again(con)


def lay_again(con: duckdb.DuckDBPyConnection) -> None:
    """The macros, and every step as a view in the schema `recomputed`, as this version of the program has them."""
    for _, text in sql_files(20, 29):
        con.execute(text)
    con.execute("CREATE SCHEMA IF NOT EXISTS recomputed")
    con.execute("SET search_path = 'recomputed,main'")
    for _, text in sql_files(30, 99):
        con.execute(text)
    con.execute("SET search_path = 'main'")


def derive(con: duckdb.DuckDBPyConnection) -> None:
    """Everything from courses to comparisons, again, as of the last night."""
    con.execute("CREATE SCHEMA IF NOT EXISTS deriving")
    try:
        for name, text in sql_files(30, 99):
            if name not in TABLES:
                con.execute(text)
                continue
            # A step reads the tables of the steps before it: its own view is gone before the next one is bound.
            con.execute("SET search_path = 'deriving,main'")
            con.execute(text)
            con.execute(f"CREATE OR REPLACE TABLE main.{name} AS FROM deriving.{name}")
            con.execute("SET search_path = 'main'")
            _keep_comments(con, name)
            con.execute(f"DROP VIEW deriving.{name}")
    finally:
        con.execute("SET search_path = 'main'")
        con.execute("DROP SCHEMA deriving CASCADE")


def _keep_comments(con: duckdb.DuckDBPyConnection, name: str) -> None:
    (said,) = con.execute(
        "SELECT comment FROM duckdb_views() WHERE schema_name = 'deriving' AND view_name = ?", [name]
    ).fetchone() or (None,)
    if said:
        con.execute(f"COMMENT ON TABLE main.{name} IS {_literal(said)}")
    columns = con.execute(
        "SELECT column_name, comment FROM duckdb_columns() "
        "WHERE schema_name = 'deriving' AND table_name = ? AND comment IS NOT NULL",
        [name],
    ).fetchall()
    for column, comment in columns:
        con.execute(f'COMMENT ON COLUMN main.{name}."{column}" IS {_literal(comment)}')


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
