"""How known programs and registers name the columns of a PHQ-9, and how they code them: to propose a source profile with.

A name is never turned into a column without a person: `known_as` says what a name is where every convention that has it
agrees, `doubtful` why a name cannot be told, `not_usable` why a column cannot be a PHQ-9 at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from schemas.profiles import normalised
from schemas.scores import ITEMS


class Convention(NamedTuple):
    """Names as a source has them, in lower case, with the contract's columns; and what must be known of its codes."""

    name: str
    columns: dict[str, str]
    coding: str


def _items(pattern: str, numbers: Iterable[int | str] = range(1, 10)) -> dict[str, str]:
    return {pattern.format(number): item for number, item in zip(numbers, ITEMS, strict=True)}


# REDCap's shared form, and the names that projects give its fields; exports add a suffix where the form is imported twice.
REDCAP_FIELDS = {
    **_items("phq9_{}"),
    **_items("phq9_q{}"),
    **_items("phq9_perg_{}"),
    **_items("phq_{}"),
    **_items("phqnine_{:02}"),
    "phq9_total_score": "total",
    "phq9_totalscore": "total",
    "phq9_total": "total",
    "phq9_summary": "total",
    "phq9_how_difficult": "item_10",
}
# The one field whose codes are known to be 1 to 4.
REDCAP_DIFFICULTY = "phq9_how_difficult"

CONVENTIONS = (
    Convention(
        "REDCap shared form",
        {
            **_items("phq9_{}"),
            "phq9_total_score": "total",
            REDCAP_DIFFICULTY: "item_10",
        },
        "items 0 to 3, in some projects 1 to 4; the total is typed, not calculated; phq9_how_difficult is 1 to 4",
    ),
    Convention(
        "REDCap projects",
        {name: column for name, column in REDCAP_FIELDS.items() if name not in _items("phq9_{}") and name != REDCAP_DIFFICULTY},
        "items 0 to 3; phq9_summary and phq9_totalscore are calculated",
    ),
    Convention("ReproSchema", {**_items("phq9_{}"), **_items("phq_{}"), "phq9_total": "total"}, "items 0 to 3"),
    Convention(
        "CamCOPS",
        {**_items("q{}"), "q10": "item_10", "total": "total"},
        "items and difficulty 0 to 3; the total of an incomplete form is the sum of what was answered, and is_complete says so",
    ),
    Convention("NAATP", _items("q{}"), "items 0 to 3, or the words Not Answered"),
    Convention(
        "NHANES",
        {**_items("dpq0{}0"), "dpq100": "item_10"},
        "items 0 to 3; 7 (refused) and 9 (don't know) are missing; no total",
    ),
    Convention(
        "CDISC QS",
        {**_items("phq010{}"), "phq0110": "item_10", "phq0111": "total"},
        "as the test codes of a long table, one row a question: turn it to one row a form first",
    ),
    Convention(
        "CMS MDS 3.0 to 2023",
        {**_items("d0200{}2", "abcdefghi"), "d0300": "total"},
        "the frequency columns (2) are the items; 99 in the total, - and ^ are missing",
    ),
)  # fmt: skip

_DOUBTFUL = {
    "q10": "the difficulty in CamCOPS; in other forms a tenth question",
    "phq9_10": "the difficulty in some projects, a tenth question in others; coded 0 to 3 or 1 to 4",
    "phq_10": "the difficulty in some projects, a tenth question in others; coded 0 to 3 or 1 to 4",
    "phq9_score": "a total, or the name of a grade of severity",
    "phq9": "a total, or a date, or whether the form was given",
    "score": "of which questionnaire is not said",
    "total_score": "of which questionnaire is not said",
    "ph7": "a public script uses it for item 6 and for item 7",
    "phq9_severity": "a grade in words: the total cannot be had from it",
    "severity": "a grade in words: the total cannot be had from it",
    "dayssincebaseline": "counts from the baseline of a study, which need not be the first infusion",
}
_NOT_USABLE = (
    (r"d0150[a-i][12]|d0160", "PHQ-2 to 9 (MDS from v3.01): items 3 to 9 are left out by design where the first two are low, which is neither missing nor 0"),
    (r"d0500[a-j][12]|d0600", "the staff version (PHQ-9-OV) has ten items and is no PHQ-9"),
    (r"d0200[a-i]1", "whether a symptom was present: the frequency (2) is the item"),
    (r"phq9_?(?:first|last)_?score", "a first and a last score (NHS Talking Therapies) have no course between them"),
    (r"phq_?8_\w+|phq8", "the PHQ-8 has no item 9 and a total of 0 to 24"),
    (r"phq_?2_\w+|phq2", "the PHQ-2 has two items and a total of 0 to 6"),
    (r"phq_?a(?:_\w+)?|phq9_?[am](?:_[0-9]+|_total|_score)?", "the form for adolescents is another instrument"),
    (r"(?:patient_)?(?:dob|date_of_birth|birth_?date)", "a date of birth may not be sent"),
)  # fmt: skip
_UNUSABLE = tuple((re.compile(pattern), why) for pattern, why in _NOT_USABLE)
_KNOWN: dict[str, set[str]] = {}
for _convention in CONVENTIONS:
    for _name, _column in _convention.columns.items():
        _KNOWN.setdefault(_name, set()).add(_column)


def known_as(name: str) -> str | None:
    """The contract's column that every convention means by a name; None where none does, or not all the same."""
    name = normalised(name)
    columns = _KNOWN.get(name, set())
    return next(iter(columns)) if len(columns) == 1 and name not in _DOUBTFUL else None


def doubtful(name: str) -> str | None:
    """Why a person must say what a name means; None where it is plain or unknown."""
    return _DOUBTFUL.get(normalised(name))


def not_usable(name: str) -> str | None:
    """Why a column cannot be a part of a PHQ-9; None where nothing is known against it."""
    return next((why for pattern, why in _UNUSABLE if pattern.fullmatch(normalised(name))), None)


def conventions_of(names: Iterable[str]) -> list[Convention]:
    """The conventions by which `names` hold all nine items, in the order above; their coding is then to be looked at."""
    given = {normalised(name) for name in names}
    return [
        convention
        for convention in CONVENTIONS
        if set(ITEMS) <= {column for name, column in convention.columns.items() if name in given}
    ]
