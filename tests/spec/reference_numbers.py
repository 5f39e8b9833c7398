"""The second engine's arithmetic: intervals, quantiles and tails in plain Python, by other formulas than the SQL's.

A share of nobody is None, and so are its limits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

Z95 = 1.959963984540054
Z998 = 3.090232306167813

Limits = tuple[float | None, float | None]


def share(x: float, n: float) -> float | None:
    return x / n if n else None


def wilson(x: int, n: int) -> Limits:
    """The two rates p at which x of n lies just z standard errors away: the roots of (x/n - p)^2 = z^2 p(1-p)/n."""
    if n == 0:
        return None, None
    a, b, c = 1 + Z95**2 / n, -(2 * x / n + Z95**2 / n), (x / n) ** 2
    root = math.sqrt(max(b * b - 4 * a * c, 0))
    return (-b - root) / (2 * a) if x else 0.0, (-b + root) / (2 * a) if x < n else 1.0


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def sample_sd(values: Sequence[float]) -> float | None:
    """With n - 1 below; None for fewer than two."""
    if len(values) < 2:
        return None
    middle = sum(values) / len(values)
    return math.sqrt(sum((v - middle) ** 2 for v in values) / (len(values) - 1))


def mean_limits(values: Sequence[float]) -> Limits:
    """95% limits of a mean by Student's t; None for fewer than two values."""
    middle, sd = mean(values), sample_sd(values)
    if middle is None or sd is None:
        return None, None
    half = t95(len(values) - 1) * sd / math.sqrt(len(values))
    return middle - half, middle + half


def solve(rises: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function passes 0, by halving."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if rises(middle) < 0 else (low, middle)
    return (low + high) / 2


def t_between(t: float, df: int) -> float:
    """P(-t < T < t), by the finite sums for whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    angle = math.atan2(t, math.sqrt(df))
    cosine = math.cos(angle)
    odd = df % 2
    term, total = (cosine if odd else 1.0), 0.0
    for place in range(odd, df - 1, 2):
        total += term
        term *= cosine**2 * (place + 1) / (place + 2)
    return (2 / math.pi) * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total


def t95(df: int) -> float:
    return solve(lambda t: t_between(t, df) - 0.95, 0, 1000)


def normal_cdf(x: float) -> float:
    return math.erfc(-x / math.sqrt(2)) / 2


def normal_density(x: float) -> float:
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def binomial(k: int, n: int, p: float) -> float:
    return math.comb(n, k) * p**k * (1 - p) ** (n - k)


def at_most(x: int, n: int, p: float) -> float:
    return math.fsum(binomial(k, n, p) for k in range(x + 1))


def at_least(x: int, n: int, p: float) -> float:
    return math.fsum(binomial(k, n, p) for k in range(x, n + 1))


def quantile(values: Sequence[float], q: float) -> float:
    """Between the two nearest values, in proportion (R's type 7, DuckDB's quantile_cont)."""
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def imbens_manski(met: int, missing: int, due: int) -> Limits:
    """Imbens and Manski 2004: limits that hold the true rate 95 times in 100, wherever it lies between the bounds."""
    if due == 0:
        return None, None
    low, high = met / due, (met + missing) / due
    s_low, s_high = (math.sqrt(p * (1 - p) / due) for p in (low, high))
    if max(s_low, s_high) == 0:
        return low, high
    gap = (high - low) / max(s_low, s_high)
    c = solve(lambda c: normal_cdf(c + gap) - normal_cdf(-c) - 0.95, 0, 10)
    return max(0.0, low - c * s_low), min(1.0, high + c * s_high)


def expected_regression(middle: float | None, sd: float | None, r: float, cut: float) -> float | None:
    """Fall to expect with no change at all, of people chosen for being at `cut` or more (Barnett 2005)."""
    if middle is None or not sd:
        return None
    c = (cut - middle) / sd
    return (1 - r) * sd * normal_density(c) / (1 - normal_cdf(c))
