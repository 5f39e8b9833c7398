"""From cells as text to values, by one anchored pattern a column; what cannot be read is a fault with its reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from outcomes.errors import FileRefusedError
from outcomes.frames import FAULTS, ends
from outcomes.identifiers import MAY_BE_DISGUISED, kind_in_pseudonym, kind_of_identifier
from outcomes.sources.csv import Lines
from outcomes.sources.headers import Header
from schemas.contracts import CLINIC_ID, PATIENT_ID, Contract
from schemas.scores import ANSWERS, ITEMS, MISSING_CODES, MISSING_TOTAL_CODES

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


# Behind a number: 9.0 is 9, the code for missing too.
_DECIMAL_ZERO = re.compile(r"(?<=[0-9])\.0+$")
_WHOLE = re.compile(r"(-?)(0|[1-9][0-9]{0,5})(\.0+)?")
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,3})(?:\.[0-9]{1,3})?")
_CODE = {"clinic_id": re.compile(CLINIC_ID), "patient_id": re.compile(PATIENT_ID)}
_QUOTED = re.compile(r'"([^"]*)"')
_NUMBERS = ("whole", "item", "total")
# A whole number further out than any day may be the serial number of a date.
_LAST_DAY = 3650


def _code(contract: Contract, column: str, text: str) -> Cell:
    trimmed = text.strip(" ")
    if not _CODE[column].fullmatch(trimmed) or (
        column == "patient_id" and not (re.search("[A-Za-z]", trimmed) and re.search("[0-9]", trimmed))
    ):
        return Cell(None, contract.reading[column]["unreadable"], None, kind_of_identifier(column, text))
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
    if _DECIMAL_ZERO.sub("", plain) in MISSING_CODES:
        return Cell(None, None, "declared_missing")
    if plain in ANSWERS:
        return Cell(ANSWERS[plain], None, "answer_in_words")
    return _whole(text)


def _total(text: str) -> Cell:
    plain = _DECIMAL_ZERO.sub("", text.strip().lower())
    return Cell(None, None, "declared_missing") if plain in MISSING_TOTAL_CODES else _whole(text)


def _yes_no(text: str) -> Cell:
    plain = text.strip(" ").lower()
    return Cell(plain == "yes", None, None) if plain in ("yes", "no") else Cell(fault="")


def _decimal(text: str) -> Cell:
    trimmed = text.strip(" ")
    return Cell(float(trimmed)) if _DECIMAL.fullmatch(trimmed) else Cell(fault="")


def _word(words: tuple[str, ...], *, any_case: bool) -> Callable[[str], Cell]:
    def read(text: str) -> Cell:
        trimmed = text.strip(" ")
        word = trimmed.lower() if any_case else trimmed
        return Cell(word, None, "blanks_trimmed" if trimmed != text else None) if word in words else Cell(fault="")

    return read


_READERS: dict[str, Callable[[str], Cell]] = {
    "whole": _whole,
    "item": _answer,
    "total": _total,
    "yes_no": _yes_no,
    "decimal": _decimal,
}


def read_cell(contract: Contract, column: str, text: str) -> Cell:
    """What `text` is in `column` of a feed, exactly: the definition that the quick paths below must agree with."""
    if not text.strip(" "):
        return Cell()
    how = contract.reading[column]
    if how["kind"] == "code":
        return _code(contract, column, text)
    is_word = how["kind"] == "word"
    read = _word(how["words"], any_case=how.get("any_case", False)) if is_word else _READERS[how["kind"]]
    cell = read(text)
    if cell.fault is None:
        # Beyond 16 bits it is out of every range, and the column could not hold it.
        if isinstance(cell.value, int) and not isinstance(cell.value, bool) and not -32768 <= cell.value <= 32767:
            return Cell(None, how["unreadable"], None, kind_of_identifier(column, text))
        serial = how["kind"] == "whole" and isinstance(cell.value, int) and abs(cell.value) > _LAST_DAY
        return cell._replace(identifier=kind_of_identifier(column, text)) if serial else cell
    return Cell(None, how["unreadable"], None, kind_of_identifier(column, text))


def _by_place(header: Header, width: int) -> list[str]:
    """The contract's column at each place of a file, "" where there is none."""
    if not header.places:
        return list(header.columns)
    at = {place: column for column, place in header.places.items()}
    return [at.get(place, "") for place in range(width)]


def identifier_in_ragged(
    given: Lines, sooner: FileRefusedError | None, may_date: Callable[[str], bool] = lambda _: False
) -> FileRefusedError | None:
    """The refusal of a file for the first identifier in its ragged lines, unless it was refused for a `sooner` line.

    `may_date` says of a line's text whether a date is none there.
    """
    if sooner is not None and sooner.reason_code != "identifier":
        return None
    assert given.header is not None, "its columns are known"
    separator, contract = given.separator.decode(), given.header.contract
    columns = _by_place(given.header, len(given.names))
    kind = lru_cache(maxsize=100_000)(
        lambda column, text: read_cell(contract, column, text).identifier if column else kind_of_identifier("", text)
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
            found = kind(columns[place] if place < known else None, field)
            if found and not (found == "date" and may_date(text)):
                return FileRefusedError("identifier", column_no=place + 1, line=line, kind=found)
    return None


def read_values(contract: Contract, cells: pl.DataFrame, aside: pl.DataFrame | None = None) -> Values:
    """Values of a batch of cells: text, or of the types in PARSED_AS where all are plainly written. A column not there is null.

    `aside` are faults (row, column_name, code) that were found before: no more is said of those cells.
    """
    found: dict[str, list[pl.DataFrame]] = {"fault": [], "note": [], "identifier": []}
    columns = []
    for name in contract.columns:
        if name not in cells.columns:
            columns.append(pl.Series(name, dtype=contract.dtypes[name]).extend_constant(None, cells.height))
            continue
        values, odd = _column(contract, name, cells[name])
        columns.append(values)
        if name in contract.needed:
            odd = _with_empty(contract.reading[name]["unreadable"], cells[name], odd)
        for what, frames in found.items():
            if odd is not None and odd[what].null_count() < odd.height:
                frames.append(odd.drop_nulls(what).select(row="row", column_name=pl.lit(name), code=what))
    faults, notes, identifiers = (
        pl.concat(frames) if frames else pl.DataFrame(schema=FAULTS) for frames in found.values()
    )
    if aside is not None and aside.height:
        faults = faults.join(aside, on=["row", "column_name"], how="anti")
        faults = pl.concat([aside, _not_of_rows_aside(contract, cells, faults, aside)])
    typed = pl.DataFrame(columns)
    return Values(_completed(contract, typed, faults) if contract.made else typed, faults, notes, identifiers)


def _not_of_rows_aside(
    contract: Contract, cells: pl.DataFrame, faults: pl.DataFrame, aside: pl.DataFrame
) -> pl.DataFrame:
    """The faults without those of empty cells in rows that are set aside whole: what is not known of them is not asked for."""
    rows = aside.filter(pl.col("column_name").is_null()).select("row").unique()
    if not rows.height:
        return faults
    empty = [
        pl.DataFrame({"row": cells[name].is_null().arg_true().cast(pl.UInt32)}).select("row", column_name=pl.lit(name))
        for name in contract.needed
        if name in cells.columns
    ]
    excused = pl.concat(empty).join(rows, on="row", how="semi")
    return faults.join(excused, on=["row", "column_name"], how="anti")


def _with_empty(unreadable: str, cells: pl.Series, odd: pl.DataFrame | None) -> pl.DataFrame | None:
    """`odd`, where a cell that is empty or blank is a fault too."""
    fault = pl.lit(unreadable)
    if odd is not None:
        says_nothing = pl.all_horizontal(pl.col("value", "fault", "note").is_null())
        odd = odd.select("row", "note", "identifier", fault=pl.when(says_nothing).then(fault).otherwise("fault"))
    if not cells.null_count():
        return odd
    nothing = pl.lit(None, pl.String)
    empty = pl.DataFrame({"row": cells.is_null().arg_true().cast(pl.UInt32)}).select(
        "row", note=nothing, identifier=nothing, fault=fault
    )
    return empty if odd is None else pl.concat([odd, empty])


def _column(contract: Contract, name: str, cells: pl.Series) -> tuple[pl.Series, pl.DataFrame | None]:
    """The values of a column, and for every cell with more to say (row, value, fault, note, identifier)."""
    kind, dtype = contract.reading[name]["kind"], contract.dtypes[name]
    if cells.null_count() == cells.len():
        return pl.Series(name, dtype=dtype).extend_constant(None, cells.len()), None
    if kind in _NUMBERS:
        values, odd = _number(kind, cells)
    elif kind == "code":
        values, odd = cells, _is_odd_code(name, cells)
    elif kind == "word":
        values = cells.cast(dtype, strict=False)
        odd = values.is_null() & cells.is_not_null()
    elif kind == "yes_no" and cells.dtype != pl.String:
        return cells == "yes", None
    else:
        values, odd = pl.Series(name, dtype=dtype).extend_constant(None, cells.len()), cells.is_not_null()
    if odd is None or not odd.any():
        return values, None
    rows = odd.arg_true()
    said = _each(contract, name, cells.gather(rows).cast(pl.String))
    return values.scatter(rows, said["value"].cast(dtype)), said.with_columns(row=rows.cast(pl.UInt32))


def _is_odd_code(name: str, text: pl.Series) -> pl.Series | None:
    """Where a code is not of its pattern, or is of a shape that kind_in_pseudonym() could object to; None for nowhere."""
    different = text.unique().drop_nulls()
    fits = different.str.contains(f"^(?:{_CODE[name].pattern})$") & ~different.str.contains(MAY_BE_DISGUISED)
    fits &= ~different.str.len_bytes().is_in([32, 40, 64])
    if name == "patient_id":
        fits &= different.str.contains("[A-Za-z]") & different.str.contains("[0-9]")
    return None if fits.all() else text.is_in(different.filter(~fits).implode())


def _number(kind: str, cells: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    """The numbers of a column, and where that is not all there is to say (None: nowhere): no digits in their shortest
    form, a missing code, the serial number of a date."""
    values = cells if cells.dtype != pl.String else cells.cast(pl.Int16, strict=False)
    low, high = ends(values) or (0, 0)
    said: pl.Series | None = None
    if kind != "whole":
        codes = [int(code) for code in (MISSING_CODES if kind == "item" else MISSING_TOTAL_CODES) if code.isdecimal()]
        if high >= min(codes):
            said = values.is_in(codes)
    elif low < -_LAST_DAY or high > _LAST_DAY:
        said = ~values.is_between(-_LAST_DAY, _LAST_DAY)
    if said is not None:
        said = said.fill_null(False)
    if cells.dtype != pl.String:
        return values, said
    shortest = (values.cast(pl.String).str.len_bytes() == cells.str.len_bytes()).fill_null(False) | cells.is_null()
    return values, ~shortest if said is None else ~shortest | said


def _each(contract: Contract, name: str, text: pl.Series) -> pl.DataFrame:
    """`read_cell` of every text: asked once for each different one."""
    different = text.unique(maintain_order=True).drop_nulls()
    said = [read_cell(contract, name, value) for value in different]
    table = pl.DataFrame(
        {
            "text": different,
            "value": pl.Series([cell.value for cell in said], dtype=contract.dtypes[name], strict=False),
            "fault": pl.Series([cell.fault for cell in said], dtype=pl.String),
            "note": pl.Series([cell.note for cell in said], dtype=pl.String),
            "identifier": pl.Series([cell.identifier for cell in said], dtype=pl.String),
        }
    )
    return pl.DataFrame({"text": text}).join(table, on="text", how="left", maintain_order="left").drop("text")


def _completed(contract: Contract, values: pl.DataFrame, faults: pl.DataFrame) -> pl.DataFrame:
    """With what the rules over several columns need: items answered, their sum, and whether all cells are sound."""
    answered = [pl.col(item).is_not_null().cast(pl.Int16) for item in ITEMS if values[item].null_count()]
    values = values.with_columns(
        items_answered=pl.sum_horizontal(pl.lit(len(ITEMS) - len(answered), pl.Int16), *answered).cast(pl.Int16),
        items_sum=pl.sum_horizontal(ITEMS).cast(pl.Int16),
        is_sound=pl.all_horizontal(
            pl.lit(True), *(_within(values[name], *limits) for name, limits in contract.ranges.items())
        ),
    )
    if faults.height:
        unread = pl.repeat(False, values.height, eager=True).scatter(faults["row"].unique(), True)
        values = values.with_columns(is_sound=pl.col("is_sound") & ~unread)
    return values


def _within(values: pl.Series, low: int, high: int) -> pl.Expr:
    lowest, highest = ends(values) or (low, high)
    if low <= lowest and highest <= high:
        return pl.lit(True)
    return pl.col(values.name).is_null() | pl.col(values.name).is_between(low, high)
