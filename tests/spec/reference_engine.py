"""The second engine, called: drawn scores in, every result table out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.spec import reference_change as change
from tests.spec import reference_curves as curves
from tests.spec import reference_funnel as funnel
from tests.spec import reference_shares as shares
from tests.spec import reference_survival as survival
from tests.spec.reference_courses import Row, columns, course_row, received_row
from tests.spec.reference_endpoints import SURVIVALS, Records, rates, read, statuses
from tests.spec.reference_order import order_warning

STEP_1 = ("infusions", "set_aside", "courses", "not_started", "received", "endpoints", "rates")
STEP_2: dict[str, Callable[[Records], list[Row]]] = {
    "statuses": statuses,
    "survival": survival.survival,
    "survival_curve": survival.survival_curve,
    "survival_at": survival.survival_at,
    "infusion_curve": curves.infusion_curve,
    "infusion_mean": curves.infusion_mean,
    "week_curve": curves.week_curve,
    "early_response": curves.early_response,
    "missing_outcome": shares.missing_outcome,
    "attrition": shares.attrition,
    "case_mix": shares.case_mix,
    "stratum": shares.stratum,
    "stratum_rate": shares.stratum_rate,
    "change": change.change,
    "item_9_change": change.item_9_change,
    "item_9_review": change.item_9_review,
    "safety": change.safety,
    "funnel_measure": funnel.funnel_measure,
    "funnel": funnel.funnel,
}
ORDER: dict[str, Callable[[Records], list[Row]]] = {"order_warning": order_warning}


def engine(
    scores: list[Row], clinics: list[Row], as_of: int, tables: tuple[str, ...] = STEP_1, identity: Sequence[Row] = ()
) -> dict[str, list[Row]]:
    """The result tables asked for. The columns of the input are told in tests/spec/drawing.py."""
    records = read(scores, clinics, as_of, identity)
    first, others = of_patients(records), STEP_2 | ORDER
    return {name: first[name] if name in first else others[name](records) for name in tables}


def of_patients(records: Records) -> dict[str, list[Row]]:
    said: dict[str, list[Row]] = {name: [] for name in STEP_1}
    for (clinic, name), patient in records.patients.items():
        found = {
            "infusions": [columns(i, "run number day course ordinal drug") for i in patient.infusions],
            "set_aside": [
                {k: row[k] for k in ("day", "timepoint", "number", "reason")} for row in records.aside[clinic, name]
            ],
            "courses": [course_row(course, patient.followed_until) for course in patient.courses],
            "not_started": [] if patient.courses else [{}],
            "received": [received_row(row, patient.courses) for row in patient.kept if patient.courses],
        }
        for table, rows in found.items():
            said[table] += [{"clinic": clinic, "patient": name} | row for row in rows]
    for told in records.courses:
        for name, row in told.endpoints.items():
            if name in SURVIVALS:
                continue
            shown = {k: v for k, v in row.items() if k != "window_closed"}
            said["endpoints"].append({"clinic": told.clinic, "patient": told.patient} | shown)
    said["rates"] = rates(records)
    return said
