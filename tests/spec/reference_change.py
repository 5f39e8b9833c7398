"""The second engine: change in points, item 9 (thoughts of death or self-harm), and what happened at infusions."""

from __future__ import annotations

import itertools
import math

from tests.spec.reference import OUTCOMES, is_of_drug, kind
from tests.spec.reference_courses import MEASURES, RULES, Row, tells_of_infusion
from tests.spec.reference_endpoints import Records, Told
from tests.spec.reference_numbers import expected_regression, mean, mean_limits, sample_sd, share, wilson

MEAN_CHANGES = [name for name in MEASURES if kind(MEASURES[name]) == "mean_change"]
TIMEPOINTS = ("baseline", "pre_infusion", "post_infusion", "follow_up")
EVENTS = ("dissociation", "nausea", "blood_pressure_raised", "serious_adverse_event")


def change(records: Records) -> list[Row]:
    return [
        {"measure": name, "clinic": clinic} | change_of(courses, name)
        for clinic, courses in records.groups()
        for name in MEAN_CHANGES
    ]


def change_of(courses: list[Told], name: str) -> Row:
    counted = [e for told in courses if (e := told.endpoints[name])["status"] == "counted"]
    pairs = [({"total": e["baseline_total"]}, {"total": e["endpoint_total"]}) for e in counted]
    baselines, endpoints = [b["total"] for b, _ in pairs], [e["total"] for _, e in pairs]
    changes = [b["total"] - e["total"] for b, e in pairs]
    low, high = mean_limits(changes)
    everyone = baselines_of_all(courses, name)
    r, cut = RULES["retest_correlation"], RULES["regression_cut"]
    return {
        "n": len(pairs),
        "mean_baseline": mean(baselines),
        "sd_baseline": sample_sd(baselines),
        "mean_endpoint": mean(endpoints),
        "sd_endpoint": sample_sd(endpoints),
        "mean_change": mean(changes),
        "sd_change": sample_sd(changes),
        "low": low,
        "high": high,
        "d_z": over(mean(changes), sample_sd(changes)),
        "d_pre": over(mean(changes), sample_sd(baselines)),
        **{word: len([1 for b, e in pairs if OUTCOMES[outcome](b, e)]) for word, outcome in JUDGED.items()},
        "expected_regression": expected_regression(mean(everyone), sample_sd(everyone), r, cut),
    }


JUDGED = {
    "improved": "is_reliable_improvement",
    "deteriorated": "is_reliable_deterioration",
    "responded": "is_response",
}


def over(value: float | None, sd: float | None) -> float | None:
    return value / sd if value is not None and sd and not math.isclose(sd, 0) else None


def baselines_of_all(courses: list[Told], name: str) -> list[int]:
    """Every baseline of a first course of the drug, whatever became of it later."""
    first = [told for told in courses if told.course.number == 1 and is_of_drug(told.course, MEASURES[name])]
    totals = [told.endpoints[name]["baseline_total"] for told in first]
    return [total for total in totals if total is not None]


# Item 9 -------------------------------------------------------------------------------------------------------


def item_9_change(records: Records) -> list[Row]:
    rows = []
    for clinic, courses in records.groups():
        own = [told.endpoints["suicidal_ideation_increased_post_induction"] for told in courses]
        pairs = [(e["baseline_item_9"], e["endpoint_item_9"]) for e in own if e["status"] in ("met", "not_met")]
        with_ideation = [(b, e) for b, e in pairs if b >= 1]
        without = [(b, e) for b, e in pairs if b == 0]
        row = {"clinic": clinic, "observed": len(pairs)}
        row |= {"with_ideation": len(with_ideation), "without_ideation": len(without)}
        row |= with_limits("reduced", len([1 for b, e in with_ideation if e < b]), len(with_ideation))
        row |= with_limits("resolved", len([1 for _, e in with_ideation if e == 0]), len(with_ideation))
        row |= with_limits("new", len([1 for _, e in without if e > 0]), len(without))
        row |= with_limits("increased", len([1 for b, e in pairs if e > b]), len(pairs))
        rows.append(row)
    return rows


def with_limits(name: str, x: int, n: int) -> Row:
    low, high = wilson(x, n)
    return {name: x, f"{name}_rate": share(x, n), f"{name}_low": low, f"{name}_high": high}


def item_9_review(records: Records) -> list[Row]:
    """Every score whose item 9 is higher than the patient's one before, whatever the score is good for."""
    rows = []
    for clinic, patient in records.patients:
        own = [
            row | {"score_id": place}
            for place, row in enumerate(records.scores)
            if (row["clinic"], row["patient"]) == (clinic, patient)
            and row["items"][8] is not None
            and row.get("stands", True)
        ]
        own.sort(key=lambda row: (row["day"], TIMEPOINTS.index(row["timepoint"]), row["score_id"]))
        for before, row in itertools.pairwise(own):
            was, now = before["items"][8], row["items"][8]
            if now > was:
                rows.append({
                    "score_id": row["score_id"], "clinic": clinic, "patient": patient, "kind": "higher" if was else "new",
                    "day_before": before["day"], "item_9_before": was, "day": row["day"], "timepoint": row["timepoint"], "item_9": now,
                })  # fmt: skip
    return rows


# Safety -------------------------------------------------------------------------------------------------------


def safety(records: Records) -> list[Row]:
    """Infusions with a row: yes if any of its rows says so, no if any says no, else not answered."""
    rows = []
    for clinic in ["*", *records.clinics]:
        own = [p for (of, _), p in records.patients.items() if clinic in ("*", of)]
        told = [(p, i) for p in own for i in p.infusions if i.pre_days or i.post_days]
        for event in EVENTS:
            said = [
                answer([row[event] for row in p.kept if tells_of_infusion(row) and row["infusion"] is i])
                for p, i in told
            ]
            happened, answered = said.count(True), len(said) - said.count(None)
            low, high = wilson(happened, answered)
            counts = {"infusions": len(said), "answered": answered, "happened": happened}
            rows.append(
                {"clinic": clinic, "event": event}
                | counts
                | {"share": share(happened, answered), "low": low, "high": high}
            )
    return rows


def answer(said: list[bool | None]) -> bool | None:
    return True if True in said else False if False in said else None
