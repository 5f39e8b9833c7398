"""Rows of tables that are the same on many pages, or very many: written here, where a template would ask each cell what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from markupsafe import Markup, escape

from outcomes.pages.asking import Book, TracedRow
from outcomes.pages.numbers import number
from outcomes.summary import Row

T = TypeVar("T")


def alike(book: Book, key: tuple[Any, ...], rows: Sequence[TracedRow], make: Callable[[], T]) -> T:
    """What is made of these rows, once for all pages of a book that have the same ones; `key` names them by their identity."""
    if key not in book.alike:
        # With the rows beside it: an identity is another's only when they are gone.
        book.alike[key] = list(rows), make()
    made: T = book.alike[key][1]
    return made


def study_rows(book: Book, rows: Sequence[TracedRow], is_shared: bool) -> Markup:
    """Studies that nothing of ours is beside, each with why."""
    how = "percents" if is_shared else "share"
    lines = (
        f'<th scope="row">{escape(row["label"])}</th><td class="r">{number(row, "their_rate", how)}</td><td>{escape(row["because"])}</td>'
        for row in rows
    )
    return alike(book, ("studies", how, *map(id, rows)), rows, lambda: _lines(lines))


def claim_rows(book: Book, rows: Sequence[TracedRow]) -> Markup:
    """Claims, and what the evidence says."""
    lines = (
        f'<th scope="row">{escape(row["source"])}</th><td>{escape(row["as_stated"])}</td><td>{escape(row["agreement"])}. Traced to: {escape(row["traces_to"])}</td>'
        for row in rows
    )
    return alike(book, ("claims", *map(id, rows)), rows, lambda: _lines(lines))


def nine_rows(rows: Sequence[Row]) -> Markup:
    """Answers of a review list."""
    return _lines(
        f'<td>{row["score_id"]}</td><th scope="row">{escape(row["patient_id"])}</th><td>{row["kind"]}</td><td class="r">{row["day_before"]}</td><td class="r">{row["item_9_before"]}</td>'
        f'<td class="r">{row["day"]}</td><td class="r">{row["item_9"]}</td><td>{escape(row["acknowledged_by"] or "nobody yet")}</td>'
        for row in rows
    )


def worse_rows(rows: Sequence[Row]) -> Markup:
    """Courses of a review list."""
    return _lines(
        f'<th scope="row">{escape(row["patient_id"])}</th><td class="r">{row["course"]}</td><td class="r">{row["baseline_day"]}</td><td class="r">{row["baseline_total"]}</td>'
        f'<td class="r">{row["endpoint_day"]}</td><td class="r">{row["endpoint_total"]}</td>'
        for row in rows
    )


def _lines(cells: Iterable[str]) -> Markup:
    """Rows of a table, each of its cells, which are escaped."""
    return Markup("".join(f"<tr>{row}</tr>\n" for row in cells))  # noqa: S704
