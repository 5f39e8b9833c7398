"""JSON lines, and a JSON array of flat objects: cells as the file writes them, numbers included.

A record is one object of plain values with each name once; it may leave names out. Any other record is set aside by itself: its
values could not be told from each other, or stand for more than one cell. JSON lines are numbered as lines of the file. Records
of an array are numbered from 1: several may stand on one line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import polars as pl

from outcomes.errors import FileRefusedError
from outcomes.sources.sheet import BETWEEN, Sheet

Pairs = list[tuple[str, Any]]
# Text, or a word or number that stands by itself; and whether a colon makes it a name.
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*+)"?(\s*+:)?|([^\s,:{}\[\]"]++)', re.DOTALL)
_HALF = re.compile(r"[\ud800-\udfff]")
_FHIR = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{\s*"resourceType"\s*:')
_FEWEST_CELLS = 2**20
_AT_ONCE = 1000


class _Twice(list[tuple[str, Any]]):
    """The pairs of an object in which a name stands twice."""


def _object(pairs: Pairs) -> dict[str, Any] | _Twice:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Twice(pairs)


# Numbers stay as they are written: 2.50 is not 2.5, and 5,000 digits are none too many.
_NESTED = frozenset({dict, list, _Twice})
_decode = json.JSONDecoder(object_pairs_hook=_object, parse_int=str, parse_float=str, parse_constant=str).decode
_UNREADABLE = (ValueError, RecursionError)


def is_lines(data: bytes) -> bool:
    """Whether what begins like JSON is JSON lines: an object that ends on its line, or has another begin on the next."""
    start = re.match(rb"(?:\xef\xbb\xbf)?\s*", data)
    at = start.end() if start else 0
    if data[at : at + 1] != b"{":
        return False
    end = data.find(b"\n", at)
    if end < 0 or data[at:end].rstrip().endswith(b"}"):
        return end >= 0 or data.rstrip().endswith(b"}")
    return bool(re.compile(rb"\s*\{").match(data, end))


def holds_resources(data: bytes, *, by_line: bool) -> bool:
    """Whether JSON is FHIR: the first object that can be read says its resourceType."""
    if b'"resourceType"' not in data:
        return False
    if _FHIR.match(data):
        return True
    try:
        text = _text(data)
        found = (
            next((value for _, value, _ in _one_by_one(_numbered(text)) if value), None) if by_line else _whole(text)
        )
    except FileRefusedError:
        return False
    first = found[0] if isinstance(found, list) and found else found
    return isinstance(first, dict) and "resourceType" in first


def read_json(data: bytes, *, by_line: bool) -> Sheet:
    """The cells of JSON lines, or of an array of objects. Raises FileRefusedError where not one record can be read."""
    text = _text(data)
    names: dict[str, None] = {}
    lines: list[int] = []
    records: list[dict[str, Any]] = []
    ragged: list[tuple[int, str]] = []
    most = max(_FEWEST_CELLS, len(data))
    for line, record, raw in _lines(text) if by_line else _elements(text):
        if isinstance(record, dict):
            if not record.keys() <= names.keys():
                names.update(dict.fromkeys(record))
            lines.append(line)
            records.append(record)
        else:
            if isinstance(record, _Twice):
                # Names of a row that is set aside are columns of the file too.
                names.update((name, None) for name, _ in record)
            ragged.append((line, _values_in(raw) if record is None else _values_of(record)))
        if len(names) * len(records) > most:
            raise FileRefusedError("too_large")  # every record brings names of its own
    if not records:
        raise FileRefusedError("not_readable" if ragged else "empty_file")
    if any(map(_HALF.search, names)):
        raise FileRefusedError("not_readable")
    return _sheet(tuple(names), lines, records, ragged, halves=b"\\u" in data)


def _text(data: bytes) -> str:
    if b"\x00" in data:
        raise FileRefusedError("holds_nul")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileRefusedError("not_utf8") from None


def _numbered(text: str) -> list[tuple[int, str]]:
    """The lines that are not blank, with their numbers."""
    stripped = ((line, raw.strip(" \t\r")) for line, raw in enumerate(text.split("\n"), 1))
    return [(line, raw) for line, raw in stripped if raw]


def _lines(text: str) -> Iterator[tuple[int, Any, str]]:
    """Line number, value (None where there is none) and text of each line that is not blank."""
    numbered = _numbered(text)
    for start in range(0, len(numbered), _AT_ONCE):
        some = numbered[start : start + _AT_ONCE]
        found = _all_at_once([raw for _, raw in some])
        if found is None:
            yield from _one_by_one(some)
        else:
            yield from ((line, value, raw) for (line, raw), value in zip(some, found, strict=True))


def _all_at_once(raws: list[str]) -> list[dict[str, Any]] | None:
    """The records of lines, or None where some line may be anything but one flat object.

    A flat object cannot reach from one line into the next, which begins with a brace where a name would have to follow. So where
    there are as many flat objects as lines, each line is one.
    """
    if not all(raw[0] == "{" and raw[-1] == "}" for raw in raws):
        return None
    try:
        found = _decode("[" + ",\n".join(raws) + "]")
    except _UNREADABLE:
        return None
    is_flat = len(found) == len(raws) and all(
        type(one) is dict and _NESTED.isdisjoint(map(type, one.values())) for one in found
    )
    return found if is_flat else None


def _one_by_one(numbered: list[tuple[int, str]]) -> Iterator[tuple[int, Any, str]]:
    for line, raw in numbered:
        try:
            yield line, _decode(raw), raw
        except _UNREADABLE:
            yield line, None, raw


def _elements(text: str) -> Iterator[tuple[int, Any, str]]:
    found = _whole(text)
    if not isinstance(found, list) or isinstance(found, _Twice):
        raise FileRefusedError("not_readable", kind="no list of records")
    for number, value in enumerate(found, 1):
        yield number, value, ""


def _whole(text: str) -> Any:
    try:
        return _decode(text)
    except _UNREADABLE:
        raise FileRefusedError("not_readable") from None


def _sheet(
    names: tuple[str, ...], lines: list[int], records: list[dict[str, Any]], ragged: list[tuple[int, str]], *, halves: bool
) -> Sheet:  # fmt: skip
    columns = []
    odd: set[int] = set()
    for name in names:
        column = [record.get(name) for record in records]
        types = set(map(type, column))
        if types & _NESTED:
            odd.update(row for row, value in enumerate(column) if isinstance(value, dict | list))
        if halves and str in types:
            odd.update(row for row, value in enumerate(column) if isinstance(value, str) and _HALF.search(value))
        if bool in types:
            column = ["yes" if value is True else "no" if value is False else value for value in column]
        columns.append(column)
    if len(odd) == len(records) and odd:
        raise FileRefusedError("not_readable", kind="nested values")
    if odd:
        ragged = sorted([*ragged, *((lines[row], _values_of(records[row])) for row in odd)])
        kept = [row for row in range(len(records)) if row not in odd]
        columns = [[column[row] for row in kept] for column in columns]
        lines = [lines[row] for row in kept]
    cells = [pl.Series(str(place), column, dtype=pl.String).replace("", None) for place, column in enumerate(columns)]
    return Sheet(names, pl.DataFrame(cells), pl.Series("line", lines, dtype=pl.Int32), tuple(ragged))


def _values_of(value: Any) -> str:
    """Every plain value in a record that is no row, however deep."""
    found: list[str] = []
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, _Twice):
            left += [inner for _, inner in reversed(one)]
        elif isinstance(one, dict | list):
            left += reversed(one.values() if isinstance(one, dict) else one)
        elif isinstance(one, str):
            found.append(_HALF.sub("\ufffd", one))
    return BETWEEN.join(found)


def _values_in(raw: str) -> str:
    """Every plain value in a line that is no JSON, as near as can be."""
    tokens = (match for match in _TOKEN.finditer(raw) if not match[2])
    return BETWEEN.join(match[3] or _unescaped(match[1] or "") for match in tokens)


def _unescaped(text: str) -> str:
    try:
        return _HALF.sub("\ufffd", json.loads(f'"{text}"', strict=False))
    except _UNREADABLE:
        return text
