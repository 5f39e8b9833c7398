"""The second engine: every course under every measure, and the rates of R11.

`told` gives what all later tables are counted from: the patients, and each course with its endpoints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.spec.reference import (
    Judged,
    Patient,
    anchor_day,
    candidates,
    choose_endpoint,
    follow_up_is_unknown,
    followed_until,
    given,
    is_decided,
    is_of_drug,
    judge,
    kind,
    never_reaches_k,
    or_else,
    sensitivity,
    status,
    switched,
)
from tests.spec.reference_clock import survival_judge, survival_status
from tests.spec.reference_courses import MEASURES, RULES, Course, Infusion, Row, find_courses, read_infusions
from tests.spec.reference_identity import merged

OBSERVED = {"met", "not_met", "event", "censored", "counted"}
MISSING = {"altered_recall", "incomplete_form", "no_score_in_window"}
WAITING = "not_yet_due"
PROPORTIONS = [name for name in MEASURES if kind(MEASURES[name]) == "proportion"]
SURVIVALS = [name for name in MEASURES if kind(MEASURES[name]) == "survival"]


@dataclass
class Told:
    """One course of a patient, with its row of `endpoints` for each measure."""

    clinic: str
    patient: str
    of: Patient
    course: Course
    endpoints: dict[str, Row]


@dataclass
class Records:
    """All that was drawn, read. `clinics` are in order; `patients` by clinic and name."""

    scores: list[Row]
    clinics: list[str]
    patients: dict[tuple[str, str], Patient]
    aside: dict[tuple[str, str], list[Row]]
    courses: list[Told]

    def groups(self) -> Iterator[tuple[str, list[Told]]]:
        """'*' with all courses, then each clinic with its own."""
        for clinic in ["*", *self.clinics]:
            yield clinic, [c for c in self.courses if clinic in ("*", c.clinic)]


def read(scores: list[Row], clinics: list[Row], as_of: int, identity: Sequence[Row] = ()) -> Records:
    scores = [row | {"place": place} for place, row in enumerate(merged(scores, identity))]
    drugs = {clinic["clinic"]: clinic["drug"] for clinic in clinics}
    records = Records(scores, sorted(drugs), {}, {}, [])
    for clinic, name in sorted({(row["clinic"], row["patient"]) for row in scores}):
        rows = [row for row in scores if (row["clinic"], row["patient"]) == (clinic, name)]
        standing = [row for row in rows if row.get("stands", True)]
        infusions, kept, aside = read_infusions(standing, drugs[clinic])
        aside += [row for row in rows if "reason" in row]
        patient = Patient(rows, kept, infusions, find_courses(infusions), followed_until(rows, as_of))
        records.patients[clinic, name], records.aside[clinic, name] = patient, aside
        for course in patient.courses:
            under = {measure: endpoint_row(patient, course, measure) for measure in MEASURES}
            records.courses.append(Told(clinic, name, patient, course, under))
    return records


def endpoint_row(patient: Patient, course: Course, name: str) -> Row:
    """One course under one measure, with all columns, and `window_closed` for the rates."""
    measure = MEASURES[name]
    if kind(measure) == "survival":
        j = survival_judge(patient, course, measure)
        chosen = _chosen("baseline", j.baseline)
        return {"course": course.number, "measure": name, "status": survival_status(j, measure)} | chosen
    j = judge(patient, course, measure)
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


def statuses(records: Records) -> list[Row]:
    """The status of every course under every measure, whatever its kind."""
    return [
        {"clinic": told.clinic, "patient": told.patient} | {k: row[k] for k in ("course", "measure", "status")}
        for told in records.courses
        for row in told.endpoints.values()
    ]


# R11 ----------------------------------------------------------------------------------------------------------


def window_is_closed(j: Judged) -> bool:
    """Asked of the first courses of the measure's drug only; False for the others."""
    if j.course.number > 1 or not is_of_drug(j.course, j.measure):
        return False
    if j.measure["anchor"] == "infusion_k":
        reached = given(j.course) >= j.measure["infusion_k"]
        return is_decided(j) if reached else never_reaches_k(j)
    start = or_else(anchor_day(j), j.course.first_day)
    return j.patient.followed_until >= start + j.measure["window_high"] + RULES["entry_lag_days"]


def rates(records: Records) -> list[Row]:
    """One row a clinic and measure, and one a measure for all clinics together ('*')."""
    return [
        {"clinic": clinic, "measure": measure} | rate([told.endpoints[measure] for told in courses])
        for clinic, courses in records.groups()
        for measure in PROPORTIONS
    ]


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
