"""The second engine: the rules of docs/rules.md again, in plain loops over lists and dicts.

Infusions, courses, phases and usable scores are in reference_courses.py. One function a rule; nothing is fast here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.spec.reference_courses import (
    MEASURES,
    RULES,
    Course,
    Infusion,
    Row,
    belongs_as_baseline,
    belongs_as_endpoint,
    columns,
    course_of,
    course_row,
    faults,
    find_courses,
    induction_label,
    read_infusions,
    received,
    received_as_endpoint,
    received_row,
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

OBSERVED = {"met", "not_met"}
MISSING = {"altered_recall", "incomplete_form", "no_score_in_window"}
WAITING = "not_yet_due"
TABLES = ("infusions", "set_aside", "courses", "not_started", "received", "endpoints")


@dataclass
class Patient:
    """What the rules need to know of one patient. `rows` are all rows, `kept` those that were not set aside."""

    rows: list[Row]
    kept: list[Row]
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


def engine(scores: list[Row], clinics: list[Row], as_of: int) -> dict[str, list[Row]]:
    """All result tables. The columns of the input are told in tests/spec/drawing.py."""
    said: dict[str, list[Row]] = {name: [] for name in TABLES}
    drugs = {clinic["clinic"]: clinic["drug"] for clinic in clinics}
    for clinic, patient in sorted({(row["clinic"], row["patient"]) for row in scores}):
        rows = [row for row in scores if (row["clinic"], row["patient"]) == (clinic, patient)]
        for name, found in of_patient(rows, drugs[clinic], as_of).items():
            said[name] += [{"clinic": clinic, "patient": patient} | row for row in found]
    shown = [{k: v for k, v in row.items() if k != "window_closed"} for row in said["endpoints"]]
    return said | {"endpoints": shown, "rates": rates(said["endpoints"], sorted(drugs))}


def of_patient(rows: list[Row], clinic_drug: str, as_of: int) -> dict[str, list[Row]]:
    """The tables of one patient, still without the columns `clinic` and `patient`."""
    infusions, kept, aside = read_infusions(rows, clinic_drug)
    courses = find_courses(infusions)
    patient = Patient(rows, kept, courses, followed_until(rows, as_of))
    return {
        "infusions": [columns(i, "run number day course ordinal drug") for i in infusions],
        "set_aside": [{k: row[k] for k in ("day", "timepoint", "number", "reason")} for row in aside],
        "courses": [course_row(course, patient.followed_until) for course in courses],
        "not_started": [] if courses else [{}],
        "received": [received_row(row, courses) for row in kept if courses],
        "endpoints": [endpoint_row(patient, c, name) for c in courses for name in MEASURES],
    }


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
    return min(last, key=lambda r: (r["total"], _or(r["item_9"], 9))) | {"tie": len(last) > 1} if last else None


def choose_endpoint(rows: list[Row]) -> Row | None:
    """The greatest day; on it the higher total, then the higher item 9."""
    last = on_greatest_day(rows)
    return max(last, key=lambda r: (r["total"], _or(r["item_9"], -1))) | {"tie": len(last) > 1} if last else None


def on_greatest_day(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["day"] == max(r["day"] for r in rows)]


def _or(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


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
        return "met" if OUTCOMES[j.measure["outcome"]](j.baseline, endpoint) else "not_met"
    reasons = [faults(row, j.measure, needs_item_9(j.measure)) for row in scores_of_window(j)]
    if {"since_last_treatment"} in reasons:
        return "altered_recall"
    return "incomplete_form" if {"incomplete"} in reasons else "no_score_in_window"


def endpoint_row(patient: Patient, course: Course, name: str) -> Row:
    """One course under one measure, with all columns, and `window_closed` for the rates."""
    j = judge(patient, course, MEASURES[name])
    judged = status(j)
    endpoint = choose_endpoint(candidates(j)) if judged in OBSERVED else None
    row = {"course": course.number, "measure": name, "status": judged}
    row |= _chosen("baseline", j.baseline) | _chosen("endpoint", endpoint)
    row["baseline_tie"] = bool(row["baseline_tie"])
    early = sensitivity(j) if endpoint else None
    return row | {
        "maintenance_before_endpoint": _before(course.maintenance, endpoint),
        "switched_before_endpoint": _before(switched(course), endpoint),
        "sensitivity_day": early["day"] if early else None,
        "sensitivity_total": early["total"] if early else None,
        "follow_up_unknown": follow_up_is_unknown(j),
        "window_closed": window_is_closed(j),
    }


def _chosen(which: str, score: Row | None) -> Row:
    return {f"{which}_{k}": score[k] if score else None for k in ("day", "total", "item_9", "tie")}


def _before(infusions: list[Infusion], endpoint: Row | None) -> bool | None:
    return any(i.day < endpoint["day"] for i in infusions) if endpoint else None


# R11 ----------------------------------------------------------------------------------------------------------


def window_is_closed(j: Judged) -> bool:
    """Asked of the first courses of the measure's drug only; False for the others."""
    if j.course.number > 1 or not is_of_drug(j.course, j.measure):
        return False
    if j.measure["anchor"] == "infusion_k":
        reached = given(j.course) >= j.measure["infusion_k"]
        return is_decided(j) if reached else never_reaches_k(j)
    start = _or(anchor_day(j), j.course.first_day)
    return j.patient.followed_until >= start + j.measure["window_high"] + RULES["entry_lag_days"]


def rates(endpoints: list[Row], clinics: list[str]) -> list[Row]:
    """One row a clinic and measure, and one a measure for all clinics together ('*')."""
    rows = []
    for clinic in ["*", *clinics]:
        for measure in MEASURES:
            of = [e for e in endpoints if e["measure"] == measure and clinic in ("*", e["clinic"])]
            rows.append({"clinic": clinic, "measure": measure} | rate(of))
    return rows


def rate(courses: list[Row]) -> Row:
    """Counts and rates of one measure over the courses given."""
    statuses = [row["status"] for row in courses]
    met, not_met = statuses.count("met"), statuses.count("not_met")
    missing = len([s for s in statuses if s in MISSING])
    observed, due = met + not_met, met + not_met + missing
    eligible = [row for row in courses if row["status"] in OBSERVED | MISSING | {WAITING}]
    of_drug = [s for s in statuses if s not in ("repeat_course", "other_drug")]
    return {
        "met": met,
        "not_met": not_met,
        "observed": observed,
        "missing": missing,
        "due": due,
        "waiting": statuses.count(WAITING),
        "eligible": len(eligible),
        "not_eligible": len(courses) - len(eligible),
        "courses": len(courses),
        "observed_rate": met / observed if observed else None,
        "everyone_rate": met / due if due else None,
        "coverage": observed / due if due else None,
        "first_courses_of_drug": len(of_drug),
        "window_closed": len([row for row in courses if row["window_closed"]]),
        "with_baseline": len([s for s in of_drug if s not in ("no_baseline", "baseline_too_old")]),
        "follow_up_unknown": len([row for row in eligible if row["follow_up_unknown"]]),
    }
