"""The second engine: R14, rows that count but whose order looks wrong. One row at a time, beside all others of the patient."""

from __future__ import annotations

from tests.spec.reference import Patient
from tests.spec.reference_courses import MEASURES, RULES, Infusion, Row, reading_order, tells_of_infusion, total_of
from tests.spec.reference_endpoints import Records

LOOK_BACK = max(measure["baseline_look_back_days"] for measure in MEASURES.values())


def order_warning(records: Records) -> list[Row]:
    """clinic, patient, day, timepoint, number and reason of each."""
    names = [name for _, name in records.patients]
    rows = []
    for (clinic, name), patient in records.patients.items():
        for row in patient.kept:
            reasons = by_day(row, patient) | by_infusion(row, patient) | by_others(row, patient)
            if names.count(name) > 1 and row is min(patient.kept, key=lambda r: r["place"]):
                reasons.add("pseudonym_at_another_clinic")
            where = {"clinic": clinic, "patient": name} | {k: row[k] for k in ("day", "timepoint", "number")}
            rows += [where | {"reason": reason} for reason in sorted(reasons)]
    return rows


def by_day(row: Row, patient: Patient) -> set[str]:
    """What the row's own day says."""
    day, timepoint = row["day"], row["timepoint"]
    if timepoint == "baseline" and day > 0:
        soon = [course for course in patient.courses if day <= course.first_day <= day + LOOK_BACK]
        return set() if soon else {"baseline_after_first_infusion"}
    if timepoint == "follow_up" and day < 0:
        return {"follow_up_before_first_infusion"}
    is_first = timepoint == "pre_infusion" and (row["infusion"].run, row["infusion"].number) == (1, 1)
    return {"infusion_before_day_0"} if tells_of_infusion(row) and day < 0 and not is_first else set()


def by_infusion(row: Row, patient: Patient) -> set[str]:
    """What the infusion of the row says beside the one before it, where the row is its first."""
    infusion: Infusion | None = row["infusion"]
    if infusion is None or row is not first_row(infusion, patient):
        return set()
    place = patient.infusions.index(infusion)
    before = patient.infusions[place - 1] if place else None
    if before is None:
        return set()
    if not (before.pre_days or before.post_days):
        return {"infusion_1_not_on_record"}
    expected = before.number + 1 if before.run == infusion.run else 1
    found = {"infusion_number_skipped"} if infusion.number > expected else set()
    return found | ({"two_infusions_on_a_day"} if infusion.day == before.day else set())


def first_row(infusion: Infusion, patient: Patient) -> Row:
    return min((r for r in patient.kept if r["infusion"] is infusion), key=lambda r: (*reading_order(r), r["place"]))


def by_others(row: Row, patient: Patient) -> set[str]:
    """Numbers that go back, and other forms of the day."""
    found = set()
    earlier = [i for i in patient.infusions if i.day < row["day"]]
    if row["number"] is not None and row["timepoint"] != "baseline" and earlier and row["number"] < earlier[-1].number:
        starts_late = row["day"] - earlier[-1].day > RULES["reinduction_gap_days"]
        if not (row["infusion"] and row["infusion"].run > earlier[-1].run and starts_late):
            found.add("infusion_number_goes_back")
    same = [
        other
        for other in patient.kept
        if is_form(other) and other["day"] == row["day"] and other["recall"] == row["recall"]
    ]
    beside = any(other["timepoint"] in ("baseline", "follow_up") for other in same)
    if is_form(row) and beside and len({total_of(other, "complete_only") for other in same}) > 1:
        found.add("same_day_scores_differ")
    return found


def is_form(row: Row) -> bool:
    return row["timepoint"] != "post_infusion" and total_of(row, "complete_only") is not None
