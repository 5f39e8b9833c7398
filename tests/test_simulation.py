"""What the verdict does over and over again: how often it finds a difference that is not there, and where it could say
"consistent with" at all. Draws have a seed; the verdicts are the SQL's own.
"""

from __future__ import annotations

import math

import duckdb
import numpy as np
import polars as pl
import pytest
from scipy import stats

from outcomes.frames import given

DRAWS = 40_000
FEW = "too few patients to tell"
RESPONSE, REMISSION = (288, 537), (155, 537)


def said_of_equal_rates(con: duckdb.DuckDBPyConnection, rate: float, n: int, n2: int) -> dict[str, int]:
    """How often each verdict is given of a clinic of n and a study of n2 that are drawn from the same rate."""
    rng = np.random.default_rng([n, n2, round(1000 * rate)])
    frame = pl.DataFrame({"x": rng.binomial(n, rate, DRAWS).tolist(), "x2": rng.binomial(n2, rate, DRAWS).tolist()})
    with given(con, "drawn", frame):
        query = "SELECT verdict(x, ?::INTEGER, x2, ?::INTEGER), count(*) FROM drawn GROUP BY ALL"
        return dict(con.execute(query, [n, n2]).fetchall())


@pytest.mark.parametrize("rate", [288 / 537, 155 / 537])
@pytest.mark.parametrize(
    ("n", "n2"), [(30, 537), (60, 537), (120, 537), (300, 537), (1000, 537), (60, 100), (100, 215)]
)
def test_a_clinic_like_the_study_is_called_different_once_in_twenty(macros, rate, n, n2):
    said = said_of_equal_rates(macros, rate, n, n2)
    assert sum(said.values()) == DRAWS
    different = said.get("above", 0) + said.get("below", 0)
    assert 0.04 <= different / DRAWS <= 0.06, said


def test_both_kinds_of_false_difference_are_about_as_frequent(macros):
    said = said_of_equal_rates(macros, 288 / 537, 120, 537)
    assert 0.015 < said["above"] / DRAWS < 0.035
    assert 0.015 < said["below"] / DRAWS < 0.035


def test_below_the_least_number_no_draw_gets_a_verdict(macros):
    assert set(said_of_equal_rates(macros, 288 / 537, 29, 537)) == {FEW}


def test_a_clinic_like_the_study_is_never_consistent_where_it_is_too_small(macros):
    """Of 60 nothing can be consistent with 288 of 537, by enumeration; of 300 most draws are."""
    assert "consistent with" not in said_of_equal_rates(macros, 288 / 537, 60, 537)
    assert said_of_equal_rates(macros, 288 / 537, 300, 537)["consistent with"] > DRAWS / 2


def test_a_clinic_outside_the_margin_is_called_consistent_at_most_once_in_twenty(macros):
    """Two one-sided 5% tests: a truth of 10 points above or below is taken for agreement in 5% of draws at most."""
    for rate in (288 / 537 - 0.10, 288 / 537 + 0.10):
        rng = np.random.default_rng(7)
        for n in (100, 300, 1000):
            frame = pl.DataFrame(
                {"x": rng.binomial(n, rate, DRAWS).tolist(), "x2": rng.binomial(537, 288 / 537, DRAWS).tolist()}
            )
            with given(macros, "drawn", frame):
                query = "SELECT count(*) FROM drawn WHERE verdict(x, ?::INTEGER, x2, 537) = 'consistent with'"
                (consistent,) = macros.execute(query, [n]).fetchone() or (0,)
            assert consistent <= 0.055 * DRAWS, (rate, n, consistent / DRAWS)


# By enumeration of every count


def wilson(x: int, n: int, z: float) -> tuple[float, float]:
    middle, half = x / n + z * z / (2 * n), z * math.sqrt(x * (n - x) / n**3 + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def is_within(x: int, n: int, x2: int, n2: int, delta: float) -> bool:
    """Both 90% limits of the difference within the margin, and 0 within the 95% limits: Newcombe's method 10, again."""
    d = x / n - x2 / n2

    def limits(z: float) -> tuple[float, float]:
        (l1, u1), (l2, u2) = wilson(x, n, z), wilson(x2, n2, z)
        return d - math.hypot(x / n - l1, u2 - x2 / n2), d + math.hypot(u1 - x / n, x2 / n2 - l2)

    (low90, high90), (low95, high95) = limits(stats.norm.ppf(0.95)), limits(stats.norm.ppf(0.975))
    return low95 <= 0 <= high95 and -delta < low90 and high90 < delta


def consistent(con: duckdb.DuckDBPyConnection, published: tuple[int, int], delta: float) -> dict[int, list[int]]:
    """n -> the counts of n that are consistent with the published ones, for n from 30 to 120, where there are any."""
    return dict(
        con.execute(
            "SELECT n, list(x ORDER BY x) FROM (SELECT n, unnest(range(n + 1)) AS x FROM range(30, 121) AS r(n)) "
            "WHERE verdict(x, n, ?, ?, delta := ?::DOUBLE) = 'consistent with' GROUP BY n",
            [*published, delta],
        ).fetchall()
    )


@pytest.mark.parametrize(
    ("published", "delta"), [(RESPONSE, 0.10), (RESPONSE, 0.15), (REMISSION, 0.10), (REMISSION, 0.15)]
)
def test_consistent_with_is_said_of_just_those_counts_of_which_it_is_true(macros, published, delta):
    """Every count of every n from 30 to 120."""
    expected = {
        n: xs for n in range(30, 121) if (xs := [x for x in range(n + 1) if is_within(x, n, *published, delta)])
    }
    assert consistent(macros, published, delta) == expected
    assert expected


def test_agreement_is_impossible_below_78_and_possible_at_every_size_from_84(macros):
    """What may be said: below 78 nothing can agree; from 84 on something can at every size. Between them only the even
    sizes 78, 80 and 82 have a count near enough to 53.6%."""
    found = consistent(macros, RESPONSE, 0.10)
    assert min(found) == 78
    assert found[78] == [42]
    assert [n for n in range(78, 121) if n not in found] == [79, 81, 83]
