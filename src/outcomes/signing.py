"""What a person says by name between two nights: written into the warehouse under the lock, and published at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from outcomes import inbox
from outcomes.errors import UsageError
from outcomes.paths import Home
from outcomes.publishedcopy import publish_copy
from outcomes.store import one, warehouse


@contextmanager
def signed(home: Home, by: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """The warehouse to write to, and the name of who writes. The published copy is made anew behind the block.

    Raises UsageError where the name is none or a patient's pseudonym, or there was no whole night; BusyError during one.
    """
    name = " ".join(by.split())
    if not 2 <= len(name) <= 80 or not name.isprintable():
        raise UsageError("The name with --by must be of 2 to 80 characters.")
    if not home.warehouse.exists():
        raise UsageError(f"{home.root} has had no night yet. Run one first: outcomes nightly --home {home.root}")
    with inbox.locked(home):
        if home.manifest.exists():
            raise UsageError(f"The last night did not end. Finish it first: outcomes nightly --home {home.root}")
        with warehouse(home.warehouse) as con:
            if one(con, "SELECT count(*) FROM patient WHERE lower(patient_id) = lower(?)", [name]):
                raise UsageError("Give with --by the name of the person who says so, not a patient's code.")
            yield con, name
        publish_copy(home)
