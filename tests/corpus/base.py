"""What the corpus is made of: a case is a file, with what must become of it as DESIGN.md and the README say.

A fate is written by hand and never taken from the program. Every case has patients of its own, so that all files can be
sent in one night and none says anything of another's.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

NAMES = [
    "clinic_id", "patient_id", "infusion_number", "days_since_first_infusion", "timepoint",
    "item_1", "item_2", "item_3", "item_4", "item_5", "item_6", "item_7", "item_8", "item_9", "total",
]  # fmt: skip
OPTIONAL = [
    "item_10", "drug", "dose_mg_per_kg", "infusion_minutes", "recall_period", "status", "extract_day", "dissociation", "nausea",
    "blood_pressure_raised", "serious_adverse_event", "planned_induction_infusions", "ended",
]  # fmt: skip
ITEMS = NAMES[5:14]
PLAIN = {
    "clinic_id": "C01", "infusion_number": "1", "days_since_first_infusion": "0", "timepoint": "pre_infusion",
    **dict(zip(ITEMS, "211031101", strict=True)), "total": "10",
}  # fmt: skip
# The same row by its values.
VALUES = PLAIN | {name: int(text) for name, text in PLAIN.items() if text.isdigit()}
NO_ITEMS: dict[str, str] = dict.fromkeys(ITEMS, "")
NONE: dict[str, None] = dict.fromkeys(ITEMS)
FOLLOW_UP = {"timepoint": "follow_up", "infusion_number": "", "days_since_first_infusion": "30"}
FOLLOWED = {"timepoint": "follow_up", "infusion_number": None, "days_since_first_infusion": 30}
BASELINE = {"timepoint": "baseline", "infusion_number": "", "days_since_first_infusion": "-3"}
BEFORE = {"timepoint": "baseline", "infusion_number": None, "days_since_first_infusion": -3}

Text = dict[str, Any]
Aside = tuple[int, str | None, str]

CLINICS = """
[clinics.C01]
[clinics.L01]
limited_data_set = true

[clinics.D01]
limited_data_set = true
[clinics.D01.profiles.ehr]
version = 1
confirmed = true
ignored = ["Form version"]
[clinics.D01.profiles.ehr.columns]
patient_id = "Pseudonym"
infusion_number = "Infusion"
timepoint = "When"
item_1 = "Q1"
item_2 = "Q2"
item_3 = "Q3"
item_4 = "Q4"
item_5 = "Q5"
item_6 = "Q6"
item_7 = "Q7"
item_8 = "Q8"
item_9 = "Q9"
[clinics.D01.profiles.ehr.constants]
total = ""
[clinics.D01.profiles.ehr.codes]
timepoint = { "before" = "pre_infusion", "after" = "post_infusion", "between" = "follow_up" }
items = { "1" = "0", "2" = "1", "3" = "2", "4" = "3", "n/a" = "" }
[clinics.D01.profiles.ehr.dates.days_since_first_infusion]
column = "Visit"
format = "%d/%m/%Y"

[clinics.R01]
[clinics.R01.profiles.redcap]
version = 1
confirmed = true
ignored = ["redcap_repeat_instrument", "redcap_repeat_instance", "patient_health_questionnaire_9_complete"]
[clinics.R01.profiles.redcap.columns]
patient_id = "record_id"
item_1 = "phq9_1"
item_2 = "phq9_2"
item_3 = "phq9_3"
item_4 = "phq9_4"
item_5 = "phq9_5"
item_6 = "phq9_6"
item_7 = "phq9_7"
item_8 = "phq9_8"
item_9 = "phq9_9"
item_10 = "phq9_how_difficult"
total = "phq9_total_score"
[clinics.R01.profiles.redcap.events]
column = "redcap_event_name"
[clinics.R01.profiles.redcap.events.rows]
screening_arm_1 = { timepoint = "baseline", days_since_first_infusion = "-3" }
infusion_1_arm_1 = { timepoint = "pre_infusion", infusion_number = "1", days_since_first_infusion = "0" }
month_1_arm_1 = { timepoint = "follow_up", days_since_first_infusion = "30" }
"Screening (Arm 1: Arm 1)" = { timepoint = "baseline", days_since_first_infusion = "-3" }

[clinics.R02]
[clinics.R02.profiles.flat]
version = 1
confirmed = true
ignored = ["patient_health_questionnaire_9_complete"]
[clinics.R02.profiles.flat.columns]
patient_id = "study_id"
days_since_first_infusion = "day"
item_1 = "phq9_1"
item_2 = "phq9_2"
item_3 = "phq9_3"
item_4 = "phq9_4"
item_5 = "phq9_5"
item_6 = "phq9_6"
item_7 = "phq9_7"
item_8 = "phq9_8"
item_9 = "phq9_9"
total = "phq9_total_score"
[clinics.R02.profiles.flat.constants]
infusion_number = ""
timepoint = "follow_up"

[clinics.F01]
[clinics.F01.profiles.fhir]
version = 1
confirmed = true
timepoint_by_day = true
[clinics.F01.profiles.fhir.constants]
infusion_number = ""
"""


@dataclass(frozen=True)
class Fate:
    """What must become of a file.

    refused: reason code, and the kind where it is an identifier. rows: line and every contract value of each row that is
    good by itself. aside: line, column and reason code. duplicates, contradicted: lines of good rows that the store keeps
    once, or sets aside for another row of the night. blank: rows that the format makes and that are none.
    """

    rows: tuple[dict[str, Any], ...] = ()
    aside: tuple[Aside, ...] = ()
    refused: tuple[str, str | None] | None = None
    duplicates: tuple[int, ...] = ()
    contradicted: tuple[int, ...] = ()
    blank: int = 0
    feed: str = "scores"

    @property
    def stored(self) -> list[dict[str, Any]]:
        """The rows that the store takes."""
        return [row for row in self.rows if row["line"] not in {*self.duplicates, *self.contradicted}]

    @property
    def set_aside(self) -> list[Aside]:
        """What quarantine holds after the night."""
        return sorted([*self.aside, *((line, None, "contradiction") for line in self.contradicted)], key=str)

    @property
    def read(self) -> int:
        """Rows of the file."""
        return len(self.rows) + len({line for line, _, _ in self.aside}) + self.blank


@dataclass(frozen=True)
class Case:
    """A file that arrives in night 1 or 2."""

    name: str
    data: bytes
    fate: Fate
    night: int = 1


CASES: dict[str, Case] = {}


@dataclass(frozen=True)
class Kit:
    """Writes the files of one case, whose patients nobody else has."""

    name: str
    stem: str = field(default="")

    def who(self, n: int = 1) -> str:
        """The pseudonym of the case's patient n."""
        return f"{self.stem}-{n}"

    def row(self, n: int = 1, **changes: Any) -> Text:
        """A good row of patient n as text, with some cells written otherwise."""
        return PLAIN | {"patient_id": self.who(n)} | changes

    def kept(self, line: int, n: int = 1, **changes: Any) -> dict[str, Any]:
        """The values of that row, with some others."""
        return dict.fromkeys([*NAMES, *OPTIONAL]) | VALUES | {"patient_id": self.who(n)} | changes | {"line": line}

    def two(self, *lines: int) -> Fate:
        """Patients 1 and 2 are taken, from lines 2 and 3 unless said otherwise."""
        return taken(*(self.kept(line, n) for n, line in enumerate(lines or (2, 3), start=1)))

    def csv(
        self, *rows: Text | str, names: Sequence[str] | None = None, by: str = ",", end: str = "\n", head: str | None = None, last: bool = True
    ) -> bytes:  # fmt: skip
        """Header and rows; a row given as text is left as it is."""
        used = {name for row in rows if isinstance(row, dict) for name in row}
        columns = names or [*NAMES, *(name for name in OPTIONAL if name in used)]
        lines = [row if isinstance(row, str) else by.join(str(row.get(name, "")) for name in columns) for row in rows]
        return (end.join([by.join(columns) if head is None else head, *lines]) + (end if last else "")).encode()

    def line(self, n: int = 1, by: str = ",", **changes: Any) -> str:
        """A row as the text of a line."""
        return by.join(str(self.row(n, **changes)[name]) for name in NAMES)


def add(name: str, make: Callable[[Kit], tuple[bytes, Fate]], night: int = 1, people: str = "") -> None:
    """A case; `people` is the case whose patients it tells of, where not its own."""
    assert name not in CASES, f"{name} is there twice"
    kit = Kit(name, f"K{zlib.crc32((people or name).encode()):010d}")
    data, fate = make(kit)
    CASES[name] = Case(name, data, fate, night)


def taken(*rows: dict[str, Any], aside: Sequence[Aside] = (), **more: Any) -> Fate:
    """The file is taken: these rows are good, and those are set aside."""
    return Fate(tuple(rows), tuple(sorted(aside, key=str)), None, **more)


def refused(reason: str, kind: str | None = None) -> Fate:
    """The file is refused."""
    return Fate(refused=(reason, kind))
