"""Somebody who has every edition that was ever shared, the definitions of the measures, and a linear solver.

He reads the CSV files and nothing else. What he does not know are courses by clinic, measure, class and edition. What he
knows: the printed counts; counts that a printed share and its other count give back; '*' is the sum of the clinics; all
measures count the same courses; measures that differ only in the outcome have the same denominators; a lower baseline
minimum, or inductions of any length, let more courses in; and some outcomes imply or exclude others.
"""

from __future__ import annotations

import csv
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from outcomes.paths import data_folder

CLASSES = ("met", "not_met", "missing", "waiting", "not eligible")
OUTCOMES_IN = {("is_remission", "is_response"): 10, ("is_reliable_deterioration", "is_worsened"): 0}
OUTCOMES_APART = {("is_response", "is_worsened"), ("is_reliable_improvement", "is_reliable_deterioration")}
PRIME = 2**61 - 1
Cell = tuple[Any, ...]
Sum = dict[Cell, int]


class Attacker:
    """Equations between cells: sums that are zero, the constant under the key ()."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.equations: list[Sum] = []
        self.printed: dict[Cell, int] = {}
        self.measures = {
            k: v for k, v in tomllib.loads((data_folder() / "measures.toml").read_text("utf-8")).items() if k != "rules"
        }
        self.clinics: set[str] = set()
        self.editions: set[int] = set()
        for folder in folders:
            for row in read(folder / "rates.csv"):
                self._rate(row)
            for row in read(folder / "attrition.csv"):
                if row["courses"] and not row["status"]:
                    names = ("met", "not_met") if row["class"] == "observed" else (row["class"],)
                    self._says(row, names, int(row["courses"]))
        for edition in sorted(self.editions):
            self._definitions(edition)
        self.bases: dict[Cell, Sum] = {}
        for equation in self.equations:
            rest = self._reduced(equation)
            if first := next((cell for cell in rest if cell), None):
                inverse = pow(rest[first], -1, PRIME)
                self.bases[first] = {cell: value * inverse % PRIME for cell, value in rest.items()}

    def _rate(self, row: dict[str, str]) -> None:
        self.clinics |= {row["clinic_id"]} - {"*"}
        if not row["edition"]:
            return
        n = {key: int(row[key]) for key in ("courses", "met", "observed", "due", "missing") if row[key]}
        for rate, of in (("observed_rate", "observed"), ("everyone_rate", "due")):
            if row[rate] and "met" not in n and of in n:
                n |= _only("met", [k for k in range(n[of] + 1) if _percent(k, n[of]) == float(row[rate])])
        for key, names in {
            "courses": CLASSES, "met": ("met",), "observed": ("met", "not_met"), "due": ("met", "not_met", "missing"),
            "missing": ("missing",),
        }.items():  # fmt: skip
            if key in n:
                self._says(row, names, n[key])

    def _says(self, row: dict[str, str], names: Sequence[str], n: int) -> None:
        edition = int(row["edition"])
        self.editions.add(edition)
        cells = tuple((edition, row["clinic_id"], row["measure_id"], name) for name in names)
        self.printed[cells] = n
        self.equations.append(dict.fromkeys(cells, 1) | {(): -n})

    def _definitions(self, edition: int) -> None:
        names = list(self.measures)
        for clinic in sorted({*self.clinics, "*"}):
            for name in names[1:]:
                self._same(edition, clinic, names[0], name, CLASSES)
            for one, other in combinations(names, 2):
                self._pair(edition, clinic, one, other)
        for name in names:
            for of in CLASSES:
                self.equations.append(
                    {(edition, "*", name, of): -1} | {(edition, c, name, of): 1 for c in self.clinics}
                )

    def _pair(self, edition: int, clinic: str, one: str, other: str) -> None:
        a, b = self.measures[one], self.measures[other]
        apart = {
            k
            for k in (
                "drug",
                "course",
                "induction",
                "anchor",
                "infusion_k",
                "window_low",
                "window_high",
                "item_9",
                "baseline_minimum",
                "missing_items",
            )
            if a.get(k) != b.get(k)
        }
        if not apart:
            for of in ("waiting", "missing", "not eligible"):
                self._same(edition, clinic, one, other, (of,))
            self._outcomes(edition, clinic, one, other)
        elif apart == {"baseline_minimum"} or (
            apart == {"induction"} and {a["induction"], b["induction"]} == {"complete", "complete_or_extended"}
        ):
            wide, narrow = (one, other)
            if a["induction"] == "complete" != b["induction"] or a["baseline_minimum"] > b["baseline_minimum"]:
                wide, narrow = other, one
            sets = [("waiting",), ("missing",), ("met", "not_met")]
            if a["outcome"] == b["outcome"]:
                sets += [("met",), ("not_met",)]
            for cells in sets:
                self._nested(edition, clinic, (wide, cells), (narrow, cells))

    def _outcomes(self, edition: int, clinic: str, one: str, other: str) -> None:
        for first, second in ((one, other), (other, one)):
            pair = self.measures[first]["outcome"], self.measures[second]["outcome"]
            if pair in OUTCOMES_IN and self.measures[first]["baseline_minimum"] >= OUTCOMES_IN[pair]:
                self._nested(edition, clinic, (second, ("met",)), (first, ("met",)))
            if pair in OUTCOMES_APART:
                self._nested(edition, clinic, (second, ("not_met",)), (first, ("met",)))

    def _same(self, edition: int, clinic: str, one: str, other: str, cells: Sequence[str]) -> None:
        self.equations.append(
            {(edition, clinic, one, of): 1 for of in cells} | {(edition, clinic, other, of): -1 for of in cells}
        )

    def _nested(
        self, edition: int, clinic: str, outer: tuple[str, Sequence[str]], inner: tuple[str, Sequence[str]]
    ) -> None:
        """What is between the two is a cell too."""
        between: Sum = {(edition, clinic, outer, inner): -1}
        between |= {(edition, clinic, outer[0], of): 1 for of in outer[1]}
        self.equations.append(between | {(edition, clinic, inner[0], of): -1 for of in inner[1]})

    def _reduced(self, equation: Sum) -> Sum:
        rest = dict(equation)
        while pivots := [cell for cell in rest if cell in self.bases]:
            cell = pivots[0]
            factor = rest[cell]
            for other, value in self.bases[cell].items():
                changed = (rest.get(other, 0) - factor * value) % PRIME
                if changed:
                    rest[other] = changed
                else:
                    rest.pop(other, None)
        return rest

    def solved(self, total: Sum) -> int | None:
        """The value of a sum of cells, where the equations leave only one."""
        rest = self._reduced(total)
        if set(rest) - {()}:
            return None
        # A sum less its value is zero: what is left is the value.
        value = rest.get((), 0)
        return value - PRIME if value > PRIME // 2 else value

    def disclosed(self) -> Iterator[tuple[Any, int]]:
        """Every cell, sum of the clinics not known, and change between editions that comes out as 1 to 10."""
        cells = sorted({cell for equation in self.equations for cell in equation if cell}, key=repr)
        targets: dict[Any, Sum] = {(cell,): {cell: 1} for cell in cells}
        plain = sorted({cell[2:] for cell in cells}, key=repr)
        groups = {(e, c, *k): [(e, c, *k)] for e in self.editions for c in (*self.clinics, "*") for k in plain}
        for edition in self.editions:
            for name in self.measures:
                for of in (
                    ("met", "not_met"),
                    ("met", "not_met", "missing"),
                    ("not_met", "missing"),
                    ("met", "missing"),
                ):
                    for clinic in (*self.clinics, "*"):
                        groups[edition, clinic, name, of] = [(edition, clinic, name, part) for part in of]
        known = set(cells)
        groups = {key: of for key, of in groups.items() if set(of) <= known}
        for key, of in groups.items():
            targets[key] = dict.fromkeys(of, 1)
        unknown: dict[Any, list[Cell]] = defaultdict(list)
        for key, of in groups.items():
            if key[1] != "*" and self.solved(dict.fromkeys(of, 1)) is None:
                unknown[key[0], "others", *key[2:]] += of
        targets |= {key: dict.fromkeys(of, 1) for key, of in unknown.items()}
        every = groups | unknown
        for one, other in combinations(sorted(self.editions), 2):
            for key, of in every.items():
                if key[0] == one and (later := every.get((other, *key[1:]))) and _clinics(later) == _clinics(of):
                    targets["change", key, other] = dict.fromkeys(later, 1) | dict.fromkeys(of, -1)
        for name, total in targets.items():
            value = self.solved(total)
            if value is not None and 1 <= abs(value) <= 10:
                yield name, value

    def pinned(self) -> Iterator[tuple[Cell, int]]:
        """Cells that 'no count is below 0' alone leaves one value of 1 to 10, equation by equation until nothing moves."""
        low: dict[Cell, int] = defaultdict(int)
        high: dict[Cell, float] = defaultdict(lambda: float("inf"))
        moved = True
        while moved:
            moved = False
            for equation in self.equations:
                for cell, factor in equation.items():
                    if not cell:
                        continue
                    rest = [(other, value) for other, value in equation.items() if other != cell]
                    least = sum(v * (1 if not o else (low[o] if v > 0 else high[o])) for o, v in rest)
                    most = sum(v * (1 if not o else (high[o] if v > 0 else low[o])) for o, v in rest)
                    bounds = (-most, -least) if factor > 0 else (least, most)
                    if bounds[0] > low[cell] and bounds[0] != float("inf"):
                        low[cell], moved = int(bounds[0]), True
                    if bounds[1] < high[cell]:
                        high[cell], moved = bounds[1], True
        yield from ((cell, low[cell]) for cell in list(high) if low[cell] == high[cell] and 1 <= low[cell] <= 10)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _clinics(cells: Sequence[Cell]) -> set[str]:
    return {cell[1] for cell in cells}


def _percent(k: int, n: int) -> float:
    return (200 * k + n) // (2 * n) if n < 200 else (2000 * k + n) // (2 * n) / 10


def _only(key: str, values: list[int]) -> dict[str, int]:
    return {key: values[0]} if len(values) == 1 else {}
