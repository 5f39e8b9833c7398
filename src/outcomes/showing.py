"""One set-aside row, read from the archived bytes of its file: for those who may read the archive, and nobody else."""

from __future__ import annotations

import io
import zipfile

import duckdb
import polars as pl

from outcomes import inbox
from outcomes.errors import FileRefusedError, UsageError
from outcomes.paths import Home
from outcomes.publishedcopy import file_of
from outcomes.sources.csv import most_bytes, unpacked

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
    try:
        data = inbox.bytes_of(home, sha)
    except OSError:
        raise UsageError(f"The bytes of {sha[:12]} cannot be read in {home.archive}. Only who runs the nights may read them.") from None  # fmt: skip
    return row_of(data, line)


def row_of(data: bytes, line: int) -> str:
    """The row at a physical line of a text, or at a row number of a table, as text. Raises UsageError where it has none."""
    try:
        shown = _of_table(data, line) if data.startswith(b"PAR1") else _of_text(_plain(data), line)
    except (Exception, pl.exceptions.PanicException):  # the words of a reader can carry cells
        shown = None
    if shown is None:
        raise UsageError(f"The file cannot be shown by lines, or has no line {line}.")
    # A terminal obeys some characters: they are shown, not sent.
    return "".join(c if c.isprintable() or c in "\t\n" else repr(c)[1:-1] for c in shown)


def _of_table(data: bytes, line: int) -> str | None:
    frame = pl.read_parquet(io.BytesIO(data))
    return "\n".join(f"{name}: {value}" for name, value in frame.row(line - 1, named=True).items())


def _plain(data: bytes) -> bytes:
    """What is inside a gzip file or a zip file with one member, or the bytes themselves."""
    if data.startswith(b"\x1f\x8b"):
        return unpacked(data)
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as whole:
            (member,) = whole.infolist()
            if member.file_size > most_bytes(len(data)):
                raise FileRefusedError("too_large")
            return whole.read(member)
    return data


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
