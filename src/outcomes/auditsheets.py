"""The sheet of a sample audit: written for a person to fill, who does not see what the program says, and read back."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from outcomes import lasting
from outcomes.errors import UsageError
from outcomes.paths import Home
from outcomes.showing import archived, rows_at
from outcomes.summary import Row, rows_of

if TYPE_CHECKING:
    from outcomes.sampleaudit import Draw

SHEET, COURSES = "sheet.csv", "courses.txt"
CLASSES = ("observed", "missing", "waiting", "not eligible")
_HEAD = ("number", "measure", "class", "baseline", "endpoint", "met", "remark", "draw")
_HEADER = 1
_NOT_SHOWN = "(a file that cannot be shown by lines: open it in the archive)"
# By the file's SHA-256, its rows by their lines.
Sent = dict[str, dict[int, str]]
# Of many faults of a sheet so many are said: one that nobody has filled yet has one in every line.
_SAID = 5
_WORDS = """\
{n} courses, drawn from {drawn_from} of night {night}, as of {as_of}. Fill {sheet}, a line for each, from the rows below and
from nothing else: what the program says of them is not here, and should not be looked up before. The rules are in
docs/rules.md. This folder holds patients' codes and answers: it is for those who may read the store, and is removed
when the audit is recorded.

class     observed: due, with a usable score in the window. missing: due, without one. waiting: not yet due.
          not eligible: the measure does not count the course.
baseline  the PHQ-9 total that is the baseline, where the class is observed or missing.
endpoint  the PHQ-9 total that is the endpoint, where the class is observed.
met       yes or no, where the class is observed: whether the endpoint has the outcome. A dash where the measure has none.
remark    for you; it is not read. Leave number, measure and draw as they are.

Rules: {rules}
"""
_MEASURE = """
SELECT measure_id, version, title, numerator, denominator, drug, course, induction, anchor, infusion_k, window_low, window_high, baseline_look_back_days,
    baseline_minimum, item_9, missing_items, outcome FROM measure WHERE measure_id = ?
"""
# Every row of the patient that the store has, once, however often its file was read.
_ROWS = """
    SELECT a.sha256, s.line, min(l.came_on) AS came_on, any_value(a.format) AS format,
        any_value(s.days_since_first_infusion - o.days_since_first_infusion) AS moved
    FROM assigned_score AS s
    JOIN score AS o USING (score_id)
    JOIN arrival AS a ON a.arrival_no = s.arrival_no
    JOIN last_reading AS l ON l.sha256 = a.sha256
    WHERE s.patient_no = ?
    GROUP BY a.sha256, s.line
    ORDER BY came_on, a.sha256, s.line
"""


@dataclass(frozen=True)
class Said:
    """What a person found for a course; None where the class asks for none."""

    course_class: str
    baseline: int | None
    endpoint: int | None
    met: bool | None


def write_sheet(home: Home, con: duckdb.DuckDBPyConnection, draw: Draw, folder: Path) -> None:
    """Write the sheet to fill and the rows to fill it from into a new folder of its own.

    Raises UsageError where the folder has something in it, or the archive cannot be read.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("Give an --out that is a new folder: there is something in this one.")
    text = _courses_text(home, con, draw)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEAD)
    for number, course in enumerate(draw.courses, start=1):
        met = "-" if _has_no_outcome(con, course["measure_id"]) else ""
        writer.writerow([number, course["measure_id"], "", "", "", met, "", draw.name])
    lasting.write(folder / COURSES, text)
    lasting.write(folder / SHEET, out.getvalue())


def read_sheet(path: Path) -> tuple[str, dict[int, Said]]:
    """The draw's name and what was filled in, by number. Raises UsageError that names lines and columns, never what they hold."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise UsageError("The sheet cannot be read: give the filled sheet.csv, in UTF-8.") from None
    # Spreadsheets of some countries write semicolons.
    sign = ";" if text.partition("\n")[0].count(";") >= len(_HEAD) - 1 else ","
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True, delimiter=sign)
        if tuple(reader.fieldnames or ()) != _HEAD:
            raise UsageError(f"The sheet needs the header {', '.join(_HEAD)}, as it was written.")
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error:
        raise UsageError("The sheet is not CSV any more. Save it as CSV in UTF-8.") from None
    faults: list[str] = []
    found: dict[int, Said] = {}
    for line, row in rows:
        if None in row or None in row.values():
            faults.append(f"line {line}: another number of cells than the header")
            continue
        cells = {key: value.strip() for key, value in row.items()}
        if not cells["number"].isdecimal() or int(cells["number"]) in found:
            faults.append(f"line {line}: number")
            continue
        found[int(cells["number"])] = _said(line, cells, faults)
    names = {row["draw"] for _, row in rows}
    if set(found) != set(range(1, len(found) + 1)) or len(names) != 1:
        faults.append("the numbers 1 and up, each once, and one draw in all lines")
    if faults:
        more = f"; and {len(faults) - _SAID:,} more" if len(faults) > _SAID else ""
        raise UsageError(
            f"The sheet is not filled as it should be, and nothing was recorded: {'; '.join(faults[:_SAID])}{more}."
        )
    return names.pop(), found


def _said(line: int, cells: dict[str, str], faults: list[str]) -> Said:
    """One line of the sheet. What is not as its class asks for is a fault."""
    course_class = cells["class"].lower().replace("_", " ")
    if course_class not in CLASSES:
        faults.append(f"line {line}: class, one of {', '.join(CLASSES)}")
    needed = {"observed": ("baseline", "endpoint"), "missing": ("baseline",)}.get(course_class, ())
    totals = {name: int(cells[name]) for name in needed if re.fullmatch("[0-9]{1,2}", cells[name])}
    faults += [f"line {line}: {name}, a total from 0 to 27" for name in needed if totals.get(name, 99) > 27]
    met = {"yes": True, "no": False}.get(cells["met"].lower()) if course_class == "observed" else None
    if course_class == "observed" and met is None and cells["met"] != "-":
        faults.append(f"line {line}: met, yes or no")
    return Said(course_class, totals.get("baseline"), totals.get("endpoint"), met)


def _courses_text(home: Home, con: duckdb.DuckDBPyConnection, draw: Draw) -> str:
    (night,) = rows_of(con, "SELECT night, as_of FROM night ORDER BY night DESC LIMIT 1")
    (rules,) = rows_of(con, "SELECT * FROM rules")
    said = _WORDS.format(
        n=f"{len(draw.courses):,}", drawn_from=f"{draw.drawn_from:,}", sheet=SHEET, **night,
        rules="; ".join(f"{key} {value}" for key, value in rules.items()),
    )  # fmt: skip
    of_course = [rows_of(con, _ROWS, [course["patient_no"]]) for course in draw.courses]
    lines: dict[str, set[int]] = {}
    for row in chain.from_iterable(of_course):
        lines.setdefault(row["sha256"], {_HEADER}).add(row["line"])
    sent = {sha: rows_at(archived(home, sha), of_file) for sha, of_file in lines.items()}
    parts = [said]
    for number, (course, rows) in enumerate(zip(draw.courses, of_course, strict=True), start=1):
        (measure,) = rows_of(con, _MEASURE, [course["measure_id"]])
        parts.append(_course_text(number, course, measure, rows, sent))
    return "\n".join(parts)


def _course_text(number: int, course: Row, measure: Row, rows: Sequence[Row], sent: Sent) -> str:
    words = [
        "-" * 100,
        f"{number}. {measure['measure_id']}, version {measure['version']}: {measure['title']}",
        f"   Counted: {measure['numerator']}.",
        f"   Out of: {measure['denominator']}.",
        "   " + "; ".join(f"{key} {value}" for key, value in list(measure.items())[5:] if value is not None),
        f"   The course of this patient of {course['clinic_id']} that begins on day {course['first_day']}. Every row of the patient:",
    ]
    sha = ""
    for row in rows:
        if row["sha256"] != sha:
            sha = row["sha256"]
            words.append(f"   File {sha[:12]}, received on {row['came_on']}{_header(row, sent)}")
        moved = f" (counts for a day {row['moved']:+d}: its pseudonym was joined or split)" if row["moved"] else ""
        words.append(f"   {sha[:12]}:{row['line']}{moved}\n{_indented(_row(row, sent))}")
    return "\n".join(words) + "\n"


def _header(row: Row, sent: Sent) -> str:
    """The first line of a file of text: it names the columns."""
    if not row["format"].startswith("csv"):
        return ""
    return f". Its columns:\n{_indented(sent[row['sha256']].get(_HEADER, _NOT_SHOWN))}"


def _row(row: Row, sent: Sent) -> str:
    """An archived row: of a text as it was sent, of a table its cells by column, beside each other."""
    found = sent[row["sha256"]].get(row["line"], _NOT_SHOWN)
    return found if row["format"].startswith(("csv", "ndjson")) else " | ".join(found.splitlines())


def _indented(text: str) -> str:
    return "\n".join(f"      {line}" for line in text.splitlines())


def _has_no_outcome(con: duckdb.DuckDBPyConnection, measure_id: str) -> bool:
    return con.execute("SELECT kind = 'mean_change' FROM measure WHERE measure_id = ?", [measure_id]).fetchall() == [(True,)]  # fmt: skip
