"""Survival, tails, quantiles, bounds, effect sizes and spread: each formula against printed values or against scipy, which
nothing that ships imports. What is a view, not a macro, is asked of both engines of the spec.
"""

from __future__ import annotations

import math
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from scipy import optimize, stats

from outcomes.frames import given
from tests.spec.drawing import ENGINES, Row, full_clinics, score

EVENT, NO_EVENT = 8, 19
SLOPE = 0.43


@pytest.fixture
def say(macros: duckdb.DuckDBPyConnection):
    """The value of one SQL expression; `?` are bound."""

    def run(expression: str, *values: Any) -> Any:
        (value,) = macros.execute(f"SELECT {expression}", list(values)).fetchone() or (None,)
        return value

    return run


@pytest.fixture(params=sorted(ENGINES))
def tables(request):
    """The rows of one table for scores, by an engine of the spec."""

    def run(table: str, scores: list[Row], **chosen: Any) -> list[Row]:
        whole = [score(row) for row in scores]
        rows = ENGINES[request.param](whole, full_clinics(whole, []), 1000, (table,))[table]
        return [row for row in rows if all(row[k] == v for k, v in chosen.items())]

    return run


def row(patient: str, day: int, total: int | None, number: int | None = None, clinic: str = "c1") -> Row:
    timepoint = "follow_up" if number is None else "pre_infusion"
    return {"clinic": clinic, "patient": patient, "day": day, "timepoint": timepoint, "number": number, "total": total}


def timed(times: list[int], events: list[bool]) -> list[Row]:
    """A patient for each time: a first response on that day, or a last score without one."""
    rows = []
    for place, (day, is_event) in enumerate(zip(times, events, strict=True)):
        rows.append(row(f"p{place}", 0, 20, number=1))
        if day:
            rows.append(row(f"p{place}", day, EVENT if is_event else NO_EVENT))
    return rows


def curve(tables: Any, times: list[int], events: list[bool]) -> list[Row]:
    chosen = {"measure": "first_response_by_6_weeks", "clinic": "*", "variant": "all"}
    return sorted(tables("survival_curve", timed(times, events), **chosen), key=lambda r: r["day"])


# Survival

# Weeks in remission on 6-MP (Freireich 1963); + is censored.
FREIREICH = [
    "6",
    "6",
    "6",
    "6+",
    "7",
    "9+",
    "10",
    "10+",
    "11+",
    "13",
    "16",
    "17+",
    "19+",
    "20+",
    "22",
    "23",
    "25+",
    "32+",
    "32+",
    "34+",
    "35+",
]
# Time, at risk, events, S, its standard error and log-log limits, as Stata's `sts list` prints them (G. Rodríguez,
# The Gehan Survival Data); R's survfit gives the same with conf.type = "log-log".
PRINTED = [
    (6, 21, 3, 0.8571, 0.0764, 0.6197, 0.9516),
    (7, 17, 1, 0.8067, 0.0869, 0.5631, 0.9228),
    (10, 15, 1, 0.7529, 0.0963, 0.5032, 0.8894),
    (13, 12, 1, 0.6902, 0.1068, 0.4316, 0.8491),
    (16, 11, 1, 0.6275, 0.1141, 0.3675, 0.8049),
    (22, 7, 1, 0.5378, 0.1282, 0.2678, 0.7468),
    (23, 6, 1, 0.4482, 0.1346, 0.1881, 0.6801),
]


def se(step: Row) -> float:
    return step["survival"] * math.sqrt(step["greenwood"])


def test_kaplan_meier_gives_what_is_printed_of_the_6_mp_trial(tables):
    """Its times tell a log-log interval from R's default, whose upper limit at 6 is 1."""
    steps = curve(tables, [int(t.rstrip("+")) for t in FREIREICH], ["+" not in t for t in FREIREICH])
    said = [
        (s["day"], s["at_risk"], s["events"], *(round(v, 4) for v in (s["survival"], se(s), s["low"], s["high"])))
        for s in steps
        if s["events"]
    ]
    assert said == PRINTED
    assert [s["day"] for s in steps] == [0, *sorted({int(t.rstrip("+")) for t in FREIREICH})]


@pytest.mark.filterwarnings("ignore:The confidence interval is undefined")
@pytest.mark.parametrize("seed", range(5))
def test_kaplan_meier_agrees_with_scipy(tables, seed):
    rng = np.random.default_rng(seed)
    times, events = rng.integers(1, 60, 40).tolist(), (rng.random(40) < 0.6).tolist()
    censored = [not event for event in events]
    theirs = stats.ecdf(stats.CensoredData.right_censored(times, censored)).sf
    limits = theirs.confidence_interval(method="log-log")
    steps = curve(tables, times, events)[1:]
    assert [s["day"] for s in steps] == theirs.quantiles.tolist()
    assert [s["survival"] for s in steps] == pytest.approx(theirs.probabilities.tolist(), abs=1e-12)
    for ours, low, high in zip(steps, limits.low.probabilities, limits.high.probabilities, strict=True):
        if 0 < ours["survival"] < 1:
            assert (ours["low"], ours["high"]) == pytest.approx((low, high), abs=1e-12)
        else:
            assert (ours["low"], ours["high"]) == (None, None), "R says NA there"


def test_of_one_patient_the_curve_is_1_and_then_0(tables):
    said = [(s["survival"], s["low"], s["high"]) for s in curve(tables, [5], [True])]
    assert said == [(1, None, None), (0, None, None)]


def test_log_log_limits_have_no_value_where_s_is_0_or_1(say):
    for s in (0.0, 1.0):
        assert say("log_log_low(?, 0.1)", s) is None
        assert say("log_log_high(?, 0.1)", s) is None
    assert (say("log_log_low(0.5::DOUBLE, 0.0)"), say("log_log_high(0.5::DOUBLE, 0.0)")) == pytest.approx((0.5, 0.5))
    assert say("log_log_low(NULL, 0.1)") is None


def test_the_macros_give_the_first_line_of_the_6_mp_trial(say):
    s, v = 18 / 21, 3 / (21 * 18)
    said = [say(f"{name}(?, ?)", s, v) for name in ("greenwood_se", "log_log_low", "log_log_high")]
    assert [round(value, 4) for value in said] == [0.0764, 0.6197, 0.9516]


@pytest.mark.parametrize(("n", "low", "high"), [(30, 0.608, 0.905), (100, 0.707, 0.866)])
def test_what_30_and_100_responders_can_say_of_0_80(say, n, low, high):
    """The limits at S = 0.80 with nobody censored: about 0.6 to 0.9, and 0.71 to 0.87."""
    v = 0.2 * n / (n * 0.8 * n)
    said = say("log_log_low(0.8::DOUBLE, ?)", v), say("log_log_high(0.8::DOUBLE, ?)", v)
    assert (round(said[0], 3), round(said[1], 3)) == (low, high)


# Quantiles and tails


@pytest.mark.parametrize(
    ("df", "printed"), [(1, 12.706), (2, 4.303), (5, 2.571), (10, 2.228), (29, 2.045), (30, 2.042), (60, 2.000), (120, 1.980)]
)  # fmt: skip
def test_t_is_that_of_the_tables(say, df, printed):
    assert round(say("t95(?)", df), 3) == printed


def test_t_agrees_with_scipy(macros):
    df = [*range(1, 301), 400, 536, 1000, 5000, 100_000]
    with given(macros, "asked", pl.DataFrame({"df": df})):
        said = dict(macros.execute("SELECT df, t95(df) FROM asked").fetchall())
    far = {d: said[d] for d in df if abs(said[d] - stats.t.ppf(0.975, d)) > 1e-6}
    assert far == {}


def test_without_degrees_of_freedom_there_is_no_t(say):
    assert (say("t95(0)"), say("t95(-1)"), say("t95(NULL)")) == (None, None, None)


def test_the_normal_curve_agrees_with_scipy(macros):
    xs = [x / 20 for x in range(-160, 161)] + [1.959963984540054, -1.959963984540054, 3.090232306167813]
    with given(macros, "asked", pl.DataFrame({"x": xs})):
        said = macros.execute("SELECT x, normal_cdf(x), normal_density(x) FROM asked").fetchall()
    for x, cdf, density in said:
        assert cdf == pytest.approx(stats.norm.cdf(x), abs=1e-9), x
        assert density == pytest.approx(stats.norm.pdf(x), abs=1e-12), x
    assert len(said) == len(xs)


@pytest.mark.parametrize("n", [1, 2, 7, 30, 60])
@pytest.mark.parametrize("p", [0.001, 0.1, 0.289, 0.5, 0.536, 0.9])
def test_binomial_tails_agree_with_scipy(macros, n, p):
    rows = macros.execute(
        f"SELECT x, binomial_at_least(x, {n}, {p}::DOUBLE), binomial_at_most(x, {n}, {p}::DOUBLE) FROM range(0, {n} + 1) AS r(x)"
    ).fetchall()
    assert len(rows) == n + 1
    for x, at_least, at_most in rows:
        assert at_least == pytest.approx(stats.binom.sf(x - 1, n, p), rel=1e-9, abs=1e-14), x
        assert at_most == pytest.approx(stats.binom.cdf(x, n, p), rel=1e-9, abs=1e-14), x


def test_binomial_tails_of_a_large_clinic(macros):
    """Where products of thousands of factors would be 0 or overflow."""
    rows = macros.execute(
        "SELECT x, binomial_at_least(x, 3000, 0.536::DOUBLE), binomial_at_most(x, 3000, 0.536::DOUBLE) FROM (SELECT unnest([0, 1, 1500, 1608, 1690, 2999, 3000]) AS x)"
    ).fetchall()
    for x, at_least, at_most in rows:
        assert at_least == pytest.approx(stats.binom.sf(x - 1, 3000, 0.536), rel=1e-8, abs=1e-12), x
        assert at_most == pytest.approx(stats.binom.cdf(x, 3000, 0.536), rel=1e-8, abs=1e-12), x


def test_binomial_tails_at_their_ends(say):
    """At least none is certain, at most all is; nothing happens at p = 0 and everything at p = 1."""
    assert (
        say("binomial_at_least(0, 10, 0.3::DOUBLE)"),
        say("binomial_at_most(10, 10, 0.3::DOUBLE)"),
    ) == pytest.approx((1, 1))
    assert (say("binomial_at_least(0, 0, 0.3::DOUBLE)"), say("binomial_at_most(0, 0, 0.3::DOUBLE)")) == pytest.approx(
        (1, 1)
    )
    assert (say("binomial_at_least(1, 5, 0.0::DOUBLE)"), say("binomial_at_most(0, 5, 0.0::DOUBLE)")) == (0, 1)
    assert (say("binomial_at_least(5, 5, 1.0::DOUBLE)"), say("binomial_at_most(4, 5, 1.0::DOUBLE)")) == (1, 0)


def test_the_exact_tail_rule_lets_an_ordinary_small_clinic_pass(macros):
    """STATISTICS 3: at n = 10 and 0.536 the exact rule flags an ordinary clinic above in 1.9% of draws."""
    flagged = [
        x
        for (x,) in macros.execute(
            "SELECT x FROM range(0, 11) AS r(x) WHERE binomial_at_least(x, 10, 0.536::DOUBLE) <= 0.025"
        ).fetchall()
    ]
    assert round(sum(stats.binom.pmf(x, 10, 0.536) for x in flagged), 3) == 0.019


# Two expectations


@pytest.mark.parametrize(("higher", "printed"), [(2, 25.6), (3, 24.0), (5, 21.0), (0, 28.9)])
def test_patients_who_start_higher_are_expected_to_remit_less(say, higher, printed):
    """STATISTICS 4: 28.9% with the same performance, odds ratio 0.43 for 10 points (Psychiatr Serv 2020, 71:312)."""
    assert round(100 * say("expected_by_slope(0.289, ?, 16, ?)", 16 + higher, SLOPE), 1) == printed


def test_ten_points_are_the_odds_ratio(say):
    there, here = (say("expected_by_slope(0.4, ?, 10.0, ?)", b, SLOPE) for b in (20, 10))
    assert here == pytest.approx(0.4, abs=1e-12)
    assert (there / (1 - there)) / (here / (1 - here)) == pytest.approx(SLOPE, abs=1e-12)


@pytest.mark.parametrize(("mean", "printed"), [(15, 0.5), (12, 0.9)])
def test_the_fall_to_expect_of_people_chosen_for_a_high_score(say, mean, printed):
    """STATISTICS 6: SD 6, r 0.75, cut 10 (Barnett 2005)."""
    assert round(say("expected_regression(?::DOUBLE, 6::DOUBLE, 0.75, 10)", mean), 1) == printed


@pytest.mark.parametrize("mean", [5.0, 10.0, 15.0, 22.0])
def test_the_fall_to_expect_agrees_with_the_mean_of_a_truncated_normal(say, mean):
    """Of those at 10 or more the second score regresses by 1 - r of their mean distance from everyone's mean."""
    chosen = stats.truncnorm.mean((10 - mean) / 6, np.inf, loc=mean, scale=6)
    said = say("expected_regression(?::DOUBLE, 6::DOUBLE, 0.737, 10)", mean)
    assert said == pytest.approx((1 - 0.737) * (chosen - mean), abs=1e-7)


# Views, by both engines


def starters(clinic: str, met: int, not_met: int, missing: int) -> list[Row]:
    """Patients of one clinic at week 6."""
    rows = []
    for place, total in enumerate([EVENT] * met + [NO_EVENT] * not_met + [None] * missing):
        rows.append(row(f"p{place:03}", 0, 20, number=1, clinic=clinic))
        if total is not None:
            rows.append(row(f"p{place:03}", 42, total, clinic=clinic))
    return rows


def manski(met: int, missing: int, due: int) -> tuple[float, float]:
    """Imbens and Manski 2004, equation 6, with Brent's solver."""
    low, high = met / due, (met + missing) / due
    s = [math.sqrt(p * (1 - p) / due) for p in (low, high)]
    gap = (high - low) / max(s)
    c = optimize.brentq(lambda c: stats.norm.cdf(c + gap) - stats.norm.cdf(-c) - 0.95, 0, 10, xtol=1e-13)
    return max(0.0, low - c * s[0]), min(1.0, high + c * s[1])


def test_the_limits_of_imbens_and_manski_agree_with_a_solver(tables):
    """With nobody missing C is 1.96, with many it goes down to 1.645."""
    cases = [(8, 8, 0), (8, 8, 1), (8, 7, 5), (10, 10, 20), (1, 0, 9), (0, 5, 5), (5, 0, 5), (30, 20, 2)]
    scores = [r for place, case in enumerate(cases) for r in starters(f"c{place}", *case)]
    said = {r["clinic"]: r for r in tables("missing_outcome", scores, measure="response_week_6")}
    for place, (met, not_met, missing) in enumerate(cases):
        ours = said[f"c{place}"]
        due = met + not_met + missing
        assert (ours["met"], ours["due"]) == (met, due)
        expected = manski(met, missing, due)
        assert (ours["imbens_manski_low"], ours["imbens_manski_high"]) == pytest.approx(expected, abs=1e-7)
    assert said["c0"]["imbens_manski_low"] == pytest.approx(0.5 - 1.959963984540054 * 0.125, abs=1e-7)


def test_the_bounds_without_spread_are_kept_and_of_nobody_there_are_none(tables):
    scores = [*starters("c0", 3, 0, 0), *starters("c1", 0, 3, 0), *starters("c2", 0, 0, 3), row("p1", 0, 0, 1, "c3")]
    said = {r["clinic"]: r for r in tables("missing_outcome", scores, measure="response_week_6")}
    limits = {c: (r["imbens_manski_low"], r["imbens_manski_high"]) for c, r in said.items() if c != "*" and r["due"]}
    assert limits == {"c0": (1, 1), "c1": (0, 0), "c2": (0, 1)}
    assert said["c2"]["weighted_rate"] is None
    shares = {k: v for k, v in said["c3"].items() if k.endswith(("_rate", "_low", "_high"))}
    assert shares == dict.fromkeys(shares)


def test_both_effect_sizes_of_the_worked_example(tables):
    """STATISTICS 8: SDs 5 and 6, r = 0.5, change 9: d_z 1.62, d_pre 1.80. Seven patients with just these."""
    before, after = [17, 20, 24, 12, 24, 17, 12], [2, 10, 11, 1, 13, 18, 8]
    assert np.std(before, ddof=1) == pytest.approx(5)
    assert np.std(after, ddof=1) == pytest.approx(6)
    assert np.corrcoef(before, after)[0, 1] == pytest.approx(0.5)
    (said,) = tables("change", paired(before, after), measure="mean_change_post_induction", clinic="*")
    assert (said["mean_change"], round(said["d_z"], 2), round(said["d_pre"], 2)) == (pytest.approx(9), 1.62, 1.80)


def paired(before: list[int], after: list[int]) -> list[Row]:
    rows = []
    for place, (b, e) in enumerate(zip(before, after, strict=True)):
        rows += [row(f"p{place}", 0, b, 1), row(f"p{place}", 10, None, 4), row(f"p{place}", 30, e)]
    return rows


@pytest.mark.parametrize("n", [2, 5, 40])
def test_the_limits_of_a_mean_change_agree_with_scipy(tables, n):
    rng = np.random.default_rng(n)
    before, after = rng.integers(10, 25, n).tolist(), rng.integers(0, 25, n).tolist()
    (said,) = tables("change", paired(before, after), measure="mean_change_post_induction", clinic="*")
    theirs = stats.ttest_rel(before, after).confidence_interval(0.95)
    assert (said["low"], said["high"]) == pytest.approx((theirs.low, theirs.high), abs=1e-5)


def test_phi_and_tau_squared_agree_with_numpy(tables):
    """Spiegelhalter 2005 written as arrays, with numpy's percentiles; twelve clinics that differ."""
    counts = [
        (2, 20),
        (6, 15),
        (9, 12),
        (10, 40),
        (30, 36),
        (5, 9),
        (3, 7),
        (12, 25),
        (20, 22),
        (1, 8),
        (7, 14),
        (15, 30),
    ]
    scores = [r for place, (x, n) in enumerate(counts) for r in starters(f"c{place:02}", x, n - x, 0)]
    (said,) = tables("funnel_measure", scores, measure="response_week_6")
    x, n = np.array(counts).T
    target = x.sum() / n.sum()
    z = (np.arcsin(np.sqrt(x / n)) - np.arcsin(np.sqrt(target))) * 2 * np.sqrt(n)
    phi = np.mean(np.clip(z, *np.percentile(z, [10, 90])) ** 2)
    w = 4 * n
    tau_squared = (12 * phi - 11) / (w.sum() - (w**2).sum() / w.sum())
    assert said["method"] == "overdispersed"
    assert (said["target"], said["phi"], said["tau_squared"]) == pytest.approx((target, phi, tau_squared), abs=1e-9)
    rows = {r["clinic"]: r for r in tables("funnel", scores, measure="response_week_6")}
    for place, (met, of) in enumerate(counts):
        ours = rows[f"c{place:02}"]
        far = abs(np.arcsin(np.sqrt(met / of)) - np.arcsin(np.sqrt(target))) / np.sqrt(1 / (4 * of) + tau_squared)
        assert (ours["flag"] == "in_line") == (far <= 1.96), ours
        assert (ours["tail_low"], ours["tail_high"]) == pytest.approx(
            (stats.binom.cdf(met, of, target), stats.binom.sf(met - 1, of, target)), abs=1e-9
        )


def test_the_lines_of_a_funnel_are_those_of_the_normal_approximation(tables):
    """STATISTICS 3: theta +- 1.96 and 3.09 sqrt(theta (1 - theta) / n), cut at 0 and 1."""
    scores = [*starters("c0", 30, 20, 0), *starters("c1", 1, 2, 0)]
    for ours in tables("funnel", scores, measure="response_week_6"):
        se = math.sqrt(ours["target"] * (1 - ours["target"]) / ours["n"])
        for name, z in (("95", 1.96), ("998", 3.09)):
            assert ours[f"low{name}"] == pytest.approx(max(0, ours["target"] - z * se), abs=1e-3)
            assert ours[f"high{name}"] == pytest.approx(min(1, ours["target"] + z * se), abs=1e-3)


def test_the_weighted_rate_is_inverse_probability_weighting_with_observed_shares(tables):
    """sum(met / e) / N with e = n_g / N_g: the same number by another road."""
    rng = np.random.default_rng(3)
    scores, of = [], []
    for place in range(60):
        start, six = int(rng.choice([7, 12, 17, 22])), bool(rng.integers(2))
        total = None if rng.random() < 0.3 else int(rng.choice([start // 2, start]))
        scores += [row(f"p{place:02}", 0, start, 1), *([row(f"p{place:02}", 12, None, 6)] if six else [])]
        scores += [] if total is None else [row(f"p{place:02}", 42, total)]
        of.append(((start, six), total is not None, total is not None and 2 * total <= start))
    share = {g: np.mean([seen for h, seen, _ in of if h == g]) for g, _, _ in of}
    assert min(share.values()) > 0, "no class borrows here"
    expected = sum(met / share[g] for g, _, met in of) / len(of)
    (said,) = tables("missing_outcome", scores, measure="response_week_6", clinic="*")
    assert (said["weighted_rate"], said["borrowed"]) == (pytest.approx(expected, abs=1e-12), 0)
