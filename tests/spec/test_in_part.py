"""What a night derives by difference is what a derivation of everything gives, to the last count.

Drawn patients arrive over a few nights, and by some only days pass; rows are taken back. The first night derives everybody,
a few patients at a time. After each night every kept step is held to the view that makes it from the step before.
"""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Any
from unittest.mock import patch

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from outcomes import deriving
from outcomes.deriving import derive
from outcomes.laying import TABLES, lay, sql_files
from tests.spec.duckdb_engine import EPOCH, _store, engine
from tests.spec.test_engines_agree import CLINICS, scores_of

FED = ("score", "extract_day", "arrival")
# Days to the next night: none, one, some, and past the last window there is.
PASSING = (0, 1, 1, 1, 2, 6, 7, 14, 29, 60, 120)


def unequal(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The kept steps that are not what their view gives."""
    found = []
    for name in (name for name, _ in sql_files(30, 99) if name in TABLES):
        con.execute(f"CREATE OR REPLACE TEMP TABLE again AS FROM recomputed.{name}")
        kept, again = f"FROM main.{name}", "FROM again"
        # As many rows with the same sum of their hashes are the same rows, which is asked in a tenth of the time.
        told = [con.execute(f"SELECT count(*), sum(hash(t)::HUGEINT) {rows} AS t").fetchall() for rows in (kept, again)]
        if told[0] == told[1]:
            continue
        if con.execute(f"({kept} EXCEPT ALL {again}) UNION ALL ({again} EXCEPT ALL {kept}) LIMIT 1").fetchall():
            found.append(name)
    return found


@settings(
    max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(st.integers(0, 2**32), st.lists(st.sampled_from(PASSING), min_size=3, max_size=5))
def test_what_is_derived_by_difference_is_what_is_derived_as_a_whole(seed: int, passing: list[int]) -> None:
    of = Random(seed)
    scores = [row for patient in range(30) for row in scores_of(f"P{patient}", of.randrange(2**32))]
    last = max(row["received"] for row in scores)
    engine(scores, CLINICS, last, tables=())
    con = _store()
    for table in FED:
        con.execute(f"CREATE OR REPLACE TEMP TABLE all_{table} AS FROM {table}")
        con.execute(f"DELETE FROM {table}")
    con.execute("DELETE FROM night")
    con.execute("DELETE FROM derived")
    again: list[str] = []

    def spy(con: Any, night: int, names: list[str], real: Any = deriving._derive_in_part) -> None:
        again.extend(names)
        real(con, night, names)

    day = of.choice([last // 4, last // 2, last])
    few_at_once, never_all = patch.object(deriving, "_SCORES_AT_ONCE", 50), patch.object(deriving, "_ALL_OVER", 0)
    with few_at_once, never_all, patch.object(deriving, "_derive_in_part", spy):
        for number, days in enumerate([0, *passing], start=1):
            day += days
            _feed(con, number, EPOCH + dt.timedelta(day), of)
            derive(con)
            assert unequal(con) == [], (number, day)
    assert len(again) == len(passing) * len(deriving.LOCAL | deriving.COUNTED)


def test_what_is_brought_beside_is_all_that_a_part_reads() -> None:
    """A step reads nothing but what it is given: with every other table gone, each can still be asked."""
    con = duckdb.connect()
    lay(con)
    given_to_it = {*deriving._OF_PATIENTS, *deriving._WHOLE, "score_event", *deriving.LOCAL, *deriving.COUNTED}
    for (name,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'").fetchall():
        if name not in given_to_it:
            con.execute(f"DROP TABLE main.{name} CASCADE")
    for name in sorted(deriving.LOCAL | deriving.COUNTED):
        assert con.execute(f"FROM recomputed.{name}").fetchall() == []
    con.execute("DROP TABLE main.measure CASCADE")
    with pytest.raises(duckdb.CatalogException):
        con.execute("FROM recomputed.tally")


def _feed(con: duckdb.DuckDBPyConnection, number: int, as_of: dt.date, of: Random) -> None:
    """A night: its arrivals with their rows, and perhaps a row of an earlier one that stands no more."""
    con.execute("INSERT INTO night VALUES (?, 'spec', ?, '', '', 0, 0, 0, 0, '', '')", [number, as_of])
    stored = [row[0] for row in con.execute("SELECT score_id FROM score ORDER BY score_id").fetchall()]
    for score_id in of.sample(stored, min(len(stored), of.choice([0, 0, 1, 3]))):
        con.execute(
            "INSERT INTO score_event VALUES ((SELECT coalesce(max(event_id), 0) + 1 FROM score_event), ?, false, 'retracted', ?, 1, 1)",
            [score_id, number],
        )
    con.execute(
        f"INSERT INTO arrival SELECT * REPLACE ({number} AS night) FROM all_arrival WHERE received_on <= ? AND arrival_no NOT IN (SELECT arrival_no FROM arrival)",
        [as_of],
    )
    for table in ("score", "extract_day"):
        con.execute(
            f"INSERT INTO {table} FROM all_{table} SEMI JOIN (SELECT arrival_no FROM arrival WHERE night = {number}) USING (arrival_no)"
        )
