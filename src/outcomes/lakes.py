"""A lake that several homes write to: what their stores hold, in encrypted Parquet files under one catalog of DuckLake.

DuckLake has no enumerations, keys, checks or comments on macros, so no store can lie in it. What is stored can: append-only,
a home's rows beside those of the others, and the same SQL derives from all of them in a store of its own. Nothing in the lake
is ever changed or deleted, so that writers do not get in each other's way.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from time import sleep
from typing import NamedTuple

import duckdb

from outcomes import inbox
from outcomes.errors import OutcomesError, UsageError
from outcomes.frames import at_once, literal, one
from outcomes.laying import lay
from outcomes.paths import Home
from outcomes.publishedcopy import set_up
from outcomes.recomputing import attached
from outcomes.standing import standing_of
from outcomes.store import ONE_THREAD
from outcomes.storeversions import current

# httpfs brings the cryptography that Parquet files are encrypted with; nothing is fetched.
_EXTENSIONS = ("httpfs", "ducklake", "postgres_scanner")
# What of a store goes into the lake: all that derived tables and the count of rows set aside are made of. With the number by
# which a row is new, where the table is large; of the others the rows are compared.
KEPT_IN_LAKE = {
    "patient": None, "arrival": "arrival_no", "redigested": None, "score": "score_id", "score_event": None, "extract_day": None,
    "patient_row": "patient_row_id", "patient_row_event": None, "identity_change": None, "refusal": None, "quarantine": None, "note": None, "rule_count": None,
}  # fmt: skip
# As of a push, since they are laid anew every night.
OF_A_PUSH = ("clinic", "clinic_cadence")
_PUSH = (
    "CREATE TABLE push (home VARCHAR, push_no INTEGER, store_version INTEGER, program_version VARCHAR, data_versions VARCHAR, "
    "night INTEGER, as_of DATE, arrival_no INTEGER, arrival_hash VARCHAR)"
)
# Two writers that end at the same moment: one of them tries again. Seconds before each further try.
_AGAIN = (0.1, 0.3, 1.0, 3.0)


class Pushed(NamedTuple):
    """What one push added: rows by table; and up to where the lake now has the home's ledger."""

    rows: dict[str, int]
    arrival_no: int
    night: int


def create(catalog: str, data: Path) -> None:
    """A new lake: its tables in the catalog, its Parquet files below `data`, which only this user may enter.

    Raises OutcomesError where the catalog cannot be reached, UsageError where it has a lake already.
    """
    with connected() as con, suppress(duckdb.Error):
        con.execute(_attach(catalog, "READ_ONLY"))
        raise UsageError("There is a lake in that catalog already. Push into it: outcomes lake push")
    data = data.absolute()
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with connected() as con:
        text = f"ATTACH {literal(f'ducklake:{_catalog(catalog)}')} AS lake (DATA_PATH {literal(f'{data}/')}, ENCRYPTED, DATA_INLINING_ROW_LIMIT 0)"
        _reach(con, text)
        with at_once(con):
            con.execute(f"USE lake; {_PUSH}")
            for table, columns in _columns().items():
                key = "push_no" if table in OF_A_PUSH else None
                told = [
                    "home VARCHAR",
                    *([f"{key} INTEGER"] if key else []),
                    *(f'"{n}" {t}' for n, t in columns.items()),
                ]
                con.execute(f"CREATE TABLE {table} ({', '.join(told)})")
                con.execute(f"ALTER TABLE {table} SET PARTITIONED BY (home)")


def push(home: Home, catalog: str) -> Pushed:
    """Append to the lake what the home's store has and the lake has not, all of it or nothing.

    Raises BusyError during a night; OutcomesError where the last night is not whole, where the lake has rows of this home that the
    store has not, and where the lake is another version's.
    """
    if not home.warehouse.exists():
        raise UsageError(f"{home.root} has no warehouse: there is nothing to push. Is it a home? Give another --home.")
    with inbox.locked(home):
        if unfinished := standing_of(home).unfinished:
            raise OutcomesError(unfinished)
        for wait in (*_AGAIN, None):
            try:
                with attached_lake(catalog, to_write=True) as con, attached(con, home.warehouse, "warehouse"):
                    return _push(con)
            except duckdb.TransactionException:
                if wait is None:
                    raise OutcomesError(
                        "Others wrote to the lake all the time. Nothing was pushed: push again."
                    ) from None
                sleep(wait)
    raise AssertionError("the last try returns or raises")


def _push(con: duckdb.DuckDBPyConnection) -> Pushed:
    name = one(con, "SELECT hash FROM warehouse.main.arrival WHERE arrival_no = 1")
    if name is None:
        raise UsageError("Nothing has arrived in this home yet: there is nothing to push.")
    number = _follow(con, name)
    with at_once(con):
        rows = {}
        for table, columns in _columns().items():
            said = ", ".join(f'"{column}"::{kind} AS "{column}"' for column, kind in columns.items())
            plain = ", ".join(f'"{column}"' for column in columns)
            theirs, ours = (
                f"SELECT {said} FROM warehouse.main.{table}",
                f"SELECT {plain} FROM lake.{table} WHERE home = '{name}'",
            )
            key = KEPT_IN_LAKE.get(table)
            if table in OF_A_PUSH:
                query = f"SELECT '{name}' AS home, {number} AS push_no, * FROM ({theirs})"
            elif key:
                after = one(con, f"SELECT max({key}) FROM lake.{table} WHERE home = '{name}'") or 0
                query = f"SELECT '{name}' AS home, * FROM ({theirs} WHERE {key} > {after} ORDER BY {key})"
            else:
                query = f"SELECT '{name}' AS home, * FROM (({theirs}) EXCEPT ALL ({ours}))"
            rows[table] = one(con, f"INSERT INTO lake.{table} BY NAME {query}")
            if table not in OF_A_PUSH and one(con, f"SELECT (SELECT count(*) FROM ({ours})) <> (SELECT count(*) FROM warehouse.main.{table})"):  # fmt: skip
                raise OutcomesError(
                    f"The lake has rows of {table} that this home has not. Is the warehouse older than its last push? Nothing was pushed."
                )
        con.execute(
            f"""INSERT INTO lake.push SELECT '{name}', {number}, {current()}, program_version, data_versions, night, as_of,
            (SELECT max(arrival_no) FROM warehouse.main.arrival), (SELECT arg_max(hash, arrival_no) FROM warehouse.main.arrival)
            FROM warehouse.main.night ORDER BY night DESC LIMIT 1"""
        )
    last, night = con.execute(f"SELECT arrival_no, night FROM lake.push WHERE (home, push_no) = ('{name}', {number})").fetchone() or (0, 0)  # fmt: skip
    return Pushed({table: count for table, count in rows.items() if table not in OF_A_PUSH}, last, night)


def _follow(con: duckdb.DuckDBPyConnection, name: str) -> int:
    """The number of the next push of a home. The ledger that the lake has of it must be the beginning of this one."""
    last = con.execute(
        f"SELECT push_no, arrival_no, arrival_hash FROM lake.push WHERE home = '{name}' ORDER BY push_no DESC LIMIT 1"
    ).fetchone()
    if last is None:
        return 1
    if one(con, "SELECT hash FROM warehouse.main.arrival WHERE arrival_no = ?", [last[1]]) != last[2]:
        raise OutcomesError(
            "The lake's last push of this home is not part of its ledger. Is the warehouse older than its last push? Run a night: it "
            "reloads what is lost. Nothing was pushed."
        )
    return last[0] + 1


@contextmanager
def connected(path: str = ":memory:") -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that knows DuckLake, by extensions that were installed with the program. Raises OutcomesError without them."""
    if missing := [name for name in _EXTENSIONS if not find_spec(f"duckdb_extension_{name}")]:
        raise OutcomesError(
            f'DuckDB\'s extensions {", ".join(missing)} are not installed. Install them with pip install "outcomes[lake]".'
        )
    with duckdb.connect(path, config=ONE_THREAD) as con:
        set_up(con)
        for name in _EXTENSIONS:
            folder = resources.files(f"duckdb_extension_{name}") / "extensions" / f"v{duckdb.__version__}"
            con.execute(f"LOAD {literal(folder / f'{name}.duckdb_extension')}")
        yield con


@contextmanager
def attached_lake(catalog: str, *, to_write: bool = False, con: duckdb.DuckDBPyConnection | None = None) -> Iterator[duckdb.DuckDBPyConnection]:  # fmt: skip
    """A connection, a new one unless given, that has the lake as `lake`. Raises OutcomesError where it cannot be reached, or is another version's."""
    if con is None:
        with connected() as own, attached_lake(catalog, to_write=to_write, con=own):
            yield own
        return
    more = "DATA_INLINING_ROW_LIMIT 0" if to_write else "READ_ONLY"
    _reach(con, _attach(catalog, more))
    others = one(con, f"SELECT count(*) FROM lake.push WHERE store_version <> {current()}")
    if others:
        raise OutcomesError("The lake is of another version of the program. Make a new one, and push into that.")
    yield con


def _attach(catalog: str, more: str) -> str:
    return f"ATTACH {literal(f'ducklake:{_catalog(catalog)}')} AS lake (CREATE_IF_NOT_EXISTS false, {more})"


def _reach(con: duckdb.DuckDBPyConnection, attach: str) -> None:
    try:
        con.execute(attach)
    except duckdb.Error as error:
        # Its words hold the address.
        raise OutcomesError(
            f"The lake could not be opened ({type(error).__name__}). Is the catalog's server there, may this user in, and was the lake "
            "made (outcomes lake create)?"
        ) from None


def _catalog(catalog: str) -> str:
    """As DuckLake takes it. A password is no part of it: what is on a command line, others see."""
    if "password" in catalog.lower() or "://" in catalog:
        raise UsageError(
            "A catalog is postgres:dbname=lake host=/run/postgresql user=outcomes, without its password: put that into ~/.pgpass."
        )
    return catalog


@cache
def _columns() -> dict[str, dict[str, str]]:
    """Table of the lake -> its columns and their types, as a store has them, words as text."""
    with duckdb.connect() as con:
        lay(con)
        return {
            table: {
                name: "VARCHAR" if kind.startswith("ENUM") else kind
                for name, kind, *_ in con.execute(f"DESCRIBE {table}").fetchall()
            }
            for table in (*KEPT_IN_LAKE, *OF_A_PUSH)
        }
