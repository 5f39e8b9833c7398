"""One line of a file, read from its archived bytes: for those who may read the archive, and nobody else."""

from __future__ import annotations

import duckdb

from outcomes import inbox
from outcomes.errors import FileRefusedError, UsageError
from outcomes.paths import Home
from outcomes.publishedcopy import file_of
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


def archived(home: Home, sha: str) -> bytes:
    """The bytes of an arrival. Raises UsageError where they cannot be read."""
    try:
        return inbox.bytes_of(home, sha)
    except OSError:
        raise UsageError(f"The bytes of {sha[:12]} cannot be read in {home.archive}. Only who runs the nights may read them.") from None  # fmt: skip


def row_of(data: bytes, line: int) -> str:
    """The row at a physical line of a text, or at a row number of a table, as text. Raises UsageError where it has none."""
    try:
        given = opened(data)
        if given.is_csv or given.format.startswith(("ndjson", "fhir.ndjson")):
            shown = _of_text(given.data, line)
        else:
            shown = _of_sheet(read_sheet(given.format, given.data), line)
    except FileRefusedError:
        shown = None
    if shown is None:
        raise UsageError(f"The file cannot be shown by lines, or has no line {line}.")
    # A terminal obeys some characters: they are shown, not sent.
    return "".join(c if c.isprintable() or c in "\t\n" else repr(c)[1:-1] for c in shown)


def _of_sheet(sheet: Sheet, line: int) -> str | None:
    """The cells of a row of a table, each with its column; of one that could not be read, what was found in it."""
    places = (sheet.lines == line).arg_true()
    if places.len():
        cells = sheet.cells.row(places[0])
        return "\n".join(
            f"{name}: {'' if cell is None else cell}" for name, cell in zip(sheet.names, cells, strict=True)
        )
    return next((text.replace(BETWEEN, "\n") for at, text in sheet.ragged if at == line), None)


def _of_text(data: bytes, line: int) -> str | None:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = data.decode("utf-16" if wide else "utf-8-sig", errors="replace").replace("\r\n", "\n")
    lines = (text if "\n" in text else text.replace("\r", "\n")).split("\n")
    if not 1 <= line <= len(lines):
        return None
    end = line
    # A quoted cell may run over several lines.
    while "".join(lines[line - 1 : end]).count('"') % 2 and end < min(len(lines), line + _MOST_LINES):
        end += 1
    return "\n".join(lines[line - 1 : end])
