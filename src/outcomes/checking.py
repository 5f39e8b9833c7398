"""Judges a batch of files: which can be read at all, which rows are good, and every reason of every row that is not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from outcomes.errors import FileRefusedError
from outcomes.reading import identifier_in_ragged, read_values
from outcomes.sources.csv import Lines, cells, read_csv, unpacked
from outcomes.sources.headers import Header
from outcomes.sources.parquet import read_parquet
from schemas.contracts import Contract, counting
from schemas.feeds import FEEDS, UNKNOWN
from schemas.scores import CONTRACT as SCORES
from schemas.scores import ITEMS

# A clinic's file of fewer forms than this says nothing of how it codes the items.
CODING_SHIFT_FORMS = 5


@dataclass(frozen=True)
class Judged:
    """What became of a batch. Every row read is in `good`, has a row in `reasons` or is blank; a refused file has none.

    feeds: of each file, UNKNOWN where its header was refused. profiles: the source profile that read each file, as
    name/version, '' where none did. blank: rows of each file that its layout makes and that say nothing. good: of each feed that has a file here, its contract's
    columns with `file` and `line`. reasons: file, line, column_name, reason_code. notes: file, column_name, note_code,
    cells. rules: feed, rule, rows_checked, rows_failed. `file` counts from 0.
    """

    formats: list[str]
    feeds: list[str]
    profiles: list[str]
    rows_read: list[int]
    blank: list[int]
    refused: dict[int, FileRefusedError]
    good: dict[str, pl.DataFrame]
    reasons: pl.DataFrame
    notes: pl.DataFrame
    rules: pl.DataFrame


@dataclass
class _Group:
    """Files with one header: their cells, and the file and line of each row."""

    header: Header
    cells: pl.DataFrame
    files: pl.DataFrame


_REASONS = {"file": pl.Int32, "line": pl.Int32, "column_name": pl.String, "reason_code": pl.String}
_NOTES = {"file": pl.Int32, "column_name": pl.String, "note_code": pl.String, "cells": pl.Int32}
_RULES = {"feed": pl.String, "rule": pl.String, "rows_checked": pl.Int64, "rows_failed": pl.Int64}


def judge(files: Iterable[bytes], clinics: set[str] | None) -> Judged:
    """Read and check the bytes of files. Rows of clinics that are not in `clinics` are set aside; None lets all in."""
    formats: list[str] = []
    feeds: list[str] = []
    refused: dict[int, FileRefusedError] = {}
    lines: dict[int, Lines] = {}
    groups: list[_Group] = []
    renamed: list[tuple[int, str]] = []
    for file, data in enumerate(files):
        formats.append(_format(data))
        try:
            if data.startswith(b"PAR1"):
                header, text = read_parquet(data)
                where = pl.DataFrame({"line": pl.int_range(1, text.height + 1, dtype=pl.Int32, eager=True)})
                groups.append(_Group(header, text, where.select(pl.lit(file, pl.Int32).alias("file"), "line")))
            else:
                lines[file] = read_csv(unpacked(data) if data.startswith(b"\x1f\x8b") else data)
                header = lines[file].header
        except FileRefusedError as error:
            feeds.append(UNKNOWN)
            refused[file] = error
        else:
            feeds.append(header.contract.feed)
            renamed += [(file, column) for column in header.renamed]
    groups += _grouped(lines)

    parts = {
        feed: _judge_feed(contract, [group for group in groups if group.header.contract is contract], lines, clinics)
        for feed, contract in FEEDS.items()
        if feed in feeds
    }
    for part in parts.values():
        refused |= part.refused
    spelt = pl.DataFrame(
        [(file, column, "column_renamed", 1) for file, column in renamed if file not in refused], _NOTES, orient="row"
    )
    read = {file: rows for part in parts.values() for file, rows in part.rows_read.items()}
    return Judged(
        formats,
        feeds,
        [""] * len(formats),
        [read.get(file, 0) for file in range(len(formats))],
        [0] * len(formats),
        refused,
        {feed: part.good for feed, part in parts.items()},
        pl.concat([pl.DataFrame(schema=_REASONS), *(part.reasons for part in parts.values())]).sort(*_REASONS),
        pl.concat([spelt, *(part.notes for part in parts.values())]).sort("file", "column_name", "note_code"),
        pl.concat([pl.DataFrame(schema=_RULES), *(part.rules for part in parts.values())]),
    )


@dataclass(frozen=True)
class _Part:
    """What became of the files of one feed; as in Judged."""

    rows_read: dict[int, int]
    refused: dict[int, FileRefusedError]
    good: pl.DataFrame
    reasons: pl.DataFrame
    notes: pl.DataFrame
    rules: pl.DataFrame


def _judge_feed(contract: Contract, groups: list[_Group], lines: dict[int, Lines], clinics: set[str] | None) -> _Part:
    typed, faults, notes, where, refused = _read(contract, groups)
    lines = {file: given for file, given in lines.items() if given.header.contract is contract}
    refused |= {
        file: found for file, given in lines.items() if (found := identifier_in_ragged(given, refused.get(file)))
    }
    if contract is SCORES:
        refused = _shifted(typed, where) | refused
    if refused:
        kept = ~where["file"].is_in(list(refused))
        typed, where = typed.filter(kept), where.filter(kept)
        faults, notes = _moved(faults, kept), _moved(notes, kept)

    with counting() as seen:
        failed = contract.failures(typed)
    failed = pl.concat([failed, faults.rename({"code": "reason_code"}), _unknown(typed, clinics)]).unique()
    ragged = [(file, line) for file, given in lines.items() if file not in refused for line, _ in given.ragged]
    ends = pl.DataFrame(ragged, schema={"file": pl.Int32, "line": pl.Int32}, orient="row").select(
        "file", "line", column_name=pl.lit(None, pl.String), reason_code=pl.lit("field_count")
    )
    bad = failed["row"].unique()
    is_good = pl.repeat(True, typed.height, eager=True).scatter(bad, False) if bad.len() else None
    good = typed.with_columns(where)
    counts = dict(where["file"].value_counts().iter_rows())
    for file, _ in ragged:
        counts[file] = counts.get(file, 0) + 1
    return _Part(
        counts,
        refused,
        good.filter(is_good) if is_good is not None else good,
        pl.concat([failed.join(where.with_row_index("row"), on="row").select(*_REASONS), ends]),
        _noted(notes, where),
        _ruled(contract, typed.height, len(ragged), seen, failed),
    )


def _format(data: bytes) -> str:
    return "parquet" if data.startswith(b"PAR1") else "csv.gz" if data.startswith(b"\x1f\x8b") else "csv"


def _grouped(lines: dict[int, Lines]) -> list[_Group]:
    """One group a header and separator, so that many files are parsed in one call."""
    alike: dict[tuple[tuple[str, ...], bytes], list[int]] = {}
    for file, given in lines.items():
        alike.setdefault((given.header.columns, given.separator), []).append(file)
    groups = []
    for members in alike.values():
        contract = lines[members[0]].header.contract
        text, read = cells([lines[file] for file in members], contract.parsed_as)
        lines.update(zip(members, read, strict=True))
        table = pl.DataFrame(
            {
                "file": members,
                "rows": [given.rows for given in read],
                "first_line": [given.first_line for given in read],
            },
            schema={"file": pl.Int32, "rows": pl.UInt32, "first_line": pl.Int32},
        ).filter(pl.col("rows") > 0)
        starts = table.select("file", start=pl.col("rows").cum_sum() - pl.col("rows"))
        where = (
            table.with_columns(start=pl.col("rows").cum_sum().cast(pl.Int32) - pl.col("rows").cast(pl.Int32))
            .select(pl.col("file", "start", "first_line").repeat_by("rows"))
            .explode("file", "start", "first_line")
            .with_row_index("row")
            .select("file", line=pl.col("row").cast(pl.Int32) - pl.col("start") + pl.col("first_line"))
        )
        start_of = dict(starts.iter_rows())
        moved = [
            (start_of[file], given.lines)
            for file, given in zip(members, read, strict=True)
            if given.lines is not None and given.rows
        ]
        if moved:
            rows = pl.concat([pl.int_range(start, start + lines.len(), eager=True) for start, lines in moved])
            where = where.with_columns(
                where["line"].scatter(rows, pl.concat([lines for _, lines in moved]).cast(pl.Int32))
            )
        groups.append(_Group(read[0].header, text, where))
    return groups


def _read(
    contract: Contract, groups: list[_Group]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame, dict[int, FileRefusedError]]:
    """Values, faults, notes and places of a feed's groups, one or more; and the files with the shape of an identifier in them."""
    typed, faults, notes, places, start = [], [], [], [], 0
    refused = {}
    for group in groups:
        values = read_values(contract, group.cells)
        shift = (pl.col("row") + start).cast(pl.UInt32)
        typed.append(values.typed)
        faults.append(values.faults.with_columns(shift))
        notes.append(values.notes.with_columns(shift))
        places.append(group.files)
        start += values.typed.height
        if values.identifiers.height:
            found = values.identifiers.join(group.files.with_row_index("row"), on="row").sort(
                "file", "line", "column_name"
            )
            for file, column, line, kind in (
                found.unique("file", keep="first").select("file", "column_name", "line", "code").iter_rows()
            ):
                refused[file] = FileRefusedError(
                    "identifier", column_no=group.header.columns.index(column) + 1, line=line, kind=kind
                )
    return pl.concat(typed), pl.concat(faults), pl.concat(notes), pl.concat(places), refused


def _shifted(typed: pl.DataFrame, where: pl.DataFrame) -> dict[int, FileRefusedError]:
    """Files whose items hold a 4 and no 0: coded 1 to 4 in place of 0 to 3."""
    if not typed.height or not (typed.select(pl.max_horizontal(ITEMS).max()).item() or 0) >= 4:
        return {}
    items = pl.col(*ITEMS)
    forms = typed.select(
        is_form=pl.any_horizontal(items.is_not_null()),
        has_0=pl.any_horizontal(items == 0),
        has_4=pl.any_horizontal(items == 4),
    ).with_columns(where)
    by_file = forms.group_by("file").agg(pl.col("has_0").any(), pl.col("has_4").any(), forms=pl.col("is_form").sum())
    shifted = by_file.filter(~pl.col("has_0") & pl.col("has_4") & (pl.col("forms") >= CODING_SHIFT_FORMS))
    return {file: FileRefusedError("coding_shift") for file in shifted["file"]}


def _moved(found: pl.DataFrame, kept: pl.Series) -> pl.DataFrame:
    """What was found in the rows kept, by their new positions."""
    rows = pl.DataFrame({"row": kept.arg_true().cast(pl.UInt32)}).with_row_index("new")
    return found.join(rows, on="row").select(row=pl.col("new").cast(pl.UInt32), column_name="column_name", code="code")


def _unknown(typed: pl.DataFrame, clinics: set[str] | None) -> pl.DataFrame:
    if clinics is None:
        rows = pl.Series(dtype=pl.UInt32)
    else:
        known = pl.col("clinic_id").is_null() | pl.col("clinic_id").is_in(sorted(clinics))
        rows = typed.select(~known).to_series().arg_true().cast(pl.UInt32)
    return pl.DataFrame({"row": rows}).select(
        "row", column_name=pl.lit("clinic_id"), reason_code=pl.lit("unknown_clinic")
    )


def _noted(notes: pl.DataFrame, where: pl.DataFrame) -> pl.DataFrame:
    return (
        notes.join(where.with_row_index("row"), on="row")
        .group_by("file", "column_name", note_code="code")
        .agg(cells=pl.len().cast(pl.Int32))
        .select(*_NOTES)
    )


def _ruled(contract: Contract, rows: int, ragged: int, seen: dict[str, int], failed: pl.DataFrame) -> pl.DataFrame:
    """How many rows each rule checked and failed. A rule that should have run and did not shows as 0 checked."""
    wrong = dict(failed.group_by("reason_code").agg(pl.col("row").n_unique()).iter_rows()) | {"field_count": ragged}
    read = dict.fromkeys((how["unreadable"] for how in contract.reading.values()), rows)
    checked = {"field_count": rows + ragged, "unknown_clinic": rows} | read | seen
    return pl.DataFrame(
        [(contract.feed, rule, count, wrong.get(rule, 0)) for rule, count in sorted(checked.items())], _RULES, orient="row"
    )  # fmt: skip
