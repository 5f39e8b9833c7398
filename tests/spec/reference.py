"""The second engine: the rules of docs/rules.md again, in plain loops over lists and dicts. Here R6 to R10: one course
under one measure, up to its status.

Before it come infusions, courses, phases and usable scores (reference_courses.py); after it the tables
(reference_endpoints.py and those that read it) and reference_engine.py, which calls them all. One function a rule; nothing is fast here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.spec.reference_courses import (
    RULES,
    Course,
    Infusion,
    Row,
    belongs_as_baseline,
    belongs_as_endpoint,
    course_of,
    faults,
    induction_label,
    received,
    received_as_endpoint,
    totalled,
)

# `b` is the baseline, `e` the endpoint: rows with `total` and `item_9`.
OUTCOMES: dict[str, Callable[[Row, Row], bool]] = {
    "is_response": lambda b, e: 2 * e["total"] <= b["total"],
    "is_response_strict": lambda b, e: 2 * e["total"] < b["total"],
    "is_remission": lambda b, e: e["total"] < 5,
    "is_at_most_5": lambda b, e: e["total"] <= 5,
    "is_worsened": lambda b, e: e["total"] > b["total"],
    "is_item_9_lower": lambda b, e: e["item_9"] < b["item_9"],
    "is_item_9_higher": lambda b, e: e["item_9"] > b["item_9"],
    "is_reliable_improvement": lambda b, e: b["total"] - e["total"] >= RULES["reliable_change_points"],
    "is_reliable_deterioration": lambda b, e: e["total"] - b["total"] >= RULES["reliable_change_points"],
    "is_below_case": lambda b, e: e["total"] < 10,
    "has_score": lambda b, e: True,
}


@dataclass
class Patient:
    """What the rules need to know of one patient. `rows` are all rows, `kept` those that were not set aside."""

    rows: list[Row]
    kept: list[Row]
    infusions: list[Infusion]
    courses: list[Course]
    followed_until: int


@dataclass
class Judged:
    """One course under one measure, on the way to its status."""

    measure: Row
    patient: Patient
    course: Course
    has_any_baseline: bool
    common: Row | None
    with_item_9: Row | None

    @property
    def baseline(self) -> Row | None:
        """The baseline that counts: for an item-9 measure the one with item 9, where there is one."""
        return self.with_item_9 or self.common


# R6 -----------------------------------------------------------------------------------------------------------


def usable_baselines(patient: Patient, course: Course, measure: Row) -> list[Row]:
    """The usable possible baselines of the course, of any age."""
    own = [row for row in patient.kept if belongs_as_baseline(row, course)]
    return [totalled(row, measure) for row in own if not faults(row, measure)]


def in_look_back(rows: list[Row], course: Course, measure: Row) -> list[Row]:
    return [row for row in rows if row["day"] >= course.first_day - measure["baseline_look_back_days"]]


def choose_baseline(rows: list[Row]) -> Row | None:
    """The greatest day; on it the lower total, then the lower item 9."""
    last = on_greatest_day(rows)
    return min(last, key=lambda r: (r["total"], or_else(r["item_9"], 9))) | {"tie": len(last) > 1} if last else None


def choose_endpoint(rows: list[Row]) -> Row | None:
    """The greatest day; on it the higher total, then the higher item 9."""
    last = on_greatest_day(rows)
    return max(last, key=lambda r: (r["total"], or_else(r["item_9"], -1))) | {"tie": len(last) > 1} if last else None


def on_greatest_day(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["day"] == max(r["day"] for r in rows)]


def or_else(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


def kind(measure: Row) -> str:
    return measure.get("kind", "proportion")


# R7, R8 -------------------------------------------------------------------------------------------------------


def needs_item_9(measure: Row) -> bool:
    return measure["item_9"] != "not_needed"


def given(course: Course) -> int:
    """The highest ordinal of the first drug before a switch."""
    before = []
    for infusion in course.infusions:
        if infusion.drug != course.drug:
            break
        before.append(infusion.ordinal)
    return max(before)


def day_of_ordinal(course: Course, k: int) -> int | None:
    """The day of infusion k, or of the known one before where its number was skipped."""
    known = [i.day for i in course.infusions if i.ordinal <= k]
    return known[-1] if known else None


def anchor_day(j: Judged) -> int | None:
    """The day from which the window of the measure counts, or None while there is none."""
    kind = j.measure["anchor"]
    if kind == "first_infusion":
        return j.course.first_day
    if kind == "last_induction_infusion":
        return j.course.last_induction_day
    if kind == "baseline_score":
        return j.baseline["day"] if j.baseline else None
    k = j.measure["infusion_k"]
    return day_of_ordinal(j.course, k) if given(j.course) >= k else None


def scores_of_window(j: Judged) -> list[Row]:
    """The scores, usable or not, that could be the endpoint by their day, their course and what they received."""
    anchor = anchor_day(j)
    if anchor is None:
        return []
    low, high = anchor + j.measure["window_low"], anchor + j.measure["window_high"]
    return [row for row in j.patient.kept if low <= row["day"] <= high and may_be_endpoint(row, j)]


def may_be_endpoint(row: Row, j: Judged) -> bool:
    if j.measure["anchor"] == "baseline_score":
        return row["day"] > j.course.first_day
    if not belongs_as_endpoint(row, j.course):
        return False
    return j.measure["anchor"] != "infusion_k" or is_after_infusion_k(row, j.course, j.measure["infusion_k"])


def is_after_infusion_k(row: Row, course: Course, k: int) -> bool:
    """Received = k, and not after infusion k+1: on that day only its pre_infusion row."""
    if received_as_endpoint(row, course) != k:
        return False
    if course.highest_ordinal <= k:
        return True
    next_day = day_of_ordinal(course, k + 1)
    return row["day"] < next_day or (row["day"] == next_day and row["timepoint"] == "pre_infusion")


def candidates(j: Judged) -> list[Row]:
    usable = [row for row in scores_of_window(j) if not faults(row, j.measure, needs_item_9(j.measure))]
    return [totalled(row, j.measure) for row in usable]


def sensitivity(j: Judged) -> Row | None:
    """The endpoint among the candidates not after the first maintenance infusion or switch."""
    ends = [i.day for i in j.course.maintenance] + [i.day for i in switched(j.course)]
    return choose_endpoint([row for row in candidates(j) if not ends or row["day"] <= min(ends)])


def switched(course: Course) -> list[Infusion]:
    return [i for i in course.infusions if i.drug != course.drug]


# R9 -----------------------------------------------------------------------------------------------------------


def followed_until(rows: list[Row], as_of: int) -> int:
    days = [row["day"] + as_of - row["received"] for row in rows]
    return max(days + [row["extract"] for row in rows if row["extract"] is not None])


def is_decided(j: Judged) -> bool:
    """The window is over: for infusion k with no lag, for all others 7 days after its end."""
    until, anchor = j.patient.followed_until, anchor_day(j)
    if anchor is None:
        return False
    end = anchor + j.measure["window_high"]
    if j.measure["anchor"] == "infusion_k":
        return j.course.highest_ordinal > j.measure["infusion_k"] or until >= end
    return until >= end + RULES["entry_lag_days"]


def never_reaches_k(j: Judged) -> bool:
    """For a course with fewer than k given: no more will be."""
    since_last = j.patient.followed_until - j.course.infusions[-1].day
    return bool(switched(j.course)) or j.course.next_day is not None or since_last > RULES["reinduction_gap_days"]


def follow_up_is_unknown(j: Judged) -> bool:
    rows, anchor = j.patient.rows, anchor_day(j)
    if anchor is None or any(row["extract"] is not None for row in rows):
        return False
    first = min(row["received"] for row in rows)
    end = anchor + j.measure["window_high"]
    return any(row["received"] == first and row["day"] > end for row in rows)


# R10 ----------------------------------------------------------------------------------------------------------


def judge(patient: Patient, course: Course, measure: Row) -> Judged:
    usable = usable_baselines(patient, course, measure)
    recent = in_look_back(usable, course, measure)
    nine = [row for row in recent if row["item_9"] is not None] if needs_item_9(measure) else []
    return Judged(measure, patient, course, bool(usable), choose_baseline(recent), choose_baseline(nine))


def is_of_drug(course: Course, measure: Row) -> bool:
    return measure["drug"] in ("any", course.drug)


def status(j: Judged) -> str:
    """The first of the seventeen that is true."""
    return before_window(j) or in_window(j)


def before_window(j: Judged) -> str | None:
    """Statuses 1 to 8."""
    if j.course.number > 1:
        return "repeat_course"
    if not is_of_drug(j.course, j.measure):
        return "other_drug"
    if j.common is None:
        return "baseline_too_old" if j.has_any_baseline else "no_baseline"
    if j.common["total"] < j.measure["baseline_minimum"]:
        return "baseline_below_minimum"
    if needs_item_9(j.measure) and not j.with_item_9:
        return "item_9_not_available"
    if j.measure["item_9"] == "present" and j.with_item_9 and j.with_item_9["item_9"] == 0:
        return "no_suicidal_ideation_at_baseline"
    return schedule_status(j)


def schedule_status(j: Judged) -> str | None:
    """Statuses 8 to 12, for measures that need infusions."""
    by_induction = j.measure["induction"] != "not_required"
    by_k = j.measure["anchor"] == "infusion_k"
    label = induction_label(j.course, j.patient.followed_until) if by_induction else ""
    short = by_k and given(j.course) < j.measure["infusion_k"]
    if (by_induction or by_k) and carries_unknown_number(j):
        return "infusions_not_recorded"
    if label == "open" or (short and not never_reaches_k(j)):
        return "not_yet_due"
    if label == "incomplete":
        return "induction_incomplete"
    if label == "extended" and j.measure["induction"] == "complete":
        return "induction_extended"
    return "infusion_not_reached" if short else None


def carries_unknown_number(j: Judged) -> bool:
    """A follow_up of the course carries a number above the last known infusion's."""
    follow_ups = [row for row in j.patient.kept if row["timepoint"] == "follow_up" and row["number"] is not None]
    own = [row for row in follow_ups if course_of(row, j.patient.courses) is j.course]
    return any(received(row, j.course) > j.course.highest_ordinal for row in own)


def in_window(j: Judged) -> str:
    """Statuses 13 to 17."""
    if not is_decided(j):
        return "not_yet_due"
    endpoint = choose_endpoint(candidates(j))
    if j.baseline and endpoint:
        if kind(j.measure) == "mean_change":
            return "counted"
        return "met" if OUTCOMES[j.measure["outcome"]](j.baseline, endpoint) else "not_met"
    reasons = [faults(row, j.measure, needs_item_9(j.measure)) for row in scores_of_window(j)]
    if {"since_last_treatment"} in reasons:
        return "altered_recall"
    return "incomplete_form" if {"incomplete"} in reasons else "no_score_in_window"
