"""A number on a page: as people read it, with the view, row and column that it came from. Absent ones have a word each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup, escape

from outcomes.pages.asking import TracedRow
from outcomes.tables import percent, points

NOT_ASSESSABLE, MISSING, SUPPRESSED = "not assessable", "missing", "suppressed"
# Of a study: what its publication does not say.
NOT_PRINTED = "not printed"


def formatted(value: Any, how: str) -> str:
    """A value that is there: count, sum (of counts), share (in percent), points, percents (already in percent), decimal (one place) or word."""
    if how == "share":
        return percent(value)
    if how == "points":
        return points(value)
    if how == "percents":
        return f"{value:g}%"
    if how == "decimal":
        return f"{value:.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def absent(row: TracedRow, column: str) -> str:
    """The word for a number that is not there. Zero is a number, and none of these."""
    if column.startswith("their_"):
        return NOT_PRINTED
    state = row.get(_state(row, column))
    if state not in (None, "value"):
        return str(state)
    if column.startswith(("observed_", "our_")) and row.get("coverage") == 0:
        return MISSING
    return NOT_ASSESSABLE


def number(row: TracedRow, column: str, how: str = "count", tag: str = "span") -> Markup:
    """One number in an element that says where it is from."""
    value = row[column]
    words = absent(row, column) if value is None else formatted(value, how)
    # Markup.format would escape each part for itself; a network has a hundred thousand numbers. Names are the program's own.
    return Markup(  # noqa: S704
        f'<{tag} class="n" {row.place} data-column="{column}" data-how="{how}">{escape(words)}</{tag}>'
    )


def total(rows: Sequence[TracedRow], column: str, tag: str = "span", **shared: Any) -> Markup:
    """The sum of a column over the rows of a view that have the `shared` values, as one number: its key names them alone."""
    summed = TracedRow({column: sum(row[column] for row in rows), **shared}, rows[0].view, tuple(shared))
    return number(summed, column, "sum", tag)


def interval(row: TracedRow, low: str, high: str, how: str = "share") -> Markup:
    """Two limits on one line, `43% to 67%`; one word where there are none."""
    if row[low] is None or row[high] is None:
        return number(row, low, how)
    return number(row, low, how) + "\u00a0to\u00a0" + number(row, high, how)


def _state(row: TracedRow, column: str) -> str:
    """The column of a shared row that says why another one is empty."""
    if row.view == "shared_attrition":
        return "state"
    if row.view == "shared_comparison":
        return (
            "verdict_state"
            if column == "verdict"
            else "difference_state"
            if column.startswith("difference")
            else "our_state"
        )
    if row.view != "shared_rate":
        return ""
    if column in ("courses", "met"):
        return "met_state"
    return "missing_state" if column in ("missing", "coverage", "bound_high") else "everyone_state" if column.startswith("everyone") or column == "due" else "observed_state"  # fmt: skip
