"""`outcomes deidentify`: makes of a clinic's own export a file that may be sent, on the clinic's own machine.

Nothing of the export but its column names, line numbers and counts is in the report; the crosswalk has the rest.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from outcomes.checking import judge
from outcomes.crosswalk import Crosswalk, held, likely_same, write_private
from outcomes.errors import FileRefusedError, OutcomesError, UsageError
from outcomes.identifiers import kind_of_identifier
from outcomes.owncolumns import DAY, Plan, Told, placed
from outcomes.ownfiles import OwnFile, read_own_file
from outcomes.tables import table
from outcomes.turning import Turned, first_infusions, sentence, turned
from schemas.clinics import plain_clinics
from schemas.contracts import CLINIC_ID, LIMITS
from schemas.reasons import SENTENCES

Row = dict[str, Any]
# Lines named on a terminal for one reason; all of them are in the JSON.
LINES_SHOWN = 20
# Header shapes that are common words of a header, not what a patient's cell holds.
_HEADER_WORDS = (None, "name", "record number")


@dataclass(frozen=True)
class Places:
    """The files of one run."""

    source: Path
    crosswalk: Path
    out: Path
    columns: Path | None = None


@dataclass
class _Left:
    """Why rows were left out: reason and column -> lines."""

    lines: defaultdict[tuple[str, str | None], set[int]] = field(default_factory=lambda: defaultdict(set))

    def add(self, reason: str, column: str | None, lines: Iterable[int]) -> None:
        if found := set(lines):
            self.lines[reason, column] |= found

    @property
    def rows(self) -> set[int]:
        return set().union(*self.lines.values())

    def table(self) -> list[Row]:
        return [
            {
                "reason": reason,
                "column": column,
                "sentence": sentence(reason),
                "rows": len(lines),
                "lines": sorted(lines),
            }
            for (reason, column), lines in sorted(self.lines.items(), key=lambda item: (item[0][0], item[0][1] or ""))
        ]


def deidentify(files: Places, said: Told, clinic: str, *, new_crosswalk: bool = False, force: bool = False, extracted_on: dt.date | None = None) -> Row:  # fmt: skip
    """Write the clean file and the grown crosswalk, and say what was done. `is_written` is false where the door would
    refuse the file, or nothing is left of it; then no file has changed. Raises UsageError, OutcomesError or BusyError."""
    _check_places(files, clinic, force)
    # Where a link leads to, so that the file itself is replaced and not the link.
    crosswalk = files.crosswalk.resolve()
    with held(crosswalk, clinic, is_new=new_crosswalk) as walk:
        own = read_own_file(files.source, said.sheet)
        plan = placed(own.names, said)
        report, grown, data = _made(own, plan, walk, extracted_on)
        if data is not None:
            # The codes first: a file sent whose codes are lost could never be joined again.
            write_private(crosswalk, grown.text().encode())
            write_private(files.out, data)
    return report


def _check_places(files: Places, clinic: str, force: bool) -> None:
    if not re.fullmatch(CLINIC_ID, clinic):
        raise UsageError(f"--clinic is {SENTENCES['clinic_id_pattern']}.")
    out, crosswalk = files.out.resolve(), files.crosswalk.resolve()
    if out in {path.resolve() for path in (files.source, files.crosswalk, files.columns) if path is not None}:
        raise UsageError("--out is one of the files that are read. Give another name.")
    if crosswalk == files.source.resolve():
        raise UsageError("The file is the crosswalk itself. Give the export.")
    if crosswalk.is_relative_to(out.parent):
        raise UsageError(
            "The crosswalk lies in the folder of what is sent, or below it, and could be sent with it. Write the clean file "
            "to a folder of its own, as --out to-send/clean.csv."
        )
    if out.is_dir() or (out.exists() and not force):
        raise UsageError("The file of --out is there already. Give another name, or --force to write over it.")


def _made(
    own: OwnFile, plan: Plan, walk: Crosswalk, extracted_on: dt.date | None
) -> tuple[Row, Crosswalk, bytes | None]:
    """The report, the grown crosswalk, and the bytes of the clean file; None where there is nothing to write."""
    left = _Left()
    left.add("field_count", None, own.ragged)
    rows = turned(own, plan, walk.clinic)
    if any(walk.holds_code(row.real_id) for row in rows):
        raise OutcomesError(
            "The file has codes of this crosswalk for patients: it was made here. Give the export instead."
        )
    day_0 = first_infusions(rows, walk, needed=plan.date is not None)
    for row in rows:
        why = day_0.get(row.real_id)
        for reason, column in row.faults + ([(why, None)] if isinstance(why, str) else []):
            left.add(reason, column, [row.line])
    out = left.rows
    good = [row for row in rows if row.line not in out]
    dates = {real_id: day for real_id, day in day_0.items() if not isinstance(day, str)}
    columns = plan.columns
    if plan.date is not None:
        columns = _with_days(good, dates, columns, plan, extracted_on)
    elif DAY not in columns:
        good = _one_a_patient(good, left)
    good, refusal = _judged(good, columns, walk.clinic, left)

    patients = dict.fromkeys(row.real_id for row in good)
    grown = walk.with_patients({patient: dates.get(patient) for patient in patients})
    data = _bytes(good, columns, walk.clinic, {patient: grown.code(patient) for patient in patients})
    set_aside = 0
    if refusal is None and good:
        # The file itself, with its codes, as the door will see it.
        last = judge([data], plain_clinics(walk.clinic))
        refusal, set_aside = last.refused.get(0), last.reasons["line"].n_unique()
    is_written = refusal is None and bool(good)
    return {
        "is_written": is_written,
        "feed": plan.contract.feed,
        "rows_in": len(own.rows) + len(own.ragged),
        "rows_out": len(good) if is_written else 0,
        "rows_left_out": len(left.rows),
        "left_out": left.table(),
        "columns": _columns(own, plan),
        "columns_made": [name for name in columns if name not in plan.columns] + ([DAY] if plan.date is not None else []),
        "columns_empty": plan.empty,
        "patients_new": sum(patient not in walk for patient in patients) if is_written else 0,
        "patients_known": sum(patient in walk for patient in patients) if is_written else 0,
        "patients_without_day_0": sum(isinstance(day, str) for day in day_0.values()),
        "dates_turned": len(good) if is_written and plan.date is not None else 0,
        "ages_capped": sum(row.is_capped for row in good) if is_written else 0,
        "likely_doubles": _doubles(rows, walk),
        "contradictions": _contradictions(good) if is_written and DAY in columns else [],
        "door": {
            "refused_because": refusal.reason_code if refusal else None,
            "sentence": SENTENCES[refusal.reason_code] if refusal else None,
            "rows_good": len(good) - set_aside if is_written else 0,
            "rows_quarantined": set_aside,
        },
    }, grown, data if is_written else None  # fmt: skip


def _with_days(good: Sequence[Turned], day_0: dict[str, dt.date | None], columns: list[str], plan: Plan, extracted_on: dt.date | None) -> list[str]:  # fmt: skip
    """Makes the days of rows, and of the extract where its date is told. Returns the columns that are there now."""
    if extracted_on is not None and "extract_day" in {*plan.cells, *plan.always}:
        raise UsageError("The export has a column extract_day: leave --extracted-on out.")
    low, high = LIMITS["extract_day_range"]
    for row in good:
        first = day_0[row.real_id]
        assert row.on is not None
        assert first is not None
        row.cells[DAY] = str((row.on - first).days)
        if extracted_on is not None:
            if row.on > extracted_on:
                raise UsageError("A date of the export is after --extracted-on. Correct the one or the other.")
            day = (extracted_on - first).days
            row.cells["extract_day"] = str(day) if low <= day <= high else ""
    here = {*columns, "extract_day"} if extracted_on is not None else {*columns}
    return [name for name in plan.contract.columns if name in here]


def _one_a_patient(good: Sequence[Turned], left: _Left) -> list[Turned]:
    """The rows of a patients file: the first of those that are alike; none of a patient of whom two differ."""
    of: defaultdict[str, list[Turned]] = defaultdict(list)
    for row in good:
        of[row.real_id].append(row)
    kept = []
    for rows in of.values():
        if all(row.cells == rows[0].cells for row in rows):
            left.add("row_repeated", None, (row.line for row in rows[1:]))
            kept.append(rows[0])
        else:
            left.add("patient_told_twice", None, (row.line for row in rows))
    return kept


def _judged(
    good: list[Turned], columns: list[str], clinic: str, left: _Left
) -> tuple[list[Turned], FileRefusedError | None]:
    """The rows that the door would take, and its refusal of them all together, if it would refuse them."""
    if not good:
        return [], None
    # Numbers in place of codes: who a patient is makes no difference to the contract.
    numbers = {patient: f"P-{number}" for number, patient in enumerate(dict.fromkeys(row.real_id for row in good))}
    good = sorted(good, key=_order(columns, numbers))
    judged = judge([_bytes(good, columns, clinic, numbers)], plain_clinics(clinic))
    if 0 in judged.refused:
        return good, judged.refused[0]
    bad = set()
    for reason in judged.reasons.iter_rows(named=True):
        row = good[reason["line"] - 2]
        left.add(reason["reason_code"], reason["column_name"], [row.line])
        bad.add(row.line)
    return [row for row in good if row.line not in bad], None


def _order(columns: list[str], codes: dict[str, str]) -> Callable[[Turned], Any]:
    """By code, which is random, so that the order of the export (often by name) is not told; then by day."""
    return lambda row: (
        codes[row.real_id],
        int(row.cells.get(DAY) or 0),
        *(row.cells.get(name, "") for name in columns),
    )


def _bytes(rows: Sequence[Turned], columns: list[str], clinic: str, codes: dict[str, str]) -> bytes:
    """The clean file, as plainly as it can be written. No value of the contract needs a quote."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in sorted(rows, key=_order(columns, codes)):
        ids = {"clinic_id": clinic, "patient_id": codes[row.real_id]}
        writer.writerow([(ids | row.cells).get(name, "") for name in columns])
    return out.getvalue().encode()


def _columns(own: OwnFile, plan: Plan) -> list[Row]:
    """What became of each column of the export. A header is said unless it has itself the shape of an identifier."""
    return [
        {
            "position": place + 1,
            "header": name if kind_of_identifier("", name) in _HEADER_WORDS else None,
            "became": plan.became.get(place),
            "what": _what(plan, place),
        }
        for place, name in enumerate(own.names)
    ]


def _what(plan: Plan, place: int) -> str:
    became = plan.became.get(place)
    if became is None:
        return "dropped"
    if place == plan.first_infusion:
        return "kept in the crosswalk"
    if place == plan.clinic:
        return "checked"
    return "turned" if place in (plan.patient, plan.date) or became == "age_years" else "kept"


def _doubles(rows: Sequence[Turned], walk: Crosswalk) -> list[Row]:
    """Ids that differ only in capitals, blanks, hyphens or leading zeros: the first line of each, here and in the crosswalk."""
    places: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for line, real_id in enumerate(walk.real_ids, start=2):
        places[likely_same(real_id)][real_id] = f"crosswalk line {line}"
    for row in rows:
        if row.real_id:
            places[likely_same(row.real_id)].setdefault(row.real_id, f"line {row.line}")
    here = {row.real_id for row in rows}
    return [{"places": list(found.values())} for found in places.values() if len(found) > 1 and here & found.keys()]


def _contradictions(good: Sequence[Turned]) -> list[Row]:
    """Lines of rows with the key of one score and other values, and nothing that orders them: a night sets them all aside."""
    of: defaultdict[tuple[str, ...], list[Turned]] = defaultdict(list)
    for row in good:
        of[row.real_id, *(row.cells.get(name, "") for name in (DAY, "timepoint", "infusion_number"))].append(row)
    found = []
    for rows in of.values():
        different = {tuple(sorted(row.cells.items())) for row in rows}
        ordered = {(row.cells.get("status") or "final", row.cells.get("extract_day", "")) for row in rows}
        if len(different) > 1 and len(ordered) == 1:
            found.append({"lines": sorted(row.line for row in rows)})
    return sorted(found, key=lambda lines: lines["lines"])


def report_words(report: Row) -> str:
    """A report for a terminal."""
    parts = [
        f"Rows: {report['rows_in']:,} in, {report['rows_out']:,} out, {report['rows_left_out']:,} left out ({report['feed']} feed).",
        f"Patients in the clean file: {report['patients_new']:,} new, {report['patients_known']:,} known before.",
        f"Dates turned into days: {report['dates_turned']:,}. Ages of 91 and over written as 90: {report['ages_capped']:,}.",
    ]
    if report["patients_without_day_0"]:
        parts.append(f"Patients left out whole, since their day 0 is not sure: {report['patients_without_day_0']:,}.")
    parts = ["\n".join(parts)]
    columns = [row | {"header": row["header"] or "(not shown)"} for row in report["columns"]]
    parts.append("Columns\n" + table(columns, {"position": "no.", "header": "header", "what": "what", "became": "now"}))
    if report["columns_empty"]:
        parts.append(f"Nothing fills {', '.join(report['columns_empty'])}: left empty.")
    if report["left_out"]:
        shown = [row | {"lines": _some(row["lines"])} for row in report["left_out"]]
        heads = {"rows": "rows", "reason": "reason", "column": "column", "lines": "lines", "sentence": "in words"}
        parts.append("Rows left out\n" + table(shown, heads))
    if report["likely_doubles"]:
        parts.append(
            "Ids that differ only in capitals, blanks, hyphens or leading zeros. They are taken for two patients; if they are "
            "one, correct the export and run again:\n"
            + "\n".join("  " + ", ".join(double["places"]) for double in report["likely_doubles"])
        )
    if report["contradictions"]:
        parts.append(
            "The same patient, day, timepoint and infusion with other values. They are in the file, and a night would set all "
            "of them aside: mark the right one as corrected, or send it alone:\n"
            + "\n".join(f"  lines {_some(each['lines'])}" for each in report["contradictions"])
        )
    door = report["door"]
    parts.append(
        f"The door would refuse the file: {door['refused_because']}: {door['sentence']}."
        if door["refused_because"]
        else f"The door would take the file: {door['rows_good']:,} rows good, {door['rows_quarantined']:,} quarantined."
        if report["is_written"]
        else "No row is left to send."
    )
    return "\n\n".join(parts)


def _some(lines: Sequence[int]) -> str:
    more = len(lines) - LINES_SHOWN
    return ", ".join(map(str, lines[:LINES_SHOWN])) + (f" and {more:,} more" if more > 0 else "")
