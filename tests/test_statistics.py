"""The statistics macros against printed values, against the formulas written again in Python, and at their edges."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import duckdb
import polars as pl
import pytest

from outcomes.frames import given

Z95, Z90 = 1.959963984540054, 1.644853626951472
MCINNES_RESPONSE, MCINNES_REMISSION = (288, 537), (155, 537)


@pytest.fixture
def say(macros: duckdb.DuckDBPyConnection):
    """The value of one SQL expression; `?` are bound."""

    def run(expression: str, *values: Any) -> Any:
        (value,) = macros.execute(f"SELECT {expression}", list(values)).fetchone() or (None,)
        return value

    return run


def wilson(x: int, n: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's limits as the two roots of (p - x/n)^2 = z^2 p (1 - p) / n."""
    a, b, c = 1 + z * z / n, -(2 * x / n + z * z / n), (x / n) ** 2
    root = math.sqrt(max(b * b - 4 * a * c, 0.0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def newcombe(x1: int, n1: int, x2: int, n2: int, z: float = Z95) -> tuple[float, float]:
    """Newcombe 1998 (Stat Med 17:873), method 10."""
    (l1, u1), (l2, u2) = wilson(x1, n1, z), wilson(x2, n2, z)
    p1, p2 = x1 / n1, x2 / n2
    return p1 - p2 - math.hypot(p1 - l1, u2 - p2), p1 - p2 + math.hypot(u1 - p1, p2 - l2)


def chance(k: int, n: int, p: float) -> float:
    """Binomial probability."""
    return math.exp(
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * math.log(p) + (n - k) * math.log1p(-p)
    )


# One rate


@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_values_newcombe_printed(say, x, n, low, high):
    """Newcombe 1998, Stat Med 17:857, table I, the score method without continuity correction."""
    assert (round(say("wilson_low(?, ?)", x, n), 4), round(say("wilson_high(?, ?)", x, n), 4)) == (low, high)


def test_wilson_agrees_with_the_roots_of_its_equation_for_all_n_up_to_40(macros):
    rows = macros.execute(
        "SELECT x, n, wilson_low(x, n), wilson_high(x, n), wilson_low(x, n, z := z90()), wilson_high(x, n, z := z90()) "
        "FROM (SELECT n, unnest(range(n + 1)) AS x FROM range(1, 41) AS r(n))"
    ).fetchall()
    assert len(rows) == sum(n + 1 for n in range(1, 41))
    for x, n, *limits in rows:
        assert limits == pytest.approx([*wilson(x, n), *wilson(x, n, Z90)], abs=1e-12), (x, n)
        assert 0 <= limits[0] <= x / n <= limits[1] <= 1, (x, n)


@pytest.mark.parametrize("n", [1, 2, 20, 537, 10_000_000])
def test_wilson_ends_exactly_at_0_and_1(say, n):
    assert say("wilson_low(0, ?)", n) == 0.0
    assert say("wilson_high(?, ?)", n, n) == 1.0
    assert 0 < say("wilson_high(0, ?)", n) < 1
    assert say("wilson_high(0, ?)", n) == pytest.approx(1 - say("wilson_low(?, ?)", n, n), abs=1e-12)


def test_of_nobody_there_is_no_rate_and_no_interval(say):
    """DuckDB's 0 / 0 is NaN, which would sort above every rate."""
    for expression in (
        "proportion(0, 0)", "wilson_low(0, 0)", "wilson_high(0, 0)", "percent(0, 0)", "difference_low(0, 0, 288, 537)",
        "difference_high(0, 0, 288, 537)", "difference_low(1, 2, 0, 0)", "difference_high(1, 2, 0, 0)",
    ):  # fmt: skip
        assert say(expression) is None, expression
    assert say("verdict(0, 0, 288, 537)") == "too few patients to tell"
    assert say("verdict(45, 60, 0, 0)") == "too few patients to tell"


def test_a_rate_of_counts_is_no_whole_number_division(say):
    assert (say("proportion(1, 3)"), say("proportion(3, 3)"), say("proportion(0, 3)")) == (1 / 3, 1.0, 0.0)


# Two rates


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_difference_gives_the_values_newcombe_printed(say, counts, low, high):
    """Newcombe 1998, Stat Med 17:873, table II, method 10."""
    said = say("difference_low(?, ?, ?, ?)", *counts), say("difference_high(?, ?, ?, ?)", *counts)
    assert (round(said[0], 4), round(said[1], 4)) == (low, high)


def test_the_worked_example_is_8_to_32_points_above(say):
    """STATISTICS 2.2: 45 of 60 against McInnes's 288 of 537."""
    low = say("difference_low(45, 60, 288, 537)")
    high = say("difference_high(45, 60, 288, 537)")
    assert (round(100 * low, 1), round(100 * high, 1)) == (8.4, 31.5)
    assert say("verdict(45, 60, 288, 537)") == "above"


def test_difference_agrees_with_the_formula_over_a_grid(macros):
    """Every pair of small counts with each other and with McInnes; turned round it changes its sign."""
    rows = macros.execute(
        """
        WITH small AS (SELECT n, unnest(range(n + 1)) AS x FROM (SELECT unnest([1, 2, 3, 7, 12, 29, 40]) AS n)),
        pairs AS (
            SELECT a.x, a.n, b.x AS x2, b.n AS n2 FROM small AS a CROSS JOIN small AS b
            UNION ALL SELECT x, n, 288, 537 FROM (SELECT n, unnest(range(n + 1)) AS x FROM range(1, 41) AS r(n))
        )
        SELECT x, n, x2, n2, difference_low(x, n, x2, n2), difference_high(x, n, x2, n2),
            difference_low(x, n, x2, n2, z := z90()), difference_high(x, n, x2, n2, z := z90()),
            -difference_high(x2, n2, x, n), -difference_low(x2, n2, x, n) FROM pairs
        """
    ).fetchall()
    assert len(rows) > 10_000
    for x, n, x2, n2, low, high, low90, high90, turned_low, turned_high in rows:
        expected = newcombe(x, n, x2, n2) + newcombe(x, n, x2, n2, Z90)
        assert max(abs(a - b) for a, b in zip((low, high, low90, high90), expected, strict=True)) < 1e-11
        assert abs(low - turned_low) < 1e-12
        assert abs(high - turned_high) < 1e-12
        assert low <= low90 <= high90 <= high


def test_mover_with_published_limits_is_the_formula_of_zou_and_donner(say):
    """45 of 60 against a pooled 0.45 printed with 0.38 to 0.52: L = d - sqrt((p1-l1)^2 + (u2-p2)^2)."""
    (low1, high1), p1 = wilson(45, 60), 0.75
    low = say("mover_low(?, ?, ?, ?)", p1, low1, 0.45, 0.52)
    high = say("mover_high(?, ?, ?, ?)", p1, high1, 0.45, 0.38)
    assert low == pytest.approx(0.30 - math.sqrt((p1 - low1) ** 2 + 0.07**2), abs=1e-12)
    assert high == pytest.approx(0.30 + math.sqrt((high1 - p1) ** 2 + 0.07**2), abs=1e-12)


def test_mover_with_wilson_limits_is_newcombe(say):
    (low1, high1), (low2, high2) = wilson(56, 70), wilson(48, 80)
    assert round(say("mover_low(0.8, ?, 0.6, ?)", low1, high2), 4) == 0.0524
    assert round(say("mover_high(0.8, ?, 0.6, ?)", high1, low2), 4) == 0.3339


# Published limits at another confidence


@pytest.mark.parametrize(("p", "low", "high"), [(0.45, 0.38, 0.52), (0.05, 0.01, 0.2), (0.9, 0.899, 0.95)])
def test_a_published_limit_is_kept_at_95_and_lies_inside_at_90(say, p, low, high):
    assert say("shrink_limit(?, ?, z95())", p, low) == low
    assert say("shrink_limit(?, ?, z95())", p, high) == high
    assert low < say("shrink_limit(?, ?, z90())", p, low) < p < say("shrink_limit(?, ?, z90())", p, high) < high


def test_a_shrunk_limit_lies_1_6449_of_1_9600_of_the_way_on_the_logit_scale(say):
    def logit(p: float) -> float:
        return math.log(p / (1 - p))

    expected = logit(0.45) + Z90 / Z95 * (logit(0.38) - logit(0.45))
    assert logit(say("shrink_limit(0.45, 0.38, z90())")) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("p", "limit"), [(0.02, 0.0), (0.98, 1.0), (0.0, 0.03), (1.0, 0.97)])
def test_a_limit_at_0_or_1_stays(say, p, limit):
    """It has no logit."""
    assert say("shrink_limit(?, ?, z90())", p, limit) == limit


def test_what_was_printed_decides_the_limits(say):
    assert say("published_low('count', 288, 537, 0.536, 0.1)") == pytest.approx(wilson(288, 537)[0], abs=1e-12)
    assert say("published_high('count', 288, 537, 0.536, 0.9, z := z90())") == pytest.approx(
        wilson(288, 537, Z90)[1], abs=1e-12
    )
    for kind in ("published_ci", "pooled"):
        assert say("published_low(?, NULL, NULL, 0.45, 0.38)", kind) == 0.38
        assert say("published_high(?, NULL, NULL, 0.45, 0.52)", kind) == 0.52
        assert 0.38 < say("published_low(?, NULL, NULL, 0.45, 0.38, z := z90())", kind) < 0.45
    for kind in ("rate_and_n", "rate_only", "km_at_t"):
        assert say("published_low(?, NULL, 215, 0.26, NULL)", kind) is None
        assert say("published_high(?, NULL, 215, 0.26, NULL)", kind) is None


# Whole percent


def test_percent_is_rounded_half_up_in_integers(macros):
    """62.5 is 63 here, though Python and polars say 62 (PLATFORM)."""
    assert macros.execute("SELECT percent(5, 8), percent(1, 8), percent(1, 200), percent(0, 7), percent(7, 7)").fetchone() == (
        63, 13, 1, 0, 100,
    )  # fmt: skip
    rows = macros.execute(
        "SELECT x, n, percent(x, n) FROM (SELECT n, unnest(range(n + 1)) AS x FROM range(1, 201) AS r(n))"
    ).fetchall()
    assert all(said == (100 * x * 2 + n) // (2 * n) and abs(said - 100 * x / n) <= 0.5 for x, n, said in rows)


# The verdict


def test_the_verdict_changes_where_a_limit_passes_its_bound(say):
    """Both sides of each boundary; a limit on the bound itself is not past it."""

    def verdict(**changed: float | None) -> str:
        limits = {"n": 30, "low95": -0.08, "high95": 0.08, "low90": -0.07, "high90": 0.07, "delta": 0.10} | changed
        return say(
            "verdict_of_limits(?::INT, 30, ?::DOUBLE, ?::DOUBLE, ?::DOUBLE, ?::DOUBLE, ?::DOUBLE)", *limits.values()
        )

    few, tiny = "too few patients to tell", 1e-9
    assert verdict() == "consistent with"
    assert (verdict(n=29), verdict(n=30), verdict(n=None), verdict(low95=None)) == (few, "consistent with", few, few)
    assert (verdict(low95=tiny, n=29), verdict(low95=tiny), verdict(low95=0.0)) == (few, "above", "consistent with")
    assert (verdict(high95=-tiny, n=29), verdict(high95=-tiny), verdict(high95=0.0)) == (
        few, "below", "consistent with",
    )  # fmt: skip
    assert (verdict(low90=-0.10), verdict(low90=-0.10 + tiny)) == (few, "consistent with")
    assert (verdict(high90=0.10), verdict(high90=0.10 - tiny)) == (few, "consistent with")
    assert (verdict(delta=None), verdict(delta=None, low95=tiny), verdict(delta=None, high95=-tiny)) == (
        few, "above", "below",
    )  # fmt: skip


def test_a_difference_comes_before_a_small_one(say):
    """Above by a small amount, with the whole interval inside the margin, is above: it is not called the same."""
    assert say("verdict_of_limits(5000, 30, 0.01, 0.04, 0.012, 0.038, 0.10)") == "above"


def test_without_a_margin_nothing_is_consistent_with(macros):
    rows = macros.execute(
        "SELECT verdict(x, n, 288, 537, delta := NULL), count(*) FROM "
        "(SELECT n, unnest(range(n + 1)) AS x FROM (SELECT unnest([30, 84, 300, 2000]) AS n)) GROUP BY ALL"
    ).fetchall()
    assert {said for said, _ in rows} == {"above", "below", "too few patients to tell"}


def test_the_verdict_from_counts_agrees_with_the_rule_over_a_grid(macros):
    def expected(x: int, n: int) -> str:
        low, high = newcombe(x, n, *MCINNES_RESPONSE)
        low90, high90 = newcombe(x, n, *MCINNES_RESPONSE, Z90)
        if n >= 30 and low > 0:
            return "above"
        if n >= 30 and high < 0:
            return "below"
        return "consistent with" if n >= 30 and low90 > -0.1 and high90 < 0.1 else "too few patients to tell"

    rows = macros.execute(
        "SELECT x, n, verdict(x, n, 288, 537) FROM (SELECT n, unnest(range(n + 1)) AS x FROM (SELECT unnest([1, 29, 30, 60, 83, 84, 200]) AS n))"
    ).fetchall()
    assert [(x, n, said) for x, n, said in rows if said != expected(x, n)] == []
    assert {said for _, _, said in rows} == {"above", "below", "consistent with", "too few patients to tell"}


@pytest.mark.parametrize(
    ("published", "delta", "least"),
    [
        (MCINNES_RESPONSE, 0.05, 567), (MCINNES_RESPONSE, 0.10, 84), (MCINNES_RESPONSE, 0.15, 33), (MCINNES_RESPONSE, 0.20, 17),
        (MCINNES_REMISSION, 0.05, 412), (MCINNES_REMISSION, 0.10, 79), (MCINNES_REMISSION, 0.15, 34), (MCINNES_REMISSION, 0.20, 18),
    ],
)  # fmt: skip
def test_from_how_many_on_the_nearest_count_to_equality_is_consistent_with(macros, published, delta, least):
    """STATISTICS 2.6, first line of the table: with x the whole number nearest to the published rate, from this n on always."""
    x2, n2 = published
    (last,) = macros.execute(
        f"SELECT max(n) FROM range(1, 900) AS r(n) WHERE verdict(round(n * {x2} / {n2}.0)::INT, n, {x2}, {n2}, delta := {delta}, minimum_n := 1) <> 'consistent with'"
    ).fetchone()
    assert last + 1 == least


def test_the_least_that_can_be_consistent_with_at_all_is_78(macros):
    """42 of 78 is nearer to McInnes than any count of 79 is, so "from 84 on" is not "never below 84"."""
    rows = macros.execute(
        "SELECT n, list(x ORDER BY x) FROM (SELECT n, unnest(range(n + 1)) AS x FROM range(30, 84) AS r(n)) "
        "WHERE verdict(x, n, 288, 537) = 'consistent with' GROUP BY n ORDER BY n"
    ).fetchall()
    assert rows == [(78, [42]), (80, [43]), (82, [44])]


@pytest.mark.parametrize(
    ("published", "lower_by", "n"),
    [(MCINNES_RESPONSE, d, n) for d, n in ((0.10, 260), (0.15, 105), (0.20, 55), (0.25, 35))]
    + [(MCINNES_REMISSION, d, n) for d, n in ((0.10, 170), (0.15, 65), (0.20, 35), (0.25, 20))],
)
def test_from_how_many_on_a_lower_rate_is_found_four_times_in_five(macros, published, lower_by, n):
    """STATISTICS 2.6, second line of the table, to the next 5: exact binomial power of the verdict `below`."""
    x2, n2 = published

    def power(of: int) -> float:
        found = macros.execute(
            f"SELECT x FROM range(0, {of} + 1) AS r(x) WHERE verdict(x, {of}, {x2}, {n2}, minimum_n := 1) = 'below'"
        ).fetchall()
        return sum(chance(x, of, x2 / n2 - lower_by) for (x,) in found)

    assert power(n) >= 0.8 > power(n - 5)


def drawn(rate: float, n: int, draws: int, rng: Random) -> list[int]:
    return [sum(rng.random() < rate for _ in range(n)) for _ in range(draws)]


def test_of_equal_rates_about_one_in_twenty_is_called_different(macros):
    """4,000 clinics of 120 and as many studies of 300, all drawn from 53.6%: the nominal error is 5%."""
    rng = Random(20221)
    frame = pl.DataFrame({"x": drawn(0.536, 120, 4000, rng), "x2": drawn(0.536, 300, 4000, rng)})
    with given(macros, "drawn", frame):
        said = dict(macros.execute("SELECT verdict(x, 120, x2, 300), count(*) FROM drawn GROUP BY ALL").fetchall())
    share = (said.get("above", 0) + said.get("below", 0)) / 4000
    assert 0.04 <= share <= 0.06, said
    assert min(said["above"], said["below"]) > 4000 * 0.015, "the error is on both sides"


@pytest.mark.parametrize(("n", "printed"), [(100, 0.050), (200, 0.050), (400, 0.050)])
def test_the_exact_error_against_a_study_of_537_is_five_percent(macros, n, printed):
    """Every pair of counts with its probability at 53.6% (STATISTICS 2.4 drew 5.0, 5.2 and 5.0%)."""
    rows = macros.execute(
        f"SELECT x, y FROM range(0, {n} + 1) AS a(x) CROSS JOIN range(0, 538) AS b(y) WHERE verdict(x, {n}, y, 537) IN ('above', 'below')"
    ).fetchall()
    ours, theirs = [chance(x, n, 0.536) for x in range(n + 1)], [chance(y, 537, 0.536) for y in range(538)]
    assert round(sum(ours[x] * theirs[y] for x, y in rows), 3) == printed
