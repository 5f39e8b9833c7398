"""Other formats: Excel, JSON, Parquet and Arrow, zip; and what is no format of the door."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import polars as pl
import xlsxwriter

from tests.corpus.base import NAMES, Kit, Text, add, refused, taken


def typed(row: Text) -> dict[str, Any]:
    """A row with its numbers as numbers and its empty cells as nothing."""
    return {name: int(text) if re.fullmatch(r"-?[0-9]+", str(text)) else text or None for name, text in row.items()}


def excel(*rows: list[Any], fill: Callable[[Any, Any], Any] | None = None, at: int = 0) -> bytes:
    """A workbook of one sheet, the same bytes each time; `fill` may write more to it."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"created": dt.datetime(2026, 1, 31)})
    page = book.add_worksheet("Sheet1")
    for line, cells in enumerate(rows, at):
        for column, value in enumerate(cells):
            if value is not None:
                page.write(line, column, value)
    if fill:
        fill(book, page)
    book.close()
    return out.getvalue()


def sheet(k: Kit, *more: dict[str, Any], **how: Any) -> bytes:
    """A workbook of patient 1 with some cells written otherwise, and of patient 2."""
    rows = more or ({},)
    return excel(
        NAMES,
        *([(typed(k.row(n)) | each)[name] for name in NAMES] for n, each in enumerate((*rows, {}), start=1)),
        **how,
    )


def ndjson(*rows: Any) -> bytes:
    """JSON lines: rows, or text as it is."""
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows).encode()


def parquet(*rows: dict[str, Any], **changes: Any) -> bytes:
    """A Parquet file of rows, with some columns made otherwise."""
    out = io.BytesIO()
    pl.DataFrame(list(rows), infer_schema_length=None).with_columns(**changes).write_parquet(out)
    return out.getvalue()


def arrow(*rows: dict[str, Any], stream: bool = False, **changes: Any) -> bytes:
    """An Arrow file of rows, or a stream."""
    out = io.BytesIO()
    frame = pl.DataFrame(list(rows), infer_schema_length=None).with_columns(**changes)
    (frame.write_ipc_stream if stream else frame.write_ipc)(out)
    return out.getvalue()


def zipped(*files: tuple[str, bytes]) -> bytes:
    """A zip, the same bytes each time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def pair(k: Kit, **changes: Any) -> list[dict[str, Any]]:
    """Patient 1 with some cells written otherwise, and patient 2, with numbers as numbers."""
    return [typed(k.row()) | changes, typed(k.row(2))]


# ---- Excel ------------------------------------------------------------------------------------------------------

add("Excel", lambda k: (sheet(k), k.two()))
add("Excel, numbers as text", lambda k: (excel(NAMES, *([k.row(n)[name] for name in NAMES] for n in (1, 2))), k.two()))
add(
    "Excel, blank rows and columns",
    lambda k: (
        excel([*NAMES, None, " "], *([typed(k.row(n))[name] for name in NAMES] if n else [] for n in (1, 0, 2, 0))),
        k.two(2, 4),
    ),
)
add("Excel, title above the header", lambda k: (excel(["PHQ-9"], NAMES), refused("no_header")))
add("Excel, header only", lambda k: (excel([*NAMES, "drug"]), taken()))
add("Excel, header in row 3", lambda k: (sheet(k, at=2), refused("no_header")))
add(
    "Excel, note beside the table",
    lambda k: (sheet(k, fill=lambda book, page: page.write(1, 17, "late")), refused("unknown_column")),
)
add(
    "Excel, total as a formula",
    lambda k: (sheet(k, fill=lambda book, page: page.write_formula(1, 14, "=SUM(F2:N2)", None, 10)), k.two()),
)
for _error in ("#DIV/0!", "#N/A", "#REF!", "#VALUE!", "#NAME?"):
    add(
        f"Excel, {_error}",
        lambda k, error=_error: (
            sheet(k, fill=lambda book, page: page.write_formula(1, 5, "=X1", None, error)),
            taken(k.kept(3, 2), aside=[(2, "item_1", "item_not_whole")]),
        ),
    )
add(
    "Excel, a date in place of a day",
    lambda k: (
        sheet(
            k,
            fill=lambda book, page: page.write_datetime(
                1, 3, dt.datetime(2024, 3, 17), book.add_format({"num_format": "d mmm yy"})
            ),
        ),
        refused("identifier", "date"),
    ),
)
add(
    "Excel, a number shown as a date",
    lambda k: (
        sheet(k, fill=lambda book, page: page.write_number(1, 5, 2, book.add_format({"num_format": "yyyy-mm-dd"}))),
        refused("identifier", "date"),
    ),
)
add(
    "Excel, serial number of a date",
    lambda k: (sheet(k, {"days_since_first_infusion": 45368}), refused("identifier", "date")),
)
add(
    "Excel, percent and decimals shown",
    lambda k: (
        sheet(k, fill=lambda book, page: page.write_number(1, 5, 2, book.add_format({"num_format": "0.00"}))),
        k.two(),
    ),
)
add(
    "Excel, half a point",
    lambda k: (sheet(k, {"item_1": 1.5}), taken(k.kept(3, 2), aside=[(2, "item_1", "item_not_whole")])),
)
add(
    "Excel, a pseudonym as a number",
    lambda k: (sheet(k, {"patient_id": 138}), taken(k.kept(3, 2), aside=[(2, "patient_id", "patient_id_pattern")])),
)
add(
    "Excel, a pseudonym as a large number",
    lambda k: (sheet(k, {"patient_id": 1.23e11}), refused("identifier", "telephone number")),
)
add(
    "Excel, TRUE in an item",
    lambda k: (sheet(k, {"item_2": True}), taken(k.kept(3, 2), aside=[(2, "item_2", "item_not_whole")])),
)
add(
    "Excel, TRUE and FALSE where yes and no are meant",
    lambda k: (
        excel([*NAMES, "nausea"], *([*(typed(k.row(n))[name] for name in NAMES), n == 1] for n in (1, 2))),
        taken(k.kept(2, nausea=True), k.kept(3, 2, nausea=False)),
    ),
)
add(
    "Excel, answers in words",
    lambda k: (sheet(k, {"item_1": "More than half the days", "item_4": "Not at all "}), k.two()),
)
add(
    "Excel, a hidden row",
    lambda k: (sheet(k, fill=lambda book, page: page.set_row(2, None, None, {"hidden": True})), k.two()),
)
add(
    "Excel, a hidden sheet with data",
    lambda k: (
        sheet(k, fill=lambda book, page: [(other := book.add_worksheet("keys")).write(0, 0, "x"), other.hide()]),
        refused("sheet_unclear"),
    ),
)
add(
    "Excel, two sheets",
    lambda k: (sheet(k, fill=lambda book, page: book.add_worksheet("b").write(0, 0, "x")), refused("sheet_unclear")),
)
add(
    "Excel, a comment on a cell is not read",
    lambda k: (
        sheet(k, fill=lambda book, page: page.write_comment(1, 1, "seen by Jane Roe", {"author": "x"})),
        k.two(),
    ),
)
add("Excel, cut short", lambda k: (sheet(k)[:-40], refused("truncated")))
add("Excel, no cells", lambda k: (excel(), refused("empty_file")))
add("Excel in gzip", lambda k: (gzip.compress(sheet(k), mtime=0), k.two()))

# ---- JSON -------------------------------------------------------------------------------------------------------

add("JSON lines", lambda k: (ndjson(*pair(k)), k.two(1, 2)))
add("JSON lines, all text", lambda k: (ndjson(k.row(), k.row(2)), k.two(1, 2)))
add(
    "JSON lines, CRLF, BOM and blank lines",
    lambda k: (b"\xef\xbb\xbf" + ndjson(k.row(), "", k.row(2), "").replace(b"\n", b"\r\n"), k.two(1, 3)),
)
add("JSON lines, one row", lambda k: (ndjson(pair(k)[0]), taken(k.kept(1))))
add(
    "JSON lines, total left out",
    lambda k: (
        ndjson({name: cell for name, cell in k.row().items() if name != "total"}, k.row(2)),
        taken(k.kept(1, total=None), k.kept(2, 2)),
    ),
)
add("JSON lines, null", lambda k: (ndjson(*pair(k, total=None)), taken(k.kept(1, total=None), k.kept(2, 2))))
add("JSON lines, names in other order", lambda k: (ndjson(k.row(), dict(reversed(k.row(2).items()))), k.two(1, 2)))
add(
    "JSON lines, unknown name in the last",
    lambda k: (ndjson(k.row(), k.row(2) | {"mood": ""}), refused("unknown_column")),
)
for _name, _text in {
    "a cut line": '{"clinic_id": "C01", "pat',
    "a list": "[1, 2]",
    "a number": "7",
    "two records": '{"total": 1} {"total": 2}',
}.items():
    add(
        f"JSON lines, among them {_name}",
        lambda k, text=_text: (
            ndjson(k.row(), text, k.row(2)),
            taken(k.kept(1), k.kept(3, 2), aside=[(2, None, "field_count")]),
        ),
    )
add(
    "JSON lines, a name twice",
    lambda k: (
        ndjson(k.row(), json.dumps(k.row(3))[:-1] + ', "total": "9"}', k.row(2)),
        taken(k.kept(1), k.kept(3, 2), aside=[(2, None, "field_count")]),
    ),
)
add(
    "JSON lines, a list in a cell",
    lambda k: (
        ndjson(k.row(), k.row(3, item_1=[2]), k.row(2)),
        taken(k.kept(1), k.kept(3, 2), aside=[(2, None, "field_count")]),
    ),
)
for _number, _reads in {
    "2.0": True,
    "2.50": False,
    "2e0": False,
    "NaN": False,
    "-Infinity": False,
    "true": False,
    "1e999": False,
}.items():
    add(
        f"JSON lines, an item is {_number}",
        lambda k, number=_number, reads=_reads: (
            ndjson(json.dumps(typed(k.row(item_1="?"))).replace('"?"', number), k.row(2)),
            k.two(1, 2) if reads else taken(k.kept(2, 2), aside=[(1, "item_1", "item_not_whole")]),
        ),
    )
add(
    "JSON lines, escaped full-width digit",
    lambda k: (
        ndjson(json.dumps(k.row(item_1="\uff12")), k.row(2)),
        taken(k.kept(2, 2), aside=[(1, "item_1", "item_not_whole")]),
    ),
)
add(
    "JSON lines, true and false where yes and no are meant",
    lambda k: (ndjson(*pair(k, nausea=True)), taken(k.kept(1, nausea=True), k.kept(2, 2))),
)
add(
    "JSON lines, pseudonym as a number",
    lambda k: (ndjson(*pair(k, patient_id=138)), taken(k.kept(2, 2), aside=[(1, "patient_id", "patient_id_pattern")])),
)
add("JSON lines, UTF-16", lambda k: (ndjson(*pair(k)).decode().encode("utf-16"), refused("not_utf8")))
add("JSON array", lambda k: (json.dumps(pair(k)).encode(), k.two(1, 2)))
add("JSON array, indented", lambda k: (json.dumps(pair(k), indent=2).encode(), k.two(1, 2)))
add("JSON array, one record", lambda k: (json.dumps(pair(k)[:1]).encode(), taken(k.kept(1))))
add(
    "JSON array, odd records",
    lambda k: (
        json.dumps([k.row(), 7, [], k.row(2)]).encode(),
        taken(k.kept(1), k.kept(4, 2), aside=[(2, None, "field_count"), (3, None, "field_count")]),
    ),
)
add("JSON array, cut short", lambda k: (json.dumps(pair(k)).encode()[:-3], refused("not_readable")))
add("JSON array, empty", lambda k: (b"[]", refused("empty_file")))
add("JSON, records under a name", lambda k: (json.dumps({"rows": pair(k)}, indent=1).encode(), refused("not_readable")))

# ---- Parquet and Arrow ------------------------------------------------------------------------------------------

_BOTH: dict[str, tuple[dict[str, Any], Any]] = {
    "plain": ({}, None),
    "floats": ({"item_1": pl.col("item_1").cast(pl.Float64)}, None),
    "small whole numbers": ({"item_1": pl.col("item_1").cast(pl.UInt8), "total": pl.col("total").cast(pl.Int8)}, None),
    "decimals": ({"total": pl.col("total").cast(pl.Decimal(9, 2))}, None),
    "text": ({"total": pl.col("total").cast(pl.String)}, None),
    "categories": ({"timepoint": pl.col("timepoint").cast(pl.Categorical)}, None),
    "an empty column": ({"drug": pl.lit(None)}, None),
    "half a point": ({"item_1": pl.when(pl.int_range(pl.len()) == 0).then(2.5).otherwise(2.0)}, (1, "item_1", "item_not_whole")),
    "not a number": ({"item_1": pl.when(pl.int_range(pl.len()) == 0).then(float("nan")).otherwise(2.0)}, (1, "item_1", "item_not_whole")),
    "infinite": ({"total": pl.when(pl.int_range(pl.len()) == 0).then(float("inf")).otherwise(10.0)}, (1, "total", "total_not_whole")),
    "far too large": ({"total": pl.when(pl.int_range(pl.len()) == 0).then(2**20).otherwise(10)}, (1, "total", "total_not_whole")),
    "a date": ({"extract_day": pl.lit(dt.date(2024, 3, 17))}, "date"),
    "a timestamp": ({"days_since_first_infusion": pl.lit(dt.datetime(2024, 3, 17))}, "date"),
}  # fmt: skip
for _format, _write in (("Parquet", parquet), ("Arrow", arrow)):
    for _name, (_changes, _said) in _BOTH.items():
        add(
            f"{_format}, {_name}",
            lambda k, write=_write, changes=_changes, said=_said: (
                write(*pair(k), **changes),
                k.two(1, 2)
                if said is None
                else refused("identifier", said)
                if isinstance(said, str)
                else taken(k.kept(2, 2), aside=[said]),
            ),
        )
    add(
        f"{_format}, yes and no",
        lambda k, write=_write: (
            write(*pair(k), nausea=pl.lit(True)),
            taken(k.kept(1, nausea=True), k.kept(2, 2, nausea=True)),
        ),
    )
    add(
        f"{_format}, a list",
        lambda k, write=_write: (write(*pair(k), item_1=pl.lit([1], pl.List(pl.Int8))), refused("not_readable")),
    )
    add(
        f"{_format}, unknown column",
        lambda k, write=_write: (write(*pair(k), mood=pl.lit("x")), refused("unknown_column")),
    )
    add(f"{_format}, cut short", lambda k, write=_write: (write(*pair(k))[:-25], refused("not_readable")))
add("Arrow stream", lambda k: (arrow(*pair(k), stream=True), k.two(1, 2)))
add(
    "Parquet, missing pseudonym",
    lambda k: (
        parquet(*pair(k, patient_id=None)),
        taken(k.kept(2, 2), aside=[(1, "patient_id", "patient_id_pattern")]),
    ),
)
add("Parquet in gzip", lambda k: (gzip.compress(parquet(*pair(k)), mtime=0), k.two(1, 2)))

# ---- zip, and what is not taken ---------------------------------------------------------------------------------

add("zip", lambda k: (zipped(("scores.csv", k.csv(k.row(), k.row(2)))), k.two()))
add(
    "zip from a Mac",
    lambda k: (zipped(("a/", b""), ("a/s.csv", k.csv(k.row(), k.row(2))), ("__MACOSX/a/._s.csv", b"x")), k.two()),
)
add("zip of Excel", lambda k: (zipped(("s.xlsx", sheet(k))), k.two()))
add("zip of JSON lines", lambda k: (zipped(("s", ndjson(*pair(k)))), k.two(1, 2)))
add(
    "zip of two files",
    lambda k: (zipped(("a.csv", k.csv(k.row())), ("b.csv", k.csv(k.row(2)))), refused("unknown_format")),
)
add("zip in zip", lambda k: (zipped(("a", zipped(("b", k.csv(k.row()))))), refused("unknown_format")))
add("zip of nothing", lambda k: (zipped(), refused("empty_file")))
add("zip cut short", lambda k: (zipped(("a", k.csv(k.row())))[:-30], refused("truncated")))
add("zip bomb", lambda k: (zipped(("a", bytes(40_000_000))), refused("too_large")))
for _name, _start in {
    "PDF": b"%PDF-1.7\n", "old Excel": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "HTML named .xls": b"<html><table><tr><td>", "SPSS": b"$FL2@(#)", "SQLite": b"SQLite format 3\x00",
    "PNG": b"\x89PNG\r\n\x1a\n", "7z": b"7z\xbc\xaf\x27\x1c", "HL7 version 2": b"MSH|^~\\&|", "XML": b"<?xml version='1.0'?><scores/>",
}.items():  # fmt: skip
    add(f"not taken: {_name}", lambda k, start=_start: (start, refused("unknown_format")))
