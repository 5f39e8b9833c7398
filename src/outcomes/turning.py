"""Rows of a clinic's own export turned into rows of the contract: dates to days, ages capped, nothing else let through.

Only a value that the contract's own reader made is written on. A cell it cannot read costs its row, and is named by
line and column; it is never emptied, since an empty cell says something else.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from outcomes.crosswalk import Crosswalk, real_id_of
from outcomes.owncolumns import DAY, Plan
from outcomes.ownfiles import OwnFile
from outcomes.reading import Cell, read_cell
from schemas.patients import OLDEST
from schemas.reasons import SENTENCES

# Why a row is left out in the clinic, beside the reasons of the contract.
SAID_HERE = {
    "patient_missing": "the cell that says who the patient is is empty",
    "patient_damaged": "the patient's id was turned into a number as 1.2E+11, so that two patients may have the same: export it as text",
    "other_clinic": "clinic_id is another clinic than --clinic",
    "date_missing": "the row has no date",
    "date_not_read": "not a date as 2024-03-01, or as --date-format says; 03/04/2024 alone may be two days",
    "date_impossible": "the calendar has no such day, or its year is not from 2000 to 2100",
    "first_infusion_unknown": "the patient's first infusion is in no column, no sound row of infusion 1, and not in the crosswalk",
    "first_infusion_differs": "the patient has two different first infusions, in the export or beside the crosswalk: correct the wrong one",
    "infusion_before_first": "the patient has an infusion before their first: the first is in an earlier export, or is wrong",
    "patient_told_twice": "rows of the same patient differ: the patients feed has one row a patient",
    "row_repeated": "the same as a row before it",
}  # fmt: skip
_SENTENCES = SENTENCES | SAID_HERE
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?")
_DAMAGED = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+")
_AGES_CAPPED = range(OLDEST + 1, 121)
# R1: rows of infusion 1 on two days of one series leave open which is its day.
_ONE_SERIES = dt.timedelta(days=28)
_YEARS = range(2000, 2101)
# The number of an infusion that could be any, 1 too.
UNREAD = -1


@dataclass
class Turned:
    """A row as it may be sent, but for its code: the contract's texts. `faults` are (reason, column name)."""

    line: int
    real_id: str
    cells: dict[str, str] = field(default_factory=dict)
    on: dt.date | None = None
    first: dt.date | None = None
    faults: list[tuple[str, str | None]] = field(default_factory=list)
    is_capped: bool = False

    @property
    def infusion(self) -> int | None:
        """The number of the infusion that the row tells of; None where it tells of none, UNREAD where it may be 1."""
        unread = {column for _, column in self.faults}
        if {"infusion_number", "timepoint", "status"} & unread and self.cells.get("infusion_number", "1") == "1":
            return UNREAD
        if (
            self.cells.get("timepoint") not in ("pre_infusion", "post_infusion")
            or self.cells.get("status") == "entered_in_error"
        ):
            return None
        return int(self.cells["infusion_number"]) if self.cells.get("infusion_number") else None


def sentence(reason: str) -> str:
    """What a reason means, in words that hold no value."""
    return _SENTENCES[reason]


def turned(own: OwnFile, plan: Plan, clinic: str) -> list[Turned]:
    """Every row of the export that has as many cells as its header, with its faults; days are not made yet."""
    return [_row(line, cells, plan, clinic) for line, cells in own.rows]


def _row(line: int, given: Sequence[str], plan: Plan, clinic: str) -> Turned:
    row = Turned(line, real_id_of(given[plan.patient]))
    if not row.real_id:
        row.faults.append(("patient_missing", "patient_id"))
    elif _DAMAGED.fullmatch(row.real_id):
        row.faults.append(("patient_damaged", "patient_id"))
        row.real_id = ""
    if plan.clinic is not None and given[plan.clinic] != clinic:
        row.faults.append(("other_clinic", "clinic_id"))
    texts = {column: given[place] for column, place in plan.cells.items()} | plan.always
    for column, text in texts.items():
        said = plan.words.get(column, {}).get(text.casefold(), text)
        cell = read_cell(plan.contract, column, said)
        if cell.identifier or cell.fault is not None:
            row.faults.append(
                ("identifier" if cell.identifier else plan.contract.reading[column]["unreadable"], column)
            )
        elif column == "age_years" and cell.value in _AGES_CAPPED:
            row.cells[column] = str(OLDEST)
            row.is_capped = True
        else:
            row.cells[column] = _written(cell)
    if plan.date is not None:
        row.on = _dated(row, given[plan.date], plan, DAY)
    if plan.first_infusion is not None and given[plan.first_infusion]:
        row.first = _dated(row, given[plan.first_infusion], plan, "first_infusion")
    return row


def _written(cell: Cell) -> str:
    if cell.value is None:
        return ""
    if isinstance(cell.value, bool):
        return "yes" if cell.value else "no"
    return str(cell.value)


def _dated(row: Turned, text: str, plan: Plan, column: str) -> dt.date | None:
    found = "date_missing" if not text else date_of(text, plan.date_format)
    if isinstance(found, dt.date):
        return found
    row.faults.append((found, column))
    return None


def date_of(text: str, form: str | None) -> dt.date | str:
    """The date that a cell holds, or the reason why none. A time of day is left out; one with a time zone is not read."""
    if form is not None and text.isascii():
        try:
            day = dt.datetime.strptime(text, form).date()
        except ValueError:  # its own words hold the cell
            pass
        else:
            return day if day.year in _YEARS else "date_impossible"
    match = _ISO.fullmatch(text)
    if match is None:
        return "date_not_read"
    try:
        day = dt.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return "date_impossible"
    return day if day.year in _YEARS else "date_impossible"


def first_infusions(rows: Sequence[Turned], walk: Crosswalk, *, needed: bool) -> dict[str, dt.date | str | None]:
    """Day 0 of each patient, or the reason why there is none; None only where none is `needed`.

    The crosswalk's first, then a column's, then the earliest row of infusion 1. Never a guess: where anything of the
    patient speaks against it, all of the patient's rows are left out.
    """
    of: defaultdict[str, list[Turned]] = defaultdict(list)
    for row in rows:
        if row.real_id:
            of[row.real_id].append(row)
    return {real_id: _first(theirs, walk.first_infusion_on(real_id), needed) for real_id, theirs in of.items()}


def _first(rows: Sequence[Turned], known: dt.date | None, needed: bool) -> dt.date | str | None:
    told = {row.first for row in rows if row.first is not None} | ({known} if known else set())
    if len(told) > 1:
        return "first_infusion_differs"
    if any(column == "first_infusion" for row in rows for _, column in row.faults) and known is None:
        return "first_infusion_unknown"
    day = next(iter(told), None) or _first_by_rows(rows)
    if day is None:
        return "first_infusion_unknown" if needed else None
    if any(row.infusion is not None and row.infusion > 0 and row.on is not None and row.on < day for row in rows):
        return "infusion_before_first"
    return day


def _first_by_rows(rows: Sequence[Turned]) -> dt.date | None:
    """The earliest date of a row of infusion 1; None where another row could be the first infusion as well."""
    ones = [row.on for row in rows if row.infusion == 1]
    days = [day for day in ones if day is not None]
    if not days or len(days) < len(ones):
        return None
    day = min(days)
    if any(row.infusion == UNREAD and (row.on is None or row.on < day) for row in rows):
        return None
    return None if any(day < other <= day + _ONE_SERIES for other in days) else day
