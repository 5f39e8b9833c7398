"""The second engine's clocks: when the outcome of a survival measure came, or until when it is known not to have.

Two kinds: `first_infusion` waits from F for the first score with the outcome; `response` waits from the endpoint of
a responder for the first score above half of the baseline. Each in two variants: `all` scores, and those
`until_maintenance` (until the first maintenance infusion or switch, that day included).
"""

from __future__ import annotations

from tests.spec.reference import (
    OUTCOMES,
    Judged,
    Patient,
    before_window,
    candidates,
    choose_endpoint,
    judge,
    status,
    switched,
)
from tests.spec.reference_courses import MEASURES, Course, Row, belongs_as_endpoint, faults, totalled

VARIANTS = ("all", "until_maintenance")
RESPONDERS = "response_post_induction"


def survival_judge(patient: Patient, course: Course, measure: Row) -> Judged:
    """The course as the measure sees it; where the clock starts at a response, as the response measure does."""
    return judge(patient, course, MEASURES[RESPONDERS] if measure["anchor"] == "response" else measure)


def survival_status(j: Judged, measure: Row) -> str:
    """A status of R10, or `not_a_responder`, or what the clock of variant `all` says: `event` or `censored`."""
    if measure["anchor"] == "response":
        early = status(j)
        if early == "not_met":
            return "not_a_responder"
        before = None if early == "met" else early
    else:
        before = before_window(j)
    return before or ("event" if clock(j, measure, "all")["is_event"] else "censored")


def clock(j: Judged, measure: Row, variant: str) -> Row:
    """start_day, days and is_event of a course that has a clock."""
    start = start_day(j, measure)
    seen = [row for row in usable_scores(j) if row["day"] > start]
    stop = maintenance_day(j.course)
    if variant == "until_maintenance" and stop is not None:
        seen = [row for row in seen if row["day"] <= stop]
    events = [row["day"] for row in seen if is_event(j.baseline, row, measure)]
    last = max((row["day"] for row in seen), default=start)
    return {"start_day": start, "days": min(events, default=last) - start, "is_event": bool(events)}


def start_day(j: Judged, measure: Row) -> int:
    return choose_endpoint(candidates(j))["day"] if measure["anchor"] == "response" else j.course.first_day


def is_event(baseline: Row, row: Row, measure: Row) -> bool:
    if measure["anchor"] == "response":
        return 2 * row["total"] > baseline["total"]
    return OUTCOMES[measure["outcome"]](baseline, row)


def usable_scores(j: Judged) -> list[Row]:
    """Every usable score of the course after F, whatever the window."""
    own = [row for row in j.patient.kept if belongs_as_endpoint(row, j.course)]
    return [totalled(row, j.measure) for row in own if not faults(row, j.measure)]


def maintenance_day(course: Course) -> int | None:
    """The day of the first maintenance infusion or switch."""
    return min((i.day for i in course.maintenance + switched(course)), default=None)
