"""Contract of a source profile in clinics.toml: how the files of one of a clinic's sources say what the contract asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from schemas.contracts import Contract
from schemas.errors import IN_WORDS, called
from schemas.feeds import FEEDS
from schemas.hints import kind_by_name
from schemas.scores import ITEMS

# A code table of this name is that of all nine items.
ITEM_CODES = "items"
PROFILE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_FORMAT = re.compile(r"(?:%[YmdHMSyb]|[-/. :T])+")
DAYS = ("days_since_first_infusion", "extract_day")
ISO = "%Y-%m-%d"


def normalised(name: str) -> str:
    """A column's name in the one way that is safe for any: trimmed, no byte-order mark, lower case, blanks and hyphens as `_`."""
    return re.sub(r"[ \-]+", "_", name.strip().strip('"\ufeff').strip().lower())


@dataclass(frozen=True)
class DateRule:
    """Days from a date: of `column`, since the date in the column `since`, else since the patient's infusion 1 in the file."""

    column: str
    since: str | None = None
    format: str = ISO


@dataclass(frozen=True)
class Profile:
    """A source profile. Column names of files are normalised; everything on the contract's side is in the contract's words.

    columns: contract column -> the file's. ignored: columns of the file that are searched for identifiers and dropped.
    constants: contract column -> text. codes: contract column (or `items`) -> the file's text -> the contract's; where there
    is a table, no other text is taken. events: text of `event_column` -> contract column -> text. dates: contract column
    -> rule. patient_ids: what all pseudonyms of the file look like, where several profiles fit its columns.
    """

    clinic_id: str
    name: str
    version: int
    feed: str = "scores"
    columns: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    constants: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    event_column: str | None = None
    events: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    dates: Mapping[str, DateRule] = field(default_factory=dict)
    timepoint_by_day: bool = False
    patient_ids: str | None = None
    confirmed: bool = False

    @property
    def label(self) -> str:
        """What the ledger calls it: clinic, name and version."""
        return f"{self.clinic_id}/{self.name}/{self.version}"

    @property
    def contract(self) -> Contract:
        """The contract of its feed."""
        return FEEDS[self.feed]

    @property
    def sources(self) -> dict[str, str]:
        """The file's columns that are read, and the contract column (or the use) of each."""
        read = {source: column for column, source in self.columns.items()}
        for rule in self.dates.values():
            read |= {rule.column: "a date"} | ({rule.since: "a date"} if rule.since else {})
        return read | ({self.event_column: "the event"} if self.event_column else {})

    @property
    def needed(self) -> set[str]:
        """The file's columns without which the profile does not fit."""
        may_lack = {source for column, source in self.columns.items() if column not in self.contract.required}
        return set(self.sources) - may_lack

    def fits(self, names: tuple[str, ...]) -> bool:
        """Whether these (normalised) columns are all known to it, each once, and nothing that the feed needs is missing."""
        have = set(names)
        known = {*self.sources, *self.ignored, *self.own}
        is_whole = {*self.contract.required} <= self.given | have | {"clinic_id"}
        return is_whole and len(have) == len(names) and self.needed <= have <= known

    @property
    def own(self) -> set[str]:
        """The contract's columns that may be in the file under their own names, for the profile says nothing of them."""
        return {*self.contract.columns} - self.given - {*self.sources}

    def called(self, name: Callable[[str], str | None]) -> Profile:
        """The same, where the file's columns have been given another `name` before."""
        return replace(self, columns={column: name(source) or source for column, source in self.columns.items()})

    @property
    def given(self) -> set[str]:
        """The contract columns that it gives a value to."""
        of_events = {column for event in self.events.values() for column in event}
        made = {"timepoint"} if self.timepoint_by_day else set()
        return {*self.columns, *self.constants, *of_events, *self.dates, *made}


# key: (type, what it means)
KEYS: dict[str, tuple[type, str]] = {
    "version": (int, "1, and one more with each change: the ledger says which version read a file"),
    "confirmed": (bool, "true once a person has checked it against the source: until then its files are refused"),
    "feed": (str, "scores or patients"),
    "columns": (dict, "contract column = the file's column"),
    "ignored": (list, "columns of the file that are searched for identifiers and dropped"),
    "constants": (dict, "contract column = text that every row has"),
    "codes": (dict, "contract column (or items, for all nine) = { the file's text = the contract's }"),
    "events": (dict, "column = the file's column; rows = { its text = { contract column = text } }"),
    "dates": (dict, "contract column = { column, since, format }: only where limited_data_set = true"),
    "timepoint_by_day": (bool, "baseline up to day 0 and follow_up after it, where the source has no timepoints"),
    "patient_ids": (str, "regular expression that all pseudonyms match, where several profiles fit the same columns"),
}


def read_profiles(clinic_id: str, entry: Any, *, limited: bool) -> tuple[list[Profile], list[str]]:
    """The profiles of one clinic's entry, and what is wrong with them, each fault with profile and key."""
    if not isinstance(entry, dict):
        return [], ["profiles: expected tables [clinics.ID.profiles.NAME]"]
    profiles, faults = [], []
    for place, (name, said) in enumerate(entry.items(), start=1):
        label = name if PROFILE_NAME.fullmatch(name) else f"profile {place}"
        found = _shape_faults(name, said)
        if not found:
            profile = _made(clinic_id, name, said)
            found = [*_column_faults(profile), *_word_faults(profile), *_use_faults(profile, limited=limited)]
            profiles.append(profile)
        faults += [f"profiles.{label}: {fault}" for fault in found]
    return profiles, faults


def _shape_faults(name: str, said: Any) -> list[str]:
    if not PROFILE_NAME.fullmatch(name):
        return ["not a profile's name: up to 32 of A-Z, a-z, 0-9, _ -, the first a letter"]
    if not isinstance(said, dict):
        return ["not a table of keys"]
    faults = [f"{called(key)}: unknown key; known are {', '.join(KEYS)}" for key in said if key not in KEYS]
    faults += [f"{key}: expected {IN_WORDS[kind]}" for key, (kind, _) in KEYS.items() if key in said and type(said[key]) is not kind]  # fmt: skip
    if said.get("version", 0) == 0 or (type(said["version"]) is int and said["version"] < 1):
        faults.append("version: expected a whole number from 1")
    if said.get("feed", "scores") not in FEEDS:
        faults.append(f"feed: expected one of {', '.join(FEEDS)}")
    if faults:
        return faults
    texts = [("columns", said.get("columns", {})), ("constants", said.get("constants", {}))]
    texts += [(f"codes.{called(column)}", table) for column, table in said.get("codes", {}).items()]
    events = said.get("events", {})
    if events and (set(events) != {"column", "rows"} or type(events["column"]) is not str or type(events["rows"]) is not dict):  # fmt: skip
        return ["events: expected column (text) and rows (a table)"]
    texts += [(f"events.rows[{number}]", row) for number, row in enumerate(events.get("rows", {}).values(), start=1)]
    texts += [(f"dates.{called(column)}", rule) for column, rule in said.get("dates", {}).items()]
    faults += [f"{key}: expected a table of texts" for key, table in texts if not (isinstance(table, dict) and all(type(text) is str for text in table.values()))]  # fmt: skip
    if not all(type(column) is str for column in said.get("ignored", [])):
        faults.append("ignored: expected a list of texts")
    if not faults:
        faults += [f"dates.{called(column)}: expected column, and perhaps since and format" for column, rule in said.get("dates", {}).items() if not {"column"} <= set(rule) <= {"column", "since", "format"}]  # fmt: skip
    return faults


def _made(clinic_id: str, name: str, said: dict[str, Any]) -> Profile:
    events = said.get("events", {})
    dates = {
        column: DateRule(
            normalised(rule["column"]), normalised(rule["since"]) if "since" in rule else None, rule.get("format", ISO)
        )
        for column, rule in said.get("dates", {}).items()
    }
    return Profile(
        clinic_id=clinic_id,
        name=name,
        version=said["version"],
        feed=said.get("feed", "scores"),
        columns={column: normalised(source) for column, source in said.get("columns", {}).items()},
        ignored=frozenset(normalised(column) for column in said.get("ignored", [])),
        constants=said.get("constants", {}),
        codes=said.get("codes", {}),
        event_column=normalised(events["column"]) if events else None,
        events=events.get("rows", {}),
        dates=dates,
        timepoint_by_day=said.get("timepoint_by_day", False),
        patient_ids=said.get("patient_ids"),
        confirmed=said.get("confirmed", False),
    )


def _column_faults(profile: Profile) -> list[str]:
    """What is wrong with the columns of either side."""
    contract = profile.contract
    faults = []
    ways: dict[str, list[str]] = {}
    said = [("columns", profile.columns), ("constants", profile.constants), ("dates", profile.dates)]
    said += [("events", {column: "" for event in profile.events.values() for column in event})]
    said += [("timepoint_by_day", {"timepoint": ""} if profile.timepoint_by_day else {})]
    for key, table in said:
        for column in table:
            if column not in contract.columns:
                faults.append(
                    f"{key}: {called(column)} is no column of {profile.feed}; those are {', '.join(contract.columns)}"
                )
            ways.setdefault(column, []).append(key)
    faults += [f"{called(column)}: given by {' and by '.join(keys)}: one way only" for column, keys in ways.items() if len(keys) > 1]  # fmt: skip
    faults += [f"codes.{called(column)}: no column of {profile.feed}, nor items" for column in profile.codes if column not in {*contract.columns, *([ITEM_CODES] if profile.feed == "scores" else [])}]  # fmt: skip
    coded = {*profile.columns, *profile.own}
    faults += [f"codes.{column}: the column is not read from the file" for column in profile.codes if column in contract.columns and column not in coded]  # fmt: skip
    sources = list(profile.columns.values())
    faults += [f"columns: two of them are read from one column of the file ({called(column)})" for column in {column for column in profile.columns if sources.count(profile.columns[column]) > 1}]  # fmt: skip
    both = profile.ignored & set(profile.sources)
    if both:
        faults.append("ignored: also read: leave it out of one of the two")
    return faults


def _word_faults(profile: Profile) -> list[str]:
    """Texts on the contract's side that its words do not know."""
    reading = profile.contract.reading
    said = [(f"constants.{column}", column, text) for column, text in profile.constants.items()]
    said += [(f"events.rows.{column}", column, text) for event in profile.events.values() for column, text in event.items()]  # fmt: skip
    for column, table in profile.codes.items():
        of = ITEMS[0] if column == ITEM_CODES else column
        said += [(f"codes.{column}", of, text) for text in table.values()]
    return [
        f"{key}: expected one of {', '.join(reading[column]['words'])}"
        for key, column, text in said
        if column in reading and text and reading[column]["kind"] == "word" and text not in reading[column]["words"]
    ]


def _use_faults(profile: Profile, *, limited: bool) -> list[str]:
    """What a profile may not do."""
    faults = []
    if profile.dates and not limited:
        faults.append("dates: only a clinic with limited_data_set = true may send dates; others send days")
    for column, rule in profile.dates.items():
        if column not in DAYS:
            faults.append(f"dates.{called(column)}: days can be made for {' and '.join(DAYS)}")
        if not _FORMAT.fullmatch(rule.format) or not all(each in rule.format for each in ("%Y", "%d")) or not re.search("%[mb]", rule.format):  # fmt: skip
            faults.append(f"dates.{called(column)}: format: expected year %Y, month %m or %b and day %d, as %d/%m/%Y")
        if rule.since is None and DAYS[0] not in profile.dates:
            faults.append(
                f"dates.{called(column)}: needs since, or a date rule for {DAYS[0]}: without one no date is that of infusion 1"
            )
    for column in sorted(profile.ignored):
        kind = kind_by_name(column)
        if kind and not (limited and kind == "date"):
            faults.append(f"ignored: a column called like one that holds a {kind} may not be sent at all: leave it out of the export")  # fmt: skip
    if profile.patient_ids is not None:
        try:
            re.compile(profile.patient_ids)
        except re.error:
            faults.append("patient_ids: not a regular expression")
    return faults
