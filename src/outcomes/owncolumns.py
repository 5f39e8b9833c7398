"""What the columns of a clinic's own export are: told by options or a small TOML file, or known by their spelling.

```toml
patient = "MRN"                    # who it is: becomes a code
date = "Visit Date"                # becomes days since the first infusion
first_infusion = "First Infusion"  # where there is such a column
age = "Age"                        # patients feed; 91 and over become 90
date_format = "%d/%m/%Y"           # where dates are not written 2024-03-01
feed = "scores"                    # where the columns do not tell
sheet = "Export"                   # of a workbook with several

[columns]                          # contract's column = the export's
timepoint = "Visit type"
item_1 = "Little interest"

[words.timepoint]                  # the export's word = contract's word
"Before infusion" = "pre_infusion"

[always]                           # what holds for every row and has no column
recall_period = "two_weeks"
```
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from outcomes.errors import UsageError
from outcomes.reading import read_cell
from schemas.contracts import Contract
from schemas.feeds import COLUMNS, FEEDS, told
from schemas.profiles import normalised
from schemas.scores import ITEMS

DAY = "days_since_first_infusion"
_CODES = ("clinic_id", "patient_id")
_TEXTS = ("patient", "date", "first_infusion", "age", "date_format", "feed", "sheet")
_TABLES = ("columns", "words", "always")
# Names that widespread forms give the nine items and their total; each says which item it is.
_ALSO = {f"{head}{n}": f"item_{n}" for head in ("phq9_", "phq9_q", "phq_9_", "phq_") for n in range(1, 10)} | dict.fromkeys(
    ("phq9_total", "phq_9_total", "phq9_total_score"), "total"
)  # fmt: skip
# A date in full, to the day. %b and %B are the English names.
_DIRECTIVES = set("dmYybBHMSpI")


@dataclass(frozen=True)
class Told:
    """What the user says of the export. `columns` is contract's name -> header; `words` the same -> their word -> ours."""

    patient: str | None = None
    date: str | None = None
    first_infusion: str | None = None
    age: str | None = None
    date_format: str | None = None
    feed: str | None = None
    sheet: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    words: dict[str, dict[str, str]] = field(default_factory=dict)
    always: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """Where in a row what is found, counted from 0. `cells` is contract's name -> place, `always` -> the one text of all rows.

    `became` is what becomes of each place: a contract's name, or what it is used for; a place not in it is dropped.
    """

    contract: Contract
    patient: int
    clinic: int | None
    date: int | None
    first_infusion: int | None
    cells: dict[str, int]
    always: dict[str, str]
    words: dict[str, dict[str, str]]
    date_format: str | None
    became: dict[int, str]

    @property
    def columns(self) -> list[str]:
        """The columns of the clean file: those that the contract needs, and those that are here."""
        here = {*_CODES, *self.contract.required, *self.cells, *self.always}
        return [name for name in self.contract.columns if name in here]

    @property
    def empty(self) -> list[str]:
        """Columns of the clean file that nothing in the export fills."""
        filled = {*_CODES, *self.cells, *self.always, *([DAY] if self.date is not None else [])}
        return [name for name in self.columns if name not in filled]


def read_told(path: Path | None, options: Mapping[str, str | None]) -> Told:
    """What the TOML file says, and before it what the options do. Raises UsageError naming the key."""
    content: dict[str, Any] = {}
    if path is not None:
        try:
            content = tomllib.loads(path.read_bytes().decode())
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            raise UsageError(
                "The file given with --columns cannot be read as TOML. docs/sending.md has one to copy."
            ) from None
    unknown = [key for key in content if key not in (*_TEXTS, *_TABLES)]
    if unknown:
        raise UsageError(f"--columns: {unknown[0]} is no key. Known are {', '.join((*_TEXTS, *_TABLES))}.")
    for key, value in content.items():
        if isinstance(value, str) != (key in _TEXTS) or (key in _TABLES and not isinstance(value, dict)):
            raise UsageError(f"--columns: {key} must be {'a text' if key in _TEXTS else 'a table'}.")
    given = content | {key: value for key, value in options.items() if value is not None}
    made = Told(**given)
    for table, texts in (
        ("columns", made.columns),
        ("always", made.always),
        *((f"words.{k}", v) for k, v in made.words.items()),
    ):
        if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
            raise UsageError(f"--columns: [{table}] must hold texts in quotes.")
    for table, names in (("columns", made.columns), ("always", made.always), ("words", made.words)):
        for name in names:
            if name not in COLUMNS or name in _CODES:
                raise UsageError(f"--columns: [{table}] {name} is no column of the contract that can be told here.")
    if made.feed is not None and made.feed not in FEEDS:
        raise UsageError(f"There is no feed of that name. Known are {', '.join(FEEDS)}.")
    if made.date_format is not None:
        _check_format(made.date_format)
    return made


def placed(names: Sequence[str], said: Told) -> Plan:
    """Which column of the export is what. Raises UsageError that says what could not be told, and how to say it."""
    plain = [normalised(name) for name in names]
    named = dict(said.columns) | ({"age_years": said.age} if said.age else {})
    explicit = {column: _found(names, plain, header) for column, header in named.items()}
    roles = {
        role: _found(names, plain, header)
        for role, header in (("patient", said.patient), ("date", said.date), ("first_infusion", said.first_infusion))
        if header
    }
    used = [*explicit.values(), *roles.values()]
    if len(set(used)) < len(used):
        raise UsageError("One column was told to be two things. Each column can be one.")
    known = dict(explicit)
    for place, name in enumerate(plain):
        column = name if name in COLUMNS else _ALSO.get(name)
        if column is None or place in used or column in explicit or (column == "patient_id" and "patient" in roles):
            continue
        if column in known:
            raise UsageError(
                f"Columns {known[column] + 1} and {place + 1} are both called {column}. Name one of them in [columns]."
            )
        known[column] = place
    patient = roles.get("patient", known.pop("patient_id", None))
    clinic = known.pop("clinic_id", None)
    if patient is None:
        raise UsageError("Which column says who the patient is? Say --patient with its header.")
    contract = _contract(said, [*known, *said.always, *([DAY] if "date" in roles else [])])
    cells = {column: place for column, place in known.items() if column in contract.columns}
    always = {column: text for column, text in said.always.items() if column in contract.columns}
    date = roles.get("date") if DAY in contract.columns else None
    if DAY in contract.columns:
        _check_scores(cells, always, date)
    for column in cells.keys() & always.keys():
        raise UsageError(f"--columns: {column} is in [always], and the export has a column of it.")
    words = {
        column: {text.strip().casefold(): word for text, word in pairs.items()} for column, pairs in said.words.items()
    }
    for table, pairs in (
        ("always", always.items()),
        *(("words", [(c, w) for w in words[c].values()]) for c in words if c in contract.columns),
    ):
        for column, text in pairs:
            if (cell := read_cell(contract, column, text)).fault is not None or cell.identifier:
                raise UsageError(
                    f"--columns: [{table}] {column}: {contract.rules[contract.reading[column]['unreadable']].sentence}."
                )
    became = {place: column for column, place in cells.items()} | {patient: "patient_id"}
    became |= {
        place: use
        for place, use in ((date, DAY), (roles.get("first_infusion"), "day 0"), (clinic, "clinic_id"))
        if place is not None
    }
    return Plan(
        contract, patient, clinic, date, roles.get("first_infusion"), cells, always, words, said.date_format, became
    )


def _contract(said: Told, columns: Sequence[str]) -> Contract:
    feeds = [said.feed] if said.feed else told(columns)
    if len(feeds) != 1:
        raise UsageError(
            "The export has columns of two feeds. Say --feed scores or --feed patients; for both, run it twice."
            if feeds
            else "No column is known as one of the contract's. Is the first line the header? Name the columns with options "
            "or --columns."
        )
    return FEEDS[feeds[0]]


def _check_scores(cells: Mapping[str, int], always: Mapping[str, str], date: int | None) -> None:
    if (date is None) == (DAY not in cells):
        raise UsageError(
            f"Which column has the date? Say --date with its header, or send a column {DAY}."
            if date is None
            else f"There is a date and a column {DAY}. Only one of them can say the day: leave --date out, or the column."
        )
    if "timepoint" not in {*cells, *always}:
        raise UsageError(
            "No column says timepoint. Name it in the TOML of --columns: [columns] timepoint, or [always]."
        )
    if not {*ITEMS, "total"} & cells.keys():
        raise UsageError(
            "No column is known as an item or the total. Name them in the TOML of --columns: [columns] item_1 ..."
        )


def _found(names: Sequence[str], plain: Sequence[str], header: str) -> int:
    """The one place of a header: as spelt, else but for capitals, blanks and hyphens."""
    places = [place for place, name in enumerate(names) if name == header.strip()]
    places = places or [place for place, name in enumerate(plain) if name == normalised(header)]
    if len(places) != 1:
        raise UsageError(
            f"{'Several columns are' if places else 'No column is'} called {header!r}. Write it as the first line does."
        )
    return places[0]


def _check_format(text: str) -> None:
    directives = re.findall(r"%(.)", text)
    whole = {"d", *({"m", "b", "B"} & set(directives)), *({"Y", "y"} & set(directives))}
    if set(directives) - _DIRECTIVES or len(whole) != 3 or not whole <= set(directives):
        raise UsageError("--date-format must have a day, a month and a year, as %d/%m/%Y or %m/%d/%Y.")
