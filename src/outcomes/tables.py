"""Rows as a table, CSV or JSON; numbers as people read them."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]

_REPEATED = {str, int}


def table(rows: Sequence[Row], columns: dict[str, str]) -> str:
    """Rows under headings; `columns` is key -> heading. Numbers are set to the right."""
    if not rows:
        heads = list(columns.values())
        return "\n".join(["  ".join(line).rstrip() for line in (heads, ["-" * len(head) for head in heads])])
    set_out = [_set_out(head, [row.get(key) for row in rows]) for key, head in columns.items()]
    return "\n".join(["  ".join(line).rstrip() for line in zip(*set_out, strict=True)])


def _set_out(head: str, values: list[Any]) -> list[str]:
    """A column, each line as wide as the others: its heading, a rule and its cells."""
    kinds = set(map(type, values))
    # Thousands of rows say the same few things. Of one type: 1 and True are one key.
    is_repeated = len(kinds) == 1 and kinds <= _REPEATED
    different = list(set(values)) if is_repeated else values
    cells = list(map(_plain, different))
    width = max(len(head), max(map(len, cells)))
    put = str.rjust if all(map(_is_number, different)) else str.ljust
    cells = [put(cell, width) for cell in cells]
    if is_repeated:
        cells = list(map(dict(zip(different, cells, strict=True)).__getitem__, values))
    return [put(head, width), "-" * width, *cells]


def written(rows: Sequence[Row], columns: dict[str, str], form: str) -> str:
    """Rows as `form`: table, csv or json. CSV and JSON carry every key and unrounded numbers."""
    if form == "json":
        return json.dumps(list(rows), indent=1, default=str)
    if form == "csv":
        import csv  # slow to load, and most commands print a table

        out = io.StringIO()
        keys = list(rows[0]) if rows else list(columns)
        writer = csv.DictWriter(out, keys, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue().rstrip("\n")
    return table(rows, columns) if rows else "nothing"


def percent(share: float | None) -> str:
    """A share in whole percent, half up; a dash where there is none."""
    return "-" if share is None else f"{_hundredths(share)}%"


def points(share: float | None) -> str:
    """A difference of shares in signed points, half up in size."""
    if share is None:
        return "-"
    size = _hundredths(abs(share))
    return f"{'-' if share < 0 and size else '+'}{size}"


def between(low: float | None, high: float | None, how: Any = None) -> str:
    """An interval in words: of shares in whole percent, or of what `how` says."""
    if low is None or high is None:
        return "-"
    return f"{how(low)} to {how(high)}" if how else f"{_hundredths(low)} to {_hundredths(high)}"


def _hundredths(share: float) -> int:
    """A share that is not below 0 in whole percent, half up."""
    return int(share * 100 + 0.5 + 1e-9)


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
