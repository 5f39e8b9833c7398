"""Made-up people: how ill they are, what they are given, which forms they fill in, and what is sent on which night."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random

from outcomes.sample.answers import Answers, Stock, partial, total_only
from outcomes.sample.clinics import Clinic
from outcomes.sample.schedules import Infusion, schedule

NIGHTS_APART = 28
BASELINE, PRE, POST, FOLLOW_UP = "baseline", "pre_infusion", "post_infusion", "follow_up"


@dataclass(slots=True)
class Row:
    """One score as it is sent.

    `night` 1 or 2 is the night that first takes it in; `revised` and `retracted` come with night 2; `amended_from` is
    what the same file of night 1 said before.
    """

    day: int
    timepoint: str
    infusion: Infusion | None
    number: int | None
    answers: Answers | None
    altered: bool = False  # the form asks about the time since the last treatment
    stray: bool = False  # a mistyped infusion number, set aside by R1
    night: int = 1
    revised: Answers | None = None
    retracted: bool = False
    amended_from: Answers | None = None


@dataclass(slots=True)
class Person:
    """One person of a clinic. `until` is their day on the day of the first extract, whether it is sent or not."""

    patient_id: str
    until: int
    sends_extract: bool = False
    infusions: list[Infusion] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    sent_again: bool = False

    def extract(self, night: int) -> int | None:
        """The extract_day that the file of this night carries for the person, or None."""
        day = self.until + NIGHTS_APART * (night - 1)
        return day if self.sends_extract and day >= 0 else None


class Illness:
    """The latent course: symptoms fall with infusions, and partly come back afterwards."""

    __slots__ = ("_back", "_from", "_nine", "_remaining", "_rising", "_rng", "_stock")

    def __init__(self, rng: Random, clinic: Clinic, stock: Stock) -> None:
        self._rng, self._stock = rng, stock
        self._from = rng.gauss(17.6, 4.6) if rng.random() > 0.05 else rng.gauss(6, 3)
        kind, low = rng.random(), rng.random()
        if kind < 0.24:
            remaining = 0.04 + 0.2 * low
        elif kind < 0.455:
            remaining = 0.21 + 0.28 * low
        elif kind < 0.945:
            remaining = 0.5 + 0.48 * low
        else:
            remaining = 1.06 + 0.25 * low
        self._remaining = min(0.93, remaining * clinic.remaining) if remaining < 1 else remaining
        self._back = 60.0 + 900.0 * rng.random() ** 2
        self._nine = 1.9 * rng.random() ** 1.4
        self._rising = rng.random() < 0.03

    def total(self, given: int, days_off: int) -> int:
        """The total after this many infusions, so many days after the last one."""
        better = (1 - self._remaining) * (1 - math.exp(-given / 2)) / 0.95 if given else 0.0
        if days_off > 25:
            better *= math.exp(-(days_off - 25) / self._back)
        return max(0, min(27, round(self._from * (1 - better) + self._rng.gauss(0, 1.1))))

    def form(self, given: int, days_off: int, clinic: Clinic) -> Answers:
        """One filled-in form: complete, a total only, or with one or two items left out."""
        rng = self._rng
        total = self.total(given, days_off)
        kind = rng.random()
        if kind < clinic.total_only:
            return total_only(total)
        nine = self._nine * total / 9 + 0.4 * rng.random()
        if self._rising and given > 2:
            nine += 2
        whole = self._stock.draw(rng, total, int(nine), stated=rng.random() >= clinic.items_only)
        if kind > 0.975:
            left_out = {rng.randrange(9) for _ in range(2)}
            return partial(whole, left_out, stated=rng.random() < 0.3)
        return whole


class Writer:
    """Gathers the rows of one person's forms and infusions."""

    __slots__ = ("clinic", "illness", "infusions", "rng", "rows", "since_last")

    def __init__(self, rng: Random, clinic: Clinic, stock: Stock, infusions: list[Infusion]) -> None:
        self.rng, self.clinic, self.infusions = rng, clinic, infusions
        self.illness = Illness(rng, clinic, stock)
        self.rows: list[Row] = []
        self.since_last = clinic.has("recall_period") and rng.random() < 0.2

    def form_on(self, day: int) -> Answers:
        """A form filled in before anything that happens on this day."""
        given = 0
        last = day
        for infusion in self.infusions:
            if infusion.day >= day:
                break
            given, last = given + 1, infusion.day
        return self.illness.form(given, day - last, self.clinic)

    def before(self, *, none: bool, old: bool) -> None:
        """Baseline forms: one within two weeks, sometimes an earlier one too; or none; or only one that is too old."""
        rng = self.rng
        if none:
            return
        if old:
            self.rows.append(Row(-31 - int(rng.random() * 60), BASELINE, None, None, self.form_on(0)))
            return
        if rng.random() < 0.12:
            self.rows.append(Row(-20 - int(rng.random() * 40), BASELINE, None, None, self.form_on(0)))
        if rng.random() < 0.94:
            day = 0 if rng.random() < 0.2 else -int(rng.random() * 15)
            self.rows.append(Row(day, BASELINE, None, None, self.form_on(0)))

    def infused(self, *, first_form: bool) -> None:
        """The rows of the recorded infusions: most with a form before, some with none, a few with one afterwards."""
        rng, clinic = self.rng, self.clinic
        asked = clinic.questionnaire if clinic.sends_every_infusion else 0.97
        for infusion in self.infusions:
            if not infusion.recorded:
                continue
            day, first = infusion.day, infusion.day == 0
            draw = rng.random()
            if draw < asked and (first_form or not first):
                altered = self.since_last and not first and rng.random() < 0.6
                self.rows.append(Row(day, PRE, infusion, infusion.number, self.form_on(day), altered))
            elif draw > 0.985 and infusion.course == 1 and not first:
                self.rows.append(Row(day, POST, infusion, infusion.number, None))
                continue
            else:
                self.rows.append(Row(day, PRE, infusion, infusion.number, None))
            if rng.random() < clinic.after_infusion:
                late = 1 if rng.random() < 0.25 else 0
                self.rows.append(Row(day + late, POST, infusion, infusion.number, self.form_on(day + 1)))

    def followed_up(self) -> None:
        """Follow-ups two to four weeks after the induction, at week 6, and after 3, 6 and 12 months; some days off."""
        rng = self.rng
        if rng.random() > 0.3 + 0.7 * self.clinic.followed:
            return
        last = max((i.day for i in self.infusions if i.course == 1 and i.day <= 28), default=0)
        if rng.random() < self.clinic.followed:
            self.ask(last + 14 + int(rng.random() * 17))
        elif rng.random() < 0.4:
            self.ask(last + (9 + int(rng.random() * 5) if rng.random() < 0.5 else 32 + int(rng.random() * 8)))
        for share, earliest, width in ((0.4, 35, 15), (0.4, 80, 25), (0.4, 160, 55), (0.35, 335, 60)):
            if rng.random() < share * self.clinic.followed + 0.04:
                self.ask(earliest + int(rng.random() * width))
        again = [i.day for i in self.infusions if i.course == 2]
        if again and rng.random() < 0.5:
            self.rows.append(Row(again[0] - 1 - int(rng.random() * 7), BASELINE, None, None, self.form_on(again[0])))

    def ask(self, day: int) -> None:
        """A follow-up form on the first day from this one on without an infusion; rarely two on one day."""
        rng = self.rng
        taken = {i.day for i in self.infusions} | {r.day for r in self.rows}
        while day in taken:
            day += 1
        last = [i for i in self.infusions if i.day < day][-1]
        named = rng.random() < 0.4 or not last.recorded
        row = Row(day, FOLLOW_UP, last if named else None, last.number if named else None, self.form_on(day))
        row.altered = self.since_last and rng.random() < 0.1
        self.rows.append(row)
        if rng.random() < 0.015:
            other = None if named else last
            self.rows.append(Row(day, FOLLOW_UP, other, other.number if other else None, self.form_on(day)))

    def mistyped(self) -> None:
        """A row with the number of an earlier infusion, the day after a later one: it counts for nothing (R1)."""
        later = [i for i in self.infusions if i.course == 1 and i.recorded and i.position in (5, 6)]
        days = {i.day for i in self.infusions}
        if later and later[0].day + 1 not in days:
            day = later[0].day + 1
            self.rows.append(Row(day, PRE, None, 2, self.form_on(day), stray=True))


def person(rng: Random, clinic: Clinic, stock: Stock, serial: int) -> Person:
    """One simulated person, with the rows that are sent by the second night, by day. Some are lost for good one day."""
    until = int(rng.random() * clinic.history) - 12
    starts = rng.random() >= 0.02
    someone = Person(clinic.id_pattern.format(serial), until, infusions=schedule(rng, clinic) if starts else [])
    someone.sends_extract = clinic.has("extract_day") and starts and rng.random() >= 0.02
    written = Writer(rng, clinic, stock, someone.infusions)
    draw = rng.random()
    written.before(none=draw < 0.05, old=0.05 <= draw < 0.08)
    if starts:
        written.infused(first_form=draw >= 0.08)
        written.followed_up()
        if rng.random() < 0.008:
            written.mistyped()
    lost = rng.random()
    end = until + NIGHTS_APART if lost > 0.12 else min(until + NIGHTS_APART, int(lost * 1500))
    rows = [row for row in written.rows if row.day <= end]
    rows.sort(key=_order)
    someone.rows = rows
    someone.infusions = [infusion for infusion in someone.infusions if infusion.day <= end]
    for row in rows:
        if row.day > until:
            row.night = 2
    _afterwards(rng, clinic, written, someone)
    return someone


def _order(row: Row) -> tuple[int, int, str]:
    return row.day, row.number or 0, row.timepoint


def _afterwards(rng: Random, clinic: Clinic, written: Writer, someone: Person) -> None:
    """What happens to a few rows between the nights: entered late, amended, corrected, retracted, sent again."""
    status = clinic.has("status")
    someone.sent_again = rng.random() < 0.03
    for row in someone.rows:
        draw = rng.random()
        if draw > 0.02 or row.night == 2 or row.stray:
            continue
        asked = row.timepoint in (BASELINE, FOLLOW_UP)
        if draw < 0.004:
            if asked:
                row.night = 2
        elif draw < 0.009:
            row.revised = _another(row.answers, written, row.day)
        elif draw < 0.013:
            row.retracted = status and asked
        elif draw < 0.016 and status and row.answers is not None:
            row.amended_from = _another(row.answers, written, row.day)


def _another(answers: Answers | None, written: Writer, day: int) -> Answers | None:
    """A form that says something else than `answers`, or None where chance made the same one."""
    other = written.form_on(day)
    return other if answers is None or (other.items, other.stated) != (answers.items, answers.stated) else None
