"""Lays the numbered SQL files down in a DuckDB file, and derives everything from the stored scores.

Files 10-19 make the tables that hold what is stored; 14-19 do so only where a store of an earlier version has none of
them. Files 20-29 make macros. Each later file makes one view, which reads the tables and views of `main`. The
view of a step in TABLES is run once a night and kept as a table of the same name; the same files laid in the schema
`recomputed` give every step again from the step before, so that `FROM rate EXCEPT FROM recomputed.rate` is empty.
"""

from __future__ import annotations

import hashlib
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

# Those of them that look at one patient at a time and know no as-of date.
LOCAL = frozenset({"renumbered", "known_infusion", "restarted", "infusion", "score_place", "baseline", "picked"})
_TOUCHED = """
    SELECT DISTINCT patient_no
    FROM score
    JOIN arrival USING (arrival_no)
    WHERE night > $night OR score_id IN (SELECT score_id FROM score_event WHERE score_event.night > $night)
"""


def sql_files(first: int, last: int) -> Iterator[tuple[str, str]]:
    """Name (without number) and text of each numbered file from `first` to `last`, in order."""
    folder = resources.files("schemas") / "sql"
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        number, _, rest = path.name.partition("_")
        if path.name.endswith(".sql") and first <= int(number) <= last:
            yield rest.removesuffix(".sql"), path.read_text("utf-8")


def sql_digest() -> str:
    """The head of the SHA-256 of all SQL files: which rules a store was laid by."""
    return hashlib.sha256("".join(text for _, text in sql_files(10, 99)).encode()).hexdigest()[:16]


def lay(con: duckdb.DuckDBPyConnection) -> None:
    """Everything a store has before a row is in it."""
    for _, text in sql_files(10, 13):
        con.execute(text)
    _lay_steps(con)


def lay_again(con: duckdb.DuckDBPyConnection) -> bool:
    """Macros, views and derived tables as this version of the program has them; whether they were others before."""
    if con.execute("SELECT sql_digest FROM laid").fetchone() == (sql_digest(),):
        return False
    _lay_steps(con)
    return True


def _lay_steps(con: duckdb.DuckDBPyConnection) -> None:
    for _, text in sql_files(14, 29):
        con.execute(text)
    con.execute("CREATE SCHEMA IF NOT EXISTS recomputed")
    for name, text in sql_files(30, 99):
        con.execute("SET search_path = 'recomputed,main'")
        con.execute(text)
        con.execute("SET search_path = 'main'")
        if name in TABLES:
            con.execute(f"CREATE OR REPLACE TABLE main.{name} AS FROM recomputed.{name} LIMIT 0")
            _keep_comments(con, name)
        else:
            con.execute(text)
    con.execute("DELETE FROM derived")
    con.execute("DELETE FROM laid")
    con.execute("INSERT INTO laid VALUES (?)", [sql_digest()])


def derive(con: duckdb.DuckDBPyConnection, *, whole: bool = False) -> None:
    """Everything from courses to comparisons, as of the last night.

    Steps that look at one patient at a time (LOCAL) are done again only for patients whose stored rows have changed
    since the last derivation, where nothing else has: the same data files, clinics and rules. `whole` does all again.
    """
    inputs = con.execute(
        "SELECT arg_max(data_versions, night) || ' ' || (SELECT sql_digest FROM laid), max(night) FROM night"
    ).fetchone() or (None, None)
    before = con.execute("SELECT night, inputs FROM derived").fetchone()
    con.execute("DELETE FROM derived")
    is_partial = not whole and before is not None and before[1] == inputs[0]
    if is_partial and before is not None:
        con.execute("CREATE OR REPLACE TABLE main.touched AS " + _TOUCHED, {"night": before[0]})
        con.execute("CREATE OR REPLACE VIEW main.scope AS FROM main.touched")
    try:
        for name, _ in sql_files(30, 99):
            if name in LOCAL and is_partial:
                con.execute(f"DELETE FROM main.{name} WHERE patient_no IN (FROM main.touched)")
                con.execute(f"INSERT INTO main.{name} FROM recomputed.{name}")
            elif name in TABLES:
                con.execute(f"TRUNCATE main.{name}")
                con.execute(f"INSERT INTO main.{name} FROM recomputed.{name}")
    finally:
        con.execute(dict(sql_files(30, 30))["scope"])
        con.execute("DROP TABLE IF EXISTS main.touched")
    con.execute("INSERT INTO derived VALUES (?, ?)", [inputs[1], inputs[0]])


def _keep_comments(con: duckdb.DuckDBPyConnection, name: str) -> None:
    (said,) = con.execute(
        "SELECT comment FROM duckdb_views() WHERE schema_name = 'recomputed' AND view_name = ?", [name]
    ).fetchone() or (None,)
    if said:
        con.execute(f"COMMENT ON TABLE main.{name} IS {_literal(said)}")
    columns = con.execute(
        "SELECT column_name, comment FROM duckdb_columns() "
        "WHERE schema_name = 'recomputed' AND table_name = ? AND comment IS NOT NULL",
        [name],
    ).fetchall()
    for column, comment in columns:
        con.execute(f'COMMENT ON COLUMN main.{name}."{column}" IS {_literal(comment)}')


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
