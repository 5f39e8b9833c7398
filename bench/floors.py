"""The floors, each in a process of its own: what no program that does the same job could do without.

`floors.py A FILE DATABASE`: DuckDB's CREATE TABLE AS of a CSV file with the types given.
`floors.py S FILE`: SHA-256 of its bytes, in blocks of 1 MiB.
`floors.py D HOME`: all outcomes by the product's own SQL over the loaded tables of a home, without opening and closing it.
`floors.py list FOLDER DATABASE`: list and stat the files of a folder, and leave out those that a table knows.

The last two print CPU and wall seconds of the work alone; of the others the whole process counts.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_TEXT = {
    "clinic_id", "patient_id", "timepoint", "drug", "recall_period", "status", "ended",
    "dissociation", "nausea", "blood_pressure_raised", "serious_adverse_event",
}  # fmt: skip
_DECIMAL = {"dose_mg_per_kg"}
_BLOCK = 2**20


def create_table_as(source: str, target: str) -> None:
    """Floor A."""
    import duckdb

    with open(source) as handle:
        header = handle.readline().strip().split(",")
    types = {c: "VARCHAR" if c in _TEXT else "DECIMAL(6,3)" if c in _DECIMAL else "SMALLINT" for c in header}
    Path(target).unlink(missing_ok=True)
    with duckdb.connect(target) as con:
        con.execute(
            f"CREATE TABLE scores AS SELECT * FROM read_csv(?, header=true, auto_detect=false, delim=',', columns={types!r})",
            [source],
        )


def sha256(source: str) -> None:
    """Floor S."""
    found = hashlib.sha256()
    with open(source, "rb", buffering=0) as handle:
        while block := handle.read(_BLOCK):
            found.update(block)


def derive(home: str) -> None:
    """Floor D."""
    from outcomes.deriving import derive
    from outcomes.paths import Home
    from outcomes.store import warehouse

    with warehouse(Home(Path(home)).warehouse) as con, _told():
        derive(con, whole=True)


def list_new(folder: str, database: str) -> None:
    """The floor of a night with nothing new. The table is made on the first call; every file is known to the second."""
    import duckdb

    with duckdb.connect(database) as con:
        if not con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'known'").fetchall()[0][0]:
            con.execute("CREATE TABLE known (name VARCHAR, bytes BIGINT, mtime_ns BIGINT)")
            rows = ", ".join(f"('{name}', {size}, {mtime})" for name, size, mtime in _listed(folder))
            con.execute(f"INSERT INTO known VALUES {rows}")
    with _told(), duckdb.connect(database, read_only=True) as con:
        known = set(con.execute("FROM known").fetchall())
        new = [entry for entry in _listed(folder) if entry not in known]
    if new or not known:
        raise SystemExit(f"{len(new)} files are new and {len(known)} known; expected none and all")


def _listed(folder: str) -> list[tuple[str, int, int]]:
    found = []
    for entry in os.scandir(folder):
        status = entry.stat(follow_symlinks=False)
        found.append((entry.name, status.st_size, status.st_mtime_ns))
    return found


@contextmanager
def _told() -> Iterator[None]:
    cpu, wall = time.process_time(), time.monotonic()
    yield
    print(json.dumps({"cpu": time.process_time() - cpu, "wall": time.monotonic() - wall}))


FLOORS: dict[str, Callable[..., None]] = {"A": create_table_as, "S": sha256, "D": derive, "list": list_new}

if __name__ == "__main__":
    FLOORS[sys.argv[1]](*sys.argv[2:])
