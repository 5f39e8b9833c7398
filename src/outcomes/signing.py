"""What a person says by name between two nights: written into the warehouse under the lock, and published at once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from outcomes import inbox
from outcomes.errors import OutcomesError, UsageError
from outcomes.frames import one
from outcomes.laying import sql_digest
from outcomes.paths import Home
from outcomes.publishedcopy import publish_copy
from outcomes.store import warehouse


@contextmanager
def signed(home: Home, by: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """The warehouse to write to, and the name of who writes. The published copy is made anew behind the block.

    Raises UsageError where the name is none or a patient's pseudonym, or there was no whole night; BusyError during one.
    """
    name = name_of(by)
    if not home.warehouse.exists():
        raise no_night(home)
    with inbox.locked(home):
        if home.manifest.exists():
            raise UsageError(f"The last night did not end. Finish it first: outcomes nightly --home {home.root}")
        with warehouse(home.warehouse) as con:
            if one(con, "SELECT count(*) FROM patient WHERE lower(patient_id) = lower(?)", [name]):
                raise UsageError("Give with --by the name of the person who says so, not a patient's code.")
            yield con, name
        publish_copy(home)


def name_of(by: str) -> str:
    """The name of who says something, with single blanks. Raises UsageError where it can be none."""
    name = " ".join(by.split())
    if not 2 <= len(name) <= 80 or not name.isprintable():
        raise UsageError("The name with --by must be of 2 to 80 characters.")
    return name


def no_night(home: Home) -> UsageError:
    """What is said where there is nothing yet that anybody could say something of."""
    return UsageError(f"{home.root} has had no night yet. Run one first: outcomes nightly --home {home.root}")


def last_night(home: Home, con: duckdb.DuckDBPyConnection) -> tuple[int, dt.date]:
    """The number and the date of the last night. Raises UsageError where there was none."""
    night, as_of = con.execute("SELECT max(night), arg_max(as_of, night) FROM night").fetchone() or (None, None)
    if night is None or as_of is None:
        raise no_night(home)
    return night, as_of


def refuse_other_program(con: duckdb.DuckDBPyConnection) -> None:
    """Raise OutcomesError where the store was laid by another version of the program: the next night lays it anew."""
    if one(con, "SELECT sql_digest FROM laid") != sql_digest():
        raise OutcomesError("The program has changed since the last night. Run outcomes nightly, and then try again.")


def plain_words(con: duckdb.DuckDBPyConnection, text: str, what: str, most: int = 300) -> str:
    """What a person gives as a reason or a note, blanks put right. It is published, so it names no patient.

    Raises UsageError where it is none, has over `most` characters, or holds a patient's code.
    """
    words = " ".join(text.split())
    if not 2 <= len(words) <= most or not words.isprintable():
        raise UsageError(f"{what} must be of 2 to {most:,} characters.")
    # A code may end in a full stop, and so may a sentence.
    found = re.findall(r"[a-z0-9_.-]+", words.lower())
    codes = [*found, *(code.rstrip(".") for code in found)]
    if one(con, "SELECT count(*) FROM patient WHERE list_contains(?::VARCHAR[], lower(patient_id))", [codes]):
        raise UsageError(f"{what} holds a patient's code: say it without.")
    return words
