"""`outcomes profile`: proposes a source profile from a file. What it cannot know it asks, in a comment; it never guesses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from outcomes.errors import FileRefusedError, UsageError
from outcomes.identifiers import kind_in_pseudonym, kind_of_identifier
from outcomes.sources.csv import read_csv, sheet_of
from outcomes.sources.opening import opened, read_sheet
from outcomes.sources.redcap import is_redcap, plain
from outcomes.sources.sheet import Sheet
from outcomes.tables import place
from schemas.contracts import CLINIC_ID, Contract
from schemas.conventions import conventions_of, doubtful, known_as, not_usable
from schemas.feeds import COLUMNS, FEEDS, told
from schemas.hints import kind_by_name
from schemas.profiles import PROFILE_NAME, normalised
from schemas.reasons import SENTENCES
from schemas.scores import ITEMS, MISSING_CODES

# A column of more different texts than this is no list of codes.
MOST_CODES = 40
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_ .:/()\[\]-]{0,79}")
# A name or a code that nobody knows has no more digits than these: a number with more may be somebody's.
_MOST_DIGITS = 4
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_DATES = {
    "%Y-%m-%d": r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}",
    "%d/%m/%Y": r"(?:0?[1-9]|[12][0-9]|3[01])/(?:0?[1-9]|1[0-2])/[0-9]{4}",
    "%m/%d/%Y": r"(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12][0-9]|3[01])/[0-9]{4}",
    "%d.%m.%Y": r"(?:0?[1-9]|[12][0-9]|3[01])\.(?:0?[1-9]|1[0-2])\.[0-9]{4}",
    "%d-%b-%Y": r"[0-9]{1,2}-[A-Za-z]{3}-[0-9]{4}",
}
_EVENT_COLUMNS = ("redcap_event_name", "event", "visit", "visit_name", "timepoint_name")


@dataclass(frozen=True)
class _Column:
    """A column of the file: its place from 0, its name, the contract's column that it is called, and its different texts.

    is_named: whether what stands in the header may be told: it may be anything.
    """

    place: int
    name: str
    known: str | None
    texts: tuple[str, ...]
    is_named: bool

    @property
    def said(self) -> str:
        """Its number, and its name where that is one."""
        return f"column {self.place + 1}" + (f" ({self.name})" if self.is_named else "")

    @property
    def is_events(self) -> bool:
        """Whether its texts say which visit a row is of."""
        return normalised(self.name) in _EVENT_COLUMNS

    @property
    def is_of_birth(self) -> bool:
        """Whether its name says that its dates are of births, which may never be sent."""
        return re.search("dob|birth", normalised(self.name)) is not None

    @cached_property
    def date_formats(self) -> list[str]:
        """The formats in which all of its texts are dates."""
        trimmed = [re.sub(r"[T ][0-9:.]+Z?$", "", text) for text in self.texts]
        return [
            each for each, shape in _DATES.items() if trimmed and all(re.fullmatch(shape, text) for text in trimmed)
        ]

    @cached_property
    def listed(self) -> list[str]:
        """Its texts, where they are a short list of words and no identifiers."""
        if len(self.texts) > MOST_CODES or any(_may_identify(text) for text in self.texts):
            return []
        return sorted(self.texts)


def proposed(data: bytes, clinic_id: str, name: str) -> str:
    """The text of a profile for files like this one. Raises UsageError where none is needed, or none can be made."""
    if not re.fullmatch(CLINIC_ID, clinic_id) or not PROFILE_NAME.fullmatch(name):
        raise UsageError(
            "A clinic's code has 2 to 32 of A-Z, a-z, 0-9, _ . -, a profile's name up to 32; both begin with a letter."
        )
    try:
        given = opened(data)
        if given.is_csv:
            text = read_csv(given.data, lambda _: True)
            if text.header is not None:
                raise UsageError(
                    "The file has the contract's own columns: no profile is needed. See what becomes of it: outcomes check FILE"
                )
            sheet, _ = sheet_of(text.whole())
        else:
            sheet = read_sheet(given.format, given.data)
        if is_redcap(sheet.names):
            sheet = plain(sheet)
    except FileRefusedError as error:
        said = place(error.column_no, error.line, error.kind)
        raise UsageError(
            f"The file cannot be read: {SENTENCES[error.reason_code]}{f' ({said})' if said else ''}."
        ) from None
    return propose(sheet, clinic_id, name)


def propose(sheet: Sheet, clinic_id: str, name: str) -> str:
    """The text of a profile for clinics.toml. Not confirmed, and not whole wherever the file alone does not say."""
    is_comment = sheet.names[0].lstrip('" ').startswith("#")
    columns = [_column(sheet, place, is_comment=is_comment) for place in range(len(sheet.names))]
    feed = next(iter(told(column.known for column in columns if column.known)), "scores")
    contract = FEEDS[feed]
    sure = _assigned(columns, contract)
    left = [column for column in columns if column not in sure.values()]
    events = next((column for column in left if column.is_events), None)
    dates = [column for column in left if column.date_formats and column is not events and not column.is_of_birth]
    rest = [column for column in left if column not in (events, *dates)]
    head = f"clinics.{_key(clinic_id)}.profiles.{_key(name)}"
    lines = [
        f"# Proposed from one file of {sheet.cells.height:,} rows. Nothing below is used until a person has answered each line that begins",
        "# with #?, checked the others against the source, and set confirmed = true. Then: outcomes check FILE --home HOME",
        *(f"# All nine items are called as in {each.name}: {each.coding}." for each in conventions_of(sheet.names)),
        *_asked(rest),
        f"[{head}]",
        "version = 1",
        "confirmed = false",
        *([f'feed = "{feed}"'] if feed != "scores" else []),
        "ignored = []",
        "",
        f"[{head}.columns]",
        *_read_as(sure),
        *_events(head, events, sure, contract),
        *_codes(head, sure, contract),
        *_dates(head, dates),
        *_lacking(head, sure, events, dates, contract),
    ]
    return "\n".join(lines) + "\n"


def _column(sheet: Sheet, place: int, *, is_comment: bool) -> _Column:
    texts = sheet.cells[str(place)].drop_nulls().str.strip_chars(" ").unique(maintain_order=True)
    name = sheet.names[place]
    known = normalised(name) if normalised(name) in COLUMNS else known_as(name)
    is_word = _NAME.fullmatch(name) is not None and (
        kind_by_name(normalised(name)) is not None or kind_of_identifier("", name) is None
    )
    is_named = bool(known) or (is_word and not is_comment and not _has_a_number(name))
    return _Column(place, name, known, tuple(texts.filter(texts != "")), is_named)


def _may_identify(text: str) -> bool:
    kind = kind_of_identifier("", text) or kind_in_pseudonym(text)
    return kind is not None or len(text) > 60 or _has_a_number(text)


def _has_a_number(text: str) -> bool:
    """Whether a text has so many digits that they may be somebody's number."""
    return sum(char.isdigit() for char in text) > _MOST_DIGITS


def _assigned(columns: list[_Column], contract: Contract) -> dict[str, _Column]:
    """The contract's columns that exactly one column of the file is called."""
    called = {known: [column for column in columns if column.known == known] for known in contract.columns}
    return {known: own[0] for known, own in called.items() if len(own) == 1}


def _text(text: str) -> str:
    """A TOML string."""
    return '"' + re.sub(r'[\x00-\x1f\x7f"\\]', lambda found: f"\\u{ord(found[0]):04x}", text) + '"'


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else _text(text)


def _read_as(sure: dict[str, _Column]) -> Iterator[str]:
    own = [known for known, column in sure.items() if normalised(column.name) == known]
    if own:
        yield f"# under the contract's own names, so that nothing need be said: {', '.join(own)}"
    for known, column in sure.items():
        if known not in own:
            yield f"{known} = {_text(column.name)}"


def _asked(rest: list[_Column]) -> Iterator[str]:
    for column in rest:
        name = normalised(column.name)
        kind, doubt, why_not = kind_by_name(name), doubtful(column.name), not_usable(column.name)
        if why_not:
            what = f"cannot be used: {why_not}"
        elif kind:
            what = f"is named like one that holds a {kind}: leave it out of the export; it may not be sent"
        elif column.known:
            what = f"is called like {column.known}, and so is another column: write under columns which of them it is"
        elif doubt:
            what = f"could be several things ({doubt}): write under columns what it is, or put its name into ignored"
        else:
            what = "is not known: write under columns what it is, or put its name into ignored"
        yield f"#? {column.said} {what}."


def _events(head: str, events: _Column | None, sure: dict[str, _Column], contract: Contract) -> Iterator[str]:
    if events is None:
        return
    yield from ("", f"[{head}.events]", f"column = {_text(events.name)}", "", f"[{head}.events.rows]")
    asked = {"timepoint": " | ".join(contract.reading["timepoint"]["words"])} if "timepoint" in contract.columns else {}
    asked |= {column: "" for column in ("infusion_number", "days_since_first_infusion") if column in contract.columns}
    row = ", ".join(f"{column} = {_text(text)}" for column, text in asked.items() if column not in sure)
    for text in events.listed:
        yield f"#? {_key(text)} = {{ {row} }}"
    if not events.listed:
        yield f"#? {events.said} has too many different texts to be listed, or texts that may identify somebody."


def _codes(head: str, sure: dict[str, _Column], contract: Contract) -> Iterator[str]:
    asked: list[str] = []
    for known, column in sure.items():
        how = contract.reading[known]
        other = [text for text in column.listed if how["kind"] == "word" and text not in how["words"]]
        if other:
            open_codes = ", ".join(_text(text) + ' = ""' for text in column.listed)
            asked.append(f"#? {known} = {{ {open_codes} }}   # each one of: {', '.join(how['words'])}")
    answers = {text for item in ITEMS if item in sure for text in sure[item].texts}
    numbers = {text for text in answers if text.isdecimal() and text not in MISSING_CODES}
    if numbers and "0" not in numbers and "4" in numbers:
        asked.append('#? items = { "1" = "0", "2" = "1", "3" = "2", "4" = "3" }   # the items hold a 4 and no 0: are they coded 1 to 4? Then a total in the file is not theirs')  # fmt: skip
    if asked:
        yield from ("", f"[{head}.codes]", *asked)


def _dates(head: str, dates: list[_Column]) -> Iterator[str]:
    for column in dates:
        if len(column.date_formats) > 1:
            how = f"of which the day and the month cannot be told apart: {' or '.join(column.date_formats)}"
        else:
            how = f"as {column.date_formats[0]}"
        yield ""
        yield f"#? {column.said} holds dates, {how}. Only a clinic with limited_data_set = true may send them; then:"
        yield f"#? [{head}.dates.days_since_first_infusion]"
        yield f"#? column = {_text(column.name)}"
        if len(column.date_formats) == 1 and column.date_formats != ["%Y-%m-%d"]:
            yield f'#? format = "{column.date_formats[0]}"'


def _lacking(
    head: str, sure: dict[str, _Column], events: _Column | None, dates: list[_Column], contract: Contract
) -> Iterator[str]:
    by_event = {"timepoint", "infusion_number", "days_since_first_infusion"} if events else set()
    by_date = {"days_since_first_infusion"} if dates else set()
    lacking = [column for column in contract.required if column not in {*sure, *by_event, *by_date, "clinic_id"}]
    if lacking:
        yield from ("", f"[{head}.constants]")
    for column in lacking:
        if contract.reading[column]["kind"] == "code":
            yield f"#? nothing in the file is called {column}: write under columns which column it is. {contract.descriptions[column]}"
            continue
        yield f'#? {column} = ""   # nothing in the file gives it: "" where the source has none; {contract.descriptions[column]}'
