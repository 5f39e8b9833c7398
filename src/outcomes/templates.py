"""`outcomes template`: an empty CSV file, an Excel workbook with drop-down lists, and the one-page guide. Always the same bytes."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]

from outcomes.crosswalk import write_private
from outcomes.documents import accepted
from outcomes.errors import UsageError
from outcomes.guides import guide
from schemas.contracts import LIMITS, Contract

# The rows of a sheet, by Excel's own limit.
_ROWS = 2**20
# Excel asks for a date of making. A fixed one, so that the same version writes the same bytes.
_MADE = dt.datetime(2026, 1, 1)
_YES_NO = ("yes", "no")


def write_templates(folder: Path, contract: Contract, *, force: bool = False) -> list[Path]:
    """Write the three files of a feed. Returns their paths. Raises UsageError where one is there already."""
    files = {
        f"{contract.feed}.csv": csv_template(contract),
        f"{contract.feed}.xlsx": excel_template(contract),
        f"{contract.feed}-guide.html": guide(contract).encode(),
    }
    if folder.exists() and not folder.is_dir():
        raise UsageError("--out is a file. Give a folder.")
    if not force and any((folder / name).exists() for name in files):
        raise UsageError(
            "The folder has files of these names already. Give another one, or --force to write over them."
        )
    for name, data in files.items():
        write_private(folder / name, data)
    return [folder / name for name in files]


def csv_template(contract: Contract) -> bytes:
    """The header of a feed."""
    return (",".join(contract.columns) + "\n").encode()


def excel_template(contract: Contract, rows: list[list[Any]] | None = None) -> bytes:
    """A workbook of one sheet with the header, and in each column what Excel is to let in. `rows` fill it."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"created": _MADE})
    sheet = book.add_worksheet(contract.feed)
    text = book.add_format({"num_format": 49})
    wanted = book.add_format({"bold": True, "bg_color": "#D9E6F2", "bottom": 1})
    optional = book.add_format({"bg_color": "#EEEEEE", "bottom": 1})
    for place, name in enumerate(contract.columns):
        sheet.write_string(0, place, name, wanted if name in contract.required else optional)
        # As text, Excel leaves 000138 as it is.
        is_code = contract.reading[name]["kind"] == "code"
        sheet.set_column(place, place, max(8, len(name) + 2), text if is_code else None)
        sheet.data_validation(1, place, _ROWS - 1, place, _let_in(contract, name))
    for line, cells in enumerate(rows or [], start=1):
        sheet.write_row(line, 0, cells)
    sheet.freeze_panes(1, 2)
    book.close()
    return out.getvalue()


def words_of(contract: Contract, name: str) -> tuple[str, ...]:
    """The words that a column may hold; none where it is no column of words."""
    how = contract.reading[name]
    return _YES_NO if how["kind"] == "yes_no" else tuple(how.get("words", ()))


def _let_in(contract: Contract, name: str) -> dict[str, Any]:
    """Excel's rule of a column, with the contract's own sentence as the message."""
    limits = [LIMITS[check.name] for check in contract.schema.columns[name].checks if check.name in LIMITS]
    if words := words_of(contract, name):
        rule: dict[str, Any] = {"validate": "list", "source": list(words)}
    elif limits:
        kind = "decimal" if contract.reading[name]["kind"] == "decimal" else "integer"
        rule = {"validate": kind, "criteria": "between", "minimum": limits[0][0], "maximum": limits[0][1]}
    else:
        rule = {"validate": "length", "criteria": "between", "minimum": 2, "maximum": 64}
    # A number's cell takes digits alone here, so that its range says it all.
    said = accepted(contract, name)[-1 if limits else 0]
    return rule | {
        "ignore_blank": True,
        "input_title": name,
        "input_message": f"{contract.descriptions[name]} Accepted: {said}.",
        "error_title": name,
        "error_message": f"Accepted: {said}.",
    }
