"""Derives everything from the stored scores, step by step: for everybody, or for those of whom something can have changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

import duckdb

from outcomes.frames import literal
from outcomes.laying import TABLES, sql_files

# Those of the kept steps that look at one patient at a time and know no as-of date.
LOCAL = frozenset(
    {
        "last_heard", "raised_item_9", "told_infusion", "reread", "renumbered", "known_infusion", "restarted", "infusion", "told_course", "looked_up", "score_place", "baseline", "picked",
    }
)  # fmt: skip

# Those of them that count courses, each on its own: what is said of some can be taken out of the sums and put in anew.
# The columns up to `courses` are what is alike of courses, those from there on are counts.
COUNTED = frozenset({"tally", "clock_tally"})

# What a step of either reads beside its kept steps: of the patients looked at, and whole.
_OF_PATIENTS = ("patient", "score", "extract_day", "moved_score", "moved_extract_day", "pseudonym_place")
_WHOLE = ("arrival", "night", "clinic", "measure", "rules", "identity_change")

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
# Everybody is derived some patients at a time, who have about so many scores together. Fewer would make the counts dearer: of
# fewer courses fewer are alike.
_SCORES_AT_ONCE = 5_000_000
# DuckDB has in memory which rows of a table were deleted, ten bytes for each row that it has where they lie all over it, from
# when they are looked at until the file is closed. It is closed after tables of so many rows.
_NOTED = 5_000_000


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
    in_part = not whole and before is not None and before[1] == inputs[0] and _are_few(con, before[0])
    steps = [name for name, _ in sql_files(30, 99) if name in TABLES]
    by_patient = [name for name in steps if name in LOCAL or name in COUNTED]
    try:
        for name in steps:
            if name not in by_patient:
                con.execute(f"TRUNCATE main.{name}")
                con.execute(f"INSERT INTO main.{name} FROM recomputed.{name}")
            elif name == by_patient[0]:
                # All of them here: none is made from a step that is not one of them and comes after this one.
                if in_part and before is not None:
                    _derive_in_part(con, before[0], by_patient)
                else:
                    _derive_by_range(con, by_patient)
                _hand_back(con)
    finally:
        for name in ("changed", "reconsidered"):
            con.execute(f"DROP TABLE IF EXISTS main.{name}")
    con.execute("INSERT INTO derived VALUES (?, ?)", [inputs[1], inputs[0]])


@cache
def _everybody() -> str:
    """Has the views look at everybody, as of the last night."""
    return dict(sql_files(28, 28))["scope"]


def _scope(con: duckdb.DuckDBPyConnection, condition: str) -> None:
    """Have the views look at the patients whose number meets a condition."""
    con.execute(f"CREATE OR REPLACE MACRO in_scope(patient_no) AS patient_no {condition}")


def _are_few(con: duckdb.DuckDBPyConnection, night: int) -> bool:
    """Put into tables who has changed since a night, and of whom else something fell due; whether that is a part of all."""
    con.execute("CREATE OR REPLACE TABLE main.changed AS " + _CHANGED, {"night": night})
    con.execute(
        f"""CREATE OR REPLACE TABLE main.reconsidered AS
        FROM main.changed UNION FROM main.due_since((SELECT as_of FROM main.night WHERE night = {night}))"""
    )
    count, of = con.execute(
        "SELECT (SELECT count(*) FROM main.reconsidered), (SELECT count(*) FROM main.patient)"
    ).fetchone() or (0, 0)
    return bool(count * _ALL_OVER <= of)


def _derive_by_range(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    """The steps of one patient, and the counts, for everybody: some patients after the others, so that memory has a bound."""
    first, last, each = con.execute(
        """SELECT min(patient_no), max(patient_no), greatest(1, $at_once * count(*) // greatest(1, (SELECT count(*) FROM main.score)))
        FROM main.patient""",
        {"at_once": _SCORES_AT_ONCE},
    ).fetchone() or (None, None, 1)
    starts = range(first, last + 1, each) if first is not None else range(1)
    for name in names:
        con.execute(f"TRUNCATE main.{name}")
    try:
        for start in starts:
            if len(starts) > 1:
                _scope(con, f"BETWEEN {start} AND {start + each - 1}")
            for name in names:
                con.execute(f"INSERT INTO main.{name} FROM recomputed.{name}")
    finally:
        con.execute(_everybody())
    for name in COUNTED if len(starts) > 1 else ():
        con.execute(f"CREATE TEMP TABLE moved AS {_summed(*_counts(con, name), f'main.{name}')}")
        con.execute(f"TRUNCATE main.{name}")
        con.execute(f"INSERT INTO main.{name} FROM moved")
        con.execute("DROP TABLE moved")


def _derive_in_part(con: duckdb.DuckDBPyConnection, night: int, names: Sequence[str]) -> None:
    """The steps of one patient, and the counts, for those who are reconsidered; the others' rows stay.

    In a store of their own, in memory, so that each table of the warehouse is read once and not by every step: with the
    kept steps as of `night` first, from which comes what was counted of them then.
    """
    local, counted = [name for name in names if name in LOCAL], [name for name in names if name in COUNTED]
    with _beside(con) as warehouse:
        noted = 0
        for name in (*_OF_PATIENTS, *local):
            con.execute(
                f"INSERT INTO {name} FROM {warehouse}.main.{name} WHERE patient_no IN (FROM {warehouse}.main.reconsidered)"
            )
            noted = _put_down(con, warehouse, name, noted)
        con.execute(f"INSERT INTO score_event FROM {warehouse}.main.score_event SEMI JOIN score USING (score_id)")
        for name in ("changed", *_WHOLE):
            con.execute(f"INSERT INTO {name} FROM {warehouse}.main.{name}")
        con.execute(f"CREATE OR REPLACE MACRO night_in_scope() AS {night}")
        for name in counted:
            con.execute(f"CREATE TABLE {name}_before AS FROM recomputed.{name}")
        con.execute(_everybody())
        _scope(con, "IN (SELECT c.patient_no FROM changed AS c)")
        for name in local:
            con.execute(f"CREATE TABLE {name}_before AS FROM {name} WHERE patient_no IN (FROM changed)")
            con.execute(f"DELETE FROM {name} WHERE patient_no IN (FROM changed)")
            con.execute(f"INSERT INTO {name} FROM recomputed.{name}")
        con.execute(_everybody())
        for name in counted:
            _count_again(con, name)
        con.execute("".join(f"DROP TABLE {name};" for name in (*_OF_PATIENTS, *(f"{name}_before" for name in counted))))
        _put_back(con, warehouse, local)
        for name in counted:
            _put_in(con, warehouse, name)


@contextmanager
def _beside(con: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """In this block unqualified names are of an empty store in memory, laid as the warehouse is, whose own name is given."""
    (name,) = con.execute("SELECT current_database()").fetchone() or ("",)
    con.execute("ATTACH ':memory:' AS beside")
    try:
        con.execute(f'COPY FROM DATABASE "{name}" TO beside (SCHEMA)')
        con.execute("USE beside")
        yield f'"{name}"'
    finally:
        con.execute(f'USE "{name}"')
        con.execute("DETACH beside")


def _put_back(con: duckdb.DuckDBPyConnection, warehouse: str, names: Sequence[str]) -> None:
    """The rows of those who have changed, in place of what the warehouse has of them.

    What it has already is left alone: most of a patient's rows are as they were, and each row that is deleted costs memory
    from then on (_NOTED). A patient with a row that is no more is put in anew, the others have their new rows added. No two
    rows of a step are equal.
    """
    noted = 0
    for name in names:
        kept = f"{warehouse}.main.{name}"
        con.execute(f"CREATE OR REPLACE TABLE anew AS SELECT patient_no FROM (FROM {name}_before EXCEPT FROM {name})")
        con.execute(f"DELETE FROM {kept} WHERE patient_no IN (FROM anew)")
        con.execute(
            f"""INSERT INTO {kept}
            (FROM {name} SEMI JOIN changed USING (patient_no))
            EXCEPT (FROM {name}_before ANTI JOIN anew USING (patient_no))
            ORDER BY ALL"""
        )
        con.execute(f"DROP TABLE {name}; DROP TABLE {name}_before")
        noted = _put_down(con, warehouse, name, noted)


def _put_down(con: duckdb.DuckDBPyConnection, warehouse: str, name: str, noted: int) -> int:
    """Close the warehouse, where it is a file, and open it again after tables of _NOTED rows together.

    `name` is the table last read or changed; given and returned is how many rows those before and with it had.
    """
    (rows,) = con.execute(f"SELECT count(*) FROM {warehouse}.main.{name}").fetchone() or (0,)
    if noted + rows <= _NOTED:
        return int(noted + rows)
    (path,) = con.execute("SELECT path FROM duckdb_databases() WHERE database_name = ?", [warehouse[1:-1]]).fetchone() or (None,)  # fmt: skip
    if path is None:
        return 0
    con.execute(f"CHECKPOINT {warehouse}")
    con.execute(f"DETACH {warehouse}")
    con.execute(f"ATTACH {literal(path)} AS {warehouse}")
    _hand_back(con)
    return 0


def _hand_back(con: duckdb.DuckDBPyConnection) -> None:
    """Have DuckDB give the system the memory that it uses no more: it keeps that until it is told its limit."""
    (limit,) = con.execute("SELECT current_setting('memory_limit')").fetchone() or (None,)
    con.execute(f"SET memory_limit = {literal(limit)}")


def _count_again(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Into NAME_moved: what is so no more of those reconsidered, and what is so now; rows of a step of COUNTED."""
    alike, counts = _counts(con, name)
    taken_out = f"SELECT {', '.join(alike)}, {', '.join(f'-{count} AS {count}' for count in counts)} FROM {name}_before"
    con.execute(
        f"""CREATE TABLE {name}_moved AS
        {_summed(alike, counts, f"(FROM recomputed.{name} UNION ALL {taken_out})")}
        HAVING {" OR ".join(f"sum({count}) <> 0" for count in counts)}"""
    )


def _put_in(con: duckdb.DuckDBPyConnection, warehouse: str, name: str) -> None:
    """Add NAME_moved to the step of COUNTED in the warehouse: the rows met by it are taken out, and their sums put in."""
    alike, counts = _counts(con, name)
    same = " AND ".join(f"t.{column} IS NOT DISTINCT FROM m.{column}" for column in alike)
    con.execute(
        f"INSERT INTO {name} SELECT t.* FROM {warehouse}.main.{name} AS t SEMI JOIN {name}_moved AS m ON {same}"
    )
    con.execute(f"DELETE FROM {warehouse}.main.{name} AS t USING {name}_moved AS m WHERE {same}")
    con.execute(
        f"""INSERT INTO {warehouse}.main.{name}
        {_summed(alike, counts, f"(FROM {name} UNION ALL FROM {name}_moved)")}
        HAVING sum(courses) <> 0"""
    )


def _summed(alike: Sequence[str], counts: Sequence[str], source: str) -> str:
    """A query: the rows of `source` with those that are alike put together, their counts added up."""
    return f"SELECT {', '.join(alike)}, {', '.join(f'sum({count})::INTEGER AS {count}' for count in counts)} FROM {source} GROUP BY {', '.join(alike)}"


def _counts(con: duckdb.DuckDBPyConnection, name: str) -> tuple[list[str], list[str]]:
    """The columns of a step of COUNTED: what is alike, and the counts."""
    columns = [row[0] for row in con.execute(f"DESCRIBE main.{name}").fetchall()]
    first = columns.index("courses")
    return columns[:first], columns[first:]
