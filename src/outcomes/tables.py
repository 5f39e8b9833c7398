"""Rows as a table, CSV or JSON; numbers as people read them."""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]


def table(rows: Sequence[Row], columns: dict[str, str]) -> str:
    """Rows under headings; `columns` is key -> heading. Numbers are set to the right."""
    body = [[_plain(row.get(key)) for key in columns] for row in rows]
    heads = list(columns.values())
    widths = [max(len(cells[i]) for cells in [heads, *body]) for i in range(len(heads))]
    right = [bool(body) and all(_is_number(row.get(key)) for row in rows) for key in columns]

    shapes = [(str.rjust if to_right else str.ljust, width) for to_right, width in zip(right, widths, strict=True)]

    def line(cells: list[str]) -> str:
        return "  ".join([put(cell, width) for cell, (put, width) in zip(cells, shapes, strict=True)]).rstrip()

    return "\n".join([line(heads), line(["-" * width for width in widths]), *(line(cells) for cells in body)])


def written(rows: Sequence[Row], columns: dict[str, str], form: str) -> str:
    """Rows as `form`: table, csv or json. CSV and JSON carry every key and unrounded numbers."""
    if form == "json":
        return json.dumps(list(rows), indent=1, default=str)
    if form == "csv":
        out = io.StringIO()
        keys = list(rows[0]) if rows else list(columns)
        writer = csv.DictWriter(out, keys, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue().rstrip("\n")
    return table(rows, columns) if rows else "nothing"


def percent(share: float | None) -> str:
    """A share in whole percent, half up; a dash where there is none."""
    return "-" if share is None else f"{int(share * 100 + 0.5 + 1e-9)}%"


def points(share: float | None) -> str:
    """A difference of shares in signed points, half up in size."""
    if share is None:
        return "-"
    size = int(abs(share) * 100 + 0.5 + 1e-9)
    return f"{'-' if share < 0 and size else '+'}{size}"


def between(low: float | None, high: float | None, how: Any = percent) -> str:
    """An interval in words."""
    return "-" if low is None or high is None else f"{how(low).rstrip('%')} to {how(high).rstrip('%')}"


def place(column_no: int | None, line: int | None, kind: str | None) -> str | None:
    """Where in a file something was found, and what kind of thing it was; None where nothing is known."""
    parts = [f"column {column_no}" if column_no else "", f"line {line}" if line else "", kind or ""]
    return ", ".join(part for part in parts if part) or None


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _is_number(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, int | float) and not isinstance(value, bool))
        or (isinstance(value, str) and value[:1] in "-+0123456789")
    )


class ProgressBar:
    """A bar on a terminal's standard error, once a step has taken two seconds."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def __call__(self, what: str, done: int, of: int) -> None:
        if not sys.stderr.isatty() or time.monotonic() - self._start < 2 or not of:
            return
        filled = 30 * done // of
        sys.stderr.write(f"\r{what:8} [{'#' * filled}{'.' * (30 - filled)}] {done:,} of {of:,}")
        sys.stderr.write("\n" if done >= of else "")
        sys.stderr.flush()
