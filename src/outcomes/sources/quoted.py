"""CSV whose quotes hold separators or line breaks, as in the columns that a source profile drops.

A record ends where its quotes are closed. An open quote cannot swallow the file: where it is not closed within so many
lines, or closing it gives another number of fields than the header has, it costs its own line and no other.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

import polars as pl

# A record that goes on for longer than this was not meant to.
MOST_LINES = 100


def records(text: str, separator: str, width: int, first_line: int) -> Iterator[tuple[int, list[str] | str]]:
    """Physical line and fields of each record of `width` fields, the text of a line that is none; blank lines are left out."""
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    at = 0
    while at < len(lines):
        if not lines[at].strip(" \r"):
            at += 1
            continue
        fields, taken = _record(lines, at, separator, width)
        yield first_line + at, lines[at] if fields is None else fields
        at += taken


def _record(lines: list[str], at: int, separator: str, width: int) -> tuple[list[str] | None, int]:
    record, quotes = "", 0
    for taken, line in enumerate(lines[at : at + MOST_LINES], start=1):
        record = line if taken == 1 else f"{record}\n{line}"
        quotes += line.count('"')
        if quotes % 2:
            continue
        fields = _fields(record, separator)
        if fields is not None and len(fields) == width:
            return fields, taken
        break
    return None, 1


def _fields(record: str, separator: str) -> list[str] | None:
    try:
        rows = list(csv.reader([record], delimiter=separator, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def names_of(head: str, separator: str) -> tuple[str, ...]:
    """The names in a header line."""
    return tuple((_fields(head, separator) if '"' in head else None) or head.split(separator))


def frame(rows: list[list[str]], width: int) -> pl.DataFrame:
    """Rows of text as columns named by place; empty is null."""
    columns = zip(*rows, strict=True) if rows else ((),) * width
    return pl.DataFrame({str(n): pl.Series(list(cells), dtype=pl.String) for n, cells in enumerate(columns)}).with_columns(pl.all().replace("", None))  # fmt: skip
