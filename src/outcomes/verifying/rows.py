"""What is stored against the ledger: the chain of its hashes, the rows of each arrival, and its counts."""

from __future__ import annotations

import duckdb

from outcomes.frames import one
from outcomes.replays import arrivals_with_other_rows, ledger_broken_at
from outcomes.verifying.checks import Check, checked, counted, some

# Of each arrival: every row read has one fate, and the notes are as many as the ledger says.
_MISCOUNTED = """
    SELECT a.arrival_no
    FROM arrival AS a
    LEFT JOIN (SELECT arrival_no, sum(cells) AS cells FROM note GROUP BY arrival_no) AS n USING (arrival_no)
    LEFT JOIN refusal AS r USING (arrival_no)
    WHERE a.rows_read <> a.rows_accepted + a.rows_duplicate + a.rows_quarantined + a.rows_blank
        OR a.rows_noted <> coalesce(n.cells, 0) OR a.refused_because IS DISTINCT FROM r.reason_code
    ORDER BY 1
"""
_ORPHANS = "SELECT DISTINCT arrival_no FROM {table} WHERE arrival_no NOT IN (SELECT arrival_no FROM arrival)"


def ledger(con: duckdb.DuckDBPyConnection) -> Check:
    """Each entry has its hash, which holds that of the one before."""
    broken = ledger_broken_at(con)
    entries = one(con, "SELECT count(*) FROM arrival")
    return checked("ledger", counted(entries, "entry"), [] if broken is None else [f"the chain breaks at arrival {broken}"])  # fmt: skip


def stored(con: duckdb.DuckDBPyConnection) -> Check:
    """The rows of each arrival have the digest and the number that the ledger tells of; no row is of another arrival."""
    other = arrivals_with_other_rows(con)
    found = one(con, "SELECT (SELECT count(*) FROM score) + (SELECT count(*) FROM patient_row)")
    faults = [f"arrival {some(other)}: stored rows that were edited, removed or added"] if other else []
    return checked("rows", counted(found, "stored row"), faults)


def counts(con: duckdb.DuckDBPyConnection) -> Check:
    """rows read = accepted + duplicate + quarantined + blank, of each arrival; notes and refusals as the ledger says."""
    wrong = [row[0] for row in con.execute(_MISCOUNTED).fetchall()]
    faults = [f"arrival {some(wrong)}: the counts do not add up"] if wrong else []
    for table in ("quarantine", "note", "refusal", "extract_day"):
        if others := [row[0] for row in con.execute(_ORPHANS.format(table=table)).fetchall()]:
            faults.append(f"{table} has rows of arrival {some(others)}, which the ledger has not")
    read = one(con, "SELECT coalesce(sum(rows_read), 0)::BIGINT FROM arrival")
    return checked("counts", counted(read, "row") + " read", faults)
