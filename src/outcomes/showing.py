"""One line of a file, read from its archived bytes: for those who may read the archive, and nobody else."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from itertools import chain

import duckdb

from outcomes import inbox
from outcomes.errors import FileRefusedError, UsageError
from outcomes.paths import Home
from outcomes.publishedcopy import file_of
from outcomes.sources.content import Content, head_of, sha256_of
from outcomes.sources.opening import opened, read_sheet
from outcomes.sources.sheet import BETWEEN, Sheet

# A row whose quoted cell runs over more lines than this is cut off.
_MOST_LINES = 50


def row_set_aside(home: Home, con: duckdb.DuckDBPyConnection, head: str, line: int) -> str:
    """The set-aside row at a line of the file whose SHA-256 begins with `head`, as the clinic sent it.

    Raises UsageError where no row is set aside there, or the archive cannot be read.
    """
    sha = file_of(con, head)
    listed = con.execute(
        "SELECT 1 FROM set_aside JOIN arrival USING (arrival_no) WHERE sha256 = ? AND line = ? LIMIT 1", [sha, line]
    ).fetchone()
    if not listed:
        raise UsageError(f"No row is set aside at line {line} of {sha[:12]}. They are listed by: outcomes quarantine --home {home.root}")  # fmt: skip
    return row_of(archived(home, sha), line)


def line_of(home: Home, con: duckdb.DuckDBPyConnection, head: str, line: int) -> str:
    """Any line of a file that was taken, as the clinic sent it.

    Raises UsageError for a file that was refused, since it may hold identifiers, and where the archive cannot be read.
    """
    sha = file_of(con, head)
    taken = con.execute("SELECT 1 FROM arrival WHERE sha256 = ? AND refused_because IS NULL LIMIT 1", [sha]).fetchone()
    if not taken:
        raise UsageError(f"{sha[:12]} was refused, and what was refused is not shown: it may hold identifiers. Why it was: outcomes refused --home {home.root}")  # fmt: skip
    return row_of(archived(home, sha), line)


def archived(home: Home, sha: str) -> Content:
    """The bytes of an arrival, or where they lie. Raises UsageError where they are gone, cannot be read, or are not those that came."""
    try:
        content = inbox.content_of(home, sha)
        is_as_sent = sha256_of(content)[0] == sha
    except FileNotFoundError:
        raise UsageError(f"The bytes of {sha[:12]} are not in {home.archive}: they were erased, or are lost. Which, says: outcomes verify --home {home.root}") from None  # fmt: skip
    except OSError:
        raise UsageError(f"The bytes of {sha[:12]} cannot be read in {home.archive}. Only who runs the nights may read them.") from None  # fmt: skip
    if not is_as_sent:
        raise UsageError(f"The bytes of {sha[:12]} are not those that its clinic sent, so they are not shown. Bring the file back from a backup; what else is amiss says: outcomes verify --home {home.root}")  # fmt: skip
    return content


def row_of(content: Content, line: int) -> str:
    """The row at a physical line of a text, or at a row number of a table, as text. Raises UsageError where it has none."""
    shown = rows_at(content, {line}).get(line)
    if shown is None:
        raise UsageError(f"The file cannot be shown by lines, or has no line {line}.")
    return shown


def rows_at(content: Content, lines: Collection[int]) -> dict[int, str]:
    """The rows at some lines of a file, by line: those that it has, and none of a file that cannot be shown. It is read once."""
    try:
        given = opened(content)
        if given.is_csv or given.format.startswith(("ndjson", "fhir.ndjson")):
            found = _of_text(given.content, lines)
        else:
            found = _of_sheet(read_sheet(given.format, given.data), lines)
    except FileRefusedError:
        found = {}
    # A terminal obeys some characters: they are shown, not sent.
    return {
        line: "".join(c if c.isprintable() or c in "\t\n" else repr(c)[1:-1] for c in row)
        for line, row in found.items()
    }


def _of_sheet(sheet: Sheet, lines: Collection[int]) -> dict[int, str]:
    """The cells of rows of a table, each with its column; of those that could not be read, what was found in them."""
    found = {at: text.replace(BETWEEN, "\n") for at, text in sheet.ragged if at in lines}
    for place in sheet.lines.is_in(list(lines)).arg_true():
        cells = zip(sheet.names, sheet.cells.row(place), strict=True)
        found[sheet.lines[place]] = "\n".join(f"{name}: {'' if cell is None else cell}" for name, cell in cells)
    return found


def _of_text(content: Content, lines: Collection[int]) -> dict[int, str]:
    """Lines of a text, each with those that a quoted cell of it runs over."""
    found: dict[int, str] = {}
    unended: set[int] = set()
    last = max(lines, default=0)
    for number, text in enumerate(_lines(content), start=1):
        if number > last and not unended:
            break
        for start in unended:
            found[start] += f"\n{text}"
        if number in lines:
            found[number] = text
            unended.add(number)
        unended = {start for start in unended if found[start].count('"') % 2 and number < start + _MOST_LINES}
    return found


def _lines(content: Content) -> Iterator[str]:
    """The lines of a text without their ends: a carriage return alone ends them where no line feed does."""
    encoding = "utf-16" if head_of(content, 2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as handle:
        text = io.TextIOWrapper(handle, encoding, errors="replace", newline="\n")
        first = next(text, "")
        if not first.endswith("\n"):
            yield from first.split("\r")
            return
        for line in chain([first], text):
            yield line[:-1].removesuffix("\r") if line.endswith("\n") else line
