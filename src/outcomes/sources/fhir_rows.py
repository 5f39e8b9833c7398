"""From the parts of a FHIR file to rows: the last version of each resource, and the parts of one form put together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from outcomes.sources.fhir_parts import Part, in_utc, is_phq_9
from schemas.scores import ITEMS

# Address or `type/id` of a resource that is no part of a PHQ-9 -> whether it may be named as a part all the same.
Others = dict[str, bool]
RETRACTED = "entered_in_error"
_IN_UTC = re.compile(r"[0-9]{4}-.*\+00:00")
_REFERENCE = re.compile(r"(?:.*/)?([A-Za-z]+/[^/|#?]+?)(?:/_history/[^/]+)?")


@dataclass
class Row:
    """One PHQ-9 of the file."""

    line: int
    patient: str | None
    time: str
    authored: str | None
    days: str | None
    status: str
    cells: dict[str, str]


class _AsideError(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def rows_of(parts: list[Part], others: Others, deleted: dict[str, int]) -> tuple[list[Row], list[tuple[int, str]], int]:
    """Rows by their lines, the lines of those set aside with their reason, and how many resources were left out."""
    parts, aside, left_out = _last_versions(parts, deleted)
    rows: list[Row] = []
    for group in _groups(parts, others):
        lead = min(group, key=_rank)
        if not any(part.is_form for part in group) and not any(part.fault for part in group):
            columns = {column for part in group for column in part.cells}
            is_one = is_phq_9(columns, named=any(part.named for part in group))
            if is_one is False:
                left_out += len(group)
                continue
            if is_one is None:
                lead.fault = "form_not_known"
        try:
            rows.append(_combined(group, lead))
        except _AsideError as error:
            aside.append((lead.line, error.reason))
    # What was retracted and entered anew for the same moment stands: a retraction is of a patient and day, and would take it too.
    standing = {(row.patient, row.time) for row in rows if row.status != RETRACTED and row.patient and row.time}
    kept = [row for row in rows if row.status != RETRACTED or (row.patient, row.time) not in standing]
    return sorted(kept, key=lambda row: row.line), aside, left_out + len(rows) - len(kept)


def _rank(part: Part) -> tuple[bool, bool, bool, int]:
    return not part.is_form, not part.is_panel, "total" not in part.cells, part.line


def _last_versions(parts: list[Part], deleted: dict[str, int]) -> tuple[list[Part], list[tuple[int, str]], int]:
    """The parts with one version a resource; those set aside, where it cannot be told which is the last; how many were left out."""
    by_key: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        by_key[part.key or f"line {part.line}"].append(part)
    kept, aside = [], [(line, "deleted_in_source") for line in deleted.values()]
    for key, versions in by_key.items():
        last = _last(versions)
        if key in deleted:
            aside += [(part.line, "deleted_in_source") for part in versions]
        elif last is None:
            aside += [(part.line, "two_versions") for part in versions]
        else:
            kept.append(last)
    gone = len(parts) + len(deleted) - len(kept) - len(aside)
    return kept, aside, gone


def _last(versions: list[Part]) -> Part | None:
    if len(versions) == 1:
        return versions[0]
    numbers = [part.version[0] for part in versions]
    if all(re.fullmatch("[0-9]{1,9}", number) for number in numbers) and len(set(map(int, numbers))) == len(numbers):
        return max(versions, key=lambda part: int(part.version[0]))
    times = [in_utc(part.version[1]) for part in versions]
    if all(_IN_UTC.fullmatch(time) for time in times) and len(set(times)) == len(times):
        return versions[times.index(max(times))]
    first = versions[0]
    same = all((part.cells, part.status, part.time, part.patient, part.fault, part.members) == (first.cells, first.status, first.time, first.patient, first.fault, first.members) for part in versions)  # fmt: skip
    return first if same else None


def _groups(parts: list[Part], others: Others) -> Iterable[list[Part]]:
    """The parts of one form together: by what they name as their parts, else by patient and moment; a form is one by itself."""
    at: dict[str, int] = {}
    for place, part in enumerate(parts):
        at |= dict.fromkeys({part.key, part.address} - {""}, place)
    joined = list(range(len(parts)))

    def root(place: int) -> int:
        while joined[place] != place:
            joined[place] = joined[joined[place]]
            place = joined[place]
        return place

    first: dict[tuple[str, str], int] = {}
    for place, part in enumerate(parts):
        for reference in part.members:
            member = _resolved(reference, at)
            if member is not None and not parts[member].is_form:
                joined[root(place)] = root(member)
            elif member is None and not _resolved(reference, others):
                known = _resolved(reference, others) is not None
                part.fault = part.fault or ("form_not_known" if known else "part_missing")
        if not part.is_form and part.patient and part.time:
            joined[root(place)] = root(first.setdefault((part.patient, part.time), place))
    groups: dict[int, list[Part]] = defaultdict(list)
    for place, part in enumerate(parts):
        groups[root(place)].append(part)
    return _with_forms(list(groups.values()), at, parts)


def _resolved(reference: str, table: dict[str, int] | Others) -> int | None:
    """What a reference is to in `table`; None where it is not there."""
    if reference in table:
        return table[reference]
    match = _REFERENCE.fullmatch(reference)
    return table.get(match[1]) if match else None


def _with_forms(groups: list[list[Part]], at: dict[str, int], parts: list[Part]) -> Iterable[list[Part]]:
    """The groups, those of Observations made from a form, or that say again what a form says, with it."""
    forms = {id(group[0]): group for group in groups if group[0].is_form}
    by_time: dict[tuple[str | None, str], list[Part]] = defaultdict(list)
    by_day: dict[tuple[str | None, str | None], list[list[Part]]] = defaultdict(list)
    for group in groups:
        lead = min(group, key=_rank)
        by_day[lead.patient, lead.days or lead.authored].append(group)
        if lead.is_form and lead.time:
            by_time[lead.patient, lead.time].append(lead)
    out = []
    for group in groups:
        if group[0].is_form:
            continue
        lead = min(group, key=_rank)
        sources = {place for part in group for reference in part.made_from if (place := _resolved(reference, at)) is not None}  # fmt: skip
        owners = [parts[place] for place in sources if parts[place].is_form]
        owners = owners or by_time.get((lead.patient, lead.time), [])
        same_day = by_day[lead.patient, lead.days or lead.authored]
        if not owners and len(same_day) == 2:
            owners = [other[0] for other in same_day if other[0].is_form and _says_the_same(other[0], group)]
        if len(owners) == 1:
            forms[id(owners[0])].extend(group)
        else:
            out.append(group)
    return [*forms.values(), *out]


def _says_the_same(form: Part, group: list[Part]) -> bool:
    """Whether Observations of the day of a complete form say nothing but what it says."""
    if any(item not in form.cells for item in ITEMS) or any(part.status != form.status or part.fault for part in group):
        return False
    numbers = {column: _number(cell) for column, cell in form.cells.items()}
    items = [numbers[item] for item in ITEMS]
    numbers.setdefault("total", sum(item for item in items if item is not None))
    return all(
        _number(cell) is not None and numbers.get(column) == _number(cell)
        for part in group
        for column, cell in part.cells.items()
    )


def _number(cell: str) -> float | None:
    return float(cell) if re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]+)?", cell) else None


def _combined(group: list[Part], lead: Part) -> Row:
    """One row of its parts. Raises _AsideError where they are not of one finished form."""
    whole = [part for part in group if part.is_form or part.is_panel]
    live = [part for part in group if part.status != RETRACTED]
    is_retracted = not live or (bool(whole) and all(part.status == RETRACTED for part in whole))
    # A part that was retracted alone is gone; with the whole, all of it is.
    used = group if is_retracted else live
    if any(part.status is None for part in used):
        raise _AsideError("not_finished")
    for part in used:
        if part.fault:
            raise _AsideError(part.fault)
    cells: dict[str, str] = {}
    for part in sorted(used, key=_rank):
        for column, cell in part.cells.items():
            if column not in cells:
                cells[column] = cell
            elif not is_retracted and cells[column] != cell and (_number(cell) is None or _number(cell) != _number(cells[column])):  # fmt: skip
                raise _AsideError("answers_conflict")
    patients, dates, days = (
        {getattr(part, name) for part in used} - {None} for name in ("patient", "authored", "days")
    )
    # One moment has two dates where it was written in two time zones.
    one_moment = len({part.time for part in used} - {""}) == 1
    if max(len(patients), len(days)) > 1 or (len(dates) > 1 and not one_moment):
        raise _AsideError("answers_conflict")
    statuses = {part.status for part in used}
    status = RETRACTED if is_retracted else next(each for each in ("corrected", "amended", "final") if each in statuses)
    return Row(
        lead.line,
        next(iter(patients), None),
        lead.time,
        lead.authored or next(iter(dates), None),
        next(iter(days), None),
        status,
        cells,
    )
