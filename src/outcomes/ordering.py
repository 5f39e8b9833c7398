"""Warnings about the order of rows and how many came, as counts or as lines of files. They hold no pseudonym, no day and no score."""

from __future__ import annotations

import duckdb

from outcomes.errors import UsageError
from outcomes.frames import one
from outcomes.summary import Row, rows_of

_LINES = "a.sha256[:12] AS sha256, w.line"
_COUNTS = "count(*) AS rows"


def order_warnings(con: duckdb.DuckDBPyConnection, clinic: str | None, reason: str | None, lines: bool) -> list[Row]:
    """The warnings of a clinic or of all, for one reason or all: each by its line, or their count for each reason.

    Raises UsageError for a reason that is none.
    """
    if reason and not one(con, "SELECT count(*) FROM reason WHERE about = 'warning' AND reason_code = ?", [reason]):
        known = [
            row[0]
            for row in con.execute("SELECT reason_code FROM reason WHERE about = 'warning' ORDER BY 1").fetchall()
        ]
        raise UsageError(f"There is no such warning. There are: {', '.join(known)}.")
    return rows_of(
        con,
        f"""SELECT w.clinic_id, {_LINES if lines else _COUNTS}, w.reason_code, any_value(r.sentence) AS sentence
        FROM (SELECT clinic_id, arrival_no, line, reason_code FROM order_warning
            UNION ALL SELECT clinic_id, arrival_no, NULL, reason_code FROM volume_warning
            UNION ALL SELECT clinic_id, arrival_no, NULL, reason_code FROM missingness_warning) AS w JOIN arrival AS a USING (arrival_no) LEFT JOIN reason AS r USING (reason_code)
        WHERE ($clinic IS NULL OR w.clinic_id = $clinic) AND ($reason IS NULL OR w.reason_code = $reason)
        GROUP BY ALL ORDER BY ALL""",
        {"clinic": clinic, "reason": reason},
    )
