"""What a filled-in PHQ-9 form says, and a seeded stock of forms to draw from."""

from __future__ import annotations

from random import Random
from typing import NamedTuple


class Answers(NamedTuple):
    """The answers of one form.

    `items` is nine numbers from 0 to 3 or None, or None for a form with a total only; `stated` is the total as written,
    or None; `total` is what rule R5 makes of them (complete forms only).
    """

    items: tuple[int | None, ...] | None
    stated: int | None
    total: int | None
    item_9: int | None


def complete(items: tuple[int, ...], *, stated: bool = True) -> Answers:
    """A form with nine items, with or without its total."""
    return Answers(items, sum(items) if stated else None, sum(items), items[8])


def total_only(total: int) -> Answers:
    """A form of which only the total is sent: nothing is known of item 9."""
    return Answers(None, total, total, None)


def partial(whole: Answers, left_out: set[int], *, stated: bool) -> Answers:
    """The form with the items at these places (0 to 8) not answered: it has no total under R5."""
    assert whole.items is not None
    items = tuple(None if i in left_out else value for i, value in enumerate(whole.items))
    answered = sum(value for value in items if value is not None)
    return Answers(items, answered if stated else None, None, items[8])


class Stock:
    """Complete forms by total and item 9, made once from a seed: drawing one is cheaper than making one."""

    def __init__(self, rng: Random, each: int = 24) -> None:
        self._forms = {
            (total, nine): [_items(rng, total, nine) for _ in range(each)]
            for total in range(28)
            for nine in range(4)
            if nine <= total <= nine + 24
        }
        self._whole = {key: [complete(items) for items in forms] for key, forms in self._forms.items()}
        self._bare = {key: [complete(items, stated=False) for items in forms] for key, forms in self._forms.items()}

    def draw(self, rng: Random, total: int, nine: int, *, stated: bool) -> Answers:
        """A form with this total (0 to 27) and with item 9 as near to `nine` as the total allows."""
        nine = max(total - 24, 0, min(nine, total, 3))
        forms = (self._whole if stated else self._bare)[total, nine]
        return forms[int(rng.random() * len(forms))]


def _items(rng: Random, total: int, nine: int) -> tuple[int, ...]:
    """Nine items with this sum, the last one given; tiredness and sleep weigh more than being slowed."""
    items = [0] * 8
    weights = (1.1, 1.2, 1.3, 1.4, 1.0, 1.1, 1.0, 0.6)
    for _ in range(total - nine):
        open_places = [i for i in range(8) if items[i] < 3]
        items[rng.choices(open_places, [weights[i] for i in open_places])[0]] += 1
    return (*items, nine)
