"""From cells as text to values, by one anchored pattern a column; what cannot be read is a fault with its reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from outcomes.errors import FileRefusedError
from outcomes.identifiers import MAY_BE_DISGUISED, kind_in_pseudonym, kind_of_identifier
from outcomes.sources.csv import Lines
from schemas.scores import (
    ANSWERS,
    CLINIC_ID,
    COLUMNS,
    DTYPES,
    ITEMS,
    MISSING_CODES,
    MISSING_TOTAL_CODES,
    NEEDED,
    PATIENT_ID,
    RANGES,
    READING,
)

Value = int | float | str | bool | None


class Cell(NamedTuple):
    """What one text is: its value, or the reason code and the kind of identifier it looks like; and a note."""

    value: Value = None
    fault: str | None = None
    note: str | None = None
    identifier: str | None = None


class Values(NamedTuple):
    """A batch as values. `faults`, `notes` and `identifiers` are (row, column_name, code) where there are any."""

    typed: pl.DataFrame
    faults: pl.DataFrame
    notes: pl.DataFrame
    identifiers: pl.DataFrame


_FOUND = {"row": pl.UInt32, "column_name": pl.String, "code": pl.String}
_WHOLE = re.compile(r"(-?)(0|[1-9][0-9]{0,5})(\.0+)?")
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,3})(?:\.[0-9]{1,3})?")
_CODE = {"clinic_id": re.compile(CLINIC_ID), "patient_id": re.compile(PATIENT_ID)}
_QUOTED = re.compile(r'"([^"]*)"')
# Columns whose text is nearly always a small whole number written plainly: these are cast first.
_PLAIN = ("whole", "item", "total")
# Columns whose text nearly always is the value.
_AS_WRITTEN = ("code", "word")


def _code(column: str, text: str) -> Cell:
    trimmed = text.strip(" ")
    if not _CODE[column].fullmatch(trimmed) or (
        column == "patient_id" and not (re.search("[A-Za-z]", trimmed) and re.search("[0-9]", trimmed))
    ):
        return Cell(None, READING[column]["unreadable"], None, kind_of_identifier(column, text))
    return Cell(trimmed, None, "blanks_trimmed" if trimmed != text else None, kind_in_pseudonym(trimmed))


def _whole(text: str) -> Cell:
    trimmed = text.strip(" ")
    match = _WHOLE.fullmatch(trimmed)
    if not match or match[0].startswith("-0"):
        return Cell(fault="")
    note = "decimal_zero" if match[3] else "blanks_trimmed" if trimmed != text else None
    return Cell(int(match[1] + match[2]), None, note)


def _answer(text: str) -> Cell:
    plain = re.sub(r"\s+", " ", text.strip().lower().replace("’", "'"))
    if plain in MISSING_CODES:
        return Cell(None, None, "declared_missing")
    if plain in ANSWERS:
        return Cell(ANSWERS[plain], None, "answer_in_words")
    return _whole(text)


def _total(text: str) -> Cell:
    return Cell(None, None, "declared_missing") if text.strip().lower() in MISSING_TOTAL_CODES else _whole(text)


def _yes_no(text: str) -> Cell:
    plain = text.strip(" ").lower()
    return Cell(plain == "yes", None, None) if plain in ("yes", "no") else Cell(fault="")


def _decimal(text: str) -> Cell:
    trimmed = text.strip(" ")
    return Cell(float(trimmed)) if _DECIMAL.fullmatch(trimmed) else Cell(fault="")


def _word(words: tuple[str, ...]) -> Callable[[str], Cell]:
    def read(text: str) -> Cell:
        trimmed = text.strip(" ")
        return (
            Cell(trimmed, None, "blanks_trimmed" if trimmed != text else None) if trimmed in words else Cell(fault="")
        )

    return read


_READERS: dict[str, Callable[[str], Cell]] = {
    "whole": _whole,
    "item": _answer,
    "total": _total,
    "yes_no": _yes_no,
    "decimal": _decimal,
}


def read_cell(column: str, text: str) -> Cell:
    """What `text` is in `column`, exactly: the definition that the quick paths below must agree with."""
    if not text.strip(" "):
        return Cell()
    how = READING[column]
    if how["kind"] == "code":
        return _code(column, text)
    read = _word(how["words"]) if how["kind"] == "word" else _READERS[how["kind"]]
    cell = read(text)
    if cell.fault is None:
        # Beyond 16 bits it is out of every range, and the column could not hold it.
        if isinstance(cell.value, int) and not isinstance(cell.value, bool) and not -32768 <= cell.value <= 32767:
            return Cell(None, how["unreadable"], None, kind_of_identifier(column, text))
        serial = how["kind"] == "whole" and isinstance(cell.value, int) and abs(cell.value) > 3650
        return cell._replace(identifier=kind_of_identifier(column, text)) if serial else cell
    return Cell(None, how["unreadable"], None, kind_of_identifier(column, text))


def identifier_in_ragged(given: Lines, sooner: FileRefusedError | None) -> FileRefusedError | None:
    """The refusal of a file for the first identifier in its ragged lines, unless it was refused for a `sooner` line."""
    if sooner is not None and sooner.reason_code != "identifier":
        return None
    separator, columns = given.separator.decode(), given.header.columns
    kind = lru_cache(maxsize=100_000)(
        lambda column, text: read_cell(column, text).identifier if column else kind_of_identifier("", text)
    )
    for line, text in given.ragged:
        if sooner is not None and sooner.line is not None and sooner.line < line:
            return None
        fields = [(place, field.strip('"# ')) for place, field in enumerate(text.split(separator))]
        # Where a field or two slipped, places still tell columns; a comment or a trailer has none.
        known = len(columns) if abs(len(fields) - len(columns)) <= 2 else 0
        # A quoted separator cuts a name in two.
        fields += [(text.count(separator, 0, match.start()), match[1]) for match in _QUOTED.finditer(text)]
        for place, field in fields:
            if found := kind(columns[place] if place < known else None, field):
                return FileRefusedError("identifier", column_no=place + 1, line=line, kind=found)
    return None


def read_values(text: pl.DataFrame) -> Values:
    """Values of a batch of cells. A column that the files do not have is null."""
    found: dict[str, list[pl.DataFrame]] = {"fault": [], "note": [], "identifier": []}
    columns = []
    for name in COLUMNS:
        if name not in text.columns:
            columns.append(pl.Series(name, dtype=DTYPES[name]).extend_constant(None, text.height))
            continue
        values, odd = _column(name, text[name])
        columns.append(values)
        if name in NEEDED:
            empty = text[name].str.strip_chars(" ").fill_null("").eq("").arg_true().cast(pl.UInt32)
            found["fault"].append(
                pl.DataFrame({"row": empty}).select(
                    "row", column_name=pl.lit(name), code=pl.lit(READING[name]["unreadable"])
                )
            )
        for what, frames in found.items():
            if odd is not None and odd[what].null_count() < odd.height:
                frames.append(odd.drop_nulls(what).select(row="row", column_name=pl.lit(name), code=what))
    faults, notes, identifiers = (
        pl.concat(frames) if frames else pl.DataFrame(schema=_FOUND) for frames in found.values()
    )
    return Values(_completed(pl.DataFrame(columns), faults), faults, notes, identifiers)


def _column(name: str, text: pl.Series) -> tuple[pl.Series, pl.DataFrame | None]:
    """The values of a column, and for every cell not plainly written (row, fault, note, identifier)."""
    kind, dtype = READING[name]["kind"], DTYPES[name]
    if text.null_count() == text.len():
        return pl.Series(name, dtype=dtype).extend_constant(None, text.len()), None
    if kind in _PLAIN:
        values, plain = _plainly(name, kind, text)
    elif kind in _AS_WRITTEN:
        values, plain = text.alias(name), _as_written(name, kind, text)
    else:
        values, plain = pl.Series(name, dtype=dtype).extend_constant(None, text.len()), text.is_null()
    rows = (~plain).arg_true()
    if not rows.len():
        return values, None
    said = _each(name, text.gather(rows))
    return values.scatter(rows, said["value"].cast(dtype)), said.with_columns(row=rows.cast(pl.UInt32))


def _as_written(name: str, kind: str, text: pl.Series) -> pl.Series:
    """Where a text is its own value: empty, a word of the contract, or a code of its pattern and not of an odd shape."""
    if kind == "word":
        return text.is_null() | text.is_in(READING[name]["words"]).fill_null(False)
    # What kind_in_pseudonym() could object to is looked at one by one.
    fits = text.str.contains(f"^(?:{_CODE[name].pattern})$") & ~text.str.contains(MAY_BE_DISGUISED)
    fits &= ~text.str.len_bytes().is_in([32, 40, 64])
    if name == "patient_id":
        fits &= text.str.contains("[A-Za-z]") & text.str.contains("[0-9]")
    return text.is_null() | fits.fill_null(False)


def _plainly(name: str, kind: str, text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The column cast to numbers, and where that is all there is to say: empty, or digits in their shortest form."""
    values = text.cast(pl.Int16, strict=False)
    digits = (
        pl.lit(1)
        + (pl.col("size") >= 10)
        + (pl.col("size") >= 100)
        + (pl.col("size") >= 1000)
        + (pl.col("size") >= 10_000)
        + (pl.col("value") < 0)
    )
    frame = pl.DataFrame({"text": text, "value": values}).with_columns(size=pl.col("value").cast(pl.Int32).abs())
    plain = pl.col("text").is_null() | (pl.col("text").str.len_bytes() == digits).fill_null(False)
    if kind == "item":
        plain &= ~pl.col("value").is_in([7, 9, 99]).fill_null(False)
    elif kind == "total":
        plain &= ~pl.col("value").is_in([99]).fill_null(False)
    else:
        plain &= (pl.col("size") <= 3650).fill_null(True)
    return values.alias(name), frame.select(plain.alias("plain"))["plain"]


def _each(name: str, text: pl.Series) -> pl.DataFrame:
    """`read_cell` of every text: asked once for each different one."""
    different = text.unique(maintain_order=True).drop_nulls()
    said = [read_cell(name, value) for value in different]
    table = pl.DataFrame(
        {
            "text": different,
            "value": pl.Series([cell.value for cell in said], dtype=DTYPES[name], strict=False),
            "fault": pl.Series([cell.fault for cell in said], dtype=pl.String),
            "note": pl.Series([cell.note for cell in said], dtype=pl.String),
            "identifier": pl.Series([cell.identifier for cell in said], dtype=pl.String),
        }
    )
    return pl.DataFrame({"text": text}).join(table, on="text", how="left", maintain_order="left").drop("text")


def _completed(values: pl.DataFrame, faults: pl.DataFrame) -> pl.DataFrame:
    """With what the rules over several columns need: items answered, their sum, and whether all cells are sound."""
    within = [pl.col(name).is_null() | pl.col(name).is_between(low, high) for name, (low, high) in RANGES.items()]
    values = values.with_columns(
        items_answered=pl.sum_horizontal([pl.col(item).is_not_null().cast(pl.Int16) for item in ITEMS]).cast(pl.Int16),
        items_sum=pl.sum_horizontal(ITEMS).cast(pl.Int16),
        is_sound=pl.all_horizontal(within),
    )
    if faults.height:
        unread = pl.repeat(False, values.height, eager=True).scatter(faults["row"].unique(), True)
        values = values.with_columns(is_sound=pl.col("is_sound") & ~unread)
    return values
