"""The engines say the same of everything that is counted from the endpoints, about patients nobody drew.

The patients are those of test_engines_agree.py. Spread over two clinics they fill the tables of one clinic; spread over
twelve they fill the funnel.
"""

from __future__ import annotations

import math
from itertools import combinations, pairwise
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.spec.drawing import ENGINES, Row, full_clinics, populated
from tests.spec.reference_engine import STEP_2
from tests.spec.test_engines_agree import CLINICS, arrived, row_of, scores_of

Result = dict[str, list[Row]]

NAMES_A_ROW = (
    "measure", "clinic", "patient", "course", "variant", "outcome", "k", "week", "cohort", "early", "band", "dimension", "stratum",
    "status", "event", "score_id",
)  # fmt: skip
# A quantile of t is good to eight digits; the limits of Imbens and Manski are found by search; the drawn lines of a funnel are drawn, with 3.09 or 3.0902.
WITHIN = {"imbens_manski_low": 1e-6, "imbens_manski_high": 1e-6} | dict.fromkeys(
    ("low95", "high95", "low998", "high998"), 2e-4
)


USES_T = ("infusion_mean", "week_curve", "change")


def same(table: str, column: str, one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        within = WITHIN.get(column, 1e-6 if table in USES_T else 1e-9)
        return math.isclose(one, other, rel_tol=0, abs_tol=within)
    return one == other


def told(table: str, said: Result) -> dict[tuple[Any, ...], Row]:
    """What names a row -> the row. Left out is what no rule speaks of: rows about nobody, and where a number has no meaning."""
    rows = populated(table, said[table])
    if table == "attrition":
        started = {(r["measure"], r["clinic"]) for r in rows if r["status"] == "started" and r["courses"]}
        rows = [r for r in rows if (r["measure"], r["clinic"]) in started]
        rows = [{k: v for k, v in r.items() if k != "step"} for r in rows]
    if table in ("survival_curve", "survival_at"):
        begun = {curve_of(r) for r in rows if r["day"] == 0 and r["at_risk"]}
        rows = [r for r in rows if curve_of(r) in begun]
        rows = [{k: v for k, v in r.items() if k != "greenwood" or r["survival"]} for r in rows]
    if table == "missing_outcome":
        rows = [{k: v for k, v in r.items() if k != "borrowed" or r["observed"]} for r in rows]
    named = {
        tuple(r.get(k) for k in (*NAMES_A_ROW, *(["day"] if table.startswith("survival_") else []))): r for r in rows
    }
    assert len(named) == len(rows), f"{table}: two rows of one name"
    return named


def curve_of(row: Row) -> tuple[str, str, str]:
    return row["measure"], row["clinic"], row["variant"]


def assert_same(one: Result, other: Result) -> None:
    for table in STEP_2:
        here, there = told(table, one), told(table, other)
        assert here.keys() == there.keys(), f"{table}: {sorted(map(str, here.keys() ^ there.keys()))[:5]}"
        for name, a in here.items():
            b = there[name]
            columns = [k for k in a if k not in b or not same(table, k, a[k], b[k])]
            assert not columns, f"{table} {name} differ in {columns}:\n{a}\n{b}"


def assert_says_something(said: Result) -> None:
    """What must be true of any such tables, whoever made them."""
    for row in said["missing_outcome"]:
        if row["due"]:
            assert row["envelope_low"] <= row["everyone_rate"] <= row["best_case_rate"] <= row["envelope_high"]
            assert (
                row["imbens_manski_low"] <= row["everyone_rate"] <= row["best_case_rate"] <= row["imbens_manski_high"]
            )
        if row["weighted_rate"] is not None:
            assert row["everyone_rate"] - 1e-12 <= row["weighted_rate"] <= row["best_case_rate"] + 1e-12
    curves: dict[tuple[str, str, str], list[Row]] = {}
    for row in sorted(said["survival_curve"], key=lambda r: r["day"]):
        curves.setdefault(curve_of(row), []).append(row)
    for steps in curves.values():
        for before, after in pairwise(steps):
            assert after["at_risk"] == before["at_risk"] - before["events"] - before["censored"]
            assert after["survival"] <= before["survival"] + 1e-12
        assert steps[-1]["at_risk"] == steps[-1]["events"] + steps[-1]["censored"]
    for row in said["item_9_review"]:
        assert row["item_9"] > row["item_9_before"]
        assert (row["kind"] == "new") == (row["item_9_before"] == 0)


def orderly(patient: str, seed: int, gain: float) -> list[Row]:
    """A patient who comes as planned and fills in most forms, and mostly gets better by `gain` of the baseline: three in
    four patients, for the tables that only the few with a whole record reach."""
    of = Random(seed)
    start, better = of.randint(9, 24), min(1.0, max(0.0, of.gauss(gain, 0.25)))
    last = of.choice([2, 4, 5, 6, 6, 6, 6, 7, 8, 9])
    days = [3 * i for i in range(last)]
    monthly = [days[-1] + 21 * i for i in range(1, of.choice([1, 1, 2, 4]))]
    rows = [row_of(of, -2, "baseline", None, None) | form(of, start)]
    for number, day in enumerate([*days, *monthly], start=1):
        drug = of.choice([None] * 30 + ["esketamine_nasal"])
        healed = min(1.0, number / last) * better
        rows.append(
            row_of(of, day, "pre_infusion", number, drug) | form(of, round(start * (1 - healed) + of.randint(-2, 2)))
        )
    for _ in range(of.choice([0, 2, 4, 6])):
        day = days[-1] + of.choice([7, 14, 20, 28, 31, 42, 56, 70, 90])
        rows.append(
            row_of(of, day, "follow_up", None, None) | form(of, round(start * (1 - better) + of.randint(-2, 5)))
        )
    keyed = {(row["day"], row["timepoint"], row["number"]): row for row in rows}
    return [row | {"clinic": "c1", "patient": patient} for row in arrived(of, list(keyed.values()))]


def form(of: Random, total: int) -> Row:
    """Nine answers with about this total; one in twelve forms is unfinished, altered or empty."""
    total = min(24, max(0, total))
    items: list[int | None] = [*(min(3, max(0, total - 3 * place)) for place in range(8)), of.choice([0, 0, 0, 1, 2])]
    if of.random() < 0.08:
        return {} if of.random() < 0.5 else {"items": (*items[:8], None), "total": None}
    return {"items": tuple(items), "total": sum(item or 0 for item in items), "recall": "two_weeks"}


def drawn(seeds: list[int], clinics: int) -> list[Row]:
    """The patients of the seeds. Twelve clinics differ in what they do for their patients, and none of them is c2."""
    rows = []
    for place, seed in enumerate(seeds):
        lot = seed % clinics
        some = scores_of(f"p{place}", seed) if place % 4 == 0 else orderly(f"p{place}", seed, 0.2 + 0.6 * lot / clinics)
        rows += some if clinics == 2 else [row | {"clinic": f"d{lot}"} for row in some]
    return rows


# A seed makes a patient, and smaller seeds do not make simpler ones, so there is nothing to shrink.
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(
    seeds=st.lists(st.integers(0, 2**40), min_size=20, max_size=45, unique=True),
    clinics=st.sampled_from([2, 2, 12]),
    as_of=st.sampled_from([150, 200, 300, 600, 900]),
)
def test_engines_agree(seeds, clinics, as_of):
    scores = [row for row in drawn(seeds, clinics) if row["received"] <= as_of]
    every = full_clinics(scores, CLINICS)
    said = {name: engine(scores, every, as_of, tuple(STEP_2)) for name, engine in ENGINES.items()}
    for results in said.values():
        assert_says_something(results)
    for one, other in combinations(sorted(said), 2):
        assert_same(said[one], said[other])
