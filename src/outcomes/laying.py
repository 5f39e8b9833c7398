"""Lays the numbered SQL files down in a DuckDB file.

Files 10-19 make the tables that hold what is stored; 12-19 do so only where a store of an earlier version has none of
them. What changes a table that a store may have already is a migration (outcomes.storeversions). Files 20-29 make macros.
Each later file makes one view, which reads the tables and views of `main` (and may make
the table macro of `main` that the view, or a part of it, is asked from). The
view of a step in TABLES is run once a night and kept as a table of the same name; the view itself, laid in the schema
`recomputed`, gives that step again from the step before, so that `FROM rate EXCEPT FROM recomputed.rate` is empty.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from importlib import resources

import duckdb

from outcomes.frames import at_once, literal
from outcomes.storeversions import current

# The steps kept as tables, by file name; their order is the files' numbers.
TABLES = frozenset(
    {
        "pseudonym_place", "moved_extract_day", "moved_patient_row", "moved_score",
        "last_heard", "raised_item_9", "told_infusion", "reread", "renumbered", "known_infusion", "restarted", "infusion", "told_course", "looked_up", "score_place", "baseline", "picked",
        "clinic_group", "tally", "clock_tally", "rate", "comparison", "definition_digest",
    }
)  # fmt: skip


def sql_files(first: int, last: int) -> Iterator[tuple[str, str]]:
    """Name (without number) and text of each numbered file from `first` to `last`, in order."""
    folder = resources.files("schemas") / "sql"
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        number, _, rest = path.name.partition("_")
        if path.name.endswith(".sql") and first <= int(number) <= last:
            yield rest.removesuffix(".sql"), path.read_text("utf-8")


def stored_tables() -> set[str]:
    """The tables that hold what is stored, of this version."""
    found = (re.findall(r"^CREATE TABLE (?:IF NOT EXISTS )?(\w+)", text, re.M) for _, text in sql_files(10, 19))
    return {name for names in found for name in names}


def sql_digest() -> str:
    """The head of the SHA-256 of all SQL files: which rules a store was laid by."""
    return hashlib.sha256("".join(text for _, text in sql_files(10, 99)).encode()).hexdigest()[:16]


def lay(con: duckdb.DuckDBPyConnection) -> None:
    """Everything a store has before a row is in it."""
    # At once, so that 500 statements are written out once.
    with at_once(con):
        for _, text in sql_files(10, 19):
            con.execute(text)
        con.execute("INSERT INTO store_version VALUES (?)", [current()])
        _lay_steps(con)


def lay_again(con: duckdb.DuckDBPyConnection) -> None:
    """Macros, views and derived tables as this version of the program has them; nothing where they are so already."""
    if con.execute("SELECT sql_digest FROM laid").fetchone() != (sql_digest(),):
        relay(con, [])


def relay(con: duckdb.DuckDBPyConnection, migrations: Sequence[str]) -> None:
    """Lay a store of an earlier program again: what is stored stays, changed by the texts of `migrations` in turn."""
    with at_once(con):
        _clear_steps(con, migrations)
        for text in migrations:
            con.execute(text)
        con.execute("DELETE FROM store_version")
        con.execute("INSERT INTO store_version VALUES (?)", [current()])
        # Comments, and tables that a store of an earlier version has not got yet: these files may be run again.
        for _, text in sql_files(11, 19):
            con.execute(text)
        _lay_steps(con)


def _clear_steps(con: duckdb.DuckDBPyConnection, migrations: Sequence[str]) -> None:
    """Take away every view and derived table of another version: one may have been what the other was, or be no more.

    A table that a migration alters or drops is its own to deal with: this version may know it no more.
    """
    kept = stored_tables() | {
        name for text in migrations for name in re.findall(r"^(?:ALTER|DROP) TABLE (?:IF EXISTS )?(\w+)", text, re.M)
    }
    con.execute("DROP SCHEMA IF EXISTS recomputed CASCADE")
    found = con.execute(
        "SELECT 'VIEW', view_name FROM duckdb_views() WHERE NOT internal AND schema_name = 'main' "
        "UNION ALL SELECT 'TABLE', table_name FROM duckdb_tables() WHERE schema_name = 'main'"
    ).fetchall()
    for what, name in found:
        if name not in kept:
            con.execute(f"DROP {what} main.{name}")


def _lay_steps(con: duckdb.DuckDBPyConnection) -> None:
    for _, text in sql_files(20, 29):
        con.execute(text)
    con.execute("CREATE SCHEMA IF NOT EXISTS recomputed")
    for name, text in sql_files(30, 99):
        if name in TABLES:
            con.execute("SET search_path = 'recomputed,main'")
            con.execute(text)
            con.execute("SET search_path = 'main'")
            con.execute(f"CREATE OR REPLACE TABLE main.{name} AS FROM recomputed.{name} LIMIT 0")
        else:
            con.execute(text)
    _keep_comments(con)
    con.execute("DELETE FROM derived")
    con.execute("DELETE FROM laid")
    con.execute("INSERT INTO laid VALUES (?)", [sql_digest()])


def _keep_comments(con: duckdb.DuckDBPyConnection) -> None:
    """What the views of `recomputed` say of themselves and their columns, said of the tables of the same names too."""
    views = con.execute(
        "SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'recomputed' AND comment IS NOT NULL"
    ).fetchall()
    columns = con.execute(
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE schema_name = 'recomputed' AND comment IS NOT NULL"
    ).fetchall()
    said = [f"COMMENT ON TABLE main.{view} IS {literal(comment)};" for view, comment in views if view in TABLES]
    said += [
        f'COMMENT ON COLUMN main.{view}."{column}" IS {literal(comment)};'
        for view, column, comment in columns
        if view in TABLES
    ]
    con.execute("".join(said))
