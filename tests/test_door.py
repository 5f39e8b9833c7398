"""The door: what becomes of odd and bad files, to the line and column; and that no bytes whatever break it."""

from __future__ import annotations

import gzip
import io
import random
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes.checking import Judged, judge
from outcomes.errors import FileRefusedError
from outcomes.reading import read_cell, read_values
from outcomes.sources import csv as csv_source
from outcomes.sources import packed as packed_source
from schemas.clinics import plain_clinics
from schemas.reasons import REASONS
from schemas.scores import CONTRACT, ITEMS

COLUMNS, REQUIRED, READING, PARSED_AS = CONTRACT.columns, CONTRACT.required, CONTRACT.reading, CONTRACT.parsed_as
RULES = CONTRACT.rules
SHOWN_BY_MANY_ROWS = {"totals_shifted", "item_column_twice", "one_fault_all_through", "nearly_all_bad"}
# Refusals that say more, in words that have a test of their own.
IN_WORDS = ("unknown_column", "missing_column")
FEW = settings(max_examples=60, derandomize=True, deadline=None, database=None)
PLAIN = {
    "clinic_id": "C01", "patient_id": "P-001", "infusion_number": "1", "days_since_first_infusion": "0",
    "timepoint": "pre_infusion", "item_1": "2", "item_2": "1", "item_3": "1", "item_4": "0", "item_5": "3",
    "item_6": "1", "item_7": "1", "item_8": "0", "item_9": "1", "total": "10",
}  # fmt: skip
NO_ITEMS = dict.fromkeys(ITEMS, "")
FOLLOW_UP = {"timepoint": "follow_up", "infusion_number": "", "days_since_first_infusion": "30"}


def row(**changes: str) -> dict[str, str]:
    """A good row, with some cells written otherwise."""
    return PLAIN | changes


def other(**changes: str) -> dict[str, str]:
    """Another patient's good row."""
    return PLAIN | {"patient_id": "P-002"} | changes


def lines(*rows: dict[str, str] | str, columns: list[str] | None = None, separator: str = ",") -> list[str]:
    """Header and rows as text; a row given as text is left as it is."""
    seen = [
        name for name in COLUMNS if name in REQUIRED or any(name in each for each in rows if isinstance(each, dict))
    ]
    columns = columns or seen
    texts = [each if isinstance(each, str) else separator.join(each.get(name, "") for name in columns) for each in rows]
    return [separator.join(columns), *texts]


def written(*rows: dict[str, str] | str, end: str = "\n", last: bool = True, **how: Any) -> bytes:
    """A CSV file of these rows."""
    return (end.join(lines(*rows, **how)) + (end if last else "")).encode()


def packed(data: bytes) -> bytes:
    """The same as gzip, always the same bytes."""
    return gzip.compress(data, mtime=0)


def parquet(*rows: dict[str, Any], **types: Any) -> bytes:
    """A Parquet file of these rows; every column is text unless `types` says otherwise."""
    frame = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String()))
    frame = frame.with_columns(pl.col(name).cast(pl.Int64).cast(dtype) for name, dtype in types.items())
    return stored(frame)


def stored(frame: pl.DataFrame, **how: Any) -> bytes:
    """The bytes of a frame in Parquet."""
    out = io.BytesIO()
    frame.write_parquet(out, **how)
    return out.getvalue()


@dataclass
class Fate:
    """What must become of a file: refused, or these lines good and these reasons and notes said."""

    good: list[int] = field(default_factory=list)
    reasons: list[tuple[int, str | None, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    refused: tuple[str, int | None, int | None, str | None] | None = None


def taken(*good: int, reasons: Any = (), notes: Any = ()) -> Fate:
    """Taken: these lines are good; (line, column, code) of the others."""
    return Fate(list(good), list(reasons), list(notes))


def refused(code: str, column: int | None = None, line: int | None = None, kind: str | None = None) -> Fate:
    """Refused, and where."""
    return Fate(refused=(code, column, line, kind))


def fate(data: bytes, clinics: set[str] | None = None) -> Fate:
    """What became of one file."""
    judged = judge([data], plain_clinics(*clinics) if clinics is not None else None)
    holds_together(judged)
    error = judged.refused.get(0)
    return Fate(
        good_rows(judged)["line"].to_list(),
        judged.reasons.select("line", "column_name", "reason_code").rows(),
        judged.notes.select("column_name", "note_code").rows(),
        refusal_of(error),
    )


def refusal_of(error: FileRefusedError | None) -> tuple[str, int | None, int | None, str | None] | None:
    """A refusal's reason, column, line and kind; no kind where it is said in words."""
    if error is None:
        return None
    return error.reason_code, error.column_no, error.line, None if error.reason_code in IN_WORDS else error.kind


@cache
def no_rows() -> pl.DataFrame:
    """The good rows of a file that has none."""
    return judge([HEAD.encode()], None).good["scores"].frame()


def good_rows(judged: Judged) -> pl.DataFrame:
    """The good rows of the scores feed."""
    return judged.good["scores"].frame() if "scores" in judged.good else no_rows()


def holds_together(judged: Judged) -> None:
    """Rows read = good rows + distinct bad lines, file by file; a refused file has neither."""
    rows = good_rows(judged)
    for file, read in enumerate(judged.rows_read):
        good = rows.filter(pl.col("file") == file)["line"].to_list()
        bad = judged.reasons.filter(pl.col("file") == file)["line"].unique().to_list()
        assert read == len(good) + len(bad)
        assert not set(good) & set(bad)
        assert len(set(good)) == len(good)
        assert file not in judged.refused or read == 0


# ---- one cell ---------------------------------------------------------------------------------------------------

CELLS: list[tuple[str, str, Any, str | None]] = [
    # column, text, its value or its reason code, its note
    ("days_since_first_infusion", "-400", -400, None),
    ("days_since_first_infusion", "-401", "day_range", None),
    ("days_since_first_infusion", "3650", 3650, None),
    ("days_since_first_infusion", "3651", "day_range", None),
    ("days_since_first_infusion", "39999", "day_not_whole", None),
    ("days_since_first_infusion", "-0", "day_not_whole", None),
    ("days_since_first_infusion", "", "day_not_whole", None),
    ("days_since_first_infusion", " ", "day_not_whole", None),
    ("days_since_first_infusion", "14.0", 14, "decimal_zero"),
    ("days_since_first_infusion", "−3", "day_not_whole", None),
    ("infusion_number", "0", "infusion_number_range", None),
    ("infusion_number", "999", 999, None),
    ("infusion_number", "1000", "infusion_number_range", None),
    ("infusion_number", "one", "infusion_number_not_whole", None),
    ("infusion_number", "32768", "infusion_number_not_whole", None),
    ("infusion_number", "", "infusion_number_missing", None),
    ("timepoint", "", "timepoint_unknown", None),
    ("timepoint", "Pre_infusion", "timepoint_unknown", None),
    ("timepoint", "Post Infusion", "timepoint_unknown", None),
    ("timepoint", "baseline", "baseline", None),
    ("timepoint", " post_infusion ", "post_infusion", "blanks_trimmed"),
    ("item_1", "2.0", 2, "decimal_zero"),
    ("item_1", "2.00", 2, "decimal_zero"),
    ("item_1", " 2 ", 2, "blanks_trimmed"),
    ("item_1", "2.5", "item_not_whole", None),
    ("item_1", "2.", "item_not_whole", None),
    ("item_1", "+2", "item_not_whole", None),
    ("item_1", "02", "item_not_whole", None),
    ("item_1", "２", "item_not_whole", None),
    ("item_1", "٢", "item_not_whole", None),
    ("item_1", "2e0", "item_not_whole", None),
    ("item_1", "0_2", "item_not_whole", None),
    ("item_1", "2\u00a0", "item_not_whole", None),
    ("item_1", "NaN", "item_not_whole", None),
    ("item_1", "4", "item_range", None),
    ("item_1", "-1", "item_range", None),
    ("item_1", "8", "item_range", None),
    ("item_1", "99999", "item_not_whole", None),
    ("item_1", "7", None, "declared_missing"),
    ("item_1", "9", None, "declared_missing"),
    ("item_1", "99", None, "declared_missing"),
    ("item_1", "-", None, "declared_missing"),
    ("item_1", "^", None, "declared_missing"),
    ("item_1", "NOT answered", None, "declared_missing"),
    ("item_1", "", None, None),
    ("item_1", "More than half the days", 2, "answer_in_words"),
    ("item_1", "MORE  THAN half the days ", 2, "answer_in_words"),
    ("item_1", "more than half", "item_not_whole", None),
    ("item_4", "Not at all", 0, "answer_in_words"),
    ("item_5", "Nearly every day", 3, "answer_in_words"),
    ("item_9", "Several days", 1, "answer_in_words"),
    ("item_10", "3", 3, None),
    ("item_10", "4", "item_10_range", None),
    ("item_10", "-1", "item_10_range", None),
    ("item_10", "9", None, "declared_missing"),
    ("item_10", "hard", "item_10_not_whole", None),
    ("total", "10.0", 10, "decimal_zero"),
    ("total", "1e1", "total_not_whole", None),
    ("total", "9", "total_is_not_sum", None),
    ("total", "11", "total_is_not_sum", None),
    ("total", "28", "total_range", None),
    ("total", "-1", "total_range", None),
    ("total", "ten", "total_not_whole", None),
    ("total", "99", None, "declared_missing"),
    ("total", "Not Answered", None, "declared_missing"),
    ("total", "", None, None),
    ("drug", "ketamine_iv", "ketamine_iv", None),
    ("drug", "spravato", "drug_unknown", None),
    ("drug", "Ketamine Iv", "drug_unknown", None),
    ("drug", "", None, None),
    ("dose_mg_per_kg", "0.001", 0.001, None),
    ("dose_mg_per_kg", "0.000", "dose_range", None),
    ("dose_mg_per_kg", "0.0001", "dose_not_number", None),
    ("dose_mg_per_kg", "20", 20.0, None),
    ("dose_mg_per_kg", "20.001", "dose_range", None),
    ("dose_mg_per_kg", "0,5", None, "field_count"),
    ("dose_mg_per_kg", "5e-1", "dose_not_number", None),
    ("infusion_minutes", "1", 1, None),
    ("infusion_minutes", "0", "minutes_range", None),
    ("infusion_minutes", "1440", 1440, None),
    ("infusion_minutes", "1441", "minutes_range", None),
    ("infusion_minutes", "40 min", "minutes_not_whole", None),
    ("recall_period", "since_last_treatment", "since_last_treatment", None),
    ("recall_period", "one_week", "recall_period_unknown", None),
    ("status", "amended", "amended", None),
    ("status", "Final", "status_unknown", None),
    ("extract_day", "-400", -400, None),
    ("extract_day", "-401", "extract_day_range", None),
    ("extract_day", "3650", 3650, None),
    ("extract_day", "3651", "extract_day_range", None),
    ("extract_day", "today", "extract_day_not_whole", None),
    ("dissociation", "yes", True, None),
    ("nausea", "NO", False, None),
    ("blood_pressure_raised", "1", "safety_not_yes_no", None),
    ("serious_adverse_event", "", None, None),
    ("planned_induction_infusions", "1", 1, None),
    ("planned_induction_infusions", "0", "planned_range", None),
    ("planned_induction_infusions", "100", 100, None),
    ("planned_induction_infusions", "101", "planned_range", None),
    ("planned_induction_infusions", "six", "planned_not_whole", None),
    ("ended", "withdrew", "withdrew", None),
    ("ended", "lost", "ended_unknown", None),
    ("clinic_id", "C1", "C1", None),
    ("clinic_id", "C", "clinic_id_pattern", None),
    ("clinic_id", "Z" + "1" * 31, "Z" + "1" * 31, None),
    ("clinic_id", "Z" + "1" * 32, "clinic_id_pattern", None),
    ("clinic_id", "1C", "clinic_id_pattern", None),
    ("clinic_id", "", "clinic_id_pattern", None),
    ("clinic_id", " C01", "C01", "blanks_trimmed"),
    ("patient_id", "A1", "A1", None),
    ("patient_id", "A", "patient_id_pattern", None),
    ("patient_id", "Z1" * 32, "Z1" * 32, None),
    ("patient_id", "Z1" * 32 + "Z", "patient_id_pattern", None),
    ("patient_id", "000138", "patient_id_pattern", None),
    ("patient_id", "000138A", "000138A", None),
    ("patient_id", "1.23E+11", "patient_id_pattern", None),
    ("patient_id", "1.23E11", "1.23E11", None),
    ("patient_id", "ABCDEF", "patient_id_pattern", None),
    ("patient_id", "A１", "patient_id_pattern", None),
    ("patient_id", "", "patient_id_pattern", None),
    ("patient_id", " P-9 ", "P-9", "blanks_trimmed"),
]


@pytest.mark.parametrize(("column", "text", "becomes", "note"), CELLS, ids=lambda value: str(value)[:24])
def test_one_cell(column: str, text: str, becomes: Any, note: str | None) -> None:
    data = written(row(**{column: text}), other())
    judged = judge([data], None)
    holds_together(judged)
    said = judged.reasons.select("line", "column_name", "reason_code").rows()
    assert not judged.refused
    assert judged.rows_read == [2]
    if note == "field_count":
        assert said == [(2, None, "field_count")]
    elif becomes in RULES:
        about = RULES[becomes].about
        assert said == [(2, column if about == "cell" else None, becomes)]
        assert good_rows(judged)["line"].to_list() == [3]
    else:
        assert said == []
        value = good_rows(judged)[column][0]
        assert value == becomes
        assert type(value) is type(becomes)
        assert judged.notes.select("column_name", "note_code", "cells").rows() == ([(column, note, 1)] if note else [])


IDENTIFIERS: list[tuple[str, str, str]] = [
    ("days_since_first_infusion", "2024-03-17", "date"),
    ("days_since_first_infusion", "3/17/2024", "date"),
    ("days_since_first_infusion", "17.03.24", "date"),
    ("days_since_first_infusion", "17 Mar 2024", "date"),
    ("days_since_first_infusion", "March 17 2024", "date"),
    ("days_since_first_infusion", "2024-03-17T09:30:00", "date"),
    ("days_since_first_infusion", "45000", "date"),
    ("days_since_first_infusion", "45000.0", "date"),
    ("days_since_first_infusion", "45000.5", "date"),
    ("days_since_first_infusion", "40000", "date"),
    ("days_since_first_infusion", "60000", "date"),
    ("extract_day", "45000", "date"),
    ("patient_id", "jane.roe@example.org", "e-mail address"),
    ("patient_id", "555-123-4567", "telephone number"),
    ("patient_id", "(555) 123-4567", "telephone number"),
    ("patient_id", "5551234567", "telephone number"),
    ("patient_id", "123-45-6789", "social security number"),
    ("patient_id", "123456789", "social security number"),
    ("patient_id", "xxx-xx-6789", "social security number"),
    ("patient_id", "Jane Roe", "name"),
    ("patient_id", "jane roe", "name"),
    ("patient_id", "Jane Q. Roe", "name"),
    ("patient_id", "O'Brien", "name"),
    ("patient_id", "Müller", "name"),
    ("patient_id", "José17", "name"),
    ("patient_id", "MRN 00123", "record number"),
    ("patient_id", "MRN-00123", "record number"),
    ("patient_id", "mrn_00123", "record number"),
    ("patient_id", "MRN00123", "record number"),
    ("patient_id", "17-Mar-1961", "date"),
    ("patient_id", "17-Mar-61", "date"),
    ("patient_id", "P-1961-03-17", "date"),
    ("patient_id", "d41d8cd98f00b204e9800998ecf8427e", "hash of something"),
    ("patient_id", "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", "hash of something"),
    ("patient_id", "00-1A-2B-3C-4D-5E", "network address"),
    ("patient_id", "192.168.1.20", "network address"),
    ("patient_id", "12Mar1961", "date"),
    ("clinic_id", "MRN-00123", "record number"),
    ("clinic_id", "d41d8cd98f00b204e9800998ecf8427e", "hash of something"),
    ("clinic_id", "https://clinic.example", "web address"),
    ("clinic_id", "12 Oak Street", "street"),
    ("item_3", "Jane Roe", "name"),
    ("total", "jane@example.org", "e-mail address"),
    ("drug", "4111 1111 1111 1111", "card number"),
    ("ended", "a" * 100_000, "free text"),
    ("ended", "moved to her mother and did not come back any more", "free text"),
    ("ended", "12345-6789", "postal code"),
    ("status", "scan.jpg", "image or file"),
]


@pytest.mark.parametrize(("column", "text", "kind"), IDENTIFIERS)
def test_the_shape_of_an_identifier_costs_the_file(column: str, text: str, kind: str) -> None:
    """The reason has kind, column and line; the value is nowhere in it."""
    judged = judge([written(row(), other(**{column: text}))], None)
    holds_together(judged)
    error = judged.refused[0]
    names = [name for name in COLUMNS if name in REQUIRED or name == column]
    assert (error.reason_code, error.column_no, error.line, error.kind) == (
        "identifier",
        names.index(column) + 1,
        3,
        kind,
    )
    assert text not in f"{error!r} {error.args} {vars(error)}"
    assert judged.rows_read == [0]
    assert judged.reasons.is_empty()
    assert judged.notes.is_empty()


@pytest.mark.parametrize(
    "text", ["KET-001-0017", "C01-P-00017", "a1b2c3d4", "S.2024.17", "20240317A", "2024A", "P_1_2_3"]
)
def test_a_pseudonym_is_no_identifier(text: str) -> None:
    assert fate(written(row(patient_id=text))) == taken(2)


# ---- one file ---------------------------------------------------------------------------------------------------

TWO = written(row(), other())
NAMES = list(PLAIN)
LINE = ",".join(PLAIN.values())
HEAD = ",".join(NAMES)
SHIFTED = {item: str(int(PLAIN[item]) + 1) for item in ITEMS}


def shifted(forms: int, **changes: str) -> bytes:
    """A file coded 1 to 4, with stated totals left out."""
    return written(*(row(patient_id=f"P-{n}", total="", **(SHIFTED | changes)) for n in range(forms)))


def faults(line: int, *columns: str) -> list[tuple[int, str, str]]:
    """The unreadable columns of a line, in the order in which they are told."""
    return sorted((line, column, READING[column]["unreadable"]) for column in columns)


WHOLE = [name for name in NAMES if name != "clinic_id"]
FILES: dict[str, tuple[bytes, Fate]] = {
    # text and line ends
    "plain": (TWO, taken(2, 3)),
    "no final line feed": (written(row(), other(), last=False), taken(2, 3)),
    "BOM": (b"\xef\xbb\xbf" + TWO, taken(2, 3)),
    "CRLF": (written(row(), other(), end="\r\n"), taken(2, 3)),
    "CR only": (written(row(), other(), end="\r"), taken(2, 3)),
    "CR only, blank lines": (written(row(), "", other(), end="\r"), taken(2, 4)),
    "CR CR LF": (written(row(), other(), end="\r\r\n"), taken(2, 3, notes=[("total", "column_renamed")])),
    "semicolon": (written(row(), other(), separator=";"), taken(2, 3)),
    "tab": (written(row(), other(), separator="\t"), taken(2, 3)),
    "UTF-16 with its mark": (TWO.decode().encode("utf-16"), taken(2, 3)),
    "UTF-16 big end first": (b"\xfe\xff" + TWO.decode().encode("utf-16-be"), taken(2, 3)),
    "UTF-16 without its mark": (TWO.decode().encode("utf-16-le"), refused("holds_nul")),
    "UTF-16 cut in a character": (TWO.decode().encode("utf-16")[:-1], refused("not_utf8")),
    "UTF-16 lone half of a pair": (b"\xff\xfe" + TWO.decode().encode("utf-16-le") + b"\x00\xd8", refused("not_utf8")),
    "Latin-1": (TWO.replace(b"P-002", b"P-\xe92"), refused("not_utf8")),
    "NUL": (TWO.replace(b"P-002", b"P-\x002"), refused("holds_nul")),
    "blank lines in the middle": (written(row(), "", "", other(), "", other(patient_id="P-3"), ""), taken(2, 5, 7)),
    "blank line of spaces": (written(row(), "   ", other()), taken(2, 4)),
    "blank lines before the header": (b"\n\n" + TWO, taken(4, 5)),
    "blank line, then an odd row": (written(row(), "", other(item_1="x")), taken(2, reasons=faults(4, "item_1"))),
    "tabs alone are a row of a TSV": (
        written(row(), "", "\t" * 14, separator="\t"),
        taken(2, reasons=sorted([*faults(4, "clinic_id", "patient_id", "days_since_first_infusion", "timepoint")])),
    ),
    "header only": (written(), taken()),
    "header only, no line feed": (written(last=False), taken()),
    # nothing, or another format
    "empty": (b"", refused("empty_file")),
    "only blanks": (b" \r\n\n\t ", refused("empty_file")),
    "only a BOM": (b"\xef\xbb\xbf", refused("empty_file")),
    "only a UTF-16 mark": (b"\xff\xfe", refused("empty_file")),
    "empty gzip": (packed(b""), refused("empty_file")),
    "PDF": (b"%PDF-1.7\n", refused("unknown_format", kind="PDF")),
    "zip cut short": (b"PK\x03\x04\x14\x00", refused("truncated")),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1", refused("unknown_format", kind="old Office file")),
    "JSON lines of another header": (b'{"clinic_id": "C01"}\n', refused("missing_column", None, 1)),
    "HTML": (b"<html><table>", refused("unknown_format", kind="HTML")),
    "Arrow, first bytes only": (b"ARROW1\x00\x00", refused("not_readable")),
    "zstd": (b"\x28\xb5\x2f\xfd\x00", refused("unknown_format", kind="zstd")),
    "gzip in gzip": (packed(packed(TWO)), refused("unknown_format", kind="archive inside an archive")),
    "Parquet in gzip": (packed(parquet(row(), other())), taken(1, 2)),
    "zip in gzip, cut short": (packed(b"PK\x03\x04\x14\x00"), refused("truncated")),
    # gzip
    "gzip": (packed(TWO), taken(2, 3)),
    "gzip of two members": (packed(TWO[:60]) + packed(TWO[60:]), taken(2, 3)),
    "gzip with padding": (packed(TWO) + bytes(512), taken(2, 3)),
    "gzip of UTF-16": (packed(TWO.decode().encode("utf-16")), taken(2, 3)),
    "gzip cut short": (packed(TWO)[:-12], refused("truncated")),
    "gzip without its last byte": (packed(TWO)[:-1], refused("truncated")),
    "gzip, second member cut": (packed(TWO) + packed(TWO)[:20], refused("truncated")),
    "gzip, changed inside": (packed(TWO)[:-6] + b"\x00\x01" + packed(TWO)[-4:], refused("truncated")),
    "gzip, text behind it": (packed(TWO) + b"more", refused("truncated")),
    "gzip, first bytes only": (b"\x1f\x8b", refused("truncated")),
    "gzip bomb": (packed(bytes(40_000_000)), refused("too_large")),
    "gzip bomb in two members": (packed(bytes(20_000_000)) * 2, refused("too_large")),
    # the header
    "spelt another way": (
        TWO.replace(b"clinic_id", b"Clinic ID").replace(b"days_since_first_infusion", b"days-since-first-infusion"),
        taken(2, 3, notes=[("clinic_id", "column_renamed"), ("days_since_first_infusion", "column_renamed")]),
    ),
    "capitals": (TWO.replace(b"item_9", b"ITEM_9"), taken(2, 3, notes=[("item_9", "column_renamed")])),
    "blanks around a name": (TWO.replace(b"total", b" total "), taken(2, 3, notes=[("total", "column_renamed")])),
    "order changed": (written(row(), other(), columns=NAMES[::-1]), taken(2, 3)),
    "unknown column": (TWO.replace(b"total", b"score"), refused("unknown_column", 15, 1)),
    "one column more": (written(row(), columns=[*NAMES, "dob"]), refused("unknown_column", 16, 1)),
    "separator at the end": (written(row(), columns=[*NAMES, ""]), taken(2)),
    "unknown column below blank lines": (b"\n\n" + TWO.replace(b"total", b"score"), refused("unknown_column", 15, 3)),
    "column twice": (written(row(), columns=[*NAMES, "total"]), refused("duplicate_column", 16, 1)),
    "column twice, two spellings": (written(row(), columns=[*NAMES, "Item-1"]), refused("duplicate_column", 16, 1)),
    "columns of two feeds": (written(row(), columns=[*NAMES, "sex"]), refused("mixed_feeds", 16, 1)),
    "columns of two feeds, the other first": (
        written(row(), columns=["clinic_id", "sex", *NAMES[1:]]), refused("mixed_feeds", 4, 1),
    ),
    "only columns that both feeds have": (b"clinic_id,patient_id,status\nC01,P-1,final\n", refused("missing_column", None, 1)),
    "columns of two feeds and an unknown one": (written(row(), columns=[*NAMES, "sex", "dob"]), refused("unknown_column", 17, 1)),
    "column missing": (written(row(), columns=NAMES[:-1]), refused("missing_column", None, 1)),
    "no header": (TWO.split(b"\n", 1)[1], refused("no_header", None, 1)),
    "comment first": (b"# export\n" + TWO, refused("no_header", None, 1)),
    "comma in the header, semicolon below": (
        (HEAD + "\n" + LINE.replace(",", ";") + "\n").encode(), taken(reasons=[(2, None, "field_count")]),
    ),
    # the shape of lines
    "short line": (written(row(), "C01,P-002,1", other()), taken(2, 4, reasons=[(3, None, "field_count")])),
    "long line": (written(row(), LINE + ",9", other()), taken(2, 4, reasons=[(3, None, "field_count")])),
    "short and long make up in count": (
        written(row(), LINE + ",9", LINE.rsplit(",", 1)[0], other()),
        taken(2, 5, reasons=[(3, None, "field_count"), (4, None, "field_count")]),
    ),
    "short first, then long": (
        written(LINE.rsplit(",", 2)[0], row(), LINE + ",9,9", other()),
        taken(3, 5, reasons=[(2, None, "field_count"), (4, None, "field_count")]),
    ),
    "short, long and a blank line": (
        written(row(), LINE + ",9", "", LINE.rsplit(",", 1)[0], other()),
        taken(2, 6, reasons=[(3, None, "field_count"), (5, None, "field_count")]),
    ),
    "cut in the last line": (TWO[:-8], taken(2, reasons=[(3, None, "field_count")])),
    "header again in the middle": (written(row(), HEAD, other()), taken(2, 4, reasons=faults(3, *WHOLE))),
    "totals line": (
        written(row(), other(), "Total" + "," * 14 + "20"),
        taken(2, 3, reasons=faults(4, "patient_id", "days_since_first_infusion", "timepoint")),
    ),
    "row of empty cells": (
        written(row(), "," * 14),
        taken(2, reasons=faults(3, "clinic_id", "patient_id", "days_since_first_infusion", "timepoint")),
    ),
    # quotes
    "fully quoted": (
        "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in lines(row(), other())).encode(),
        taken(2, 3),
    ),
    "some quoted": (written(row(patient_id='"P-001"', total='"10"'), other()), taken(2, 3)),
    "quoted and empty": (written(row(total='""')), taken(2)),
    "quoted blanks": (written(row(timepoint='"  "')), taken(reasons=faults(2, "timepoint"))),
    "quoted separator": (written(row(patient_id='"P,1"'), other()), taken(3, reasons=[(2, None, "field_count")])),
    "open quote": (written(row(patient_id='"P-001'), other()), taken(3, reasons=faults(2, "patient_id"))),
    "quote in the middle": (written(row(patient_id='P"1'), other()), taken(3, reasons=faults(2, "patient_id"))),
    "quoted line feed": (
        written(row(patient_id='"P-\n001"'), other()),
        taken(4, reasons=[(2, None, "field_count"), (3, None, "field_count")]),
    ),
    "quoted line feed in the last cell": (
        written(row(total='"10\n"'), other()),
        taken(4, reasons=[*faults(2, "total"), (3, None, "field_count")]),
    ),
    # an identifier in a line of another shape costs the file as well
    "name in a quoted cell with a comma": (written(row(), other(patient_id='"Roe, Jane"')), refused("identifier", 2, 3, "name")),
    "e-mail in a long line": (written(row(), LINE + ",jane@example.org"), refused("identifier", 16, 3, "e-mail address")),
    "e-mail in a short line": (written(row(), "by jane@example.org", other()), refused("identifier", 1, 3, "e-mail address")),
    "comment at the end": (written(row(), "# prepared for the night by the front desk on the second floor"),
                           refused("identifier", 1, 3, "free text")),
    "trailer": (written(row(), "# end of file", "end;of;file"), taken(2, reasons=[(3, None, "field_count"), (4, None, "field_count")])),
    "identifier before a long line": (
        written(row(), LINE + ",jane@example.org", other(patient_id="Jane Roe")), refused("identifier", 16, 3, "e-mail address"),
    ),
    # patients
    "leading zeros make another patient": (written(row(patient_id="000138A"), row(patient_id="138A")), taken(2, 3)),
    # rules over several columns
    "total 0": (written(row(**dict.fromkeys(ITEMS, "0"), total="0")), taken(2)),
    "total 27": (written(row(**dict.fromkeys(ITEMS, "3"), total="27")), taken(2)),
    "total 9 and 7 are totals": (
        written(row(**NO_ITEMS, total="9"), other(**NO_ITEMS, total="7")), taken(2, 3),
    ),
    "total alone, 27": (written(row(**NO_ITEMS, total="27")), taken(2)),
    "total alone, 28": (written(row(**NO_ITEMS, total="28")), taken(reasons=[(2, "total", "total_range")])),
    "items alone": (written(row(total="")), taken(2)),
    "total below the items answered": (
        written(row(item_4="", total="9"), other(item_4="", total="10")),
        taken(3, reasons=[(2, None, "total_below_items")]),
    ),
    "total above what is left": (
        written(row(item_4="", total="13"), other(item_4="", total="14")),
        taken(2, reasons=[(3, None, "total_above_items")]),
    ),
    "nothing answered at an infusion": (written(row(**NO_ITEMS, total=""), other(**NO_ITEMS, total="", timepoint="post_infusion")),
                                        taken(2, 3)),
    "nothing answered at a follow-up": (
        written(row(**NO_ITEMS, total="") | FOLLOW_UP, row(**NO_ITEMS, total="99", timepoint="baseline")),
        taken(reasons=[(2, None, "no_answers"), (3, None, "no_answers")], notes=[("total", "declared_missing")]),
    ),
    "infusion number left out": (
        written(row() | FOLLOW_UP, other(infusion_number="", timepoint="post_infusion"), other(infusion_number="", timepoint="baseline")),
        taken(2, 4, reasons=[(3, None, "infusion_number_missing")]),
    ),
    "a bad cell keeps the rules over several columns quiet": (
        written(row(item_1="x", total="27", infusion_number="")), taken(reasons=faults(2, "item_1")),
    ),
    "every reason of a row": (
        written(row(item_1="x", item_2="4", days_since_first_infusion="5000")),
        taken(reasons=[(2, "days_since_first_infusion", "day_range"), (2, "item_1", "item_not_whole"), (2, "item_2", "item_range")]),
    ),
    "curly apostrophe": (written(row(item_1="nearly every d’ay")), taken(reasons=faults(2, "item_1"))),
    # items coded 1 to 4
    "coding shift in five forms": (shifted(5), refused("coding_shift")),
    "coding shift in four forms": (shifted(4), taken(reasons=[(line, "item_5", "item_range") for line in range(2, 6)])),
    "a 4 and a 0": (
        shifted(5, item_1="0"), taken(reasons=[(line, "item_5", "item_range") for line in range(2, 7)]),
    ),
    "coding shift and a slip": (shifted(6).replace(b"P-3,1,0,pre_infusion,3", b"P-3,1,0,pre_infusion,33"), refused("coding_shift")),
    "identifier in a file with a coding shift": (
        shifted(6).replace(b"P-3", b"555-123-4567"), refused("identifier", 2, 5, "telephone number"),
    ),
    # Parquet
    "Parquet, all text": (parquet(row(), other()), taken(1, 2)),
    "Parquet, typed": (
        parquet(row(), other(), infusion_number=pl.Int64, days_since_first_infusion=pl.Int32, total=pl.UInt8, item_1=pl.Int8), taken(1, 2),
    ),
    "Parquet, floats": (parquet(row(), other(), item_1=pl.Float64), taken(1, 2)),
    "Parquet, nulls": (
        parquet(row() | {"item_1": None, "total": None}, other() | {"patient_id": None}), taken(1, reasons=faults(2, "patient_id")),
    ),
    "Parquet, renamed": (
        stored(pl.DataFrame([row()]).rename({"clinic_id": "Clinic ID"})), taken(1, notes=[("clinic_id", "column_renamed")]),
    ),
    "Parquet, order changed": (stored(pl.DataFrame([row()]).select(NAMES[::-1])), taken(1)),
    "Parquet, unknown column": (stored(pl.DataFrame([row() | {"name": "x"}])), refused("unknown_column", 16, 1)),
    "Parquet, column missing": (stored(pl.DataFrame([row()]).drop("total")), refused("missing_column", None, 1)),
    "Parquet, list": (stored(pl.DataFrame([row()]).with_columns(item_1=pl.lit([1], pl.List(pl.Int8)))), refused("not_readable", 6, kind="nested, binary or of no plain type")),
    "Parquet, struct": (stored(pl.DataFrame([row()]).with_columns(item_1=pl.struct("item_1"))), refused("not_readable", 6, kind="nested, binary or of no plain type")),
    "Parquet, bytes": (stored(pl.DataFrame([row()]).with_columns(pl.col("item_1").cast(pl.Binary))), refused("not_readable", 6, kind="nested, binary or of no plain type")),
    "Parquet, duration": (
        stored(pl.DataFrame([row()]).with_columns(days_since_first_infusion=pl.duration(days=3))), refused("not_readable", 4, kind="nested, binary or of no plain type"),
    ),
    "Parquet, datetime": (
        stored(pl.DataFrame([row()]).with_columns(days_since_first_infusion=pl.datetime(2024, 3, 17))), refused("identifier", 4, 1, "date"),
    ),
    "Parquet, yes or no": (stored(pl.DataFrame([row()]).with_columns(nausea=pl.lit(True))), taken(1)),
    "Parquet, categories": (stored(pl.DataFrame([row()]).with_columns(pl.col("timepoint").cast(pl.Categorical))), taken(1)),
    "Parquet, no rows": (stored(pl.DataFrame([row()]).clear()), taken()),
    "Parquet, cut short": (parquet(row(), other())[:-20], refused("not_readable")),
    "Parquet, first bytes only": (b"PAR1", refused("not_readable")),
    "Parquet bomb": (
        stored(pl.DataFrame([row()]).select(pl.all().repeat_by(1_000_000).explode()), row_group_size=2_000_000, statistics=False), refused("too_large"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_one_file(name: str) -> None:
    data, expected = FILES[name]
    assert fate(data) == expected


def test_every_reason_of_the_contract_and_of_files_has_a_case() -> None:
    told = {becomes for _, _, becomes, _ in CELLS if becomes in RULES} | {"identifier"}
    for _, expected in FILES.values():
        told |= {code for _, _, code in expected.reasons} | ({expected.refused[0]} if expected.refused else set())
    wanted = set(RULES) | {reason.code for reason in REASONS if reason.about == "file"}
    # A clinic is unknown only beside a clinics.toml; rows contradict each other only in a store (test_contest).
    # What other sources, profiles and large files show has its cases in test_fhir, test_redcap, test_formats, test_profiles, test_whole_files.
    of_sources = {
        "sheet_unclear",
        "unknown_element",
        "no_phq9",
        "redcap_two_forms",
        "difficulty_coding",
        "which_profile",
        "profile_unconfirmed",
    }
    assert wanted - told == {"unknown_clinic", "contradiction"} | of_sources | SHOWN_BY_MANY_ROWS


def test_values_are_exact() -> None:
    data = written(
        row(item_10="2", drug="other", dose_mg_per_kg="0.5", infusion_minutes="40", nausea="yes", ended="moved")
    )
    (good,) = good_rows(judge([data], None)).rows(named=True)
    whole = {name: int(PLAIN[name]) for name in ["infusion_number", "days_since_first_infusion", *ITEMS, "total"]}
    assert good == dict.fromkeys(COLUMNS) | whole | {
        "clinic_id": "C01", "patient_id": "P-001", "timepoint": "pre_infusion", "item_10": 2, "drug": "other", "dose_mg_per_kg": 0.5,
        "infusion_minutes": 40, "nausea": True, "ended": "moved", "items_answered": 9, "items_sum": 10, "is_sound": True, "file": 0, "line": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        data
        for name, (data, expected) in FILES.items()
        if expected == taken(2, 3) and "patient" not in name and "total" not in name
    ],
)
def test_one_content_however_written_is_one_content(data: bytes) -> None:
    wanted = good_rows(judge([TWO], None))
    found = good_rows(judge([data], None)).select(wanted.columns)
    if found["total"].null_count() == 0 and found["patient_id"].to_list() == ["P-001", "P-002"]:
        assert found.equals(wanted)


def test_leading_zeros_are_kept() -> None:
    data, _ = FILES["leading zeros make another patient"]
    assert good_rows(judge([data], None))["patient_id"].to_list() == ["000138A", "138A"]


def test_a_clinic_that_is_not_listed_is_set_aside() -> None:
    data = written(row(), other(clinic_id="C02"), other(clinic_id="C03", item_1="4"))
    assert fate(data, {"C01"}) == taken(
        2, reasons=[(3, "clinic_id", "unknown_clinic"), (4, "clinic_id", "unknown_clinic"), (4, "item_1", "item_range")]
    )
    assert fate(data, set()).good == []


def test_every_odd_file_in_one_batch_fares_as_it_does_alone() -> None:
    """Files with one header are parsed in one call: none may shift the lines of another."""
    judged = judge([data for data, _ in FILES.values()], None)
    holds_together(judged)
    for number, (name, (_, expected)) in enumerate(FILES.items()):
        error = judged.refused.get(number)
        reasons = judged.reasons.filter(pl.col("file") == number).select("line", "column_name", "reason_code").rows()
        good = good_rows(judged).filter(pl.col("file") == number)["line"].to_list()
        assert (name, refusal_of(error)) == (
            name,
            expected.refused,
        )
        assert (name, reasons, good) == (name, expected.reasons, expected.good)


def test_lines_that_make_up_for_each_other_in_one_file_move_no_line_of_another() -> None:
    first = written(row(), "", "short", other())
    second = written(row(), LINE + ",9", LINE.rsplit(",", 1)[0], other())
    judged = judge([first, second, TWO], None)
    holds_together(judged)
    assert good_rows(judged).select("file", "line").rows() == [(0, 2), (0, 5), (1, 2), (1, 5), (2, 2), (2, 3)]
    assert judged.rows_read == [3, 4, 2]


def test_every_rule_says_how_many_rows_it_checked() -> None:
    judged = judge([written(row(), other(item_1="4"), "short")], plain_clinics("C01"))
    counts = {rule: (checked, failed) for _, rule, checked, failed in judged.rules.iter_rows()}
    assert set(counts) == set(RULES) - {"contradiction"}
    assert counts.pop("field_count") == (3, 1)
    assert counts.pop("item_range") == (2, 1)
    assert set(counts.values()) == {(2, 0)}


def test_the_size_limit_holds_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_source, "MAXIMUM_BYTES", len(TWO))
    assert fate(packed(TWO)) == taken(2, 3)
    assert fate(packed(TWO + b"\n")) == refused("too_large")


def test_no_files_at_all() -> None:
    judged = judge([], None)
    assert (judged.rows_read, judged.good, judged.reasons.height, judged.rules.height) == ([], {}, 0, 0)


# ---- any bytes --------------------------------------------------------------------------------------------------

EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), st.one_of(st.binary(max_size=6), st.sampled_from([b",", b"\n", b"\r", b'"', b"\x00", b"4", b" ", b";", LINE.encode() + b"\n"]))),
    max_size=6,
)  # fmt: skip
SEEDS = [
    TWO,
    packed(TWO),
    parquet(row(), other()),
    TWO.decode().encode("utf-16"),
    written(row(), "", other(item_10="1"), end="\r\n"),
]


def edited(data: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    """With bytes taken out and put in."""
    for place, out, into in edits:
        at = int(place * len(data))
        data = data[:at] + into + data[at + out :]
    return data


BEGINNINGS = [b"", b"PAR1", b"\x1f\x8b\x08", b"\xff\xfe", HEAD.encode() + b"\n"]


@settings(FEW, max_examples=12)
@given(st.lists(st.tuples(st.sampled_from(BEGINNINGS), st.binary(max_size=200)), min_size=5, max_size=5))
def test_any_bytes_are_judged(files: list[tuple[bytes, bytes]]) -> None:
    """A few at a time: a batch costs little more than a file, and says of each what it says of it alone, as is held below."""
    holds_together(judge([before + data for before, data in files], None))


@settings(FEW, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(SEEDS), EDITS), min_size=5, max_size=5))
def test_good_files_with_bytes_changed_are_judged(files: list[tuple[bytes, Any]]) -> None:
    holds_together(judge([edited(data, edits) for data, edits in files], None))


@FEW
@given(st.lists(EDITS, min_size=2, max_size=4))
def test_a_batch_says_of_each_file_what_it_says_of_it_alone(edits: list[Any]) -> None:
    files = [edited(TWO, each) for each in edits]
    together = judge(files, None)
    holds_together(together)
    for number, data in enumerate(files):
        alone = judge([data], None)
        assert together.rows_read[number] == alone.rows_read[0]
        for found, wanted in (
            (good_rows(together), good_rows(alone)),
            (together.reasons, alone.reasons),
            (together.notes, alone.notes),
        ):
            assert (
                found.filter(pl.col("file") == number).select(wanted.columns).drop("file").equals(wanted.drop("file"))
            )


# ---- the quick path and the exact one ---------------------------------------------------------------------------

TEXT = st.one_of(
    st.integers(-40_000, 70_000).map(str),
    st.integers(-12, 120).map(str),
    st.text("0123456789+-. eE_,/", max_size=7),
    st.text("٣２ \u00a0\t\r0379^-", max_size=4),
    st.text(max_size=5),
    st.sampled_from(["Not at all", "not answered", "99", "7", "9", "yes", "No", "final", "ketamine_iv", "0.500", "  "]),
)


@settings(FEW, max_examples=150)
@given(st.sampled_from(COLUMNS), st.lists(TEXT, min_size=1, max_size=30))
def test_columns_are_read_as_their_cells_are(column: str, texts: list[str]) -> None:
    """The quick numeric path agrees with the exact one: value, fault, note and kind of identifier."""
    cells = [read_cell(CONTRACT, column, text) for text in texts]
    values = read_values(CONTRACT, pl.DataFrame({column: [text or None for text in texts]}, schema={column: pl.String}))
    assert values.typed[column].equals(
        pl.Series([cell.value for cell in cells], dtype=CONTRACT.dtypes[column], strict=False), null_equal=True
    )

    def said(frame: pl.DataFrame) -> list[tuple[int, str]]:
        return sorted(frame.select("row", "code").rows())

    needed = READING[column]["kind"] == "code" or READING[column].get("needed")
    empty = [(n, READING[column]["unreadable"]) for n, text in enumerate(texts) if needed and not text.strip(" ")]
    assert said(values.faults) == sorted(empty + [(n, cell.fault) for n, cell in enumerate(cells) if cell.fault])
    assert said(values.notes) == [(n, cell.note) for n, cell in enumerate(cells) if cell.note]
    assert said(values.identifiers) == [(n, cell.identifier) for n, cell in enumerate(cells) if cell.identifier]


def test_every_small_number_is_read_as_its_cell_is() -> None:
    """Where the quick path changes its mind: around missing codes, the ranges, and the edges of 16 bits."""
    numbers = [
        *range(-410, 1010),
        *range(3640, 3660),
        9999,
        10_000,
        *range(32_760, 32_775),
        *range(-32_775, -32_760),
        39_999,
        40_000,
        60_000,
        60_001,
    ]
    texts = [form for n in numbers for form in (str(n), f"{n}.0", f" {n}", f"0{n}", f"+{n}")]
    for column in ("item_1", "item_10", "total", "infusion_number", "days_since_first_infusion"):
        cells = [read_cell(CONTRACT, column, text) for text in texts]
        values = read_values(CONTRACT, pl.DataFrame({column: texts}))
        assert values.typed[column].to_list() == [cell.value for cell in cells]
        assert sorted(values.faults["row"].to_list()) == [n for n, cell in enumerate(cells) if cell.fault]
        assert sorted(values.notes["row"].to_list()) == [n for n, cell in enumerate(cells) if cell.note]
        assert sorted(values.identifiers["row"].to_list()) == [n for n, cell in enumerate(cells) if cell.identifier]


# What a parser of numbers or words might let pass that the contract notes or refuses, or the other way round.
ODD = [
    "", " ", "0", "00", "-0", "+0", "1", "+1", "01", " 1", "1 ", "\t1", "1\t", "1\r", "1.0", "1.", ".1", "1e0", "1e3", "1_0", "0x1", "--1",
    "7", "9", "99", "100", "999", "1000", "3650", "3651", "-400", "-401", "9999", "10000", "32767", "32768", "-32768", "-32769", "65536",
    "45000", "NaN", "null", "None", "-", "^", "#1", "２", "٢", "1\u00a0", "\ufeff1", "Not at all", "not answered", "yes", "Yes", "no", " no",
    "final", "Final", "final ", "baseline", "ketamine_iv", "two_weeks", "moved", '"1"', "'1'",
]  # fmt: skip


def both_ways(column: str, texts: list[str]) -> None:
    """The typed parse and the text parse of one file say the same: values, faults, notes and identifiers."""
    data = written(*(row(**{column: text}) for text in texts), columns=[*NAMES, *({column} - set(NAMES))])
    given_lines = csv_source.read_csv(data).whole()
    quick, _ = csv_source.cells([given_lines], PARSED_AS)
    exact, _ = csv_source.cells([given_lines], {})
    assert set(exact.dtypes) == {pl.String()}
    for found, wanted in zip(read_values(CONTRACT, quick), read_values(CONTRACT, exact), strict=True):
        order = [] if column in found.columns else ["row", "column_name", "code"]
        assert (found.sort(order) if order else found).equals(wanted.sort(order) if order else wanted)


@pytest.mark.parametrize("column", PARSED_AS)
def test_typed_and_text_parse_agree_on_each_odd_cell(column: str) -> None:
    """Alone among plain cells, and beside each other: one too long must not be outweighed by another."""
    plain = "final" if column == "status" else "" if READING[column]["kind"] in ("word", "yes_no") else "1"
    for text in ODD:
        both_ways(column, [plain, text, plain])
    both_ways(column, ODD)


@FEW
@given(
    st.sampled_from(sorted(PARSED_AS)),
    st.lists(TEXT.filter(lambda t: not set(t) & set(",\n\r")), min_size=1, max_size=12),
)
def test_typed_and_text_parse_agree(column: str, texts: list[str]) -> None:
    both_ways(column, texts)


@given(st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=30))
@FEW
def test_plain_numbers_are_parsed_as_numbers(numbers: list[int]) -> None:
    """Else the quick path might never be taken, and its tests would hold nothing."""
    given_lines = csv_source.read_csv(written(*(row(days_since_first_infusion=str(n)) for n in numbers))).whole()
    frame, _ = csv_source.cells([given_lines], PARSED_AS)
    assert frame["days_since_first_infusion"].to_list() == numbers
    assert {name for name, dtype in frame.schema.items() if dtype == pl.String} == {"clinic_id", "patient_id"}


def test_a_file_cut_anywhere_is_judged() -> None:
    rng = random.Random(1)
    for data in SEEDS:
        holds_together(judge([data[: rng.randrange(len(data))] for _ in range(12)], None))
