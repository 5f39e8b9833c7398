"""What is derived against the same steps done again, from the step before."""

from __future__ import annotations

import duckdb

from outcomes.digests import table_digest
from outcomes.frames import one
from outcomes.laying import TABLES
from outcomes.verifying.checks import Check, checked


def derived(con: duckdb.DuckDBPyConnection, digests: dict[str, str]) -> Check:
    """Each derived table equals its view in `recomputed`, both ways. `digests`: of the stored tables."""
    faults = []
    for name in sorted(TABLES):
        if digests.get(name) == table_digest(con, f"recomputed.{name}"):
            continue
        gone = f"SELECT count(*) FROM (FROM {{}}.{name} EXCEPT ALL FROM {{}}.{name})"
        sides = [one(con, gone.format(*pair)) for pair in (("main", "recomputed"), ("recomputed", "main"))]
        faults.append(f"{name}: {sides[0]:,} stored rows are not recomputed, {sides[1]:,} recomputed are not stored")
    last = con.execute("SELECT night = (SELECT max(night) FROM night) FROM derived").fetchall()
    if last != [(True,)]:
        faults.append("derived names another night than the last")
    return checked("derived", f"{len(TABLES)} tables, recomputed", faults)
