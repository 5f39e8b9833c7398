"""The second engine: what may lie behind a rate. Who is missing and what that could change, who was taken out on the
way, how ill patients were at the start, and the rate in each stratum.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.spec.reference_courses import Row
from tests.spec.reference_endpoints import MISSING, OBSERVED, PROPORTIONS, Records, Told, rate
from tests.spec.reference_numbers import imbens_manski, mean, sample_sd, share, wilson

MET, NOT_MET = "met", "not_met"
BANDS = {"0-4": range(5), "5-9": range(5, 10), "10-14": range(10, 15), "15-19": range(15, 20), "20-27": range(20, 28)}
# The order of R10, each once.
TAKES_OUT = (
    "repeat_course", "other_drug", "no_baseline", "baseline_too_old", "baseline_below_minimum", "item_9_not_available",
    "no_suicidal_ideation_at_baseline", "infusions_not_recorded", "not_yet_due", "induction_incomplete",
    "induction_extended", "infusion_not_reached", "not_a_responder", "altered_recall", "incomplete_form", "no_score_in_window",
)  # fmt: skip


def band(total: int | None) -> str:
    return next((name for name, totals in BANDS.items() if total in totals), "unknown")


def infusions_band(told: Told) -> str:
    """How many infusions the induction gave."""
    n = told.course.induction_infusions
    return "1-3" if n <= 3 else "4-5" if n <= 5 else "6+"


def measured(records: Records) -> Iterator[tuple[Row, list[tuple[Told, Row]]]]:
    """Each proportion in each group: its due courses, with their endpoints."""
    for clinic, courses in records.groups():
        for name in PROPORTIONS:
            pairs = [(told, told.endpoints[name]) for told in courses]
            due = [(told, e) for told, e in pairs if e["status"] in {MET, NOT_MET} | MISSING]
            yield {"measure": name, "clinic": clinic}, due


def count(pairs: list[tuple[Told, Row]]) -> tuple[int, int, int]:
    """due, observed, met."""
    said = [e["status"] for _, e in pairs]
    return len(said), said.count(MET) + said.count(NOT_MET), said.count(MET)


# Missing outcomes ---------------------------------------------------------------------------------------------


def missing_outcome(records: Records) -> list[Row]:
    rows = []
    for named, pairs in measured(records):
        due, observed, met = count(pairs)
        missing = due - observed
        low, high = imbens_manski(met, missing, due)
        weighted, borrowed = weighted_rate(pairs)
        rows.append(
            named
            | {"due": due, "observed": observed, "missing": missing, "met": met}
            | {
                "observed_rate": share(met, observed),
                "everyone_rate": share(met, due),
                "best_case_rate": share(met + missing, due),
                "envelope_low": wilson(met, due)[0],
                "envelope_high": wilson(met + missing, due)[1],
                "imbens_manski_low": low,
                "imbens_manski_high": high,
                "weighted_rate": weighted,
                "borrowed": borrowed,
            }
        )
    return rows


def weighted_rate(pairs: list[tuple[Told, Row]]) -> tuple[float | None, int | None]:
    """Each class at its own observed rate, in proportion to its due courses; and how many took another's rate."""
    if count(pairs)[1] == 0:
        return None, None
    total, borrowed = 0.0, 0
    for told, endpoint in pairs:
        severity = band(endpoint["baseline_total"])
        in_band = [(t, e) for t, e in pairs if band(e["baseline_total"]) == severity]
        in_class = [(t, e) for t, e in in_band if infusions_band(t) == infusions_band(told)]
        lender = next(some for some in (in_class, in_band, pairs) if count(some)[1])
        _, observed, met = count(lender)
        total += met / observed
        borrowed += lender is not in_class
    return total / len(pairs), borrowed


# Who was taken out --------------------------------------------------------------------------------------------


def attrition(records: Records) -> list[Row]:
    rows = []
    for clinic, courses in records.groups():
        for name in next(iter(courses)).endpoints if courses else ():
            said = [told.endpoints[name]["status"] for told in courses]
            remaining = len(said)
            steps = [("started", remaining, remaining)]
            for status in TAKES_OUT:
                remaining -= said.count(status)
                steps.append((status, said.count(status), remaining))
            counted = len([s for s in said if s in OBSERVED])
            assert counted == remaining, f"a status that takes nobody out: {set(said)}"
            steps.append(("in the result", counted, counted))
            rows += [
                {"measure": name, "clinic": clinic, "step": step, "status": status, "courses": n, "remaining": left}
                for step, (status, n, left) in enumerate(steps)
            ]
    return rows


# How ill at the start -----------------------------------------------------------------------------------------


def case_mix(records: Records) -> list[Row]:
    """By severity band, and over all of them; the mean and SD of the baselines are of those observed."""
    rows = []
    for named, pairs in measured(records):
        for name in (*BANDS, "all"):
            own = [(t, e) for t, e in pairs if name in ("all", band(e["baseline_total"]))]
            due, observed, met = count(own)
            totals = [e["baseline_total"] for _, e in own if e["status"] in (MET, NOT_MET)]
            low, high = wilson(met, observed)
            counts = {
                "due": due,
                "observed": observed,
                "met": met,
                "rate": share(met, observed),
                "low": low,
                "high": high,
            }
            rows.append(
                named | {"band": name} | counts | {"mean_baseline": mean(totals), "sd_baseline": sample_sd(totals)}
            )
    return rows


# Strata that scores alone give --------------------------------------------------------------------------------


def strata(told: Told) -> Row:
    """Dimension -> stratum of a course, whatever the measure."""
    n = told.course.induction_infusions
    completed = "1-3" if n <= 3 else "4-5" if n <= 5 else "6-8" if n <= 8 else "9 or more"
    return {"drug": told.course.drug, "infusions_completed": completed}


def strata_under(told: Told, measure: str) -> Row:
    """The same, and the severity of the baseline that the measure takes."""
    return strata(told) | {"baseline_severity": band(told.endpoints[measure]["baseline_total"])}


def stratum(records: Records) -> list[Row]:
    return [
        {"clinic": told.clinic, "patient": told.patient, "course": told.course.number, "dimension": d, "stratum": s}
        for told in records.courses
        for d, s in strata(told).items()
    ]


def stratum_rate(records: Records) -> list[Row]:
    rows = []
    for clinic, courses in records.groups():
        for name in PROPORTIONS:
            placed = [(d, s, told.endpoints[name]) for told in courses for d, s in strata_under(told, name).items()]
            for dimension, label in sorted({(d, s) for d, s, _ in placed}):
                own = [e for d, s, e in placed if (d, s) == (dimension, label)]
                named = {"measure": name, "clinic": clinic, "dimension": dimension, "stratum": label}
                rows.append(named | rate_with_limits(own))
    return rows


def rate_with_limits(endpoints: list[Row]) -> Row:
    said = rate(endpoints)
    row = {k: said[k] for k in ("due", "observed", "missing", "met", "observed_rate", "everyone_rate")}
    for which, n in (("observed", said["observed"]), ("everyone", said["due"])):
        row[f"{which}_low"], row[f"{which}_high"] = wilson(said["met"], n)
    return row
