"""The second engine: Kaplan-Meier curves of the survival measures.

At one time the events come before the censorings. S falls by the share d/n of those still at risk; its limits are
those of ln(-ln S), and there are none at S = 1 or 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from tests.spec.reference_clock import VARIANTS, clock, survival_judge
from tests.spec.reference_courses import MEASURES, RULES, Row
from tests.spec.reference_endpoints import SURVIVALS, Records, Told
from tests.spec.reference_numbers import Z95, Limits

LOOKED_AT = {0, 28, 56, 84}


def survival(records: Records) -> list[Row]:
    return [
        {"measure": name, "clinic": told.clinic, "patient": told.patient, "course": told.course.number, "variant": variant}
        | timed(told, name, variant)
        for name in SURVIVALS
        for variant in VARIANTS
        for told in records.courses
        if has_clock(told, name)
    ]  # fmt: skip


def has_clock(told: Told, name: str) -> bool:
    return told.endpoints[name]["status"] in ("event", "censored")


def timed(told: Told, name: str, variant: str) -> Row:
    return clock(survival_judge(told.of, told.course, MEASURES[name]), MEASURES[name], variant)


def groups(records: Records) -> Iterator[tuple[Row, list[Row]]]:
    """What names a curve, and the clocks that make it; a group without any has no curve."""
    for clinic, courses in records.groups():
        for name in SURVIVALS:
            for variant in VARIANTS:
                clocks = [timed(told, name, variant) for told in courses if has_clock(told, name)]
                if clocks:
                    yield {"measure": name, "clinic": clinic, "variant": variant}, clocks


def survival_curve(records: Records) -> list[Row]:
    return [named | step for named, clocks in groups(records) for step in curve(clocks)]


def curve(clocks: list[Row]) -> list[Row]:
    """One row for day 0 and for each other time at which something happened. `greenwood` is the sum of d/(n(n-d))."""
    steps, survived, spread = [], 1.0, 0.0
    for day in sorted({0} | {c["days"] for c in clocks}):
        at_risk = len([c for c in clocks if c["days"] >= day])
        events = len([c for c in clocks if c["days"] == day and c["is_event"]])
        censored = len([c for c in clocks if c["days"] == day and not c["is_event"]])
        survived *= (at_risk - events) / at_risk
        spread += events / (at_risk * (at_risk - events)) if at_risk > events else 0
        low, high = log_log(survived, spread)
        steps.append({
            "day": day, "at_risk": at_risk, "events": events, "censored": censored, "survival": survived,
            "greenwood": spread if survived else None, "low": low, "high": high,
        })  # fmt: skip
    return steps


def log_log(survived: float, spread: float) -> Limits:
    if survived in (0, 1):
        return None, None
    # ln(-ln S) has the standard error sqrt(spread) / |ln S|.
    middle, half = math.log(-math.log(survived)), Z95 * math.sqrt(spread) / -math.log(survived)
    return math.exp(-math.exp(middle + half)), math.exp(-math.exp(middle - half))


def survival_at(records: Records) -> list[Row]:
    """The curve read at fixed days; hidden where few are still at risk."""
    rows = []
    for named, clocks in groups(records):
        for day in sorted(LOOKED_AT | {MEASURES[named["measure"]]["window_high"]}):
            at_risk = len([c for c in clocks if c["days"] >= day])
            last = [step for step in curve(clocks) if step["day"] <= day][-1]
            shown = at_risk >= RULES["survival_minimum_at_risk"]
            read = {k: last[k] if shown else None for k in ("survival", "low", "high")}
            rows.append(named | {"day": day, "at_risk": at_risk, "is_shown": shown} | read)
    return rows
