"""When a made-up person is infused: induction, maintenance, a switch of drug, another course."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from outcomes.sample.clinics import Clinic

KETAMINE, ESKETAMINE = "ketamine_iv", "esketamine_nasal"


@dataclass(slots=True)
class Infusion:
    """One infusion as it was given.

    `position` counts from 1 within the `course` (1 or 2); `number` is what the clinic writes. An infusion that is not
    `recorded` has no row, so that its number is skipped.
    """

    day: int
    position: int
    number: int
    course: int = 1
    drug: str = KETAMINE
    recorded: bool = True


def schedule(rng: Random, clinic: Clinic) -> list[Infusion]:
    """The infusions of one person by day, the first on day 0.

    Kept simple where the rules would otherwise be needed to say what a course is: the last infusion of an induction,
    the one after it, and a second course are always recorded; a second course begins 40 days or more after the last
    infusion; nobody has a third.
    """
    kind = rng.random()
    if kind < clinic.extended:
        given = _extended(rng)
    elif kind < clinic.extended + 0.16:
        return _again(rng, _stopped(rng, clinic), 0.12)
    else:
        given = _standard(rng)
    induction = len(given)
    _skip(rng, given, clinic.skipped)
    if not clinic.sends_every_infusion and induction > 4 and rng.random() < 0.06:
        given[-1].recorded = False
        return given
    after = rng.random()
    if clinic.has("drug"):
        if after < 0.03:
            for infusion in given:
                infusion.drug = ESKETAMINE
        elif after < 0.07:
            return _switched(rng, given)
    if rng.random() < 0.4:
        _maintain(rng, given, clinic)
    return _again(rng, given, 0.13)


def _on(days: list[int]) -> list[Infusion]:
    return [Infusion(day, i, i) for i, day in enumerate(days, 1)]


def _days(rng: Random, count: int, gaps: tuple[int, ...]) -> list[int]:
    days = [0]
    for _ in range(count - 1):
        days.append(days[-1] + gaps[int(rng.random() * len(gaps))])
    return days


def _standard(rng: Random) -> list[Infusion]:
    """4 to 8 infusions in up to 28 days, six in two or three weeks most of all; a few in under a week."""
    draw = rng.random()
    if draw < 0.08:
        return _on(_days(rng, 4 + (draw < 0.03), (7,)))
    count = 4 if draw < 0.12 else 5 if draw < 0.19 else 6 if draw < 0.84 else 7 if draw < 0.9 else 8
    return _on(_days(rng, count, (2, 2, 3, 4) if count < 7 else (2, 3, 4, 4)))


def _stopped(rng: Random, clinic: Clinic) -> list[Infusion]:
    """1 to 3 infusions."""
    given = _on(_days(rng, 1 + int(rng.random() * 3), (2, 3, 4, 7, 7, 17)))
    _skip(rng, given, clinic.skipped)
    return given


def _extended(rng: Random) -> list[Infusion]:
    """More than eight infusions, or a step-down that goes on after day 28."""
    if rng.random() < 0.5:
        return _on(_days(rng, 9 + int(rng.random() * 4), (2, 3)))
    days = _days(rng, 7 + int(rng.random() * 2), (3, 4))
    for _ in range(2 + int(rng.random() * 3)):
        days.append(days[-1] + 5 + int(rng.random() * 3))
    return _on(days)


def _skip(rng: Random, given: list[Infusion], share: float) -> None:
    """Leave out the rows of some infusions, never of the last."""
    for infusion in given[:-1]:
        infusion.recorded = rng.random() >= (share / 2 if infusion.position == 1 else share)


def _next(given: list[Infusion], gap: int, drug: str) -> Infusion:
    last = given[-1]
    return Infusion(last.day + gap, last.position + 1, last.number + 1, last.course, drug)


def _maintain(rng: Random, given: list[Infusion], clinic: Clinic) -> None:
    """Boosters every few weeks, the first over 14 days after the induction; some numbers between are skipped."""
    first = len(given)
    given.append(_next(given, 15 + int(rng.random() * 20), given[-1].drug))
    while rng.random() < 0.72 and len(given) < first + 14:
        given.append(_next(given, 18 + int(rng.random() * 25), given[-1].drug))
    for infusion in given[first + 1 : -1]:
        infusion.recorded = rng.random() >= clinic.skipped


def _switched(rng: Random, given: list[Infusion]) -> list[Infusion]:
    """The same course goes on with esketamine: after the induction, or in the middle of it."""
    kept = given if rng.random() < 0.6 else given[: 2 + int(rng.random() * 3)]
    kept[-1].recorded = True
    kept.append(_next(kept, 3 + int(rng.random() * 16), ESKETAMINE))
    for i in range(7):
        kept.append(_next(kept, 4 if i < 4 else 7, ESKETAMINE))
    return kept


def _again(rng: Random, given: list[Infusion], share: float) -> list[Infusion]:
    """With this share a second course: a re-induction, or one infusion after a long time; numbered anew or on."""
    if rng.random() >= share:
        return given
    last = given[-1]
    single = rng.random() < 0.2
    day = last.day + (91 + int(rng.random() * 150) if single else 40 + int(rng.random() * 160))
    number = 0 if rng.random() < 0.5 else last.number
    for i in range(1, 2 if single else 5 + int(rng.random() * 3)):
        given.append(Infusion(day, i, number + i, 2, last.drug))
        day += 2 + int(rng.random() * 3)
    return given
