"""Who is overdue, what drifts, and which rules are new, fixed or still failing: asked of a published copy."""

from __future__ import annotations

import duckdb

from outcomes.summary import Row, rows_of

# How a rule stands beside the night before, in the order in which it is said.
STANDINGS = ("new", "still failing", "not checked", "fixed")
# The order of each, on a terminal and on the pages.
OVERDUE_FIRST = "standing <> 'overdue', due_by NULLS LAST, clinic_id"
NEW_FIRST = f"list_position({list(STANDINGS)}, standing), feed, reason_code"
FRESHNESS_COLUMNS = {
    "clinic_id": "clinic", "standing": "standing", "last_heard_on": "last sent", "days_since": "days ago", "every_days": "every days",
    "cadence_is": "as", "due_by": "in time until",
}  # fmt: skip
STANDING_COLUMNS = {
    "feed": "of", "reason_code": "reason", "standing": "standing", "failed": "now", "failed_before": "before", "sentence": "in words",
}  # fmt: skip
DRIFT_COLUMNS = {"clinic_id": "clinic", "reason_code": "reason", "rows_taken": "rows", "sentence": "in words"}


def freshness(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """One row a registered clinic, those that are overdue first."""
    return rows_of(con, f"SELECT * FROM freshness ORDER BY {OVERDUE_FIRST}")


def standings(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """One row a rule that fails, or failed the time before; what is new first."""
    return rows_of(
        con,
        f"""SELECT s.*, r.sentence FROM rule_standing AS s
        LEFT JOIN (SELECT reason_code, any_value(sentence) AS sentence FROM reason GROUP BY reason_code) AS r USING (reason_code)
        ORDER BY {NEW_FIRST}""",
    )


def drifts(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """One row a clinic and warning of the last night: its volume, or its share of rows without a total, is not the usual one."""
    return rows_of(
        con,
        """SELECT w.clinic_id, w.reason_code, w.rows_taken, r.sentence FROM (
            SELECT clinic_id, night, reason_code, rows_taken FROM volume_warning
            UNION ALL SELECT clinic_id, night, reason_code, rows_taken FROM missingness_warning
        ) AS w LEFT JOIN reason AS r USING (reason_code)
        WHERE w.night = (SELECT max(night) FROM night) ORDER BY w.clinic_id, w.reason_code""",
    )
