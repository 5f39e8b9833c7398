"""A number walked back: a rate, its courses with status and reason, their scores, and the file and line of each.

Patients go by their number in the store, never by a pseudonym.
"""

from __future__ import annotations

import re
from typing import Any

import duckdb

from outcomes.errors import UsageError
from outcomes.publishedcopy import known
from outcomes.summary import RATES, Row, rows_of

# Where each kind of measure has its figure.
_FIGURES = {
    "survival": """
        SELECT clinic_id, variant, day, at_risk, survival, low, high FROM survival_at
        WHERE measure_id = $measure AND ($clinic IS NULL OR clinic_id = $clinic) ORDER BY clinic_id, variant, day
    """,
    "mean_change": """
        SELECT clinic_id, n, mean_baseline, mean_endpoint, mean_change, low, high FROM change
        WHERE measure_id = $measure AND ($clinic IS NULL OR clinic_id = $clinic) ORDER BY clinic_id
    """,
}
_COURSES = """
    SELECT * EXCLUDE (measure_id)
    FROM trace_course
    WHERE measure_id = $measure AND ($clinic IS NULL OR $clinic = '*' OR clinic_id = $clinic)
        AND ($status IS NULL OR status::VARCHAR = $status OR class::VARCHAR = $status) AND ($patient IS NULL OR (patient_no, course) = ($patient, $course))
    ORDER BY class, status, clinic_id, patient_no, course
"""
_SCORES = """
    SELECT patient_no, course, role, score_id, day, timepoint::VARCHAR AS timepoint, total, item_9, sha256, line, row_digest
    FROM trace_score
    WHERE measure_id = $measure AND ($clinic IS NULL OR $clinic = '*' OR clinic_id = $clinic)
    ORDER BY patient_no, course, day, role, score_id
"""
_WHOLE_COURSE = """
    SELECT s.score_id, coalesce(p.course, 0) AS course, a.days_since_first_infusion AS day, s.timepoint::VARCHAR AS timepoint, s.infusion_number,
        p.received, p.phase, s.phq9_total AS total, s.items_answered,
        CASE
            WHEN u.reason_code IS NOT NULL THEN u.reason_code
            WHEN s.status = 'entered_in_error' THEN 'entered_in_error'
            WHEN n.reason_code IS NOT NULL THEN n.reason_code
            WHEN NOT p.is_two_weeks THEN 'other recall period'
            WHEN p.is_on_infusion_day THEN 'on the day of its infusion'
            WHEN p.phq9_total IS NULL THEN 'no total'
        END AS not_usable_because,
        f.sha256, s.line
    FROM assigned_score AS a
    JOIN score AS s USING (score_id)
    JOIN arrival AS f ON f.arrival_no = s.arrival_no
    LEFT JOIN score_place AS p USING (score_id)
    LEFT JOIN superseded AS u USING (score_id)
    LEFT JOIN renumbered AS n USING (score_id)
    WHERE a.patient_no = $patient
    ORDER BY day, s.timepoint, s.score_id
"""


def patient_and_course(text: str) -> tuple[int, int]:
    """The patient number and the course in `17/1`. Raises UsageError."""
    found = re.fullmatch(r"(-?\d{1,9})/(\d{1,4})", text)
    if not found:
        raise UsageError("A course is given as the patient's number and that of the course, as trace prints them: 17/1")
    return int(found[1]), int(found[2])


def traced(
    con: duckdb.DuckDBPyConnection, measure: str, clinic: str | None, status: str | None, course: str | None
) -> dict[str, Any]:
    """figure: the rate, or what else the measure gives. courses: each with its status, why, and the scores behind it. scores:
    of one course that was asked for, every score of its patient.

    Raises UsageError where there is no such measure, clinic, status or course.
    """
    known(con, "measure", measure)
    asked: Row = {"measure": measure, "clinic": known(con, "clinic", clinic)}
    patient, number = patient_and_course(course) if course else (None, None)
    told = rows_of(con, _COURSES, asked | {"status": status, "patient": patient, "course": number})
    if not told and status:
        statuses = [row[0] for row in con.execute("SELECT DISTINCT unnest([status::VARCHAR, class::VARCHAR]) FROM course_status WHERE measure_id = ? ORDER BY 1", [measure]).fetchall()]  # fmt: skip
        raise UsageError(f"No course of {measure} is {status} there. There are: {', '.join(statuses)}.")
    if not told and course:
        raise UsageError(f"There is no course {course} there. They are listed by: outcomes trace --measure {measure}")
    scores: dict[tuple[int, int], list[Row]] = {}
    for row in rows_of(con, _SCORES, asked):
        scores.setdefault((row.pop("patient_no"), row.pop("course")), []).append(row)
    (kind,) = con.execute("SELECT kind FROM measure WHERE measure_id = ?", [measure]).fetchone() or ("",)
    return {
        "measure_id": measure,
        "kind": kind,
        "figure": rows_of(con, _FIGURES.get(kind, RATES), asked),
        "courses": [row | {"scores": scores.get((row["patient_no"], row["course"]), [])} for row in told],
        "scores": [] if patient is None else rows_of(con, _WHOLE_COURSE, {"patient": patient}),
    }


def flat(courses: list[Row]) -> list[Row]:
    """A row for each score behind a course; one without them for a course that has none."""
    nothing = dict.fromkeys(("role", "score_id", "day", "timepoint", "total", "item_9", "sha256", "line", "row_digest"))
    return [
        {key: value for key, value in course.items() if key != "scores"} | score
        for course in courses
        for score in course["scores"] or [nothing]
    ]
