"""Puts a whole store in the warehouse's place: one of an older version upgraded, or the floor where the warehouse is older.

The floor is a copy of the warehouse from which a lost one is rebuilt, where the archive alone cannot do it: after a file
was erased, and after an upgrade from a version whose ledger had another sum over a row. Both are made aside and renamed, so
that a kill leaves the store that was there or the new one, whole.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from outcomes import lasting, logs
from outcomes.errors import OutcomesError
from outcomes.frames import one
from outcomes.laying import relay, stored_tables
from outcomes.ledger import LAST_ENTRY
from outcomes.paths import Home, log_of
from outcomes.receipts import read_receipts
from outcomes.store import beside, config_of
from outcomes.storeversions import current, migrations, refuse_newer, version_of

# Tables that a night fills again: the program's own notes, and copies of the data files.
_FILLED_AGAIN = {"laid", "derived", "store_version", "rules", "measure", "benchmark", "claim", "cusum_rule", "reason", "clinic"}  # fmt: skip


def upgrade(home: Home) -> int | None:
    """Make a warehouse of an older version one of this program's; returns that version, None where there was nothing to do.

    The warehouse as it was stays in backup/. Raises OutcomesError where a later program made it, or a migration fails:
    then nothing is changed. The lock must be held.
    """
    if not home.warehouse.exists():
        return None
    version, night = _standing(home, "SELECT coalesce(max(night), 0) FROM night")
    refuse_newer(version)
    if version == current():
        return None
    _copy(home.warehouse, home.backup / f"warehouse-version-{version}-night-{night}.duckdb")
    new = beside(home.warehouse)
    shutil.copyfile(home.warehouse, new)
    pending = [text for number, text in migrations().items() if number > version]
    try:
        with duckdb.connect(str(new), config=config_of(home)) as con:
            before = _rows(con)
            relay(con, pending)
            after = _rows(con)
    except duckdb.Error:
        raise OutcomesError(f"The store of version {version} could not be upgraded: it is damaged, or the disk is full. Nothing was changed: restore it from a backup.") from None  # fmt: skip
    lost = sorted(name for name, rows in before.items() if after.get(name) != rows)
    if lost:
        raise OutcomesError(f"The upgrade of the store would lose rows of {', '.join(lost)}. Nothing was changed: install the program from before.")  # fmt: skip
    # Before the rename: an upgrade that is killed behind it is not done again.
    _copy(new, home.floor)
    lasting.put(new, home.warehouse)
    logs.write(home, "warning", "store_upgraded", from_version=version, to_version=current())
    return version


def lay_floor(home: Home) -> None:
    """Copy the closed warehouse to the floor. The lock must be held."""
    _copy(home.warehouse, home.floor)


def stand_on_floor(home: Home) -> None:
    """Put the floor in place of a warehouse that has fewer arrivals, or is not there.

    Raises OutcomesError where the floor cannot be read, or is not one of this home's ledger. The lock must be held.
    """
    if not home.floor.exists():
        return
    try:
        with duckdb.connect(str(home.floor), read_only=True) as con:
            number, digest = con.execute(LAST_ENTRY).fetchone() or (0, "")
    except duckdb.Error:
        raise OutcomesError("backup/floor.duckdb cannot be read: it is damaged or cut short. Bring that file back from a backup, then run the night again.") from None  # fmt: skip
    if home.warehouse.exists() and _standing(home, "SELECT coalesce(max(arrival_no), 0) FROM arrival")[1] >= number:
        return
    said = {receipt["arrival_no"]: receipt["hash"] for receipt in read_receipts(home)}
    if said.get(number, digest) != digest:
        raise OutcomesError("backup/floor.duckdb is not of this home's ledger. Restore the home from a backup.")
    new = beside(home.warehouse)
    shutil.copyfile(home.floor, new)
    lasting.put(new, home.warehouse)
    logs.write(home, "warning", "warehouse_rebuilt_from_floor", arrivals=number)


def _standing(home: Home, query: str) -> tuple[int, int]:
    """The warehouse's version, and a number of it. What a killed night left beside it is taken into it first."""
    was_closed = not log_of(home.warehouse).exists()
    with duckdb.connect(str(home.warehouse), read_only=was_closed, config=config_of(home)) as con:
        found = version_of(con), one(con, query)
        if not was_closed:
            con.execute("CHECKPOINT")
    return found


def _rows(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many rows each table has that holds what was stored."""
    names = con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' ORDER BY 1").fetchall()
    kept = stored_tables() - _FILLED_AGAIN
    return {name: one(con, f"SELECT count(*) FROM main.{name}") for (name,) in names if name in kept}


def _copy(source: Path, to: Path) -> None:
    to.parent.mkdir(mode=0o700, exist_ok=True)
    aside = to.with_name(f".{to.name}.new")
    shutil.copyfile(source, aside)
    lasting.put(aside, to)
