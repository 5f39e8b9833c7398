"""The second engine: how the scores go, by infusion and by week. First courses of IV ketamine with a baseline of 10 or more.

Each curve is counted twice: over everyone `available` at each point, and over the fixed cohort that `reached_last`, the
courses that were given six infusions.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.spec.reference import OUTCOMES, choose_endpoint, given, judge
from tests.spec.reference_clock import usable_scores
from tests.spec.reference_courses import MEASURES, RULES, Row
from tests.spec.reference_endpoints import MISSING, Records, Told
from tests.spec.reference_numbers import mean, mean_limits, sample_sd, share, wilson

RESPONSES = ("met", "not_met")
COHORTS = ("available", "reached_last")
WEEKS = range(13)


def response_after(k: int) -> str:
    return f"response_after_infusion_{k}"


def cohorts(records: Records, k: int = 0) -> Iterator[tuple[Row, list[Told]]]:
    """The groups and cohorts at infusion k: the fixed cohort ends with its last infusion."""
    six = RULES["fixed_cohort_infusions"]
    for clinic, courses in records.groups():
        yield {"clinic": clinic, "cohort": "available"}, courses
        if k <= six:
            yield {"clinic": clinic, "cohort": "reached_last"}, [c for c in courses if given(c.course) >= six]


def infusion_curve(records: Records) -> list[Row]:
    rows = []
    for k in range(1, 11):
        for outcome in ("response", "remission"):
            for named, courses in cohorts(records, k):
                said = [told.endpoints[f"{outcome}_after_infusion_{k}"]["status"] for told in courses]
                met, observed = said.count("met"), len([s for s in said if s in RESPONSES])
                due = observed + len([s for s in said if s in MISSING])
                low, high = wilson(met, observed)
                counts = {"due": due, "observed": observed, "met": met, "rate": share(met, observed)}
                rows.append(named | {"outcome": outcome, "k": k} | counts | {"low": low, "high": high})
    return rows


def infusion_mean(records: Records) -> list[Row]:
    rows = []
    for k in range(11):
        for named, courses in cohorts(records, k):
            if k == 0:
                totals, changes = [baseline_of(told) for told in courses if has_curve(told)], []
            else:
                seen = [e for told in courses if (e := told.endpoints[response_after(k)])["status"] in RESPONSES]
                totals = [e["endpoint_total"] for e in seen]
                changes = [e["baseline_total"] - e["endpoint_total"] for e in seen]
            rows.append(
                named
                | {"k": k, "n": len(totals)}
                | summary(totals, "total", "low", "high")
                | summary(changes, "change", "change_low", "change_high")
            )
    return rows


def summary(values: list[int], of: str, low: str, high: str) -> Row:
    limits = mean_limits(values)
    return {f"mean_{of}": mean(values), f"sd_{of}": sample_sd(values), low: limits[0], high: limits[1]}


def has_curve(told: Told) -> bool:
    """The course is the patient's first, of IV ketamine, and has a baseline of 10 or more in the look-back."""
    measure = MEASURES[response_after(1)]
    if told.course.number > 1 or told.course.drug != measure["drug"]:
        return False
    return (baseline_of(told) or 0) >= measure["baseline_minimum"]


def baseline_of(told: Told) -> int | None:
    return told.endpoints[response_after(1)]["baseline_total"]


def week_curve(records: Records) -> list[Row]:
    rows = []
    for week in WEEKS:
        for named, courses in cohorts(records):
            due = [told for told in courses if has_curve(told) and is_due(told, week)]
            pairs = [(baseline_of(told), total) for told in due if (total := total_in(told, week)) is not None]
            totals = [total for _, total in pairs]
            rows.append(
                named
                | {"week": week, "due": len(due), "observed": len(pairs)}
                | counted(pairs, "is_response", "responded", "response")
                | counted(pairs, "is_remission", "remitted", "remission")
                | summary(totals, "total", "low", "high")
            )
    return rows


def counted(pairs: list[tuple[int, int]], outcome: str, word: str, name: str) -> Row:
    met = len([1 for b, e in pairs if OUTCOMES[outcome]({"total": b}, {"total": e})])
    low, high = wilson(met, len(pairs))
    return {word: met, f"{name}_rate": share(met, len(pairs)), f"{name}_low": low, f"{name}_high": high}


def is_due(told: Told, week: int) -> bool:
    end = told.course.first_day + 7 * week + 3
    return week == 0 or told.of.followed_until >= end + RULES["entry_lag_days"]


def total_in(told: Told, week: int) -> int | None:
    """The total of the last usable score within three days of the week's day; in week 0 the baseline's."""
    if week == 0:
        return baseline_of(told)
    middle = told.course.first_day + 7 * week
    j = judge(told.of, told.course, MEASURES[response_after(1)])
    chosen = choose_endpoint([row for row in usable_scores(j) if middle - 3 <= row["day"] <= middle + 3])
    return chosen["total"] if chosen else None


def early_response(records: Records) -> list[Row]:
    """Of those who had, and had not, responded after infusion k: how many had after the induction."""
    rows = []
    for clinic, courses in records.groups():
        for k in range(1, 4):
            for early in RESPONSES:
                later = [
                    told.endpoints["response_post_induction"]["status"]
                    for told in courses
                    if told.endpoints[response_after(k)]["status"] == early
                ]
                met, n = later.count("met"), len([s for s in later if s in RESPONSES])
                low, high = wilson(met, n)
                counts = {"courses": n, "later_met": met, "rate": share(met, n), "low": low, "high": high}
                rows.append({"clinic": clinic, "k": k, "early": early} | counts)
    return rows
