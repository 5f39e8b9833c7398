"""Excel workbooks (.xlsx): the cells of the one sheet that holds the table, each as the text that Excel shows of its value.

A workbook is a zip of XML, read here as a stream: memory goes with the cells that are there, never with the place of the
furthest one; an error stays an error, which readers made for convenience turn to empty; and what is not asked for (comments,
the author, defined names, other sheets' cells) is not read at all. The header is row 1; rows are numbered as Excel does.
"""

from __future__ import annotations

import polars as pl

from outcomes.errors import FileRefusedError
from outcomes.sources.packed import Zip
from outcomes.sources.sheet import Sheet
from outcomes.sources.workbook import Book, Row, SheetPart
from schemas.feeds import FEEDS

# Cells between others take room too; so many may there be for a byte of the file, and of a file at all.
_CELLS_A_BYTE = 20
_FEWEST_CELLS, _MOST_CELLS = 2**20, 2**28


def read_excel(data: bytes) -> Sheet:
    """The cells of the one sheet with data, or of the one called as a feed is. Raises FileRefusedError."""
    book = Book(Zip(data))
    most = min(_MOST_CELLS, max(_FEWEST_CELLS, len(data) * _CELLS_A_BYTE))
    rows: list[int] = []
    columns: dict[int, list[str | None]] = {}
    width = 0

    def put(row: int, cells: Row) -> None:
        nonlocal width
        place = len(rows)
        width = max(width, cells[-1][0])
        if width * place > most:
            raise FileRefusedError("too_large")
        rows.append(row)
        for column, text in cells:
            values = columns.setdefault(column, [])
            if len(values) < place:
                values.extend([None] * (place - len(values)))
            values.append(text)

    book.read_rows(_chosen(book), put)
    header = {column: values[0] for column, values in columns.items()} if rows[0] == 1 else {}
    if not header:
        raise FileRefusedError("no_header", line=1)
    names = tuple(header.get(column) or "" for column in range(1, width + 1))
    series = []
    for place in range(width):
        values = columns.pop(place + 1, [])
        values.extend([None] * (len(rows) - len(values)))
        series.append(pl.Series(str(place), values[1:], dtype=pl.String))
    return Sheet(names, pl.DataFrame(series), pl.Series("line", rows[1:], dtype=pl.Int32))


def _chosen(book: Book) -> SheetPart:
    """The sheet to read. Raises FileRefusedError where that is not plain, or a hidden one holds anything."""
    filled = [sheet for sheet in book.sheets() if book.holds_anything(sheet)]
    if not filled:
        raise FileRefusedError("empty_file")
    if not all(sheet.visible for sheet in filled):
        raise FileRefusedError("sheet_unclear", kind="hidden sheet")
    named = [sheet for sheet in filled if sheet.name.strip().lower() in FEEDS]
    chosen = filled if len(filled) == 1 else named
    if len(chosen) != 1:
        raise FileRefusedError("sheet_unclear", kind="sheets of two feeds" if named else "several sheets")
    return chosen[0]
