"""What the product must say of the sample, worked out from the simulated plan of each person.

The plan knows what the rules have to find out: which infusions make a course, which drug was given, which form is of
which infusion. So this is direct code for one person at a time. It shares nothing with the product's SQL, nor with the
reference engine of the specification.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from outcomes.sample.people import BASELINE, FOLLOW_UP, NIGHTS_APART, POST, PRE, Person, Row
from outcomes.sample.schedules import Infusion

NOT_ELIGIBLE, WAITING, MISSING, NOT_MET, MET = range(5)
NEVER = 10**9


@dataclass(frozen=True, slots=True)
class Score:
    """A usable score of a person (R5). `received` is R2's ordinal; `first` says that it may end the first course."""

    day: int
    total: int
    item_9: int | None
    received: int
    timepoint: str
    first: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """Baseline and endpoint side by side: totals 0 to 27, item 9 from 0 to 3 (0 where the measure does not use it)."""

    before: int
    after: int
    nine_before: int = 0
    nine_after: int = 0


@dataclass(slots=True)
class View:
    """What can be known of one person on one night."""

    followed: int
    first: list[Infusion]
    ordinals: list[int]
    second_day: int | None
    scores: list[Score] = field(default_factory=list)
    unrecorded: bool = False
    baseline: tuple[int, int] | None = None  # day and total
    item_9: dict[int, int | None] = field(default_factory=dict)  # by look-back
    induction: tuple[str, int] = ("open", 0)  # open, incomplete, extended or complete; and L


def measures_file() -> Path:
    """measures.toml of the source tree, else of the installed package."""
    here = Path(__file__).resolve()
    return next(
        p for p in (here.parents[3] / "data/measures.toml", here.parents[1] / "data/measures.toml") if p.exists()
    )


class Rulebook:
    """The measures, and the class of each for a person's view: one of NOT_ELIGIBLE, WAITING, MISSING, NOT_MET, MET."""

    def __init__(self, path: Path) -> None:
        entries: dict[str, dict[str, Any]] = tomllib.loads(path.read_text("utf-8"))
        self.rules = entries.pop("rules")
        entries = {name: one for name, one in entries.items() if one.get("kind", "proportion") == "proportion"}
        self.names = list(entries)
        self._met = _outcomes(self.rules["reliable_change_points"])
        # Measures that differ only in their outcome and minimum baseline have the same endpoint.
        alike: dict[tuple[Any, ...], list[tuple[int, int, bool, Callable[[Outcome], bool]]]] = defaultdict(list)
        for place, one in enumerate(entries.values()):
            if one["missing_items"] != "complete_only" or one["course"] != "first":
                raise ValueError("the sample knows only measures of complete forms and first courses")
            nine = one["item_9"]
            names = (
                "drug",
                "induction",
                "anchor",
                "infusion_k",
                "window_low",
                "window_high",
                "baseline_look_back_days",
            )
            key = (*(one.get(name, 0) for name in names), nine != "not_needed")
            alike[key].append((place, one["baseline_minimum"], nine == "present", self._met[one["outcome"]]))
        self._alike = list(alike.items())

    def classes(self, view: View) -> list[int]:
        """The class of each measure, in the order of `names`, for the person's first course."""
        found = [NOT_ELIGIBLE] * len(self.names)
        if view.baseline is None:
            return found
        before = view.baseline[1]
        for (drug, induction, anchor, k, low, high, look_back, nine), members in self._alike:
            if drug not in ("any", view.first[0].drug) or view.baseline[0] < -look_back:
                continue
            nine_before = view.item_9.get(look_back) if nine else 0
            if nine_before is None:
                continue
            state = self._state(view, induction, anchor, k, high)
            if state == NOT_ELIGIBLE:
                continue
            end = self._endpoint(view, anchor, k, low, high, nine=nine) if state == MISSING else None
            outcome = Outcome(before, end.total, nine_before, end.item_9 or 0 if nine else 0) if end else None
            for place, minimum, present, met in members:
                if before >= minimum and not (present and nine_before < 1):
                    found[place] = state if outcome is None else MET if met(outcome) else NOT_MET
        return found

    def _state(self, view: View, induction: str, anchor: str, k: int, high: int) -> int:
        """NOT_ELIGIBLE, WAITING, or MISSING when the window is closed and only a score is wanted (R10 8-13)."""
        by_k = anchor == "infusion_k"
        if (by_k or induction != "not_required") and view.unrecorded:
            return NOT_ELIGIBLE
        state, last = view.induction
        if induction != "not_required":
            if state == "open":
                return WAITING
            if state == "incomplete" or (state == "extended" and induction == "complete"):
                return NOT_ELIGIBLE
        if by_k:
            if self._given(view) < k:
                gone = view.followed > view.first[-1].day + self.rules["reinduction_gap_days"]
                return NOT_ELIGIBLE if gone or view.second_day is not None or _switched(view) else WAITING
            decided = view.ordinals[-1] > k or view.followed >= _day_of(view, k) + high
            return MISSING if decided else WAITING
        end = self._anchor(view, anchor, last) + high
        return MISSING if view.followed >= end + self.rules["entry_lag_days"] else WAITING

    def _anchor(self, view: View, anchor: str, last: int) -> int:
        if anchor == "baseline_score":
            assert view.baseline is not None
            return view.baseline[0]
        return last if anchor == "last_induction_infusion" else 0

    def _given(self, view: View) -> int:
        """The highest ordinal of the first drug before a switch (R8)."""
        drug = view.first[0].drug
        given = 0
        for infusion, ordinal in zip(view.first, view.ordinals, strict=True):
            if infusion.drug != drug:
                break
            given = ordinal
        return given

    def _endpoint(self, view: View, anchor: str, k: int, low: int, high: int, *, nine: bool) -> Score | None:
        """The score of the window that counts: the last day, and there the higher total, then the higher item 9."""
        if anchor == "infusion_k":
            start = _day_of(view, k)
            following = _day_of(view, k + 1) if view.ordinals[-1] > k else NEVER
            able = [
                s
                for s in view.scores
                if s.first
                and s.received == k
                and low <= s.day - start <= high
                and (s.day < following or (s.day == following and s.timepoint == PRE))
            ]
        else:
            start = self._anchor(view, anchor, view.induction[1])
            anyhow = anchor == "baseline_score"
            able = [s for s in view.scores if low <= s.day - start <= high and s.day > 0 and (anyhow or s.first)]
        if nine:
            able = [s for s in able if s.item_9 is not None]
        return max(able, key=lambda s: (s.day, s.total, s.item_9 or 0), default=None)

    def look(self, person: Person, night: int) -> View | None:
        """What is known of a person on this night, or None when they have no course yet."""
        rows = [r for r in person.rows if r.night <= night and not (r.retracted and night == 2)]
        known = [i for i in person.infusions if i.recorded and i.day <= person.until + NIGHTS_APART * (night - 1)]
        if not known:
            return None
        if known[0].number != 1 or known[0].course != 1:
            # Infusion 1 counts on day 0 even with no row; its drug is then that of the next one.
            known.insert(0, Infusion(0, 1, 1, 1, known[0].drug))
        view = self._course(known, _followed(person, rows, night))
        last = view.ordinals[-1]
        for row in rows:
            if row.infusion and row.timepoint == FOLLOW_UP and not (view.second_day and row.day >= view.second_day):
                view.unrecorded |= _ordinal(view, row.infusion) > last
            score = _usable(view, row, night)
            if score:
                view.scores.append(score)
        self._baseline(view)
        view.induction = self._induction(view)
        return view

    def _course(self, known: list[Infusion], followed: int) -> View:
        """The first course: all that is known of it, and a second one that cannot be told from it yet (R3)."""
        first = [i for i in known if i.course == 1]
        second = known[len(first) :]
        apart = None
        if second:
            gap, rules = second[0].day - first[-1].day, self.rules
            near = sum(1 for i in second if i.day <= second[0].day + rules["reinduction_days"])
            if gap > rules["course_gap_days"] or near >= rules["reinduction_infusions"]:
                apart = second[0].day
        ordinals = [i.position for i in first]
        if apart is None:
            ordinals += [first[-1].position + i.position for i in second]
            first = known
        return View(followed, first, ordinals, apart)

    def _baseline(self, view: View) -> None:
        able = [s for s in view.scores if s.day <= 0]
        if not able:
            return
        day = max(s.day for s in able)
        view.baseline = (day, min(s.total for s in able if s.day == day))
        for look_back in {key[6] for key, _ in self._alike}:
            full = [(-s.day, s.total, s.item_9) for s in able if s.item_9 is not None and s.day >= -look_back]
            view.item_9[look_back] = min(full)[2] if full else None

    def _induction(self, view: View) -> tuple[str, int]:
        """The state of the induction, and L (R4)."""
        rules = self.rules
        enough, drug = rules["induction_minimum_infusions"], view.first[0].drug
        pause = rules["induction_gap_days"]
        last, count, following, broken, previous = view.first[0], view.ordinals[0], None, False, view.first[0].day
        for (infusion, ordinal), before in zip(
            list(zip(view.first, view.ordinals, strict=True))[1:], view.ordinals, strict=False
        ):
            changed = infusion.drug != drug
            changed |= infusion.day - previous > pause * (ordinal - before) and before >= enough
            broken |= changed
            if following is None and (changed or infusion.day > rules["induction_days"]):
                following = infusion
            elif following is None:
                last, count = infusion, ordinal
            previous = infusion.day
        over = rules["induction_days"] + rules["extension_days"]
        wait = min(last.day + pause, over) if count >= enough else over
        if not (broken or view.second_day is not None or view.followed > wait):
            return "open", last.day
        if count < enough or last.day < rules["induction_minimum_span_days"]:
            return "incomplete", last.day
        late = following is not None and following.drug == drug and following.day > rules["induction_days"]
        soon = following is not None and following.day - last.day <= rules["extension_days"]
        if count > rules["induction_maximum_infusions"] or (late and soon):
            return "extended", last.day
        return "complete", last.day


def _outcomes(points: int) -> dict[str, Callable[[Outcome], bool]]:
    return {
        "is_response": lambda o: 2 * o.after <= o.before,
        "is_response_strict": lambda o: 2 * o.after < o.before,
        "is_remission": lambda o: o.after < 5,
        "is_at_most_5": lambda o: o.after <= 5,
        "is_worsened": lambda o: o.after > o.before,
        "is_reliable_improvement": lambda o: o.before - o.after >= points,
        "is_reliable_deterioration": lambda o: o.after - o.before >= points,
        "is_below_case": lambda o: o.after < 10,
        "is_item_9_lower": lambda o: o.nine_after < o.nine_before,
        "is_item_9_higher": lambda o: o.nine_after > o.nine_before,
        "has_score": lambda o: True,
    }


def _followed(person: Person, rows: list[Row], night: int) -> int:
    """followed_until (R9): the day of a row grows with the time since it arrived, an extract_day does not."""
    until = max((r.day + NIGHTS_APART * (night - r.night) for r in rows), default=-NEVER)
    for n in range(1, night + 1):
        day = person.extract(n)
        if day is not None and sends(person, n):
            until = max(until, day)
    return until


def sends(person: Person, night: int) -> bool:
    """Whether the file of this night has any row of the person."""
    if night == 1:
        return any(r.night == 1 for r in person.rows)
    return any(r.night == 2 or r.revised or r.retracted or again(person, r) for r in person.rows)


def again(person: Person, row: Row) -> bool:
    """Whether the row of the first night is sent once more, as it was, with the second."""
    return person.sent_again and row.night == 1 and not (row.revised or row.retracted or row.amended_from)


def _ordinal(view: View, infusion: Infusion) -> int:
    """The ordinal in the first course, also of an infusion of a second course not yet told from it."""
    if infusion.course == 1:
        return infusion.position
    return max(o for i, o in zip(view.first, view.ordinals, strict=True) if i.course == 1) + infusion.position


def _usable(view: View, row: Row, night: int) -> Score | None:
    """The row as a usable score, or None. Every row with answers is one, but for those that R5 names."""
    answers = row.revised if night == 2 and row.revised else row.answers
    if answers is None or answers.total is None or row.altered or row.stray:
        return None
    if row.timepoint == POST and row.infusion and row.day == row.infusion.day:
        return None
    second = view.second_day
    first = second is None or row.day < second or (row.day == second and row.timepoint != POST)
    return Score(row.day, answers.total, answers.item_9, _received(view, row) if first else 0, row.timepoint, first)


def _received(view: View, row: Row) -> int:
    if row.day < 0 or (row.timepoint == BASELINE and row.day == 0):
        return 0
    if row.day == view.second_day:
        return view.ordinals[-1]
    if row.infusion:
        return _ordinal(view, row.infusion) - (row.timepoint == PRE)
    return max((o for i, o in zip(view.first, view.ordinals, strict=True) if i.day < row.day), default=0)


def _day_of(view: View, k: int) -> int:
    """The day of infusion k: where its number was skipped, that of the known one before (R8)."""
    return max(i.day for i, o in zip(view.first, view.ordinals, strict=True) if o <= k)


def _switched(view: View) -> bool:
    return any(i.drug != view.first[0].drug for i in view.first)
