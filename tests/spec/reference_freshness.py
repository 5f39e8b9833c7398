"""Freshness, drift and standing of rules again, in plain loops over plain values; shares no code with the product."""

from __future__ import annotations

import itertools
from typing import Any


def middle(values: list[Any]) -> Any:
    """The median."""
    ranked = sorted(values)
    half = len(ranked) // 2
    return ranked[half] if len(ranked) % 2 else (ranked[half - 1] + ranked[half]) / 2


def freshness(heard: list[int], given: int | None, nights: list[int]) -> tuple[Any, ...]:
    """(every_days, due_by, standing, is_newly_overdue) of a clinic heard on these days, where nights had these as-of days."""
    days = sorted(set(heard))
    pauses = []
    for earlier, later in itertools.pairwise(days):
        pauses.append(later - earlier)
    every = None
    if given is not None:
        every = given
    elif len(pauses[-12:]) >= 4:
        usual = middle(pauses[-12:])
        every = int(usual) if usual == int(usual) else int(usual) + 1
    today = nights[-1]
    if every is None:
        return (None, None, "no habit yet" if days else "nothing yet", False)
    half = every // 2 if every % 2 == 0 else every // 2 + 1
    start = days[-1] if days else nights[0]
    due = start + every + (half if half > 3 else 3)
    if today <= due:
        return (every, due, "in time", False)
    before = len(nights) > 1 and nights[-2] > due
    return (every, due, "overdue", not before)


def missingness(rows: list[tuple[int, int]]) -> list[int]:
    """The nights, from 1, that are warned of; `rows` are (taken, without a total) of one clinic, night by night."""
    found = []
    for night, (taken, without) in enumerate(rows):
        if night < 5 or not taken:
            continue
        usual = middle([lacking / of for of, lacking in rows[:night]])
        if without - usual * taken >= 10 and without / taken - usual >= 0.2 - 1e-9:
            found.append(night + 1)
    return found


def standing(nights: list[dict[str, tuple[int, int]]]) -> dict[str, str]:
    """Rule -> standing; each night has rule -> (rows checked, rows failed) and at least one row checked, or is empty."""
    read = [night for night in nights if any(checked for checked, _ in night.values())]
    if not read:
        return {}
    last, before = read[-1], read[-2] if len(read) > 1 else {}
    found = {}
    for rule in {*last, *before}:
        checked, failed = last.get(rule, (0, 0))
        failed_before = before.get(rule, (0, 0))[1]
        if not failed and not failed_before:
            continue
        if not checked:
            found[rule] = "not checked"
        elif not failed:
            found[rule] = "fixed"
        elif not failed_before:
            found[rule] = "new"
        else:
            found[rule] = "still failing"
    return found
