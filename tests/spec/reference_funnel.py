"""The second engine: the clinics beside each other, with limits that let only chance (or chance and the usual spread) through."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tests.spec.reference_courses import MEASURES, RULES, Row
from tests.spec.reference_endpoints import PROPORTIONS, Records, rate
from tests.spec.reference_numbers import Z95, Z998, at_least, at_most, quantile

ALERT, ALARM = RULES["alert_tail"], RULES["alarm_tail"]


@dataclass
class Funnel:
    """One measure over all clinics with anyone counted: clinic -> (met, n), and how far they spread."""

    clinics: dict[str, tuple[int, int]]
    target: float
    phi: float
    tau_squared: float

    @property
    def is_overdispersed(self) -> bool:
        return len(self.clinics) >= RULES["overdispersion_minimum_clinics"] and self.tau_squared > 0


def funnels(records: Records) -> dict[str, Funnel]:
    found = {}
    for name in PROPORTIONS:
        counted = "observed" if MEASURES[name]["main_denominator"] == "observed" else "due"
        said = {
            clinic: rate([told.endpoints[name] for told in courses])
            for clinic, courses in records.groups()
            if clinic != "*"
        }
        clinics = {clinic: (row["met"], row[counted]) for clinic, row in said.items() if row[counted] > 0}
        if clinics:
            found[name] = spread(clinics)
    return found


def spread(clinics: dict[str, tuple[int, int]]) -> Funnel:
    """Spiegelhalter 2005: phi of the winsorised z on the arcsine scale, and the variance between clinics beyond chance."""
    target = sum(x for x, _ in clinics.values()) / sum(n for _, n in clinics.values())
    z = [(arcsine(x / n) - arcsine(target)) * 2 * math.sqrt(n) for x, n in clinics.values()]
    low, high = quantile(z, 0.1), quantile(z, 0.9)
    k = len(z)
    phi = sum(min(max(value, low), high) ** 2 for value in z) / k
    w = [4 * n for _, n in clinics.values()]
    if k * phi <= k - 1:
        return Funnel(clinics, target, phi, 0.0)
    return Funnel(clinics, target, phi, (k * phi - (k - 1)) / (sum(w) - sum(v * v for v in w) / sum(w)))


def arcsine(p: float) -> float:
    return math.asin(math.sqrt(p))


def funnel_measure(records: Records) -> list[Row]:
    return [
        {
            "measure": name,
            "clinics": len(f.clinics),
            "target": f.target,
            "phi": f.phi,
            "tau_squared": f.tau_squared,
            "method": "overdispersed" if f.is_overdispersed else "exact_tails",
        }
        for name, f in funnels(records).items()
    ]


def funnel(records: Records) -> list[Row]:
    return [
        {"measure": name, "clinic": clinic} | clinic_row(f, met, n)
        for name, f in funnels(records).items()
        for clinic, (met, n) in f.clinics.items()
    ]


def clinic_row(f: Funnel, met: int, n: int) -> Row:
    low, high = at_most(met, n, f.target), at_least(met, n, f.target)
    row = {"met": met, "n": n, "rate": met / n, "target": f.target, "tail_low": low, "tail_high": high}
    for name, z in (("95", Z95), ("998", Z998)):
        row[f"low{name}"], row[f"high{name}"] = limits(f, n, z)
    return row | {"flag": flag(f, met, n, low, high)}


def limits(f: Funnel, n: int, z: float) -> tuple[float, float]:
    """The drawn lines."""
    if not f.is_overdispersed:
        half = z * math.sqrt(f.target * (1 - f.target) / n)
        return max(0.0, f.target - half), min(1.0, f.target + half)
    half = z * math.sqrt(1 / (4 * n) + f.tau_squared)
    ends = (max(0.0, arcsine(f.target) - half), min(math.pi / 2, arcsine(f.target) + half))
    return math.sin(ends[0]) ** 2, math.sin(ends[1]) ** 2


def flag(f: Funnel, met: int, n: int, tail_low: float, tail_high: float) -> str:
    if (1 - f.target) ** n > ALERT and f.target**n > ALERT:
        return "not_assessable"
    if f.is_overdispersed:
        far = (arcsine(met / n) - arcsine(f.target)) / math.sqrt(1 / (4 * n) + f.tau_squared)
        level = "alarm" if abs(far) > Z998 else "alert" if abs(far) > Z95 else ""
        side = "above" if far > 0 else "below"
    else:
        tail = min(tail_low, tail_high)
        level = "alarm" if tail <= ALARM else "alert" if tail <= ALERT else ""
        side = "above" if tail_high < tail_low else "below"
    return f"{level}_{side}" if level else "in_line"
