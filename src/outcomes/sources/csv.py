"""CSV as strictly as it can be read: a line is a row, and a row has as many fields as the header has columns.

No value of the contract holds a separator or a line break, so its own files need no understanding of quotes: a quoted
separator gives a field too many and costs its row, an open quote costs its line, and no line can swallow the next one.
Files that another header makes readable (a source profile's) may hold both, in columns that are dropped: see quoted.py.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

import polars as pl

from outcomes.errors import FileRefusedError
from outcomes.frames import ends
from outcomes.sources.content import Content, blocks, head_of, in_one_block, pieces, whole
from outcomes.sources.headers import Header, known_header
from outcomes.sources.quoted import frame, names_of, records
from outcomes.sources.sheet import Sheet
from schemas.profiles import normalised

SEPARATORS = (b",", b";", b"\t")
# What may stand before the header: empty lines, and one by which a program tells Excel the separator; a spreadsheet writes
# that back with empty cells behind it.
_BEFORE = re.compile(rb'\n*(?:"?sep=([,;\t])"?[,;\t]*(?:\n+|\Z))?', re.IGNORECASE)
_MARK, _UTF_16 = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
# How a file of DOS ends, but for so many line ends behind it.
_CTRL_Z, _END = b"\x1a", 16


@dataclass(frozen=True)
class Lines:
    """Data lines of one file, of equal width, joined by line feeds with one after the last: all of them, or a block.

    `header` is None where the names are not those of a contract, and something else may know them. `lines` holds the physical line numbers where they do not simply run from `first_line`; `ragged` those of lines
    with a field too many or too few, which are not in `body`, with their text.
    """

    names: tuple[str, ...]
    header: Header | None
    separator: bytes
    body: bytes
    rows: int
    first_line: int
    lines: pl.Series | None = None
    ragged: list[tuple[int, str]] = field(default_factory=list)
    is_quoted: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The contract's names of its columns, else their places."""
        return self.header.columns if self.header else tuple(str(place) for place in range(len(self.names)))


@dataclass(frozen=True)
class Text:
    """A CSV file whose header is read. Its data lines come block by block, each made when it is asked for.

    `surplus` is how many columns without a name stand behind the others. `bodies` gives the data lines as bytes, from `first_line`
    on; `is_cut` where they may be several. `made` are all of them, where no block by itself says what its lines are.
    """

    names: tuple[str, ...]
    header: Header | None
    separator: bytes
    surplus: int
    first_line: int
    bodies: Callable[[], Iterator[bytes]]
    is_cut: bool = False
    made: Lines | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The contract's names of its columns; none where they are not known."""
        return self.header.columns if self.header else ()

    def blocks(self) -> Iterator[Lines]:
        """Its lines in blocks, at least one."""
        if self.made is not None:
            yield self.made
            return
        line = self.first_line
        for body in self.bodies():
            made = [self._lines(body, line)]
            line += body.count(b"\n")
            # Nothing here holds what was handed on: a block is let go where its lines are parsed.
            del body
            yield made.pop()

    def whole(self) -> Lines:
        """All its lines. Raises FileRefusedError where a column without a name holds anything."""
        return self.made or self._lines(b"".join(self.bodies()), self.first_line)

    def _lines(self, body: bytes, first_line: int) -> Lines:
        rows = body.count(b"\n")
        found = Lines(self.names, self.header, self.separator, body, rows, first_line, is_quoted=b'"' in body)
        if self.surplus:
            return _narrowed(found, self.surplus)
        separators = rows * (len(self.names) - 1)
        if body.count(self.separator) == separators and b"\n\n" not in body and not body.startswith(b"\n"):
            return found
        # Behind an unknown header a quoted line may be longer than it looks.
        return found if self.header is None and found.is_quoted else even_lines(found)


def read_csv(content: Content, knows: Callable[[tuple[str, ...]], bool] = lambda _: False) -> Text:
    """A CSV file: comma, semicolon or tab, line ends of any system, UTF-8 (or UTF-16 with its mark).

    Raises FileRefusedError where the columns are not those of a contract, unless it `knows` them all the same.
    """
    content, has_returns = _as_utf8(content)
    texts = _plain(content, has_returns)
    first = next(texts)
    while (before := _BEFORE.match(first)) and before.end() == len(first) and (more := next(texts, None)) is not None:
        first += more
    start = before.end() if before else 0
    if start == len(first):
        raise FileRefusedError("empty_file")
    end = first.find(b"\n", start)
    end = len(first) if end < 0 else end
    line = 1 + first.count(b"\n", 0, start)
    head = first[start:end]
    said = before[1] if before else None
    header: Header | None
    try:
        separator, names, surplus, header = _known(head, said)
    except FileRefusedError as error:
        separator, names, surplus = _columns(head, said)
        if not knows(names):
            error.line = line
            raise
        header = None
    start, is_one = end + 1, in_one_block(content)
    # A file of one block is let go, and its lines kept; a larger one is read again, block by block.
    body = first[start:] if is_one else b""
    bodies = (lambda: iter((body,))) if is_one else (lambda: _plain(content, has_returns, start))
    text = Text(names, header, separator, surplus, line + 1, bodies, not is_one)
    # What has no name must hold nothing, to the end of the file.
    return replace(text, made=text.whole()) if text.surplus else text


def _columns(head: bytes, separator: bytes | None) -> tuple[bytes, tuple[str, ...], int]:
    """The separator, where none is told; the names in a header line; and how many empty ones stand behind them."""
    separator = separator or max(SEPARATORS, key=head.count)
    given = names_of(head.decode(), separator.decode())
    names = _named(given)
    return separator, names, len(given) - len(names)


@lru_cache(maxsize=256)
def _known(head: bytes, separator: bytes | None) -> tuple[bytes, tuple[str, ...], int, Header]:
    """The same with the contract's header, which many files share. Raises FileRefusedError: what is no header is not kept."""
    separator, names, surplus = _columns(head, separator)
    return separator, names, surplus, known_header(names)


def _named(names: tuple[str, ...]) -> tuple[str, ...]:
    """The columns up to the last that has a name: a spreadsheet writes the empty ones behind it too."""
    last = max((place for place, name in enumerate(names) if normalised(name)), default=-1)
    return names[: last + 1] or names


def _narrowed(given: Lines, surplus: int) -> Lines:
    """The same without so many columns at the end, which have no name. A line that lacks them is ragged: it may lack others.

    Raises FileRefusedError where one of them holds anything.
    """
    separator, width = given.separator.decode(), len(given.names) + surplus
    good, lines, ragged = [], [], []
    for line, text in enumerate(given.body.decode().split("\n")[:-1], start=given.first_line):
        if text.count(separator) == width - 1:
            row, *rest = text.rsplit(separator, surplus)
            if any(cell.strip(' "\r') for cell in rest):
                raise FileRefusedError("unknown_column", column_no=len(given.names) + 1, line=line)
            good.append(row + "\n")
            lines.append(line)
        elif text.strip(" \r"):
            ragged.append((line, text))
    body, numbers = "".join(good).encode(), pl.Series(lines, dtype=pl.UInt32)
    return replace(given, body=body, rows=len(good), lines=numbers, ragged=ragged)


def even_lines(given: Lines) -> Lines:
    """The same with blank lines left out and ragged lines apart."""
    if given.lines is not None:
        return given
    text = pl.Series(given.body.decode().split("\n")[:-1], dtype=pl.String)
    separator, width = given.separator.decode(), len(given.names)
    facts = (
        pl.DataFrame({"text": text})
        .with_row_index("line", offset=given.first_line)
        .filter(pl.col("text").str.strip_chars(" \r") != "")
    )
    even = pl.col("text").str.count_matches(separator, literal=True) == width - 1
    good, ragged = facts.filter(even), facts.filter(~even)
    body = "".join(line + "\n" for line in good["text"]).encode()
    return replace(given, body=body, rows=good.height, lines=good["line"], ragged=ragged.rows())


def sheet_of(given: Lines) -> tuple[Sheet, Lines]:
    """The cells of one file by place, and the same lines with the ragged ones apart."""
    if not given.is_quoted:
        text, (read,) = cells([given], {})
        lines = read.lines if read.lines is not None else pl.int_range(read.first_line, read.first_line + read.rows, eager=True)  # fmt: skip
        return Sheet(read.names, text, lines.cast(pl.Int32)), read
    width = len(given.names)
    found = list(records(given.body.decode(), given.separator.decode(), width, given.first_line))
    whole = [(line, fields) for line, fields in found if not isinstance(fields, str)]
    ragged = [(line, fields) for line, fields in found if isinstance(fields, str)]
    lines = pl.Series([line for line, _ in whole], dtype=pl.Int32)
    read = replace(given, rows=len(whole), lines=lines, ragged=ragged)
    return Sheet(given.names, frame([fields for _, fields in whole], width), lines), read


def _as_utf8(content: Content) -> tuple[Content, bool]:
    """The same in UTF-8 with line feeds, and whether some of them have a carriage return before them.

    What only the whole file can say is asked of all of it first, so that no block is read as what the file is not. Raises
    FileRefusedError where there is nothing in it, or it is no UTF-8.
    """
    is_blank = True
    if head_of(content, 2) in _UTF_16:
        try:
            content, is_blank = whole(content).decode("utf-16").encode(), False
        except UnicodeDecodeError:
            raise FileRefusedError("not_utf8") from None
    decoder, is_utf8, is_ascii = codecs.getincrementaldecoder("utf-8")(), True, True
    has_nul = has_feeds = has_returns = False
    for piece in pieces(content):
        is_blank = is_blank and piece.isspace()
        has_nul = has_nul or b"\x00" in piece
        has_feeds = has_feeds or b"\n" in piece
        has_returns = has_returns or b"\r" in piece
        is_ascii = is_ascii and piece.isascii()
        if not is_ascii and is_utf8:
            is_utf8 = _decodes(decoder, piece)
    if is_blank:
        raise FileRefusedError("empty_file")
    if has_nul:
        raise FileRefusedError("holds_nul")
    if not is_utf8 or not (is_ascii or _decodes(decoder, b"", final=True)):
        raise FileRefusedError("not_utf8")
    if has_returns and not has_feeds:
        content, has_returns = whole(content).replace(b"\r", b"\n"), False
    return content, has_returns


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


def _plain(content: Content, has_returns: bool, start: int = 0) -> Iterator[bytes]:
    """Its text from a place on, in blocks of whole lines that each end with a line feed; nothing of what marks its start or end."""
    is_first = True
    for block, is_last in blocks(content):
        text = block.removeprefix(_MARK) if is_first else block
        if has_returns:
            text = text.replace(b"\r\n", b"\n")
        if is_last:
            if text[-_END:].rstrip(b"\n").endswith(_CTRL_Z):
                text = text[: text.rindex(_CTRL_Z)]
            text = _ended(text)
        left = [text[start:]]
        start, is_first = max(0, start - len(text)), False
        del block, text
        if left[0] or is_last:
            yield left.pop()


def _ended(text: bytes) -> bytes:
    """With one line feed behind it, and not more. A block is copied for that only where it must be."""
    if not text.endswith(b"\n"):
        return text + b"\n" if text else text
    return text.rstrip(b"\n") + b"\n" if text.endswith(b"\n\n") else text


def cells(group: list[Lines], plain: Mapping[str, pl.DataType]) -> tuple[pl.DataFrame, list[Lines]]:
    """The cells of files with one header and separator, one row a line, empty is null; and the lines read.

    Columns of `plain` come as those types where every cell of the files is written in the one plain way; else all is text.
    """
    try:
        return _typed(group, plain), group
    except (pl.exceptions.PolarsError, _OtherwiseWrittenError):
        pass  # Some cell, or line, is odd: the text says which. Polars' own words hold cells.
    try:
        return _text(group), group
    except (pl.exceptions.SchemaError, pl.exceptions.ComputeError):
        # A line too long and one too short make up for each other in the count.
        group = [even_lines(lines) for lines in group]
    return _text(group), group


class _OtherwiseWrittenError(Exception):
    pass


def _typed(group: list[Lines], plain: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The cells, parsed to the types of `plain`. Raises if that could lose what any cell says beyond its value.

    Polars lets more pass as a number than the contract does (`+2`, `02`, `-0`, a blank or tab before). All of that is
    longer than the shortest way to write the same number; a word is itself, and null is the empty cell. So where the
    shortest ways, separators and line ends add up to the bytes that are there, no cell was written in another way.
    """
    first = group[0]
    if any(lines.is_quoted for lines in group):
        raise _OtherwiseWrittenError
    frame = _parsed(group, {name: plain.get(name, pl.String()) for name in first.columns})
    shortest = sum(_shortest(frame[name]) for name in frame.columns) + frame.height * frame.width
    if shortest != sum(len(lines.body) for lines in group):
        raise _OtherwiseWrittenError
    return frame


def _shortest(column: pl.Series) -> int:
    """How many bytes the cells of a column take, each written in its shortest way."""
    if column.dtype == pl.String:
        return int(column.str.len_bytes().sum())
    if column.dtype == pl.Enum:
        return sum(len(word or "") * count for word, count in column.value_counts().iter_rows())
    digits, (low, high) = column.len() - column.null_count(), ends(column) or (0, 0)
    if low < 0:
        digits += int((column < 0).sum())
    for power in (10, 100, 1000, 10_000):
        if high >= power:
            digits += int((column >= power).sum())
        if low <= -power:
            digits += int((column <= -power).sum())
    return digits


def _text(group: list[Lines]) -> pl.DataFrame:
    text = _parsed(group, dict.fromkeys(group[0].columns, pl.String()))
    if any(lines.is_quoted for lines in group):
        cell = pl.all()
        wrapped = (cell.str.len_bytes() >= 2) & cell.str.starts_with('"') & cell.str.ends_with('"')
        inside = cell.str.slice(1, cell.str.len_chars() - 2)
        text = text.with_columns(pl.when(wrapped).then(inside.replace("", None)).otherwise(cell))
    return text


def _parsed(group: list[Lines], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    body = group[0].body if len(group) == 1 else b"".join(lines.body for lines in group)
    if not body:
        return pl.DataFrame(schema=schema)
    return pl.read_csv(body, has_header=False, separator=group[0].separator.decode(), quote_char=None, schema=schema)
