"""A store made of a lake: the rows of all its homes, numbered as one, and everything derived from them by the same SQL."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import duckdb

from outcomes import lasting
from outcomes.datafiles import put_data_files, read_data_files
from outcomes.deriving import derive
from outcomes.errors import OutcomesError, UsageError
from outcomes.frames import at_once, one
from outcomes.kept import KEPT
from outcomes.lakes import KEPT_IN_LAKE, OF_A_PUSH, attached_lake, connected
from outcomes.paths import Home, data_folder
from outcomes.store import beside, make_store
from outcomes.versions import program_version

# What each number of a stored row numbers: homes begin with 1 each, so that those of one follow those of another. Numbers below
# 0 are of patients whom a split made: the number of that change.
_NUMBERS = {
    "arrival_no": "arrival_no", "by_arrival_no": "arrival_no", "read_again_of": "arrival_no", "first_arrival_no": "arrival_no", "last_arrival_no": "arrival_no",
    "patient_no": "patient_no", "from_no": "patient_no", "into_no": "patient_no", "score_id": "score_id", "patient_row_id": "patient_row_id",
    "change_no": "change_no", "undoes": "change_no", "event_id": "event_id",
}  # fmt: skip
# Where the highest of each is looked up; the events of both kinds are numbered by the higher of the two.
_HIGHEST = {
    "arrival_no": ("arrival",), "patient_no": ("patient",), "score_id": ("score",), "patient_row_id": ("patient_row",),
    "change_no": ("identity_change",), "event_id": ("score_event", "patient_row_event"),
}  # fmt: skip
_LAST = "SELECT * FROM lake.push QUALIFY push_no = max(push_no) OVER (PARTITION BY home) ORDER BY home"


class Derived(NamedTuple):
    """What a store was made of."""

    homes: int
    files: int
    scores: int
    as_of: dt.date


def derive_lake(catalog: str, to: Home) -> Derived:
    """Put a store made of the whole lake in the place of `to`'s published copy: outcomes rates and others then answer from it.

    Raises UsageError where `to` has nights of its own; OutcomesError where the homes of the lake stand at different dates or share a
    clinic, or where rows are not those of the ledger that they came with.
    """
    if to.warehouse.exists() or to.receipts.exists():
        raise UsageError(
            "That is a home with nights of its own. Give a folder of its own for what is made of the lake."
        )
    to.published.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = beside(to.published_copy)
    make_store(new)
    try:
        with connected(str(new)) as con:
            with attached_lake(catalog, con=con):
                made = _filled(con)
            con.execute("DETACH lake")
            derive(con, whole=True)
            con.execute("CHECKPOINT")
        lasting.put(new, to.published_copy)
    finally:
        new.unlink(missing_ok=True)
    return made


def _filled(con: duckdb.DuckDBPyConnection) -> Derived:
    homes = con.execute(f"SELECT home, push_no, night, as_of FROM ({_LAST})").fetchall()
    if not homes:
        raise UsageError("Nothing was pushed into the lake yet: outcomes lake push")
    days = sorted({row[3] for row in homes})
    if len(days) > 1:
        raise OutcomesError(
            f"The homes of the lake stand at different dates, {days[0]} to {days[-1]}: rates of no one date. Run their nights as of one "
            "date, and push again."
        )
    shared = one(
        con,
        f"SELECT count(*) FROM (SELECT clinic_id FROM lake.clinic JOIN ({_LAST}) USING (home, push_no) GROUP BY clinic_id HAVING count(*) > 1)",
    )
    if shared:
        raise OutcomesError(
            f"{shared:,} clinics stand in more than one home of the lake, so that their patients could count twice. A clinic sends to one home."
        )
    files = read_data_files(data_folder())
    put_data_files(con, files)
    start = dict.fromkeys(_HIGHEST, 0)
    with at_once(con):
        for home, push_no, _, _ in homes:
            for table in (*KEPT_IN_LAKE, *OF_A_PUSH):
                columns = [name for name, *_ in con.execute(f"DESCRIBE main.{table}").fetchall()]
                said = ", ".join(_numbered(name, start) for name in columns)
                which = f"home = '{home}'" + (f" AND push_no = {push_no}" if table in OF_A_PUSH else "")
                con.execute(
                    f"INSERT INTO main.{table} BY NAME SELECT {said} FROM lake.{table} WHERE {which} ORDER BY ALL"
                )
            _hold_to_ledger(con, start)
            start = {number: max([start[number], *(one(con, f"SELECT max({number}) FROM main.{table}") or 0 for table in tables)]) for number, tables in _HIGHEST.items()}  # fmt: skip
        night = max(row[2] for row in homes)
        con.execute(
            "INSERT INTO night VALUES (?, 'lake', ?, ?, ?, 0, 0, 0, 0, '', '')",
            [night, days[0], program_version(), files.versions],
        )
    arrivals, scores = one(con, "SELECT count(*) FROM arrival"), one(con, "SELECT count(*) FROM score")
    return Derived(len(homes), arrivals, scores, days[0])


def _numbered(column: str, start: dict[str, int]) -> str:
    of = _NUMBERS.get(column)
    if of is None:
        return f'"{column}"'
    moved = f'"{column}" + {start[of]}'
    if of == "patient_no":
        moved = f'CASE WHEN "{column}" < 0 THEN "{column}" - {start["change_no"]} ELSE {moved} END'
    return f'{moved} AS "{column}"'


def _hold_to_ledger(con: duckdb.DuckDBPyConnection, start: dict[str, int]) -> None:
    """The rows of the home that was filled in last are those that its ledger has, file by file, to the last value."""
    first, before = start["arrival_no"], start["patient_no"]
    sums = " UNION ALL ".join(
        f"""SELECT arrival_no, sum({kept.stored_digest}(s)) AS found
        FROM (SELECT * REPLACE ((patient_no - {before})::INTEGER AS patient_no) FROM main.{kept.table} WHERE arrival_no > {first}) AS s
        GROUP BY arrival_no"""
        for kept in KEPT
    )
    wrong = one(
        con,
        f"""SELECT count(*) FROM main.arrival AS a LEFT JOIN main.redigested AS r USING (arrival_no) LEFT JOIN ({sums}) AS d USING (arrival_no)
        WHERE a.arrival_no > {first} AND coalesce(r.rows_digest, a.rows_digest)::HUGEINT <> coalesce(d.found, 0)""",
    )
    if wrong:
        raise OutcomesError(
            f"The rows of {wrong:,} files in the lake are not those of their ledger entries. Make a new lake, and push again."
        )
