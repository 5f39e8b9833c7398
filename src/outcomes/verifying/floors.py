"""The floor, from which a lost warehouse is made again where the archive alone cannot do it."""

from __future__ import annotations

import duckdb

from outcomes.frames import one
from outcomes.ledger import LAST_ENTRY
from outcomes.paths import Home
from outcomes.publishedcopy import hardened, limited
from outcomes.replays import damage_of_store
from outcomes.verifying.checks import Check, checked, counted

# A file of the archive was erased, or rows are held to another digest than that of their bytes' receipt.
_IS_NEEDED = """
    SELECT EXISTS (FROM redigested) OR EXISTS (
        FROM destroyed AS d JOIN last_reading AS l ON l.first_arrival_no = d.arrival_no
        JOIN arrival AS a ON a.arrival_no = l.arrival_no WHERE a.refused_because IS NULL
    )
"""


def floor(home: Home, con: duckdb.DuckDBPyConnection) -> Check:
    """It is there where it is needed, is of this ledger, and has the rows that its ledger tells of."""
    if not home.floor.exists():
        faults = ["backup/floor.duckdb is not there, and without it a lost warehouse cannot be made again: bring it back from a backup"]  # fmt: skip
        return checked("floor", "none", faults if one(con, _IS_NEEDED) else [])
    with hardened(home.floor, limited(home)) as laid:
        number, digest = laid.execute(LAST_ENTRY).fetchone() or (0, None)
        faults = damage_of_store(laid)
    if one(con, "SELECT any_value(hash) FROM arrival WHERE arrival_no = ?", [number]) != digest:
        faults.append("it is not of this home's ledger")
    return checked("floor", f"a store of {counted(number, 'arrival')}", faults)
