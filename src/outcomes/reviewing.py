"""Who has looked at a higher item 9: recorded beside the score, append-only, with a receipt outside the database."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from outcomes import lasting
from outcomes.errors import UsageError
from outcomes.frames import one
from outcomes.paths import Home
from outcomes.signing import signed
from outcomes.summary import Row, rows_of

ACKNOWLEDGEMENTS = "acknowledgements.jsonl"
# What a store says of its acknowledgements after a number, as the receipts have it.
RECEIPT = """
    SELECT k.acknowledgement_no, a.arrival_no, a.sha256, s.line, k.acknowledged_by, k.night
    FROM acknowledgement AS k LEFT JOIN score AS s USING (score_id) LEFT JOIN arrival AS a USING (arrival_no)
    ORDER BY k.acknowledgement_no
"""
REVIEW = """
    SELECT * FROM item_9_review
    WHERE ($clinic IS NULL OR clinic_id = $clinic) AND ($everything OR acknowledged_by IS NULL)
    ORDER BY clinic_id, patient_id, day, score_id
"""


def to_review(con: duckdb.DuckDBPyConnection, clinic: str | None, everything: bool) -> list[Row]:
    """Scores whose item 9 is new or higher than the one before: those nobody has acknowledged, or all."""
    return rows_of(con, REVIEW, {"clinic": clinic, "everything": everything})


def acknowledge(home: Home, score_ids: Sequence[int], by: str) -> int:
    """Record that `by` has looked at these scores; returns how many. The published copy is made anew.

    Raises UsageError where one is not on the list, or the name is a patient's pseudonym; BusyError during a night.
    """
    with signed(home, by) as (con, name):
        listed = {row[0] for row in con.execute("SELECT score_id FROM item_9_review").fetchall()}
        if unknown := [number for number in score_ids if number not in listed]:
            which = "This number is" if len(score_ids) == 1 else f"Of these {len(score_ids)} numbers {len(unknown)} are"
            raise UsageError(f"{which} not on the list. It is printed by: outcomes review --home {home.root}")
        first = (one(con, "SELECT max(acknowledgement_no) FROM acknowledgement") or 0) + 1
        night = one(con, "SELECT max(night) FROM night")
        rows = [(first + place, number, name, night) for place, number in enumerate(dict.fromkeys(score_ids))]
        con.executemany("INSERT INTO acknowledgement VALUES (?, ?, ?, ?)", rows)
        _write_receipts(home, con)
    return len(rows)


def restore_acknowledgements(home: Home, con: duckdb.DuckDBPyConnection) -> None:
    """Put back the acknowledgements that the receipts tell of and the database, being older, does not."""
    have = one(con, "SELECT max(acknowledgement_no) FROM acknowledgement") or 0
    for receipt in lasting.read_lines(home.receipts / ACKNOWLEDGEMENTS):
        if receipt["acknowledgement_no"] > have:
            con.execute(
                """INSERT INTO acknowledgement SELECT $acknowledgement_no, score_id, $acknowledged_by, $night
                FROM score JOIN arrival USING (arrival_no) WHERE sha256 = $sha256 AND line = $line
                AND coalesce(arrival_no = $arrival_no, read_again_of IS NULL)""",
                {"arrival_no": None} | receipt,
            )


def _write_receipts(home: Home, con: duckdb.DuckDBPyConnection) -> None:
    lasting.append_new(home.receipts / ACKNOWLEDGEMENTS, "acknowledgement_no", rows_of(con, RECEIPT))
