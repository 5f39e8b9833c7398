"""CSV as strictly as it can be read: a line is a row, and a row has as many fields as the header has columns.

No value of the contract holds a separator or a line break, so quotes never need to be understood: a quoted separator
gives a field too many and costs its row, an open quote costs its line, and no line can swallow the next one.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import polars as pl

from outcomes.errors import FileRefusedError
from outcomes.sources.headers import Header, known_header

SEPARATORS = (b",", b";", b"\t")
MAXIMUM_BYTES = 4 * 2**30
MAXIMUM_RATIO = 1000
_OTHER_FORMATS = (
    b"%PDF",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0",
    b"{",
    b"[",
    b"<",
    b"ARROW1",
    b"SQLite",
    b"\x28\xb5\x2f\xfd",
    b"BZh",
    b"\xfd7zXZ",
    b"PAR1",
    b"\x1f\x8b",
)
_PIECE = 2**16


@dataclass(frozen=True)
class Lines:
    """The data lines of one file, of equal width, joined by line feeds with one after the last.

    `lines` holds the physical line numbers where they do not simply run from `first_line`; `ragged` those of lines
    with a field too many or too few, which are not in `body`, with their text.
    """

    header: Header
    separator: bytes
    body: bytes
    rows: int
    first_line: int
    lines: pl.Series | None = None
    ragged: list[tuple[int, str]] = field(default_factory=list)
    is_quoted: bool = False


def most_bytes(packed: int) -> int:
    """How many bytes a file of `packed` bytes may hold when it is unpacked."""
    return min(MAXIMUM_BYTES, max(2**20, packed * MAXIMUM_RATIO))


def unpacked(data: bytes) -> bytes:
    """The bytes inside a gzip file, all members. Raises FileRefusedError if it is cut short or grows too much."""
    out: list[bytes] = []
    at, size, limit = 0, 0, most_bytes(len(data))
    while at < len(data):
        machine = zlib.decompressobj(wbits=31)
        while not machine.eof:
            # By pieces: what is behind a member is copied once, not once for each of a thousand members.
            piece = data[at : at + _PIECE]
            try:
                part = machine.decompress(piece, limit - size + 1)
            except zlib.error:
                raise FileRefusedError("truncated") from None
            at += len(piece)
            size += len(part)
            if size > limit:
                raise FileRefusedError("too_large")
            if not piece and not machine.eof:
                raise FileRefusedError("truncated")
            out.append(part)
        at -= len(machine.unused_data)
        # Zeros behind the last member are padding, by the format's own description.
        if data[at : at + 1] == b"\x00" and not data[at:].strip(b"\x00"):
            break
    return b"".join(out)


def read_csv(data: bytes) -> Lines:
    """The lines of a CSV file: comma, semicolon or tab, LF or CRLF, UTF-8 (or UTF-16 with its mark)."""
    if not data.strip():
        raise FileRefusedError("empty_file")
    if data.startswith(_OTHER_FORMATS):
        raise FileRefusedError("unknown_format")
    data = _as_utf8(data)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
        if b"\n" not in data:
            data = data.replace(b"\r", b"\n")
    start = len(data) - len(data.lstrip(b"\n"))
    head, _, body = data[start:].partition(b"\n")
    if not head:
        raise FileRefusedError("empty_file")
    separator = max(SEPARATORS, key=head.count)
    try:
        header = known_header(tuple(head.decode().split(separator.decode())))
    except FileRefusedError as error:
        error.line = start + 1
        raise
    body = body.rstrip(b"\n")
    body = body + b"\n" if body else body
    rows = body.count(b"\n")
    first_line = start + 2
    whole = Lines(header, separator, body, rows, first_line, is_quoted=b'"' in body)
    if body.count(separator) == rows * (len(header.columns) - 1) and b"\n\n" not in body and not body.startswith(b"\n"):
        return whole
    return even_lines(whole)


def even_lines(given: Lines) -> Lines:
    """The same with blank lines left out and ragged lines apart."""
    if given.lines is not None:
        return given
    text = pl.Series(given.body.decode().split("\n")[:-1], dtype=pl.String)
    separator, width = given.separator.decode(), len(given.header.columns)
    facts = (
        pl.DataFrame({"text": text})
        .with_row_index("line", offset=given.first_line)
        .filter(pl.col("text").str.strip_chars(" \r") != "")
    )
    even = pl.col("text").str.count_matches(separator, literal=True) == width - 1
    good, ragged = facts.filter(even), facts.filter(~even)
    body = "".join(line + "\n" for line in good["text"]).encode()
    return Lines(
        given.header,
        given.separator,
        body,
        good.height,
        given.first_line,
        good["line"],
        ragged.rows(),
        given.is_quoted,
    )


def _as_utf8(data: bytes) -> bytes:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeDecodeError:
            raise FileRefusedError("not_utf8") from None
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\x00" in data:
        raise FileRefusedError("holds_nul")
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError:
            raise FileRefusedError("not_utf8") from None
    return data


def cells(group: list[Lines]) -> tuple[pl.DataFrame, list[Lines]]:
    """The cells of files with one header and separator, as text, one row a line, empty is null; and the lines read."""
    try:
        return _cells(group), group
    except (pl.exceptions.SchemaError, pl.exceptions.ComputeError):
        # A line too long and one too short make up for each other in the count; polars' own words hold cells.
        group = [even_lines(lines) for lines in group]
    return _cells(group), group


def _cells(group: list[Lines]) -> pl.DataFrame:
    first = group[0]
    schema = dict.fromkeys(first.header.columns, pl.String())
    body = first.body if len(group) == 1 else b"".join(lines.body for lines in group)
    if not body:
        return pl.DataFrame(schema=schema)
    text = pl.read_csv(body, has_header=False, separator=first.separator.decode(), quote_char=None, schema=schema)
    if any(lines.is_quoted for lines in group):
        cell = pl.all()
        wrapped = (cell.str.len_bytes() >= 2) & cell.str.starts_with('"') & cell.str.ends_with('"')
        inside = cell.str.slice(1, cell.str.len_chars() - 2)
        text = text.with_columns(pl.when(wrapped).then(inside.replace("", None)).otherwise(cell))
    return text
