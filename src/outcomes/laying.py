"""Lays the numbered SQL files down in a DuckDB file, and derives everything from the stored scores.

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
from contextlib import contextmanager
from functools import cache
from importlib import resources

import duckdb

from outcomes.storeversions import current

# The steps kept as tables, by file name; their order is the files' numbers.
TABLES = frozenset(
    {
        "pseudonym_place", "moved_extract_day", "moved_patient_row", "moved_score",
        "last_heard", "raised_item_9", "told_infusion", "reread", "renumbered", "known_infusion", "restarted", "infusion", "told_course", "looked_up", "score_place", "baseline", "picked",
        "clinic_group", "tally", "clock_tally", "rate", "comparison",
    }
)  # fmt: skip

# Those of them that look at one patient at a time and know no as-of date.
LOCAL = frozenset(
    {
        "last_heard", "raised_item_9", "told_infusion", "reread", "renumbered", "known_infusion", "restarted", "infusion", "told_course", "looked_up", "score_place", "baseline", "picked",
    }
)  # fmt: skip

# Those of them that count courses, each on its own: what is said of some can be taken out of the sums and put in anew.
# The columns up to `courses` are what is alike of courses, those from there on are counts.
COUNTED = frozenset({"tally", "clock_tally"})
# What is kept beside each of them meanwhile: its rows of those courses as they were, how they differ, and the rows met by that.
_PARTS = ("before", "moved", "met")

# Whose stored rows have changed since a night, or what was said of how far they were followed.
_CHANGED = """
    SELECT patient_no
    FROM score
    JOIN arrival USING (arrival_no)
    WHERE night > $night OR score_id IN (SELECT score_id FROM score_event WHERE score_event.night > $night)
    UNION
    SELECT patient_no
    FROM extract_day
    JOIN arrival AS a USING (arrival_no)
    WHERE a.night > $night OR a.sha256 IN (SELECT sha256 FROM arrival WHERE arrival.night > $night)
    UNION
    -- Joins and splits are few: all patients they name, so that nobody need follow which rows went to whom and came back.
    SELECT unnest([from_no, into_no]) FROM identity_change WHERE kind <> 'undo'
"""
# Where more than one patient in so many has changed, all are done: a part is done twice, as it was and as it is.
_ALL_OVER = 4
# The patients of a table, as a condition.
_THOSE = "IN (SELECT p.patient_no FROM main.{} AS p)"
# Everybody is derived so many patients at a time: about five million scores. Fewer would make the counts dearer: of fewer
# courses fewer are alike.
_PATIENTS_AT_ONCE = 500_000


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
    with _at_once(con):
        for _, text in sql_files(10, 19):
            con.execute(text)
        con.execute("INSERT INTO store_version VALUES (?)", [current()])
        _lay_steps(con)


def lay_again(con: duckdb.DuckDBPyConnection) -> bool:
    """Macros, views and derived tables as this version of the program has them; whether they were others before."""
    if con.execute("SELECT sql_digest FROM laid").fetchone() == (sql_digest(),):
        return False
    relay(con, [])
    return True


def relay(con: duckdb.DuckDBPyConnection, migrations: Sequence[str]) -> None:
    """Lay a store of an earlier program again: what is stored stays, changed by the texts of `migrations` in turn."""
    with _at_once(con):
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


@contextmanager
def _at_once(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """One transaction: all of it is laid or nothing, and 500 statements are written out once."""
    con.execute("BEGIN")
    try:
        yield
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise


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


def derive(con: duckdb.DuckDBPyConnection, *, whole: bool = False) -> None:
    """Everything from courses to comparisons, as of the last night.

    Where the data files, clinics and rules are those of the last derivation, only what can have changed is done again:
    the steps that look at one patient at a time (LOCAL) for the patients whose stored rows have changed, or whose
    pseudonyms were ever joined or split; the counts of courses (COUNTED) by difference, for them and for those of whom
    something fell due by the passing of days. `whole` does all again, with the same result.
    """
    inputs = con.execute(
        "SELECT arg_max(data_versions, night) || ' ' || (SELECT sql_digest FROM laid), max(night) FROM night"
    ).fetchone() or (None, None)
    before = con.execute("SELECT night, inputs FROM derived").fetchone()
    con.execute("DELETE FROM derived")
    con.execute(_everybody())  # A derivation that was killed can have left it narrowed.
    in_part = not whole and before is not None and before[1] == inputs[0] and _is_in_part(con, before[0])
    steps = [name for name, _ in sql_files(30, 99) if name in TABLES]
    by_patient = [name for name in steps if name in LOCAL or name in COUNTED]
    try:
        for name in steps:
            if name not in by_patient:
                con.execute(f"TRUNCATE main.{name}")
                con.execute(f"INSERT INTO main.{name} FROM recomputed.{name}")
            elif name == by_patient[0]:
                # All of them here: none is made from a step that is not one of them and comes after this one.
                with _narrowed(con):
                    (_derive_in_part if in_part else _derive_by_range)(con, by_patient)
    finally:
        for name in ("changed", "reconsidered", *(f"{name}_{part}" for name in COUNTED for part in _PARTS)):
            con.execute(f"DROP TABLE IF EXISTS main.{name}")
    con.execute("INSERT INTO derived VALUES (?, ?)", [inputs[1], inputs[0]])


@cache
def _everybody() -> str:
    """Has the views look at everybody, as of the last night."""
    return dict(sql_files(28, 28))["scope"]


@contextmanager
def _narrowed(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """The views may be narrowed in this block, and look at everybody again behind it."""
    try:
        yield
    finally:
        con.execute(_everybody())


def _scope(con: duckdb.DuckDBPyConnection, condition: str) -> None:
    """Have the views look at the patients whose number meets a condition."""
    con.execute(f"CREATE OR REPLACE MACRO in_scope(patient_no) AS patient_no {condition}")


def _is_in_part(con: duckdb.DuckDBPyConnection, night: int) -> bool:
    """Put into tables who has changed since a night; whether they are so few that only they are derived."""
    con.execute("CREATE OR REPLACE TABLE main.changed AS " + _CHANGED, {"night": night})
    con.execute(
        f"""CREATE OR REPLACE TABLE main.reconsidered AS
        FROM main.changed UNION FROM main.due_since((SELECT as_of FROM main.night WHERE night = {night}))"""
    )
    count, of = con.execute(
        "SELECT (SELECT count(*) FROM main.reconsidered), (SELECT count(*) FROM main.patient)"
    ).fetchone() or (0, 0)
    if count * _ALL_OVER > of:
        return False
    # What was counted of them as of then, before any step of theirs is done again.
    with _narrowed(con):
        _scope(con, _THOSE.format("reconsidered"))
        con.execute(f"CREATE OR REPLACE MACRO night_in_scope() AS {night}")
        for name in COUNTED:
            con.execute(f"CREATE OR REPLACE TABLE main.{name}_before AS FROM recomputed.{name}")
    return True


def _derive_by_range(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    """The steps of one patient, and the counts, for everybody: some patients after the others, so that memory has a bound."""
    first, last = con.execute("SELECT min(patient_no), max(patient_no) FROM main.patient").fetchone() or (None, None)
    starts = range(first, last + 1, _PATIENTS_AT_ONCE) if first is not None else range(1)
    for name in names:
        con.execute(f"TRUNCATE main.{name}")
    for start in starts:
        if len(starts) > 1:
            _scope(con, f"BETWEEN {start} AND {start + _PATIENTS_AT_ONCE - 1}")
        for name in names:
            con.execute(f"INSERT INTO main.{name} FROM recomputed.{name}")
    for name in COUNTED if len(starts) > 1 else ():
        con.execute(f"CREATE OR REPLACE TABLE main.{name}_moved AS {_summed(*_counts(con, name), f'main.{name}')}")
        con.execute(f"TRUNCATE main.{name}")
        con.execute(f"INSERT INTO main.{name} FROM main.{name}_moved")


def _summed(alike: Sequence[str], counts: Sequence[str], source: str) -> str:
    """A query: the rows of `source` with those that are alike put together, their counts added up."""
    return f"SELECT {', '.join(alike)}, {', '.join(f'sum({count})::INTEGER AS {count}' for count in counts)} FROM {source} GROUP BY {', '.join(alike)}"


def _counts(con: duckdb.DuckDBPyConnection, name: str) -> tuple[list[str], list[str]]:
    """The columns of a step of COUNTED: what is alike, and the counts."""
    columns = [row[0] for row in con.execute(f"DESCRIBE main.{name}").fetchall()]
    first = columns.index("courses")
    return columns[:first], columns[first:]


def _derive_in_part(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    """The steps of one patient, and the counts, for those who have changed; the others' rows stay."""
    _scope(con, _THOSE.format("changed"))
    for name in [name for name in names if name in LOCAL]:
        con.execute(f"DELETE FROM main.{name} WHERE patient_no IN (FROM main.changed)")
        con.execute(f"INSERT INTO main.{name} FROM recomputed.{name}")
    _scope(con, _THOSE.format("reconsidered"))
    for name in [name for name in names if name in COUNTED]:
        _count_again(con, name)


def _count_again(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Take out of a step of COUNTED what was said of those in scope, and put in what is so now."""
    alike, counts = _counts(con, name)
    taken_out = (
        f"SELECT {', '.join(alike)}, {', '.join(f'-{count} AS {count}' for count in counts)} FROM main.{name}_before"
    )
    same = " AND ".join(f"t.{column} IS NOT DISTINCT FROM m.{column}" for column in alike)
    # What is so no more of these courses, what is so now, and the rows that either is about.
    con.execute(
        f"""CREATE OR REPLACE TABLE main.{name}_moved AS
        {_summed(alike, counts, f"(FROM recomputed.{name} UNION ALL {taken_out})")}
        HAVING {" OR ".join(f"sum({count}) <> 0" for count in counts)}"""
    )
    con.execute(
        f"CREATE OR REPLACE TABLE main.{name}_met AS SELECT t.* FROM main.{name} AS t SEMI JOIN main.{name}_moved AS m ON {same}"
    )
    con.execute(f"DELETE FROM main.{name} AS t USING main.{name}_moved AS m WHERE {same}")
    con.execute(
        f"""INSERT INTO main.{name}
        {_summed(alike, counts, f"(FROM main.{name}_met UNION ALL FROM main.{name}_moved)")}
        HAVING sum(courses) <> 0"""
    )


def _keep_comments(con: duckdb.DuckDBPyConnection) -> None:
    """What the views of `recomputed` say of themselves and their columns, said of the tables of the same names too."""
    views = con.execute(
        "SELECT view_name, comment FROM duckdb_views() WHERE schema_name = 'recomputed' AND comment IS NOT NULL"
    ).fetchall()
    columns = con.execute(
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE schema_name = 'recomputed' AND comment IS NOT NULL"
    ).fetchall()
    said = [f"COMMENT ON TABLE main.{view} IS {_literal(comment)};" for view, comment in views if view in TABLES]
    said += [
        f'COMMENT ON COLUMN main.{view}."{column}" IS {_literal(comment)};'
        for view, column, comment in columns
        if view in TABLES
    ]
    con.execute("".join(said))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
