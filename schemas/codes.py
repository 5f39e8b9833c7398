"""Codes by which FHIR resources tell the parts of a PHQ-9: LOINC, SNOMED CT, answer lists and linkIds, as tables.

Item codes do not run in the order of the items, nor do the answers of item 10 in that of their scores: a code is looked
up, never computed with. `item_10` is the functional difficulty.
"""

from __future__ import annotations

import re
from functools import lru_cache

from schemas.scores import ANSWERS, ITEMS

LOINC = ("http://loinc.org", "urn:oid:2.16.840.1.113883.6.1")
SNOMED_CT = ("http://snomed.info/sct", "urn:oid:2.16.840.1.113883.6.96")

PANEL = "44249-1"
# LOINC code -> column. 69722-7 is the difficulty of Argonaut and MII, 44256-6 that of HL7 SDC.
LOINC_COLUMNS = {
    "44250-9": "item_1",
    "44255-8": "item_2",
    "44259-0": "item_3",
    "44254-1": "item_4",
    "44251-7": "item_5",
    "44258-2": "item_6",
    "44252-5": "item_7",
    "44253-3": "item_8",
    "44260-8": "item_9",
    "69722-7": "item_10",
    "44256-6": "item_10",
    "44261-6": "total",
}
SNOMED_COLUMNS = {"720433000": "total"}
# A subtotal that may stand beside the nine items and says nothing of its own.
PHQ_2_TOTAL = "55758-7"
# PHQ-2 panel and total, the modification for teens, the staff version with ten items: instruments of their own.
OTHER_INSTRUMENTS = {"55757-9", PHQ_2_TOTAL, "89206-7", "89204-2", "54657-2", "54677-0"}

# Answer list LL358-3 of the nine items and LL359-1 of the difficulty: code -> score.
ITEM_ANSWERS = {"LA6568-5": 0, "LA6569-3": 1, "LA6570-1": 2, "LA6571-9": 3}
DIFFICULTY_ANSWERS = {"LA6572-7": 0, "LA6573-5": 1, "LA6575-0": 2, "LA6574-3": 3}
# HL7 SDC has its own code system, two of its codes with hyphens and two with blanks.
SDC_SYSTEM = "CSPHQ9"
SDC_ANSWERS = {"Not-at-all": 0, "Several-days": 1, "More than half the days": 2, "Nearly every day": 3}
DIFFICULTY_WORDS = {
    "not difficult at all": 0,
    "somewhat difficult": 1,
    "very difficult": 2,
    "extremely difficult": 3,
}


def answer_codes(column: str) -> dict[str, int]:
    """LOINC code -> score of the answers to an item or to the difficulty; none for the total."""
    return {"item_10": DIFFICULTY_ANSWERS, "total": {}}.get(column, ITEM_ANSWERS)


def answer_words(column: str) -> dict[str, int]:
    """Words in lower case -> score of the answers to an item or to the difficulty; none for the total."""
    return {"item_10": DIFFICULTY_WORDS, "total": {}}.get(column, ANSWERS)


# Every text that is an answer: anything else in words is free text.
ALL_WORDS = {**ANSWERS, **DIFFICULTY_WORDS}


def _numbered(pattern: str, last: int = 9) -> dict[str, str]:
    return {pattern.format(number): f"item_{number}" for number in range(1, last + 1)}


# Style -> linkId -> column. A questionnaire is read by one style. Those of SURE_STYLES are linkIds of a PHQ-9 alone; the
# others are given to any questionnaire, so that something else must say that it is a PHQ-9.
LINK_IDS: dict[str, dict[str, str]] = {
    "us core": {f"/{code}": column for code, column in LOINC_COLUMNS.items()},
    "loinc": dict(LOINC_COLUMNS),
    "mii": _numbered("PHQ-9.{}", 10) | {"PHQ-9.Score": "total"},
    "reproschema": _numbered("phq9_{}", 10) | {"phq9_total": "total", "phq9_total_score": "total"},
    "hyphens": _numbered("phq9-{}", 10),
    "mii example": _numbered("PHQ.{}", 10),
    "argonaut": _numbered("g1.q{}") | {"g2.q1": "item_10"},
    "sdc": _numbered("H1/T1/Q{}") | {"H1/TS": "total"},
    "engage": {f"f1.{number + 2}.1": f"item_{number}" for number in range(1, 10)},
}
SURE_STYLES = ("us core", "loinc", "mii", "reproschema", "hyphens")
# Of these nobody says whether the difficulty is numbered from 0 or from 1: there it is read from codes and words alone.
UNSURE_DIFFICULTY = ("reproschema", "hyphens")
# The forms of engage-analytics give their total and their calculations linkIds drawn by chance.
DRAWN_LINK_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

# What the English words of a question cannot leave out. Words that fit no item, as those of another language, say nothing.
_QUESTIONS = {
    "item_1": r"little interest|interest or pleasure",
    "item_2": r"feeling down|depressed|hopeless",
    "item_3": r"asleep|sleeping",
    "item_4": r"tired|little energy",
    "item_5": r"appetite|overeating",
    "item_6": r"bad about yourself|are a failure",
    "item_7": r"concentrat",
    "item_8": r"moving or speaking|fidgety|restless",
    "item_9": r"better off dead|hurting yourself",
    "item_10": r"\bhow difficult\b",
    "total": r"\btotal\b|\bscore\b",
    "panel": r"\bpanel\b",
}
_QUESTION = {column: re.compile(words, re.IGNORECASE) for column, words in _QUESTIONS.items()}
# Forms that are made from the PHQ-9 and are not it; other forms of the family, and other scales.
_MADE_FROM_IT = r"phq[-_ ]?9[-_ ]?(?:m|a|ov)(?![a-z])|phq[-_ ]?a(?![a-z])|modified|teens?\b|adolescent|staff assessment"
_OTHER = r"phq[-_ ]?(?:2|4|8|15)(?![0-9])|gad[-_ ]?[27]|edinburgh|epds|madrs|hamilton|\bbeck\b|geriatric"
_MADE_FROM_PHQ_9 = re.compile(_MADE_FROM_IT, re.IGNORECASE)
_NOT_PHQ_9 = re.compile(f"{_MADE_FROM_IT}|{_OTHER}", re.IGNORECASE)
_PHQ_9 = re.compile(r"phq[-_ ]?9(?![0-9])|44249-1|patient[-_ ]health[-_ ]questionnaire[-_ ]*\(?9", re.IGNORECASE)


@lru_cache(maxsize=10_000)
def asks(text: str) -> frozenset[str]:
    """The columns, `panel` and `other` (another instrument) that the words of a question or of a display speak of."""
    found = {column for column, words in _QUESTION.items() if words.search(text)}
    return frozenset(found | {"other"} if _NOT_PHQ_9.search(text) else found)


@lru_cache(maxsize=10_000)
def names_phq_9(text: str) -> bool | None:
    """Whether a name is that of the PHQ-9, also beside others; False for another form or scale, None for neither."""
    if _MADE_FROM_PHQ_9.search(text):
        return False
    return True if _PHQ_9.search(text) else False if _NOT_PHQ_9.search(text) else None


# Status of a finished resource -> that of the contract; any other is not finished.
OBSERVATION_STATUSES = {"final": "final", "amended": "amended", "corrected": "corrected", "entered-in-error": "entered_in_error"}  # fmt: skip
FORM_STATUSES = {"completed": "final", "amended": "amended", "entered-in-error": "entered_in_error"}
# Units of a score, in words and in UCUM.
SCORE_UNITS = {"", "1", "{score}", "score", "{points}", "points", "{#}"}

assert set(LOINC_COLUMNS.values()) == {*ITEMS, "item_10", "total"}
