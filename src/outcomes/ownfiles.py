"""A clinic's own export, of any columns: CSV with any separator and quotes, or an Excel workbook. Every cell as text."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import python_calamine

from outcomes.errors import OutcomesError, UsageError
from schemas.settings import Limits

_SEPARATORS = ",;\t|"
_EXCEL = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True)
class OwnFile:
    """Column names as spelt; rows with the line they begin on, as long as `names`; `ragged` lines are of another length.

    A row of blank cells is no row. Lines count from 1, the header's included; of a workbook they are its row numbers.
    """

    names: list[str]
    rows: list[tuple[int, list[str]]]
    ragged: list[int]


def read_own_file(path: Path, sheet: str | None) -> OwnFile:
    """The cells of a file. Raises UsageError or OutcomesError, none of which says what it holds."""
    try:
        if not path.is_file():
            raise UsageError("The file is not there or is not a regular file. Check the path.")
        if path.stat().st_size > Limits().file_bytes:
            raise UsageError("The file is larger than a file may be (2 GiB). Split it.")
        data = path.read_bytes()
    except OSError:
        raise UsageError("The file cannot be read. Check its permissions.") from None
    is_excel = data.startswith(_EXCEL)
    if sheet is not None and not is_excel:
        raise UsageError("--sheet is for Excel workbooks, and this file is none.")
    lines = [(line, cells) for line, cells in (_excel(data, sheet) if is_excel else _csv(data)) if any(cells)]
    if not lines:
        raise OutcomesError("The file holds nothing.")
    (_, names), rows = lines[0], lines[1:]
    return OwnFile(
        names,
        [(line, cells) for line, cells in rows if len(cells) == len(names)],
        [line for line, cells in rows if len(cells) != len(names)],
    )


def _csv(data: bytes) -> Iterator[tuple[int, list[str]]]:
    is_wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise OutcomesError('The file is not UTF-8 text. In Excel, save it as "CSV UTF-8".') from None
    if "\x00" in text:
        raise OutcomesError("The text holds NUL characters. Export it again.")
    try:
        head = next(line for line in io.StringIO(text, newline="") if line.strip())
        separator = max(_SEPARATORS, key=lambda each: len(next(csv.reader([head], delimiter=each))))
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        line = 1
        for cells in reader:
            yield line, [cell.strip() for cell in cells]
            line = reader.line_num + 1
    except StopIteration:
        return
    except csv.Error:  # its own words are not ours
        raise OutcomesError(
            f"The file could not be read as CSV near line {line}: a quote is not closed, or a cell is far too long."
        ) from None


def _excel(data: bytes, sheet: str | None) -> Iterator[tuple[int, list[str]]]:
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        visible = [
            each.name
            for each in book.sheets_metadata
            if each.visible == python_calamine.SheetVisibleEnum.Visible
            and each.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        full = [name for name in visible if book.get_sheet_by_name(name).height]
        if sheet is None and len(full) != 1:
            raise UsageError(
                "The workbook has no sheet, or several, with something in it. Say which one: --sheet NAME."
            )
        if sheet is not None and sheet not in full:
            raise UsageError("The workbook has no visible sheet of that name with something in it.")
        rows = book.get_sheet_by_name(sheet or full[0]).to_python(skip_empty_area=False)
    except (UsageError, KeyboardInterrupt):
        raise
    except BaseException:  # its panics are no Exception, and its words may hold cells
        raise OutcomesError("The workbook could not be read. Open it in Excel and save it again as .xlsx.") from None
    for line, cells in enumerate(rows, start=1):
        yield line, [_text(cell) for cell in cells]


def _text(cell: object) -> str:
    """A workbook's cell as it would be typed; a date as 2024-03-01."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    # From 2**53 on, Excel has lost digits, and the point says so.
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return str(cell).strip()
