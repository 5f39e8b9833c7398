"""Which small groups of courses all told tables together give away: exact elimination, not two tables at a time.

Every told count is a sum over courses. Give each kind of course a weight, at random but for this: the weights of every
told cell sum to zero. Then a group of courses whose count follows from the told ones by sums and differences weighs
zero, whatever the weights; any other group weighs zero once in two thousand million times. So a look at the weight of
each small group says whether its count is given away. Arithmetic is modulo a prime, so that nothing is rounded.

Kinds of courses that nobody has are left out, as if whoever works backwards knew that nobody has them. He does not: so
this finds more than he could.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush

PRIME = 2**31 - 1
Vector = dict[int, int]


class Span:
    """The span of the told cells. A cell is the set of the kinds of courses it adds up, each kind a whole number from 0."""

    def __init__(self) -> None:
        self._rows: dict[int, tuple[Vector, int]] = {}

    def tell(self, kinds: Iterable[int], by: int) -> None:
        """Take in one more cell, told by table number `by`; tables come in order."""
        rest, _ = self._reduced(dict.fromkeys(kinds, 1))
        if rest:
            first = min(rest)
            inverse = pow(rest[first], -1, PRIME)
            self._rows[first] = {kind: value * inverse % PRIME for kind, value in rest.items()}, by

    def told_by(self, kinds: Iterable[int]) -> int | None:
        """The table with which the count of these kinds together became known; None while it is not."""
        rest, by = self._reduced(dict.fromkeys(kinds, 1))
        return None if rest else by

    def weights(self, kinds: int) -> list[int]:
        """A weight for each kind below `kinds`, such that every told cell sums to zero modulo PRIME."""
        weights = scattered(kinds)
        for first in sorted(self._rows, reverse=True):
            row, _ = self._rows[first]
            weights[first] = -sum(value * weights[kind] for kind, value in row.items() if kind != first) % PRIME
        return weights

    def _reduced(self, vector: Vector) -> tuple[Vector, int]:
        """What is left of `vector` beside the told cells, and the last table that was needed."""
        rest, by = dict(vector), -1
        ahead = list(rest)
        heapify(ahead)
        while ahead:
            kind = heappop(ahead)
            factor = rest.get(kind, 0)
            if not factor or kind not in self._rows:
                continue
            row, told_by = self._rows[kind]
            by = max(by, told_by)
            _take_away(rest, row, factor, ahead)
        return rest, by


def _take_away(rest: Vector, row: Mapping[int, int], factor: int, ahead: list[int]) -> None:
    for other, value in row.items():
        if other not in rest:
            rest[other] = 0
            heappush(ahead, other)
        changed = (rest[other] - factor * value) % PRIME
        if changed:
            rest[other] = changed
        else:
            del rest[other]


def scattered(kinds: int) -> list[int]:
    """Weights that look like chance and are the same each time: powers of a primitive root."""
    weights = [1220703125]
    while len(weights) < kinds:
        weights.append(weights[-1] * 1220703125 % PRIME)
    return weights[:kinds]
