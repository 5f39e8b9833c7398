"""What the pages of a locked release say: asked of the store as it was, so that they are the same at any later time."""

from __future__ import annotations

import duckdb

from outcomes.errors import UsageError
from outcomes.pages.asking import INSIDE, NETWORK, Book, asked
from outcomes.paths import Home
from outcomes.releases import run_as_locked
from outcomes.summary import Row, rows_of

# What a page asks for that no rate is made from: of the warehouse as it was when the release was locked.
_BESIDE = {
    "note": "arrival_no <= $arrival_no",
    "refusal": "arrival_no <= $arrival_no",
    "signature": "after_release_no < $release_no",
    "release": "release_no <= $release_no",
    "release_definition": "release_no <= $release_no",
    "release_rate": "release_no <= $release_no",
    "release_comparison": "release_no <= $release_no",
    "reason": "true",
}
# A file that was read again can have made rows contradict that were accepted then: such rows were not set aside yet.
_QUARANTINE = """
    WITH event AS (
        SELECT s.arrival_no, s.line, e.by_arrival_no
        FROM warehouse.main.score_event AS e JOIN warehouse.main.score AS s USING (score_id)
        WHERE e.reason_code = 'contradiction'
        UNION ALL
        SELECT p.arrival_no, p.line, e.by_arrival_no
        FROM warehouse.main.patient_row_event AS e JOIN warehouse.main.patient_row AS p USING (patient_row_id)
        WHERE e.reason_code = 'contradiction'
    ),
    later AS (
        SELECT a.sha256, e.line
        FROM event AS e JOIN warehouse.main.arrival AS a USING (arrival_no)
        GROUP BY ALL
        HAVING min(e.by_arrival_no) > $arrival_no
    )
    INSERT INTO quarantine
    SELECT q.*
    FROM warehouse.main.quarantine AS q
    JOIN warehouse.main.arrival AS a USING (arrival_no)
    WHERE q.arrival_no <= $arrival_no AND NOT (q.reason_code = 'contradiction' AND (a.sha256, q.line) IN (FROM later))
"""


def released_book(home: Home, name: str, clinic: str) -> Book:
    """The book of a release, by the program that locked it or one whose numbers are the same.

    Raises UsageError where there is no such release, or it has no such clinic; OutcomesError where it does not come out as
    it was locked; BusyError during a night.
    """
    with run_as_locked(home, name) as (con, release):
        _bring_in(con, release)
        # One thread: a sum of fractions is the same in its last digit each time.
        con.execute("SET threads = 1")
        book = asked(con, INSIDE)
        (order,) = rows_of(con, "SELECT covers FROM release_order WHERE release_no = ?", [release["release_no"]])
    if clinic not in (NETWORK, *book.clinics):
        raise UsageError(f"Release {name} has no clinic {clinic}: it was not registered then.")
    book.release = release | order
    return book


def _bring_in(con: duckdb.DuckDBPyConnection, release: Row) -> None:
    """Complete the scratch store of a release with what stood beside its rates."""
    for table, condition in _BESIDE.items():
        values = {key: release[key] for key in ("arrival_no", "release_no") if f"${key}" in condition}
        con.execute(f"INSERT INTO {table} BY NAME FROM warehouse.main.{table} WHERE {condition}", values)
    con.execute(_QUARANTINE, {"arrival_no": release["arrival_no"]})
    con.execute(
        "UPDATE night SET program_version = ?, data_versions = ?",
        [release["program_version"], release["data_versions"]],
    )
