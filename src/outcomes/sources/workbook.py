"""The parts of an Excel workbook, read as streams of XML: its sheets, and the rows of a sheet that hold anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from posixpath import dirname, join, normpath
from typing import Any, NamedTuple
from xml.parsers import expat

from outcomes.errors import FileRefusedError
from outcomes.sources.exceldates import as_date, is_date_format
from outcomes.sources.packed import Zip

_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
# No tag is longer; expat would read a longer one again and again.
_LONGEST_TAG = 2**22
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
# A character that XML cannot hold, as Excel writes it.
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
# A formula without its result, as some programs write it: no value, and not empty either.
_NOT_CALCULATED = "#NOT CALCULATED"
_EXACT = 10.0**15
_WORKBOOK = "xl/workbook.xml"

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Row = list[tuple[int, str]]


class _EnoughError(Exception):
    """What was looked for is found: the rest of the part need not be read."""


class SheetPart(NamedTuple):
    """A sheet of the workbook: its name, the file it is in, and whether it can be seen."""

    name: str
    path: str
    visible: bool


class Book:
    """The parts of a workbook."""

    def __init__(self, archive: Zip) -> None:
        self._archive = archive
        self._names = {name.lower(): name for name in archive.files}
        if archive.names_twice or len(self._names) < len(archive.files):
            raise FileRefusedError("not_readable")
        self._related = self._relations()
        self._strings: list[str] | None = None
        self._dates: list[bool] | None = None
        self._from_1904 = False

    def sheets(self) -> list[SheetPart]:
        """The sheets of cells, in order. Charts on a sheet of their own hold none."""
        found: list[SheetPart] = []

        def start(name: str, attributes: dict[str, str]) -> None:
            if name == "workbookPr":
                self._from_1904 = attributes.get("date1904") in ("1", "true")
            if name == "sheet":
                id_ = next((value for key, value in attributes.items() if key.endswith(":id")), "")
                kind, path = self._related.get(id_, ("", ""))
                if not kind:
                    raise FileRefusedError("not_readable")
                if kind == "chartsheet":
                    return
                if kind != "worksheet":
                    raise FileRefusedError("unknown_format", kind="Excel with macros (.xlsm)")
                visible = attributes.get("state", "visible") == "visible"
                found.append(SheetPart(attributes.get("name", ""), path, visible))

        self._parse(_WORKBOOK, start)
        return found

    def holds_anything(self, sheet: SheetPart) -> bool:
        """Whether any cell of a sheet does."""

        def enough(row: int, texts: Row) -> None:
            raise _EnoughError

        try:
            self.read_rows(sheet, enough)
        except _EnoughError:
            return True
        return False

    def read_rows(self, sheet: SheetPart, put: Callable[[int, Row], None]) -> None:
        """Gives `put` each row that holds anything: its number, and by column from 1 the text of its cells."""
        text_of = self._texts()
        row, column = 0, 0
        texts: Row = []
        kind, style, has_formula = "n", "", False
        inside = False
        value: list[str] | None = None
        columns: dict[str, int] = {}
        parser: Any = None

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal row, column, kind, style, has_formula, inside, value
            if name == "c" and inside:
                column += 1
                if reference := attributes.get("r"):
                    letters = reference.rstrip("0123456789")
                    place = columns.get(letters) or columns.setdefault(letters, _column_of(reference))
                    if place < column or reference[len(letters) :] != str(row):
                        raise FileRefusedError("not_readable")
                    column = place
                kind, style, has_formula, value = attributes.get("t", "n"), attributes.get("s", ""), False, None
            elif (name == "v" and inside) or (name == "t" and inside and kind == "inlineStr"):
                value = [] if value is None else value
                parser.CharacterDataHandler = value.append
            elif name == "f":
                has_formula = True
            elif name == "row" and inside:
                number = (
                    int(attributes["r"])
                    if attributes.get("r", "").isascii() and attributes.get("r", "").isdigit()
                    else row + 1
                )
                if not row < number <= _LAST_ROW:
                    raise FileRefusedError("not_readable")
                row, column = number, 0
                texts.clear()
            elif name == "sheetData":
                inside = True
            elif name == "rPh" and inside:
                kind = "phonetic" if kind == "inlineStr" else kind

        def end(name: str) -> None:
            nonlocal inside, kind
            if name in ("v", "t"):
                parser.CharacterDataHandler = None
            elif name == "c" and inside:
                if column > _LAST_COLUMN:
                    raise FileRefusedError("not_readable")
                if value is not None:
                    text = text_of(kind, style, "".join(value))
                    if text.strip(" "):
                        texts.append((column, text))
                elif has_formula:
                    texts.append((column, _NOT_CALCULATED))
            elif name == "row" and inside:
                if texts:
                    put(row, texts)
            elif name == "rPh" and kind == "phonetic":
                kind = "inlineStr"
            elif name == "sheetData":
                inside = False

        def begun(made: Any) -> None:
            nonlocal parser
            parser = made

        self._parse(sheet.path, start, end, begun)

    def _texts(self) -> Callable[[str, str, str], str]:
        """What a cell of a kind, style and value shows."""
        if self._strings is None:
            self._strings, self._dates = self._shared_strings(), self._date_styles()
        strings, dates, from_1904 = self._strings, self._dates or [], self._from_1904
        numbers: dict[str, str] = {}

        def text_of(kind: str, style: str, value: str) -> str:
            if kind == "s":
                try:
                    return strings[int(value)] if int(value) >= 0 else ""
                except (ValueError, IndexError):
                    raise FileRefusedError("not_readable") from None
            if kind == "n":
                if style.isdigit() and int(style) < len(dates) and dates[int(style)]:
                    return as_date(value, from_1904=from_1904)
                text = numbers.get(value)
                return numbers.setdefault(value, _number(value)) if text is None else text
            if kind == "b":
                return {"1": "yes", "0": "no"}.get(value.strip(), value)
            if kind == "d":
                return value.removesuffix("T00:00:00")
            return _unescaped(value) if kind in ("str", "inlineStr") else value

        return text_of

    def _shared_strings(self) -> list[str]:
        path = self._first("sharedStrings")
        found: list[str] = []
        if not path:
            return found
        pieces: list[str] = []
        phonetic = False
        parser: Any = None

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal phonetic
            if name == "t" and not phonetic:
                parser.CharacterDataHandler = pieces.append
            elif name == "si":
                pieces.clear()
            elif name == "rPh":
                phonetic = True

        def end(name: str) -> None:
            nonlocal phonetic
            if name == "t":
                parser.CharacterDataHandler = None
            elif name == "si":
                found.append(_unescaped("".join(pieces)))
            elif name == "rPh":
                phonetic = False

        def begun(made: Any) -> None:
            nonlocal parser
            parser = made

        self._parse(path, start, end, begun)
        return found

    def _date_styles(self) -> list[bool]:
        """Of each style of cells, whether it shows a number as a date or time."""
        path = self._first("styles")
        styles: list[bool] = []
        formats: dict[str, str] = {}
        inside = False

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal inside
            if name == "numFmt":
                formats.setdefault(attributes.get("numFmtId", ""), attributes.get("formatCode", ""))
            elif name == "cellXfs":
                inside = True
            elif name == "xf" and inside:
                number = attributes.get("numFmtId", "0")
                styles.append(is_date_format(number, formats.get(number)))

        def end(name: str) -> None:
            nonlocal inside
            inside = inside and name != "cellXfs"

        if path:
            self._parse(path, start, end)
        return styles

    def _first(self, kind: str) -> str | None:
        return next((path for found, path in self._related.values() if found == kind), None)

    def _relations(self) -> dict[str, tuple[str, str]]:
        """Of each part the workbook names: its kind, and the file it is in."""
        folder = dirname(_WORKBOOK)
        found: dict[str, tuple[str, str]] = {}

        def start(name: str, attributes: dict[str, str]) -> None:
            if name == "Relationship" and attributes.get("TargetMode") != "External":
                target = normpath(join("/", folder, attributes.get("Target", ""))).lstrip("/")
                kind = attributes.get("Type", "").rpartition("/")[2]
                found.setdefault(attributes.get("Id", ""), (kind, target))

        self._parse(f"{folder}/_rels/workbook.xml.rels", start)
        return found

    def _parse(
        self, path: str, start: Start, end: End | None = None, begun: Callable[[Any], None] | None = None
    ) -> None:
        """Reads a part as XML, elements by their names without prefix. Raises FileRefusedError where it is none."""
        if path.lower() not in self._names:
            raise FileRefusedError("not_readable")
        parser = expat.ParserCreate()
        parser.buffer_text = True
        plain = _Plain()
        parser.StartElementHandler = lambda name, attributes: start(plain[name], attributes)
        if end is not None:
            given = end
            parser.EndElementHandler = lambda name: given(plain[name])
        # No workbook declares a document type: only that could make a little XML grow to much.
        parser.StartDoctypeDeclHandler = _refuse
        if begun:
            begun(parser)
        try:
            self._feed(parser, self._archive.pieces(self._names[path.lower()]))
        except (expat.ExpatError, LookupError, ValueError):
            raise FileRefusedError("not_readable") from None

    @staticmethod
    def _feed(parser: Any, pieces: Iterator[bytes]) -> None:
        fed = 0
        for piece in pieces:
            parser.Parse(piece, False)
            fed += len(piece)
            if fed - max(parser.CurrentByteIndex, 0) > _LONGEST_TAG:
                raise FileRefusedError("not_readable")
        parser.Parse(b"", True)


class _Plain(dict[str, str]):
    """Names of elements without their prefix."""

    def __missing__(self, name: str) -> str:
        return self.setdefault(name, name.rpartition(":")[2])


def _refuse(*_: object) -> None:
    raise FileRefusedError("not_readable")


def _column_of(reference: str) -> int:
    match = _REFERENCE.fullmatch(reference)
    if not match:
        raise FileRefusedError("not_readable")
    number = 0
    for letter in match[1]:
        number = number * 26 + ord(letter) - 64
    return number


def _number(value: str) -> str:
    """A number to the 15 digits that Excel shows: 3 and not 3.0, 0.3 and not 0.30000000000000004."""
    try:
        number = float(value)
    except ValueError:
        return value
    return str(int(number)) if number.is_integer() and abs(number) < _EXACT else f"{number:.15g}"


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(_character, text) if "_x" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if 0xD800 <= code < 0xE000 else chr(code)
