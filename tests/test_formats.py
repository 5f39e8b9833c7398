"""Formats: what becomes of each kind of file, to the line; that no bytes break a reader; that no metadata gets in."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import random
import re
import zipfile
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from outcomes.checking import judge
from outcomes.errors import FileRefusedError
from outcomes.sources import apart, looks, packed
from outcomes.sources.exceldates import as_date, is_date_format
from outcomes.sources.opening import opened, read_sheet
from outcomes.sources.sheet import BETWEEN, Sheet
from outcomes.tables import place
from tests.test_door import (
    FEW,
    NAMES,
    Fate,
    fate,
    faults,
    good_rows,
    holds_together,
    other,
    parquet,
    refusal_of,
    refused,
    row,
    stored,
    taken,
    written,
)
from tests.test_door import packed as gzipped

TWO = written(row(), other())
Rows = list[dict[str, Any]]


# ---- writers ----------------------------------------------------------------------------------------------------


def book(fill: Callable[[xlsxwriter.Workbook], Any]) -> bytes:
    """A workbook made by `fill`, the same bytes every time."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    made.set_properties({"created": dt.datetime(2026, 1, 31)})
    fill(made)
    made.close()
    return out.getvalue()


def typed(text: str | None) -> Any:
    """A cell as a program with types would hold it: digits are a number."""
    return int(text) if text and re.fullmatch(r"-?(0|[1-9]\d*)", text) else text or None


def excel(*rows: Any, sheet: str = "Sheet1", at: int = 0) -> bytes:
    """A workbook of one sheet: the header, and these rows (dicts by name, or lists of cells)."""
    return sheets({sheet: [NAMES, *rows]}, at=at)


def sheets(given: dict[str, Rows | list[Any]], hidden: tuple[str, ...] = (), at: int = 0) -> bytes:
    """A workbook of several sheets, given as lists of rows."""

    def fill(made: xlsxwriter.Workbook) -> None:
        for name, rows in given.items():
            page = made.add_worksheet(name)
            for line, cells in enumerate(rows, at):
                values = [typed(cells.get(name)) for name in NAMES] if isinstance(cells, dict) else cells
                for column, value in enumerate(values):
                    if value is not None:
                        page.write(line, column, value)
        for name in hidden:
            made.get_worksheet_by_name(name).hide()

    return book(fill)


def lines_of(*rows: Any) -> bytes:
    """JSON lines: dicts, or text as it is."""
    return "".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in rows).encode()


def numbers(given: dict[str, str], **changes: Any) -> dict[str, Any]:
    """A row of JSON with numbers as numbers and empty cells as null."""
    return {name: typed(text) for name, text in given.items()} | changes


def array(*rows: Any, **how: Any) -> bytes:
    """A JSON array."""
    return json.dumps(list(rows), **how).encode()


def arrow(frame: pl.DataFrame, *, stream: bool = False, **how: Any) -> bytes:
    """An Arrow file or stream."""
    out = io.BytesIO()
    (frame.write_ipc_stream if stream else frame.write_ipc)(out, **how)
    return out.getvalue()


def frame_of(*rows: dict[str, Any]) -> pl.DataFrame:
    """Rows with numbers as numbers."""
    return pl.DataFrame([numbers(each) for each in rows], infer_schema_length=None)


def zipped(*members: tuple[str, bytes], comment: bytes = b"", how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, how)
        archive.comment = comment
    return out.getvalue()


def part(data: bytes, name: str, change: Callable[[str], str]) -> bytes:
    """A zip with one of its files changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = [(each, archive.read(each)) for each in archive.namelist()]
    assert name in dict(files)
    return zipped(*((each, change(text.decode()).encode() if each == name else text) for each, text in files))


def flags(data: bytes, flag: int) -> bytes:
    """A zip of one file that says it is encrypted."""
    at = data.index(b"PK\x01\x02")
    return data[: at + 8] + flag.to_bytes(2, "little") + data[at + 10 :]


SHEET = "xl/worksheets/sheet1.xml"
XLSX = excel(row(), other())
BAD_XML = part(XLSX, SHEET, lambda text: text.replace("</row>", "", 1))
FAR = part(
    XLSX,
    SHEET,
    lambda text: text.replace("</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'),
)
BILLION = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
FILLED = [NAMES, row(), other()]
HALF_A_PAIR = json.dumps(numbers(other(), patient_id="P-\ud800"))
WRITTEN = ("2", "2.0", "2.50", "2e0", "NaN", "-Infinity", "-0", "true", "null", '""')
RAGGED = [(3, None, "field_count")]


def named(kind: str) -> Fate:
    return refused("unknown_format", kind=kind)


# What must become of each file.
FILES: dict[str, tuple[bytes, Fate]] = {
    # Excel
    "xlsx": (XLSX, taken(2, 3)),
    "xlsx, one sheet of any name, an empty one beside it": (sheets({"export": FILLED, "Sheet2": []}), taken(2, 3)),
    "xlsx, the sheet called scores": (sheets({"Read me": [["hello"]], " Scores": FILLED}), taken(2, 3)),
    "xlsx, two sheets": (sheets({"a": FILLED, "b": FILLED}), refused("sheet_unclear", kind="several sheets")),
    "xlsx, both feeds": (sheets({"scores": FILLED, "patients": [["sex"]]}), refused("sheet_unclear", kind="sheets of two feeds")),
    "xlsx, hidden sheet with data": (sheets({"scores": FILLED, "b": [["x"]]}, ("b",)), refused("sheet_unclear", kind="hidden sheet")),
    "xlsx, hidden sheet without": (sheets({"scores": FILLED, "b": []}, ("b",)), taken(2, 3)),
    "xlsx, no data": (sheets({"a": [], "b": []}), refused("empty_file")),
    "xlsx, header only": (excel(), taken()),
    "xlsx, title above the header": (sheets({"a": [["PHQ-9"], *FILLED]}), refused("no_header", None, 1)),
    "xlsx, header in row 2": (excel(row(), at=1), refused("no_header", None, 1)),
    "xlsx, blank rows": (excel(row(), [], [" ", "  "], other(), [], []), taken(2, 5)),
    "xlsx, blank column at the end": (sheets({"a": [[*NAMES, None, " "], row()]}), taken(2)),
    "xlsx, note beside the table": (sheets({"a": [NAMES, [*row().values(), None, "late"]]}), refused("unknown_column", 16, 1)),
    "xlsx, column without a name": (sheets({"a": [[None, *NAMES], [1, *row().values()]]}), refused("unknown_column", 1, 1)),
    "xlsx, text in place of numbers": (sheets({"a": [NAMES, list(row().values())]}), taken(2)),
    "xlsx, error": (
        book(lambda made: [page := made.add_worksheet(), page.write_row(0, 0, NAMES), page.write_row(1, 0, list(row().values())),
                           page.write_formula(1, 5, "=1/0", None, "#DIV/0!")]), taken(reasons=faults(2, "item_1")),
    ),
    "xlsx, formula": (
        book(lambda made: [page := made.add_worksheet(), page.write_row(0, 0, NAMES), page.write_row(1, 0, list(row().values())),
                           page.write_formula(1, 14, "=SUM(F2:N2)", None, 10)]), taken(2),
    ),
    "xlsx, formula without a result": (
        part(excel(row()), SHEET, lambda text: re.sub(r'(<c r="F2">)<v>2</v>', r"\1<f>1+1</f>", text)), taken(reasons=faults(2, "item_1")),
    ),
    "xlsx, date": (
        book(lambda made: [page := made.add_worksheet(), page.write_row(0, 0, NAMES), page.write_row(1, 0, list(row().values())),
                           page.write_datetime(1, 3, dt.datetime(2024, 3, 17), made.add_format({"num_format": "d mmm yy"}))]),
        refused("identifier", 4, 2, "date"),
    ),
    "xlsx, hidden row and column": (
        book(lambda made: [page := made.add_worksheet(), page.write_row(0, 0, NAMES), page.write_row(1, 0, list(row().values())),
                           page.write_row(2, 0, list(other().values())), page.set_row(2, None, None, {"hidden": True}),
                           page.set_column(5, 5, None, None, {"hidden": True})]), taken(2, 3),
    ),
    "xlsx, merged cells": (
        book(lambda made: [page := made.add_worksheet(), page.write_row(0, 0, NAMES), page.write_row(1, 0, list(row().values())),
                           page.write_row(2, 0, list(other(clinic_id="").values())), page.merge_range(1, 0, 2, 0, "C01")]),
        taken(2, reasons=faults(3, "clinic_id")),
    ),
    "xlsx, chart sheet": (book(lambda made: [page := made.add_worksheet(), page.write_row(0, 0, NAMES), page.write_row(1, 0, list(row().values())),
                               (chart := made.add_chart({"type": "line"})).add_series({"values": "=Sheet1!$F$2:$N$2"}),
                               made.add_chartsheet().set_chart(chart)]), taken(2)),
    "xlsx, a cell far out": (FAR, refused("unknown_column", 16, 1)),
    "xlsx, cells far apart": (
        part(XLSX, SHEET, lambda text: re.sub("<sheetData>.*</sheetData>", "<sheetData>" + "".join(
            f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 9000)) + "</sheetData>", text, flags=re.DOTALL)),
        refused("too_large"),
    ),
    "xlsx, declared far too large": (part(XLSX, SHEET, lambda text: re.sub('ref="[^"]*"', 'ref="A1:XFD1048576"', text, count=1)), taken(2, 3)),
    "xlsx, broken XML": (BAD_XML, refused("not_readable")),
    "xlsx, document type": (part(XLSX, SHEET, lambda text: text.replace("<worksheet", BILLION + "<worksheet", 1)), refused("not_readable")),
    "xlsx, rows out of order": (part(XLSX, SHEET, lambda text: text.replace('<row r="3"', '<row r="1"')), refused("not_readable")),
    "xlsx, cell of another row": (part(XLSX, SHEET, lambda text: text.replace('r="A3"', 'r="A2"')), refused("not_readable")),
    "xlsx, one cell twice": (part(XLSX, SHEET, lambda text: text.replace('r="B3"', 'r="A3"')), refused("not_readable")),
    "xlsx, no such shared string": (part(XLSX, SHEET, lambda text: text.replace('t="s"><v>0<', 't="s"><v>999<')), refused("not_readable")),
    "xlsx, no places written": (part(XLSX, SHEET, lambda text: re.sub(r'<(c|row) r="[^"]*"', r"<\1", text)), taken(2, 3)),
    "xlsx, with a prefix": (
        part(XLSX, SHEET, lambda text: re.sub(r"<(/?)(?=[a-z])", r"<\1x:", text).replace("xmlns=", "xmlns:x=")), taken(2, 3),
    ),
    "xlsx, bomb of one tag": (
        part(XLSX, SHEET, lambda text: text.replace("<sheetData>", f"<!--{' ' * 9_000_000}--><sheetData>")), refused("not_readable"),
    ),
    "xlsx, cut short": (XLSX[:-30], refused("truncated")),
    "xlsx, changed inside": (XLSX.replace(b"xl/worksheets/sheet1.xml", b"xl/worksheets/sheet2.xml", 1), refused("truncated")),
    "xlsm": (part(XLSX, "[Content_Types].xml", lambda text: text.replace("openxmlformats-officedocument.spreadsheetml.sheet.main", "ms-excel.sheet.macroEnabled.main")),
             named("Excel or Word with macros")),
    "xlsm by its macros": (zipped(*[(n, zipfile.ZipFile(io.BytesIO(XLSX)).read(n)) for n in zipfile.ZipFile(io.BytesIO(XLSX)).namelist()],
                                  ("xl/vbaProject.bin", b"x")), named("Excel with macros (.xlsm)")),
    "xlsb": (zipped(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.bin", b"x")), named("binary Excel (.xlsb)")),
    "docx": (zipped(("[Content_Types].xml", b"wordprocessingml.document"), ("word/document.xml", b"x")), named("Word (.docx)")),
    "ods": (zipped(("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", b"<x/>")), named("OpenDocument (.ods)")),
    "numbers": (zipped(("Index/Document.iwa", b"x"), ("Data/a.png", b"x")), named("Apple Numbers or Pages")),
    "encrypted xlsx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le"), named("encrypted Office file")),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "Workbook".encode("utf-16-le"), named("old Excel (.xls)")),
    # JSON lines
    "ndjson": (lines_of(numbers(row()), numbers(other())), taken(1, 2)),
    "ndjson, all text": (lines_of(row(), other()), taken(1, 2)),
    "ndjson, BOM, CRLF, blank lines": (b"\xef\xbb\xbf" + lines_of(row(), "", "  ", other()).replace(b"\n", b"\r\n"), taken(1, 4)),
    "ndjson, no final line feed": (lines_of(row(), other())[:-1], taken(1, 2)),
    "ndjson, names left out": (
        lines_of(numbers(row()), {name: value for name, value in numbers(other()).items() if name != "total"}), taken(1, 2),
    ),
    "ndjson, other order": (lines_of(row(), dict(reversed(other().items()))), taken(1, 2)),
    "ndjson, a name only the last has": (lines_of(row(), other(), other() | {"dob": ""}), refused("unknown_column", 16, 1)),
    "ndjson, a name only a nested record has": (lines_of(row(), other() | {"address": {"city": "x"}}), refused("unknown_column", 16, 1)),
    "ndjson, cut line": (lines_of(row(), '{"clinic_id": "C01", "pat', "", other()), taken(1, 4, reasons=[(2, None, "field_count")])),
    "ndjson, first line cut": (lines_of('{"clinic_id": "C01", "pat', row(), other()), taken(2, 3, reasons=[(1, None, "field_count")])),
    "ndjson, name twice": (lines_of(row(), other(), json.dumps(row())[:-1] + ', "total": "10"}'), taken(1, 2, reasons=RAGGED)),
    "ndjson, nested": (lines_of(row(), other(), row() | {"item_1": [2]}), taken(1, 2, reasons=RAGGED)),
    "ndjson, no object": (lines_of(row(), other(), "7"), taken(1, 2, reasons=RAGGED)),
    "ndjson, two on a line": (lines_of(row(), other(), json.dumps(row()) * 2), taken(1, 2, reasons=RAGGED)),
    "ndjson, two on a line and one on two": (
        lines_of('{"a": [{"x": 1}', '{"y": 2}]}', json.dumps(row()) + "," + json.dumps(other()), row()),
        taken(4, reasons=[(n, None, "field_count") for n in (1, 2, 3)]),
    ),
    "ndjson, half a pair": (lines_of(row(), row(patient_id="P-3"), HALF_A_PAIR), taken(1, 2, reasons=RAGGED)),
    "ndjson, nested deep": (lines_of(row(), other(), '{"a":' * 100_000), taken(1, 2, reasons=RAGGED)),
    "ndjson, e-mail in a cut line": (lines_of(row(), '{"patient_id": "jane@example.org", "x'), refused("identifier", 1, 2, "e-mail address")),
    "ndjson, name in a nested record": (lines_of(row(), row() | {"total": ["Jane Roe"]}), refused("identifier", 15, 2, "name")),
    "ndjson, number in a cut line": (lines_of(row(), '{"patient_id": 123456789, "x'), refused("identifier", 1, 2, "social security number")),
    "ndjson, nothing can be read": (lines_of('{"a": ', '{"b": '), refused("not_readable")),
    "ndjson, all nested": (lines_of({"a": {"b": 1}}, {"a": {"b": 2}}), refused("not_readable", kind="nested values")),
    "ndjson, Latin-1": (lines_of(row(), other()).replace(b"P-002", b"P-\xe9"), refused("not_utf8")),
    "ndjson, UTF-16": (lines_of(row()).decode().encode("utf-16"), refused("not_utf8")),
    "ndjson, NUL": (lines_of(row()).replace(b"P-001", b"P-\x00"), refused("holds_nul")),
    "ndjson, numbers as they are written": (
        lines_of(*(json.dumps(row(item_1="?")).replace('"?"', text) for text in WRITTEN)),
        taken(1, 2, 9, 10, reasons=[(n, "item_1", "item_not_whole") for n in range(3, 9)], notes=[("item_1", "decimal_zero")]),
    ),
    # JSON arrays
    "json": (array(numbers(row()), numbers(other())), taken(1, 2)),
    "json, indented": (array(row(), other(), indent=2), taken(1, 2)),
    "json, odd records": (array(row(), other(), 7, row() | {"total": {}}, []), taken(1, 2, reasons=[(n, None, "field_count") for n in (3, 4, 5)])),
    "json, yes or no": (array(row() | {"nausea": True}, other() | {"nausea": False}), taken(1, 2)),
    "json, cut short": (array(row(), other())[:-5], refused("not_readable")),
    "json, text behind it": (array(row()) + b" x", refused("not_readable")),
    "json, no records": (b"[]", refused("empty_file")),
    "json, records without names": (b"[{}]", refused("no_header", None, 1)),
    "json, one object on lines": (json.dumps(row(), indent=1).encode(), refused("not_readable", kind="no list of records")),
    "json, nested deep": (b"[" * 200_000, refused("not_readable")),
    "json, each record its own names": (array(*({f"n{n}": 1} for n in range(3000))), refused("too_large")),
    # Arrow
    "arrow": (arrow(frame_of(row(), other())), taken(1, 2)),
    "arrow, lz4": (arrow(frame_of(row(), other()), compression="lz4"), taken(1, 2)),
    "arrow, zstd": (arrow(frame_of(row(), other()), compression="zstd"), taken(1, 2)),
    "arrow, stream": (arrow(frame_of(row(), other()), stream=True), taken(1, 2)),
    "arrow, floats with gaps": (arrow(frame_of(row(), other(total="")).with_columns(pl.col("total").cast(pl.Float64))), taken(1, 2)),
    "arrow, half a point": (arrow(frame_of(row()).with_columns(item_1=pl.lit(2.5))), taken(reasons=faults(1, "item_1"))),
    "arrow, not a number": (arrow(frame_of(row()).with_columns(item_1=pl.lit(float("nan")))), taken(reasons=faults(1, "item_1"))),
    "arrow, infinite": (arrow(frame_of(row()).with_columns(item_1=pl.lit(float("inf")))), taken(reasons=faults(1, "item_1"))),
    "arrow, decimals": (arrow(frame_of(row()).with_columns(pl.col("item_1").cast(pl.Decimal(9, 2)))), taken(1)),
    "arrow, large": (arrow(frame_of(row()).with_columns(item_1=pl.lit(2**63, pl.UInt64))), taken(reasons=faults(1, "item_1"))),
    "arrow, nothing in a column": (arrow(frame_of(row()).with_columns(total=pl.lit(None))), taken(1)),
    "arrow, categories": (arrow(frame_of(row()).with_columns(pl.col("timepoint").cast(pl.Categorical))), taken(1)),
    "arrow, date": (arrow(frame_of(row()).with_columns(extract_day=dt.date(2024, 3, 17))), refused("identifier", 16, 1, "date")),
    "arrow, time": (arrow(frame_of(row()).with_columns(extract_day=dt.time(9, 30))), taken(reasons=faults(1, "extract_day"))),
    "arrow, struct": (arrow(frame_of(row()).with_columns(pl.struct("total").alias("total"))), refused("not_readable", 15, kind="nested, binary or of no plain type")),
    "arrow, cut short": (arrow(frame_of(row(), other()))[:-30], refused("not_readable")),
    "feather 1": (b"FEA1" + bytes(40), named("Feather of version 1")),
    # zip and gzip
    "zip": (zipped(("a.csv", TWO)), taken(2, 3)),
    "zip, stored": (zipped(("a.csv", TWO), how=zipfile.ZIP_STORED), taken(2, 3)),
    "zip, in a folder, from a Mac": (zipped(("out/", b""), ("out/a.csv", TWO), ("__MACOSX/out/._a.csv", b"x"), ("out/.DS_Store", b"x")), taken(2, 3)),
    "zip of Excel": (zipped(("a", XLSX)), taken(2, 3)),
    "zip of JSON lines": (zipped(("a", lines_of(row(), other()))), taken(1, 2)),
    "zip of Parquet": (zipped(("a", parquet(row(), other()))), taken(1, 2)),
    "zip of Arrow": (zipped(("a", arrow(frame_of(row(), other())))), taken(1, 2)),
    "zip of PDF": (zipped(("a", b"%PDF-1.4")), named("PDF")),
    "zip of two": (zipped(("a.csv", TWO), ("b.csv", TWO)), named("zip of several files")),
    "zip of nothing": (zipped(), refused("empty_file")),
    "zip of an empty file": (zipped(("a", b"")), refused("empty_file")),
    "zip in zip": (zipped(("a", zipped(("b", TWO)))), named("archive inside an archive")),
    "gzip in zip": (zipped(("a", gzipped(TWO))), named("archive inside an archive")),
    "zip in gzip": (gzipped(zipped(("b", TWO))), named("archive inside an archive")),
    "zip by LZMA": (zipped(("a", TWO), how=zipfile.ZIP_LZMA), named("zip packed otherwise than by deflate")),
    "zip, encrypted": (flags(zipped(("a", TWO)), 1), named("encrypted zip")),
    "zip, cut short": (zipped(("a", TWO))[:-25], refused("truncated")),
    "zip, changed inside": (zipped(("a", TWO), how=zipfile.ZIP_STORED).replace(b"P-002", b"P-003"), refused("truncated")),
    "zip bomb": (zipped(("a", bytes(40_000_000))), refused("too_large")),
    "gzip of Excel": (gzipped(XLSX), taken(2, 3)),
    "gzip of JSON lines": (gzipped(lines_of(row(), other())), taken(1, 2)),
    "gzip of a JSON array": (gzipped(array(row(), other())), taken(1, 2)),
    "gzip of Arrow": (gzipped(arrow(frame_of(row(), other()))), taken(1, 2)),
    "gzip of R data": (gzipped(b"RDX3\nX\n"), named("R data")),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_one_file(name: str) -> None:
    data, expected = FILES[name]
    assert fate(data) == expected


def test_every_file_in_one_batch_fares_as_it_does_alone() -> None:
    judged = judge([data for data, _ in FILES.values()], None)
    holds_together(judged)
    for number, (name, (_, expected)) in enumerate(FILES.items()):
        error = judged.refused.get(number)
        assert (name, refusal_of(error)) == (
            name,
            expected.refused,
        )
        assert good_rows(judged).filter(pl.col("file") == number)["line"].to_list() == expected.good


# ---- what is not taken is called by name ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        *((start + bytes(300), kind) for start, kind in looks._START.items() if start != b"PARE"),
        *((bytes([1] * at) + mark + bytes(50), kind) for at, mark, kind in looks._AT),
        (b"PARE" + bytes(50), "encrypted Parquet"),
        (b"BZh91AY&SY" + bytes(20), "bzip2"),
        (b"BM\x46\x00\x00\x00\x00\x00\x00\x00", "image"),
        (b"RIFF\x01\x02\x03\x04WEBP", "image"),
        (b"\x00\x00\x00\x18ftypheic", "image or video"),
        (b"\x72\x02\x01\x00" + bytes(100), "Stata (.dta)"),
        (b'<?xml version="1.0"?>\n<!DOCTYPE html>', "HTML"),
        (b"\xef\xbb\xbf <table><tr>", "HTML"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "Excel in XML"),
        (b'<Bundle xmlns="http://hl7.org/fhir">', "FHIR in XML: export it as JSON"),
        (b'<?xml version="1.0"?><ODM FileType="Snapshot">', "CDISC ODM: export it as CSV"),
        (b'<ClinicalDocument xmlns="urn:hl7-org:v3">', "clinical document (C-CDA)"),
        (b"<rows/>", "XML"),
    ],
)
def test_what_is_not_taken_is_called_by_name(data: bytes, kind: str) -> None:
    assert fate(data) == named(kind)
    assert place(None, None, kind) == kind


@pytest.mark.parametrize(
    "head",
    ["BMI,x", "doc_ftype,x", "ORC1,x", "7z,x", "MSH,x", "RIFF,x", "BZh,x", "$F,x", "Obj,x", "lqr,x", "PK,x", "II,x"],
)
def test_a_header_is_not_taken_for_another_format(head: str) -> None:
    """A source's own columns may begin like a format does."""
    assert opened(f"{head}\n1,2\n".encode()).format == "csv"


@pytest.mark.parametrize(
    ("data", "format"),
    [
        (b'{"resourceType": "Bundle", "entry": []}', "fhir"),
        (b'\xef\xbb\xbf {\n "resourceType" : "Observation"}', "fhir"),
        (b'{"entry": [{"a": 1}], "id": "x", "resourceType": "Bundle"}\n', "fhir"),
        (b'{"entry": [{"a": 1}],\n "id": "x", "resourceType": "Bundle"}\n', "fhir"),
        (b'[{"id": "x", "resourceType": "Observation"}]', "fhir"),
        (b'{"resourceType": "Observation"}\n{"resourceType": "Observation"}\n', "fhir.ndjson"),
        (b'{"a": \n{"id": 1, "resourceType": "Observation"}\n', "fhir.ndjson"),
        (gzipped(b'{"resourceType": "Observation"}\n'), "fhir.gz"),
        (zipped(("a", b'{\n"resourceType": "Bundle"}')), "fhir.zip"),
        (b'{"note": "resourceType"}\n', "ndjson"),
        (b'{"note": {"resourceType": 1}}\n', "ndjson"),
        (b'[{"note": "\\"resourceType\\""}]', "json"),
        (b'{"a": 1, "resourceType', "json"),
    ],
)
def test_fhir_is_told_from_other_json(data: bytes, format: str) -> None:
    assert opened(data).format == format


def test_the_ledger_names_format_and_packing() -> None:
    table = frame_of(row())
    told = {
        "csv": TWO, "csv.gz": gzipped(TWO), "csv.zip": zipped(("a", TWO)), "xlsx": XLSX, "xlsx.zip": zipped(("a", XLSX)), "ndjson": lines_of(row()),
        "json": array(row()), "json.gz": gzipped(array(row())), "parquet": stored(table), "parquet.zip": zipped(("a", stored(table))),
        "arrow": arrow(table), "unknown": b"%PDF",
    }  # fmt: skip
    assert judge(list(told.values()), None).formats == list(told)
    assert judge([arrow(table, stream=True)], None).formats == ["arrow"]


# ---- one content in every format --------------------------------------------------------------------------------

TABLE_DTYPES = {
    "infusion_number": pl.Int64, "days_since_first_infusion": pl.Int16, "item_1": pl.Float64, "item_2": pl.Int8, "item_9": pl.UInt32,
    "dose_mg_per_kg": pl.Float64, "nausea": pl.Boolean, "drug": pl.Categorical, "total": pl.Decimal(9, 1),
}  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> Rows:
    """Good rows, as values."""
    rows = []
    for n in range(draw(st.integers(1, 5))):
        items = {f"item_{k}": draw(st.integers(0, 3)) for k in range(1, 10)}
        rows.append(
            {
                "clinic_id": "C01", "patient_id": draw(st.sampled_from(["P-", "00", "1E", "٠".replace("٠", "x_"), "n.a."])) + f"{n}a",
                "infusion_number": draw(st.integers(1, 999)), "days_since_first_infusion": draw(st.integers(0, 3650)), "timepoint": "pre_infusion",
                **items, "total": draw(st.sampled_from([None, sum(items.values())])), "dose_mg_per_kg": draw(st.sampled_from([None, 0.5, 1.0, 0.125, 20.0])),
                "nausea": draw(st.sampled_from([None, True, False])), "drug": draw(st.sampled_from([None, "ketamine_iv", "other"])),
            }
        )  # fmt: skip
    return rows


def as_text(value: Any) -> str:
    return (
        ""
        if value is None
        else {True: "yes", False: "no"}[value]
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def in_every_format(rows: Rows) -> dict[str, bytes]:
    """The same rows, each value as the format would hold it."""
    names = list(rows[0])
    table = pl.DataFrame(
        rows,
        schema={
            name: TABLE_DTYPES.get(name, pl.String if isinstance(rows[0][name], str) else pl.Int64) for name in names
        },
        strict=False,
    )
    plain = ",".join(names) + "\n" + "".join(",".join(as_text(each[name]) for name in names) + "\n" for each in rows)
    cells = [names, *([each[name] for name in names] for each in rows)]
    left_out = [{name: value for name, value in each.items() if value is not None or each is rows[0]} for each in rows]
    return {
        "csv": plain.encode(), "csv.zip": zipped(("a", plain.encode())), "csv.gz": gzipped(plain.encode()), "xlsx": sheets({"a": cells}),
        "ndjson": lines_of(*left_out), "json": array(*rows, indent=1), "parquet": stored(table), "arrow": arrow(table),
        "stream": arrow(table, stream=True, compression="zstd"), "xlsx.zip": zipped(("a", sheets({"scores": cells, "notes": [["x"]]}))),
    }  # fmt: skip


@settings(FEW, max_examples=15)
@given(tables())
def test_one_content_is_one_content_in_every_format(rows: Rows) -> None:
    files = in_every_format(rows)
    judged = judge(files.values(), None)
    holds_together(judged)
    assert (judged.refused, judged.reasons.rows(), judged.notes.rows()) == ({}, [], [])
    good = good_rows(judged).drop("line")
    read = {name: good.filter(pl.col("file") == number).drop("file") for number, name in enumerate(files)}
    wanted = read.pop("csv")
    assert wanted.height == len(rows)
    for name, found in read.items():
        assert found.equals(wanted), name


# ---- any bytes --------------------------------------------------------------------------------------------------
# Judged a lot at a time: that each fares in a batch as it does alone is held above, and a batch costs little more than a file.

STARTS = [
    *looks._START, b"PK\x03\x04", b"PK\x05\x06", b"PAR1", b"ARROW1\x00\x00", b"\xff\xff\xff\xff", b"\x1f\x8b\x08", b"{", b"[", b'{"a":1}\n{', b"<",
    b"\xd0\xcf\x11\xe0\xa1\xb1", b"\xff\xfe", b"\xff\xfe{\x00", b"\xef\xbb\xbf{", b'{"resourceType', b"<?xml",
]  # fmt: skip
FRAME = frame_of(row(), other(), other(patient_id="P-3", total=""))
SEEDS = [
    XLSX, lines_of(row(), numbers(other()), numbers(row(), total=None)), array(row(), other(), indent=1), zipped(("a", TWO)), zipped(("a", XLSX)),
    arrow(FRAME), arrow(FRAME, stream=True), arrow(FRAME, compression="zstd"), stored(FRAME), gzipped(lines_of(row())),
]  # fmt: skip


@settings(FEW, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(STARTS), st.binary(max_size=300)), min_size=10, max_size=10))
def test_any_bytes_behind_a_magic_number_are_judged(files: list[tuple[bytes, bytes]]) -> None:
    holds_together(judge([start + data for start, data in files], None))


def spoilt(data: bytes, rng: random.Random) -> bytes:
    """With a few bytes changed, taken out or made a large number."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(out))
        how = rng.random()
        if how < 0.6:
            out[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
        elif how < 0.8:
            out[at : at + 8] = rng.choice([2**62, 2**40, 2**31 - 1, 2**64 - 1]).to_bytes(8, "little")
        else:
            del out[at : at + rng.randint(1, 9)]
    return bytes(out)


@pytest.mark.parametrize("number", range(len(SEEDS)))
def test_damaged_files_are_judged(number: int) -> None:
    rng = random.Random(number)
    holds_together(judge([spoilt(SEEDS[number], rng) for _ in range(60)], None))


@pytest.mark.parametrize("number", range(60))
def test_damaged_xml_in_a_workbook_is_judged(number: int) -> None:
    """The zip is whole, the XML in it is not: past the checksums."""
    rng = random.Random(number)
    with zipfile.ZipFile(io.BytesIO(XLSX)) as archive:
        files = [(name, archive.read(name)) for name in archive.namelist()]
    which = rng.choice(
        [
            "xl/workbook.xml",
            SHEET,
            "xl/sharedStrings.xml",
            "xl/styles.xml",
            "xl/_rels/workbook.xml.rels",
            "[Content_Types].xml",
        ]
    )
    damaged = [
        zipped(*((name, spoilt(text, rng) if name == which else text) for name, text in files)) for _ in range(10)
    ]
    holds_together(judge(damaged, None))


def test_a_file_that_ends_its_reader_costs_only_itself() -> None:
    """A compressed buffer that says it holds 2**62 bytes: polars asks for that memory, and the process ends."""
    good = arrow(FRAME, compression="zstd")
    assert fate(good) == taken(1, 2, 3)
    ended = 0
    for found in re.finditer(rb"\x28\xb5\x2f\xfd", good):
        before = apart._reader._process
        said = fate(good[: found.start() - 8] + (2**62).to_bytes(8, "little") + good[found.start() :])
        assert said in (taken(1, 2, 3), refused("not_readable"))
        assert fate(good) == taken(1, 2, 3)
        ended += apart._reader._process is not before
    assert ended, "no length ended the process: this test holds nothing"


def test_a_reader_that_was_killed_costs_no_file() -> None:
    good = stored(FRAME)
    assert fate(good) == taken(1, 2, 3)
    assert apart._reader._process
    apart._reader._process.kill()
    assert fate(good) == taken(1, 2, 3)


def test_a_reader_that_cannot_run_refuses_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is refused stays refused; what is wrong here is not the file."""
    apart._reader.end()
    with monkeypatch.context() as changed:
        changed.setattr("sys.executable", "false")
        with pytest.raises(RuntimeError, match="could not run"):
            judge([stored(FRAME)], None)
    assert fate(stored(FRAME)) == taken(1, 2, 3)


def test_many_records_that_must_be_read_one_by_one_keep_their_lines() -> None:
    """Lines are read many at once where all are plain; one that is not must move none of the others."""
    rows = [json.dumps(row(patient_id=f"P-{n}")) for n in range(2500)]
    rows[1700] = '{"patient_id": '
    rows[2100] += ", " + rows[2101]
    judged = judge([lines_of(*rows)], None)
    assert judged.reasons.select("line", "reason_code").rows() == [(1701, "field_count"), (2101, "field_count")]
    kept = [n for n in range(2500) if n not in (1700, 2100)]
    assert good_rows(judged).select("patient_id", "line").rows() == [(f"P-{n}", n + 1) for n in kept]


# ---- Excel beside another reader --------------------------------------------------------------------------------


def read(data: bytes) -> Sheet:
    found = opened(data)
    return read_sheet(found.format, found.data)


@settings(FEW, max_examples=40)
@given(
    st.lists(
        st.lists(
            st.one_of(
                st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.floats(-1e6, 1e6).map(lambda x: float(f"{x:.6g}")), st.dates(dt.date(1900, 3, 1)),
                st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(lambda text: text.strip(" ") and text[0] != "="),
            ), min_size=3, max_size=3,
        ), min_size=1, max_size=5,
    )
)  # fmt: skip
def test_excel_is_read_as_another_reader_reads_it(rows: list[list[Any]]) -> None:
    def fill(made: xlsxwriter.Workbook) -> None:
        page = made.add_worksheet()
        page.write_row(0, 0, ["a", "b", "c"])
        date = made.add_format({"num_format": "yyyy-mm-dd"})
        for line, cells in enumerate(rows, 1):
            for column, cell in enumerate(cells):
                if isinstance(cell, dt.date):
                    page.write_datetime(line, column, cell, date)
                elif isinstance(cell, str):
                    page.write_string(line, column, cell)
                elif cell is not None:
                    page.write(line, column, cell)

    def shown(cell: Any) -> str | None:
        if isinstance(cell, bool):
            return "yes" if cell else "no"
        if isinstance(cell, float):
            return str(int(cell)) if cell.is_integer() else f"{cell:.15g}"
        return cell.isoformat() if isinstance(cell, dt.date) else cell or None

    data = book(fill)
    other_reader = (
        CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    )
    wanted = [
        (line, *map(shown, cells))
        for line, cells in enumerate(other_reader[1:], 2)
        if any(cell != "" for cell in cells)
    ]
    sheet = read(data)
    assert sheet.names == ("a", "b", "c")
    assert [(line, *cells) for line, cells in zip(sheet.lines, sheet.cells.iter_rows(), strict=True)] == wanted


@pytest.mark.parametrize(
    ("code", "is_date"),
    [
        ("General", False), ("0", False), ("0.00E+00", False), ("yyyy-mm-dd", True), ("d mmm yy", True), ("[h]:mm", True), ("[mm]:ss", True), ("h:mm AM/PM", True),
        ('0 "days"', False), ("[Red]0", False), ("[$-409]d/m/yyyy", True), ("0\\d", False), ("_d0", False), ("*d0", False), ("[Red][<1]0;0", False), ("@", False), ("#,##0", False),
    ],
)  # fmt: skip
def test_a_format_shows_dates(code: str, is_date: bool) -> None:
    assert is_date_format("200", code) is is_date


@pytest.mark.parametrize(
    ("value", "from_1904", "shown"),
    [
        ("1", False, "1900-01-01"), ("59", False, "1900-02-28"), ("60", False, "1900-02-29"), ("61", False, "1900-03-01"), ("45368", False, "2024-03-17"),
        ("45368.395833333336", False, "2024-03-17T09:30:00"), ("0.25", False, "06:00:00"), ("0", False, "00:00:00"), ("0", True, "1904-01-01"), ("43906", True, "2024-03-17"),
        ("-1", False, "-1"), ("2958465", False, "9999-12-31"), ("2958466", False, "2958466"), ("2958465", True, "2958465"), ("nan", False, "nan"), ("x", False, "x"),
    ],
)  # fmt: skip
def test_a_serial_number_as_a_date(value: str, from_1904: bool, shown: str) -> None:
    assert as_date(value, from_1904=from_1904) == shown


def test_cells_of_every_kind() -> None:
    cells = (
        '<c r="A2" t="inlineStr"><is><r><t>P-</t></r><r><t xml:space="preserve">0 1</t></r><rPh><t>x</t></rPh></is></c><c r="B2"><v>3.0000000000000004</v></c><c r="C2" t="e"><v>#N/A</v></c>'
        '<c r="D2" t="b"><v>1</v></c><c r="E2" t="str"><f>x</f><v>a_x000D_b_xD800_</v></c><c r="F2" t="d"><v>2024-03-17T00:00:00</v></c><c r="G2"><v>1E3</v></c>'
        '<c r="H2"><v>123456789012345678</v></c><c r="I2"/><c r="J2"><v>-0</v></c><c r="K2" t="str"><f>x</f><v></v></c><c r="L2"><f>x</f></c>'
    )
    head = "".join(f'<c t="inlineStr"><is><t>{letter}</t></is></c>' for letter in "ABCDEFGHIJKL")
    data = part(
        XLSX,
        SHEET,
        lambda text: re.sub(
            "<sheetData>.*</sheetData>",
            f'<sheetData><row r="1">{head}</row><row r="2">{cells}</row></sheetData>',
            text,
            flags=re.DOTALL,
        ),
    )
    assert read(data).cells.rows() == [
        (
            "P-0 1",
            "3",
            "#N/A",
            "yes",
            "a\rb_xD800_",
            "2024-03-17",
            "1000",
            "1.23456789012346e+17",
            None,
            "0",
            None,
            "#NOT CALCULATED",
        ),
    ]


def test_typed_columns_are_written_as_a_person_would() -> None:
    table = pl.DataFrame(
        {
            "a": [1.0, None, 2.5], "b": [float("nan"), float("-inf"), 1e21], "c": pl.Series([0.1, 3, -0.0], dtype=pl.Float32), "d": [True, None, False],
            "e": [dt.datetime(2024, 3, 17), dt.datetime(2024, 3, 17, 9, 30), None], "f": [dt.date(2024, 3, 17), None, None], "g": pl.Series(["3.00", "2.50", None]).cast(pl.Decimal(10, 2)),
            "h": [None] * 3, "i": pl.Series(["x", "", "y"], dtype=pl.Categorical), "j": pl.Series([100, 0, 10]).cast(pl.Decimal(10, 0)),
            "k": pl.Series([2**64 - 1, 0, 1], dtype=pl.UInt64), "l": ["", " ", "3.0"],
        }
    )  # fmt: skip
    wanted = [
        ("1", "NaN", "0.1", "yes", "2024-03-17", "2024-03-17", "3", None, "x", "100", "18446744073709551615", None),
        (None, "-inf", "3", None, "2024-03-17T09:30:00", None, "2.5", None, None, "0", "0", " "),
        ("2.5", "1e+21", "0", "no", None, None, None, None, "y", "10", "1", "3.0"),
    ]
    for data in (stored(table), arrow(table), arrow(table, stream=True)):
        sheet = read(data)
        assert (sheet.names, sheet.cells.rows(), sheet.lines.to_list()) == (tuple("abcdefghijkl"), wanted, [1, 2, 3])


def test_a_long_number_is_kept_whole() -> None:
    digits = "7" * 5000
    assert read(lines_of(f'{{"a": {digits}, "b": -{digits}.5e9}}')).cells.rows() == [(digits, f"-{digits}.5e9")]


def test_the_values_of_a_line_that_is_no_row_are_kept_for_the_gate() -> None:
    sheet = read(
        lines_of(
            '{"a": "x, y", "b": -1.5, "c": {"d": ["\\u00e9", tru', {"a": 1}, {"a": {"b": ["x", {"c": "y"}]}, "d": True}
        )
    )
    assert sheet.ragged == ((1, BETWEEN.join(["x, y", "-1.5", "é", "tru"])), (3, BETWEEN.join(["x", "y"])))
    assert (sheet.names, sheet.cells.rows(), sheet.lines.to_list()) == (("a", "d"), [("1", None)], [2])


# ---- nothing of what is beside the table gets in ----------------------------------------------------------------

CANARY = "Zebulon Quartermain"


def in_every_corner() -> dict[str, tuple[bytes, bool]]:
    """Files with the canary in each place beside the table, and whether they are taken."""

    def fill(made: xlsxwriter.Workbook, *, hidden: bool = False) -> None:
        page = made.add_worksheet(CANARY)
        page.write_row(0, 0, NAMES)
        page.write_row(1, 0, [typed(text) for text in row().values()])
        page.write_comment(1, 1, CANARY, {"author": CANARY})
        page.set_header(CANARY)
        page.data_validation(1, 4, 5, 4, {"validate": "list", "source": [CANARY], "input_message": CANARY})
        page.insert_textbox(5, 5, CANARY)
        page.write_url(1, 0, "https://example.org/Zebulon", None, "C01", CANARY)
        made.set_properties(
            dict.fromkeys(("title", "subject", "author", "manager", "company", "keywords", "comments"), CANARY)
        )
        made.set_custom_property("by", CANARY)
        made.define_name("Zebulon", f'="{CANARY}"')
        if hidden:
            second = made.add_worksheet("second")
            second.write(0, 0, CANARY)
            second.hide()

    frame = frame_of(row())
    gz = bytearray(gzip.compress(TWO, mtime=0))
    gz[3] |= 0x18
    named_gz = bytes(gz[:10]) + CANARY.encode() + b"\0" + CANARY.encode() + b"\0" + bytes(gz[10:])
    unused = frame.with_columns(pl.col("timepoint").cast(pl.Enum(["pre_infusion", CANARY])))
    out = io.BytesIO()
    frame.write_parquet(out, metadata={"pandas": CANARY, CANARY: CANARY})
    return {
        "xlsx": (book(fill), True),
        "xlsx, hidden": (book(lambda made: fill(made, hidden=True)), False),
        "zip": (zipped((f"{CANARY}.csv", TWO), comment=CANARY.encode()), True),
        "zip of two": (zipped((f"{CANARY}.csv", TWO), (f"{CANARY}.txt", TWO)), False),
        "zip, damaged": (zipped((f"{CANARY}.csv", TWO), how=zipfile.ZIP_STORED).replace(b"P-002", b"P-003"), False),
        "gzip": (named_gz, True),
        "parquet": (out.getvalue(), True),
        "parquet, a category that no row has": (stored(unused), True),
        "arrow, a category that no row has": (arrow(unused), True),
        "stream, a category that no row has": (arrow(unused, stream=True), True),
        "column": (lines_of(row() | {CANARY: 1}), False),
        "sheet": (sheets({CANARY: FILLED, f"{CANARY}2": FILLED}), False),
        "xml": (part(XLSX, SHEET, lambda text: text.replace("</row>", f"</row><{CANARY.replace(' ', '')}>", 1)), False),
    }


@pytest.mark.parametrize("name", in_every_corner())
def test_what_is_beside_the_table_is_not_read(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    data, is_taken = in_every_corner()[name]
    words = [data]
    if name.startswith(("xlsx", "sheet", "xml")):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            words += [archive.read(each) for each in archive.namelist()]
    assert any(b"Zebulon" in each for each in words), "the canary is not in there"
    judged = judge([data], None)
    holds_together(judged)
    assert (not judged.refused) is is_taken
    said = [
        repr(judged),
        repr(vars(judged.refused[0])) if judged.refused else "",
        repr(judged.refused.get(0)),
        *capfd.readouterr(),
    ]
    if is_taken:
        assert good_rows(judged)["line"].len()
        found = opened(data)
        if not found.is_csv:
            sheet = read_sheet(found.format, found.data)
            said += [repr(sheet), repr(sheet.cells.rows()), repr(sheet.names), repr(sheet.ragged)]
    assert not [each for each in said if "Zebulon" in each or "Quartermain" in each]


def test_a_refusal_tells_no_cause() -> None:
    """A chained exception of a library would carry its words into a traceback."""
    for data, expected in FILES.values():
        if expected.refused and expected.refused[0] in ("not_readable", "truncated", "unknown_format", "too_large"):
            with pytest.raises(FileRefusedError) as caught:
                read(data)
            assert caught.value.__cause__ is None
            assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_the_limit_of_a_zip_holds_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MAXIMUM_BYTES", len(TWO))
    assert fate(zipped(("a", TWO))) == taken(2, 3)
    assert fate(zipped(("a", TWO + b"\n"))) == refused("too_large")
