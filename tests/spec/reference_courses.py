"""The second engine, first half: from a patient's rows to infusions, courses, phases and usable scores (R1 to R5).

Written from docs/rules.md alone. It shares no code with the first engine, on purpose: see
tests/spec/test_engines_agree.py.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Row = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
MEASURES: dict[str, Row] = tomllib.loads((ROOT / "data" / "measures.toml").read_text(encoding="utf-8"))
RULES: Row = MEASURES.pop("rules")


@dataclass
class Infusion:
    """One known infusion of a patient. `run`, `number` and `course` count from 1."""

    run: int
    number: int
    pre_days: list[int] = field(default_factory=list)
    post_days: list[int] = field(default_factory=list)
    drugs: list[str] = field(default_factory=list)
    drug: str = ""
    course: int = 0
    ordinal: int = 0

    @property
    def day(self) -> int:
        """Its day as known so far. Infusion 1 of the first run is on day 0 whatever its rows say."""
        if self.run == 1 and self.number == 1:
            return 0
        return self.questionnaire_day

    @property
    def questionnaire_day(self) -> int:
        """The day on which a post_infusion form is too early to be used (R5)."""
        return max(self.pre_days) if self.pre_days else min(self.post_days)


@dataclass
class Course:
    """One course of a patient, with its induction. Days are whole; `next_day` is the next course's first day."""

    number: int
    infusions: list[Infusion]
    induction: list[Infusion]
    maintenance: list[Infusion]
    next_day: int | None
    previous_last_day: int | None

    @property
    def first_day(self) -> int:
        return self.infusions[0].day

    @property
    def drug(self) -> str:
        return self.infusions[0].drug

    @property
    def last_induction_day(self) -> int:
        return self.induction[-1].day

    @property
    def induction_infusions(self) -> int:
        return self.induction[-1].ordinal

    @property
    def span(self) -> int:
        return self.last_induction_day - self.first_day

    @property
    def highest_ordinal(self) -> int:
        return max(i.ordinal for i in self.infusions)


# R1 -----------------------------------------------------------------------------------------------------------


def read_infusions(rows: list[Row], clinic_drug: str) -> tuple[list[Infusion], list[Row], list[Row]]:
    """The known infusions in order; the rows kept, each with its `infusion` (or None); the rows set aside."""
    runs: list[dict[int, Infusion]] = [{}]
    kept = [row | {"infusion": None} for row in rows if not tells_of_infusion(row)]
    aside = []
    for row in sorted(filter(tells_of_infusion, rows), key=reading_order):
        if starts_run(row, runs[-1]):
            runs.append({})
        reason = why_set_aside(row, runs[-1], is_first_run=len(runs) == 1)
        if reason:
            aside.append(row | {"reason": reason})
            continue
        infusion = runs[-1].setdefault(row["number"], Infusion(len(runs), row["number"]))
        days = infusion.pre_days if row["timepoint"] == "pre_infusion" else infusion.post_days
        days.append(row["day"])
        if row["drug"]:
            infusion.drugs.append(row["drug"])
        kept.append(row | {"infusion": infusion})
    return known_infusions(runs, clinic_drug), kept, aside


def tells_of_infusion(row: Row) -> bool:
    return row["timepoint"] in ("pre_infusion", "post_infusion")


def reading_order(row: Row) -> tuple[int, int, bool]:
    return row["day"], row["number"], row["timepoint"] == "post_infusion"


def starts_run(row: Row, run: dict[int, Infusion]) -> bool:
    """True if all three conditions for a new numbering run hold. The very first run is not started by a row."""
    if not run:
        return False
    last = run[max(run)]
    long_after = row["day"] - last.day > RULES["reinduction_gap_days"]
    may_start = row["timepoint"] == "pre_infusion" or row["number"] not in run
    falls = row["number"] < last.number or (row["number"] == last.number and long_after)
    return may_start and falls and (row["number"] == 1 or long_after)


def why_set_aside(row: Row, run: dict[int, Infusion], is_first_run: bool) -> str | None:
    number, is_pre = row["number"], row["timepoint"] == "pre_infusion"
    if run and number < max(run) and (is_pre or number not in run):
        return "infusion_number_out_of_order"
    if is_pre and is_first_run and number == 1 and row["day"] > 0:
        return "first_infusion_not_on_day_0"
    if is_pre and number in run and any(day < row["day"] for day in run[number].post_days):
        return "pre_infusion_after_post_infusion"
    return None


def known_infusions(runs: list[dict[int, Infusion]], clinic_drug: str) -> list[Infusion]:
    """All runs in one list, with infusion 1 of the first run even where it has no row, and with drugs."""
    infusions = [run[number] for run in runs for number in sorted(run)]
    for infusion in infusions:
        infusion.drug = min(infusion.drugs, default=clinic_drug)
    if infusions and infusions[0].number != 1:
        infusions.insert(0, Infusion(1, 1, drug=infusions[0].drug))
    return infusions


def gap_is_over(days: int, before: Infusion, after: Infusion) -> bool:
    """The gap of two neighbours of one run is days divided by the difference in numbers; kept in integers."""
    steps = after.number - before.number if after.run == before.run else 1
    return after.day - before.day > days * steps


# R3 -----------------------------------------------------------------------------------------------------------


def find_courses(infusions: list[Infusion]) -> list[Course]:
    """Number the courses and the ordinals, and return the courses."""
    course, shift = 0, 0
    for place, infusion in enumerate(infusions):
        before = infusions[place - 1] if place else None
        if before is None:
            course, shift = 1, 0
        elif starts_course(before, infusion, infusions):
            course, shift = course + 1, -before.number if before.run == infusion.run else 0
        elif before.run != infusion.run:
            shift = before.ordinal
        infusion.course, infusion.ordinal = course, infusion.number + shift
    groups = [[i for i in infusions if i.course == number] for number in range(1, course + 1)]
    return [make_course(groups, place) for place in range(len(groups))]


def starts_course(before: Infusion, infusion: Infusion, infusions: list[Infusion]) -> bool:
    if gap_is_over(RULES["course_gap_days"], before, infusion):
        return True
    if not gap_is_over(RULES["reinduction_gap_days"], before, infusion):
        return False
    last_day = infusion.day + RULES["reinduction_days"]
    near = [i for i in infusions if infusion.day <= i.day <= last_day]
    return len(near) >= RULES["reinduction_infusions"]


def make_course(groups: list[list[Infusion]], place: int) -> Course:
    infusions = groups[place]
    induction = induction_of(infusions)
    return Course(
        number=place + 1,
        infusions=infusions,
        induction=induction,
        maintenance=infusions[len(induction) :],
        next_day=groups[place + 1][0].day if place + 1 < len(groups) else None,
        previous_last_day=groups[place - 1][-1].day if place else None,
    )


def belongs_as_endpoint(row: Row, course: Course) -> bool:
    """After F, and up to the next course's first infusion: on that day only if it is not a post_infusion row."""
    if row["day"] <= course.first_day:
        return False
    if course.next_day is None or row["day"] < course.next_day:
        return True
    return row["day"] == course.next_day and row["timepoint"] != "post_infusion"


def belongs_as_baseline(row: Row, course: Course) -> bool:
    if course.previous_last_day is not None and row["day"] <= course.previous_last_day:
        return False
    if row["day"] == course.first_day:
        return row["timepoint"] in ("baseline", "pre_infusion") and received(row, course) == 0
    return row["day"] < course.first_day


# R2 -----------------------------------------------------------------------------------------------------------


def course_of(row: Row, courses: list[Course]) -> Course:
    """The one course a score has for R2 and R4: the latest with F <= its day, else the first."""
    return [c for c in courses if c.first_day <= row["day"]][-1] if row["day"] >= courses[0].first_day else courses[0]


def received(row: Row, course: Course) -> int:
    """How many infusions the patient had received, as an ordinal, when the score was taken."""
    first_day, timepoint = course.first_day, row["timepoint"]
    if row["day"] < first_day or (timepoint == "baseline" and row["day"] <= first_day):
        return 0
    if timepoint == "pre_infusion":
        return row["infusion"].ordinal - 1
    if timepoint == "post_infusion":
        return row["infusion"].ordinal
    if timepoint == "follow_up" and row["number"] is not None:
        latest = [i for i in course.infusions if i.day <= row["day"]][-1]
        return row["number"] + latest.ordinal - latest.number
    return max((i.ordinal for i in course.infusions if i.day < row["day"]), default=0)


def received_as_endpoint(row: Row, course: Course) -> int:
    """The same, seen from the course whose endpoint it may be: on the next course's first day, all of it."""
    return course.highest_ordinal if row["day"] == course.next_day else received(row, course)


# R4 -----------------------------------------------------------------------------------------------------------


def follows_a_long_gap(before: Infusion, after: Infusion) -> bool:
    """A gap over 14 days, once 4 have been given."""
    enough = before.ordinal >= RULES["induction_minimum_infusions"]
    return enough and gap_is_over(RULES["induction_gap_days"], before, after)


def induction_of(infusions: list[Infusion]) -> list[Infusion]:
    """The course's infusions up to, and without, the first that breaks the induction."""
    first = infusions[0]
    for place in range(1, len(infusions)):
        before, infusion = infusions[place - 1], infusions[place]
        too_late = infusion.day > first.day + RULES["induction_days"]
        if infusion.drug != first.drug or too_late or follows_a_long_gap(before, infusion):
            return infusions[:place]
    return infusions


def induction_is_closed(course: Course, followed_until: int) -> bool:
    if course.next_day is not None:
        return True
    place = len(course.induction)
    for before, infusion in zip(course.infusions[place - 1 :], course.infusions[place:], strict=False):
        if follows_a_long_gap(before, infusion) or infusion.drug != course.drug:
            return True
    limit = course.first_day + RULES["induction_days"] + RULES["extension_days"]
    if course.induction_infusions >= RULES["induction_minimum_infusions"]:
        limit = min(course.last_induction_day + RULES["induction_gap_days"], limit)
    return followed_until > limit


def induction_label(course: Course, followed_until: int) -> str:
    """'open', 'incomplete', 'extended' or 'complete', in this order."""
    n = course.induction_infusions
    if not induction_is_closed(course, followed_until):
        return "open"
    if n < RULES["induction_minimum_infusions"] or course.span < RULES["induction_minimum_span_days"]:
        return "incomplete"
    if n > RULES["induction_maximum_infusions"] or goes_on(course):
        return "extended"
    return "complete"


def goes_on(course: Course) -> bool:
    """The next infusion is of the same drug, after F + 28 and at most 7 days after L."""
    if not course.maintenance:
        return False
    after = course.maintenance[0]
    late = after.day > course.first_day + RULES["induction_days"]
    soon = after.day <= course.last_induction_day + RULES["extension_days"]
    return after.drug == course.drug and late and soon


def phase(row: Row, course: Course, ordinal: int) -> str:
    """The phase of a score that received `ordinal` infusions in its course."""
    is_post = row["timepoint"] == "post_infusion"
    if ordinal == 0:
        return "baseline"
    if row["day"] < course.last_induction_day or (row["day"] == course.last_induction_day and not is_post):
        return "induction"
    if not course.maintenance:
        return "post_induction"
    first = course.maintenance[0].day
    return "post_induction" if row["day"] < first or (row["day"] == first and not is_post) else "maintenance"


# R5 -----------------------------------------------------------------------------------------------------------


def total_of(row: Row, missing_items: str) -> int | None:
    """The total under the measure's missing-item rule, or None."""
    answers = [item for item in row["items"] if item is not None]
    if len(answers) == 9:
        return sum(answers)
    if not answers:
        return row["total"]
    if missing_items == "prorated" and len(answers) >= 7:
        # Half up in integers: floor(x + 1/2) where x = sum * 9 / n.
        return (2 * sum(answers) * 9 + len(answers)) // (2 * len(answers))
    return None


def faults(row: Row, measure: Row, needs_item_9: bool = False) -> set[str]:
    """Why a score cannot be used; empty if it can. A row with no answer at all is 'blank', not 'incomplete'."""
    found = set()
    if row["recall"] != "two_weeks":
        found.add(row["recall"])
    if all(item is None for item in row["items"]) and row["total"] is None:
        found.add("blank")
    elif total_of(row, measure["missing_items"]) is None or (needs_item_9 and row["items"][8] is None):
        found.add("incomplete")
    if row["timepoint"] == "post_infusion" and row["day"] == row["infusion"].questionnaire_day:
        found.add("hours_after")
    return found


def totalled(row: Row, measure: Row) -> Row:
    return row | {"total": total_of(row, measure["missing_items"]), "item_9": row["items"][8]}


# The rows of three result tables -------------------------------------------------------------------------------


def columns(thing: object, names: str) -> Row:
    return {name: getattr(thing, name) for name in names.split()}


def course_row(course: Course, until: int) -> Row:
    return {
        "course": course.number,
        **columns(course, "first_day drug last_induction_day induction_infusions span"),
        "induction": induction_label(course, until),
        "followed_until": until,
        "infusions": course.highest_ordinal,
    }


def received_row(row: Row, courses: list[Course]) -> Row:
    course = course_of(row, courses)
    ordinal = received(row, course)
    where = {"course": course.number, "received": ordinal, "phase": phase(row, course, ordinal)}
    return {k: row[k] for k in ("day", "timepoint", "number")} | where
