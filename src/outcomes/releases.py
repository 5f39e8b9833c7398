"""Releases: locks the rates and verdicts of a date, once and for ever; a correction is a new release."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import duckdb

from outcomes.errors import MayPassError, OutcomesError, UsageError
from outcomes.frames import at_once, one, put_rows
from outcomes.inbox import locked
from outcomes.laying import sql_digest
from outcomes.loading import data_files
from outcomes.paths import Home
from outcomes.publishedcopy import publish_copy
from outcomes.receipts import last_arrival
from outcomes.recomputing import Point, attached, definitions_of, first_row, recomputed
from outcomes.releasereceipts import (
    has_all_receipts,
    read_release_receipts,
    refuse_earlier_version,
    write_release_receipts,
)
from outcomes.replays import as_locked, compared_with_locked, damage_of_store, replayed
from outcomes.signing import no_night, refuse_other_program
from outcomes.stepping import is_of_a_moment
from outcomes.store import reading, warehouse

Row = dict[str, Any]

NAME = r"[A-Za-z0-9._-]{1,40}"
_COLUMNS = """
    SELECT column_name FROM duckdb_columns()
    WHERE database_name = 'warehouse' AND schema_name = 'main' AND table_name = ? AND column_name <> 'release_no'
    ORDER BY column_index
"""
# Locked table: what it is a copy of, in the store that was recomputed.
_COPIES = {
    "release_rate": "rate",
    "release_comparison": "comparison",
    "release_endpoint": "(SELECT * REPLACE (status::VARCHAR AS status) FROM covered WHERE class IN ('observed', 'missing'))",
}


def run_release(home: Home, name: str, as_of: dt.date | None = None) -> None:
    """Lock the rates and verdicts as of a date, by default that of the last night, and publish them.

    Raises UsageError for a name or a date that cannot be, BusyError if a night or another release is running.
    """
    if not re.fullmatch(NAME, name):
        raise UsageError("A release's name is 1 to 40 of A-Z, a-z, 0-9, _ . -, for instance 2026-Q1.")
    with between_nights(home):
        release, base, definitions = _planned(home, name, as_of)
        with recomputed(
            home, Point(release["as_of"], release["arrival_no"], release["night"]), base, definitions
        ) as con:
            if damage := damage_of_store(con):
                raise OutcomesError(f"{damage[0]} Nothing is locked on it: restore the warehouse from a backup.")
            _lock(home, con, release, definitions)
        _publish(home)


def run_replay(home: Home, name: str) -> Row:
    """Recompute a locked release from the stored scores, as of its place in the ledger; see outcomes.replays."""
    with between_nights(home):
        return replayed(home, name)


@contextmanager
def run_as_locked(home: Home, name: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, Row]]:
    """A locked release recomputed, and its row; see outcomes.replays. Raises OutcomesError where it is not as it was locked."""
    with between_nights(home), as_locked(home, name) as (con, release):
        if not compared_with_locked(home, con, release)["equal"]:
            raise OutcomesError(
                f"Release {name} does not come out as it was locked. What moved is said by: outcomes release --replay {name}"
            )
        yield con, release


@contextmanager
def between_nights(home: Home, what: str = "release") -> Iterator[None]:
    """The home for as long as the block lasts, with no night left undone. What breaks comes out in our own words."""
    os.umask(0o077)
    if not home.warehouse.exists():
        raise no_night(home)
    with locked(home):
        if home.manifest.exists():
            raise OutcomesError(
                "The last night has not ended. Run outcomes nightly, which ends it, and then try again."
            )
        try:
            _publish(home)
            yield
        except OutcomesError:
            raise
        except Exception as error:
            raise (MayPassError if is_of_a_moment(error) else OutcomesError)(
                f"The {what} could not be made or recomputed ({type(error).__name__}). Nothing is recorded by halves: try again."
            ) from None


def _publish(home: Home) -> None:
    """The published copy, then the receipts, of releases that have none: also of one whose locking was killed behind it."""
    with warehouse(home.warehouse) as con:  # to write: a killed release may have left it to be closed
        refuse_earlier_version(con)
        if has_all_receipts(home, con):
            return
    publish_copy(home)
    with reading(home) as con:
        write_release_receipts(home, con)


def _planned(home: Home, name: str, as_of: dt.date | None) -> tuple[Row, Point | None, list[Row]]:
    """The row of the release to be, where its base lies, and the definitions of the last night. Raises where it may not be."""
    with reading(home) as con:
        night = _last_night(home, con)
        if one(con, "SELECT count(*) FROM release WHERE name = ?", [name]):
            raise UsageError(f"There is a release {name}, and a release never changes. Give another name.")
        day = as_of or night["as_of"]
        if day > night["as_of"]:
            raise UsageError(
                f"The last night was as of {night['as_of']}: files that came since are not in. Run a night as of {day} or later first, or give a date up to that one."
            )
        last = first_row(con, "SELECT * FROM release ORDER BY release_no DESC LIMIT 1")
        if last and day < last["as_of"]:
            raise UsageError(f"Release {last['name']} is as of {last['as_of']}. Give that date or a later one.")
        arrival = first_row(
            con, "SELECT arrival_no, hash FROM arrival WHERE received_on <= ? ORDER BY arrival_no DESC LIMIT 1", [day]
        )
        if arrival is None:
            raise UsageError(f"Nothing had arrived by {day}. Give a later date.")
        base = first_row(
            con,
            "SELECT * FROM release WHERE as_of <= ?::DATE - INTERVAL 1 YEAR ORDER BY as_of DESC, release_no DESC LIMIT 1",
            [day],
        )
        release = {
            "release_no": last["release_no"] + 1 if last else 1,
            "name": name,
            "as_of": day,
            "arrival_no": arrival["arrival_no"],
            "arrival_hash": arrival["hash"],
            "night": night["night"],
            "base_release_no": base["release_no"] if base else None,
            "program_version": version("outcomes"),
            "sql_digest": sql_digest(),
            "data_versions": night["data_versions"],
            "replay_of_last": None,
        }
        definitions = definitions_of(con)
    if last and last["sql_digest"] != release["sql_digest"]:
        release["replay_of_last"] = _replay_of(home, last["name"])
    return release, Point(base["as_of"], base["arrival_no"], release["night"]) if base else None, definitions


def _last_night(home: Home, con: duckdb.DuckDBPyConnection) -> Row:
    """The last night. Raises where this program, these data files or these receipts are not those it left."""
    night = first_row(con, "SELECT * FROM night ORDER BY night DESC LIMIT 1")
    if night is None:
        raise no_night(home)
    refuse_other_program(con)
    run_a_night = "Run outcomes nightly, and then try again."
    if not night["data_versions"].startswith(f"{data_files(home).versions} "):
        raise OutcomesError(f"The data files have changed since the last night. {run_a_night}")
    arrivals = one(con, "SELECT max(arrival_no) FROM arrival") or 0
    releases = one(con, "SELECT max(release_no) FROM release") or 0
    if last_arrival(home) > arrivals or any(
        receipt["release_no"] > releases for receipt in read_release_receipts(home)
    ):
        raise OutcomesError(f"The warehouse is older than its receipts. {run_a_night}")
    return night


def _replay_of(home: Home, name: str) -> str:
    try:
        said = replayed(home, name)
    except OutcomesError:  # its definitions are not of this version
        return "moved"
    return "moved" if said["moved"] or said["courses"] else "equal"


def _lock(home: Home, con: duckdb.DuckDBPyConnection, release: Row, definitions: list[Row]) -> None:
    """Everything of the release into the warehouse, in one transaction."""
    with attached(con, home.warehouse, "warehouse", to_write=True):
        with at_once(con):
            put_rows(con, "warehouse.main.release", [release])
            put_rows(
                con,
                "warehouse.main.release_definition",
                [{"release_no": release["release_no"], **row} for row in definitions],
            )
            for table, source in _COPIES.items():
                columns = ", ".join(row[0] for row in con.execute(_COLUMNS, [table]).fetchall())
                con.execute(
                    f"INSERT INTO warehouse.main.{table} BY NAME SELECT ?::INTEGER AS release_no, {columns} FROM {source} ORDER BY ALL",
                    [release["release_no"]],
                )
        con.execute("CHECKPOINT warehouse")
