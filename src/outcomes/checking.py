"""Judges a batch of files: which can be read at all, which rows are good, and every reason of every row that is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import polars as pl

from outcomes.dates import iso_days
from outcomes.errors import FileRefusedError
from outcomes.frames import FAULTS
from outcomes.placing import may_be_known, placed
from outcomes.reading import identifier_in_ragged, read_values
from outcomes.sources.csv import Lines, cells, read_csv, sheet_of
from outcomes.sources.headers import Header
from outcomes.sources.opening import Opened, opened, read_sheet
from outcomes.sources.sheet import BETWEEN, Sheet
from outcomes.wholefiles import mostly_bad, odd_codings
from schemas.clinics import Clinics
from schemas.contracts import Contract, counting
from schemas.feeds import FEEDS, UNKNOWN
from schemas.scores import CONTRACT as SCORES

# The columns of a file of text, and what is between its cells.
Layout = tuple[tuple[str, ...], bytes]


@dataclass(frozen=True)
class Judged:
    """What became of a batch. Every row read is in `good`, or has a row in `reasons`, or is blank; a refused file has none.

    feeds: of each file, UNKNOWN where its header was refused. layouts: of each file, what it shares with those parsed in one
    call with it; None of one parsed by itself, whose rows come before theirs in `good`. profiles: the source profile that read each file, as
    clinic/name/version, "" where none did. rows_read: of each file, blank ones too. blank: rows that a file's layout makes
    and that are none of the contract. good: of each feed that has a file here, its contract's columns with `file` and
    `line`. reasons: file, line, column_name, reason_code. notes: file, column_name, note_code, cells. rules: feed, rule,
    rows_checked, rows_failed. `file` counts from 0.
    """

    formats: list[str]
    feeds: list[str]
    layouts: list[Layout | None]
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
    """Files with one header: their cells, the file and line of each row, and the rows that their source sets aside."""

    header: Header
    cells: pl.DataFrame
    files: pl.DataFrame
    aside: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FAULTS))


@dataclass
class _Read:
    """One file: its header; its lines where it is text; its cells, unless its lines are parsed with those of others."""

    header: Header
    lines: Lines | None = None
    group: _Group | None = None
    profile: str = ""
    sheet: Sheet | None = None

    @property
    def blank(self) -> int:
        """Rows that its layout makes and that are none of the contract."""
        return self.sheet.blank if self.sheet else 0

    @property
    def outside(self) -> list[tuple[int, str]]:
        """Line and reason code of each row that has no cells."""
        ragged = [(line, "field_count") for line, _ in self.lines.ragged] if self.lines else []
        return [*ragged, *(self.sheet.aside if self.sheet else ())]


_REASONS = {"file": pl.Int32, "line": pl.Int32, "column_name": pl.String, "reason_code": pl.String}
_NOTES = {"file": pl.Int32, "column_name": pl.String, "note_code": pl.String, "cells": pl.Int32}
_RULES = {"feed": pl.String, "rule": pl.String, "rows_checked": pl.Int64, "rows_failed": pl.Int64}


def judge(files: Iterable[bytes], clinics: Clinics | None) -> Judged:
    """Read and check the bytes of files. Rows of clinics that are not in `clinics` are set aside; None lets all in."""
    formats: list[str] = []
    refused: dict[int, FileRefusedError] = {}
    reads: dict[int, _Read] = {}
    for file, data in enumerate(files):
        formats.append(UNKNOWN)
        try:
            given = opened(data)
            formats[file] = given.format
            reads[file] = _opened(file, given, clinics)
            del given
        except FileRefusedError as error:
            refused[file] = error
        # A file may be gigabytes: its bytes are let go here, where its lines are taken out, and these where they are parsed.
        del data
    feeds = [reads[file].header.contract.feed if file in reads else UNKNOWN for file in range(len(formats))]
    groups = [read.group for read in reads.values() if read.group is not None]
    plain = {file: read.lines for file, read in reads.items() if read.group is None and read.lines is not None}
    layouts = {file: _layout(lines) for file, lines in plain.items()}
    groups += _grouped(plain)
    for file, lines in plain.items():
        reads[file].lines = lines
    parts = {
        feed: _judge_feed(
            contract,
            [group for group in groups if group.header.contract is contract],
            {file: read for file, read in reads.items() if feeds[file] == feed},
            clinics,
        )
        for feed, contract in FEEDS.items()
        if feed in feeds
    }
    for part in parts.values():
        refused |= part.refused
    spelt = pl.DataFrame(
        [
            (file, *said)
            for file, read in reads.items()
            if file not in refused
            for said in (
                *((column, "column_renamed", 1) for column in read.header.renamed),
                *(read.sheet.notes if read.sheet else ()),
            )
        ],
        _NOTES,
        orient="row",
    )
    rows = {file: rows for part in parts.values() for file, rows in part.rows_read.items()}
    blank = [reads[file].blank if file in reads and file not in refused else 0 for file in range(len(formats))]
    return Judged(
        formats,
        feeds,
        [layouts.get(file) for file in range(len(formats))],
        [reads[file].profile if file in reads else "" for file in range(len(formats))],
        [rows.get(file, 0) + blank[file] for file in range(len(formats))],
        blank,
        refused,
        {feed: part.good for feed, part in parts.items()},
        pl.concat([pl.DataFrame(schema=_REASONS), *(part.reasons for part in parts.values())]).sort(*_REASONS),
        pl.concat([spelt, *(part.notes for part in parts.values())]).sort("file", "column_name", "note_code"),
        pl.concat([pl.DataFrame(schema=_RULES), *(part.rules for part in parts.values())]),
    )


def _opened(file: int, given: Opened, clinics: Clinics | None) -> _Read:
    if given.is_csv:
        lines = read_csv(given.data, lambda names: may_be_known(names, clinics))
        if lines.header is not None:
            return _Read(lines.header, lines)
        sheet, lines = sheet_of(lines)
    else:
        sheet = read_sheet(given.format, given.data)
        lines = Lines(sheet.names, None, BETWEEN.encode(), b"", 0, 1, ragged=list(sheet.ragged))
    found = placed(sheet, clinics)
    where = pl.DataFrame({"line": found.sheet.lines}).select(pl.lit(file, pl.Int32).alias("file"), "line")
    group = _Group(found.header, found.cells, where, found.aside)
    return _Read(found.header, replace(lines, header=found.header), group, found.profile, found.sheet)


@dataclass(frozen=True)
class _Part:
    """What became of the files of one feed; as in Judged."""

    rows_read: dict[int, int]
    refused: dict[int, FileRefusedError]
    good: pl.DataFrame
    reasons: pl.DataFrame
    notes: pl.DataFrame
    rules: pl.DataFrame


def _judge_feed(contract: Contract, groups: list[_Group], reads: dict[int, _Read], clinics: Clinics | None) -> _Part:
    typed, faults, notes, where, refused = _read(contract, groups, clinics)
    refused |= {
        file: found
        for file, read in reads.items()
        if read.lines
        and read.lines.ragged
        and (found := identifier_in_ragged(read.lines, refused.get(file), _may_date(read.profile, clinics)))
    }
    if contract is SCORES:
        refused = odd_codings(typed, where) | refused
    if refused:
        kept = ~where["file"].is_in(list(refused))
        typed, where = typed.filter(kept), where.filter(kept)
        faults, notes = _moved(faults, kept), _moved(notes, kept)

    with counting() as seen:
        failed = contract.failures(typed)
    failed = pl.concat([failed, faults.rename({"code": "reason_code"}), _unknown(typed, clinics)]).unique()
    outside = [(file, *said) for file, read in reads.items() if file not in refused for said in read.outside]
    ends = pl.DataFrame(outside, {"file": pl.Int32, "line": pl.Int32, "reason_code": pl.String}, orient="row").select(
        "file", "line", column_name=pl.lit(None, pl.String), reason_code="reason_code"
    )
    counts = dict(where["file"].value_counts().iter_rows())
    for file, _, _ in outside:
        counts[file] = counts.get(file, 0) + 1
    reasons = pl.concat([failed.join(where.with_row_index("row"), on="row").select(*_REASONS), ends])
    is_good = (
        pl.repeat(True, typed.height, eager=True).scatter(failed["row"].unique(), False) if failed.height else None
    )
    good = typed.with_columns(where)
    good = good.filter(is_good) if is_good is not None else good
    notes, rules = (
        _noted(notes, where),
        _ruled(contract, typed.height, sum(code == "field_count" for _, _, code in outside), seen, failed),
    )
    # The rules were run on these rows too, and are counted; nothing else of such a file is kept.
    if spoilt := mostly_bad(counts, reasons, _empty(groups)):
        refused |= spoilt
        good, reasons, notes = (frame.filter(~pl.col("file").is_in(list(spoilt))) for frame in (good, reasons, notes))
        counts = {file: rows for file, rows in counts.items() if file not in spoilt}
    return _Part(counts, refused, good, reasons, notes, rules)


def _empty(groups: list[_Group]) -> pl.DataFrame:
    """File and line of the rows of nothing but empty cells."""
    found = [pl.DataFrame(schema={"file": pl.Int32, "line": pl.Int32})]
    for group in groups:
        if group.cells["clinic_id"].null_count():
            found.append(
                group.files.select("file", "line").filter(
                    group.cells.select(pl.all_horizontal(pl.all().is_null())).to_series()
                )
            )
    return pl.concat(found)


def _may_date(label: str, clinics: Clinics | None) -> Callable[[str], bool]:
    """Whether a line that is not of the file's width may hold a date: it is of a clinic that may send dates."""
    limited = clinics.limited if clinics else set()
    return lambda text: label.split("/")[0] in limited or any(clinic in text for clinic in limited)


def _layout(lines: Lines) -> Layout:
    return lines.columns, lines.separator


def _grouped(lines: dict[int, Lines]) -> list[_Group]:
    """One group a header and separator, so that many files are parsed in one call."""
    alike: dict[Layout, list[int]] = {}
    for file, given in lines.items():
        alike.setdefault(_layout(given), []).append(file)
    groups = []
    for members in alike.values():
        header = lines[members[0]].header
        assert header is not None, "its columns are known"
        text, read = cells([lines[file] for file in members], header.contract.parsed_as)
        lines.update((file, replace(given, body=b"")) for file, given in zip(members, read, strict=True))
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
        groups.append(_Group(header, text, where))
    return groups


def _read(
    contract: Contract, groups: list[_Group], clinics: Clinics | None
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame, dict[int, FileRefusedError]]:
    """Values, faults, notes and places of a feed's groups, one or more; and the files with the shape of an identifier in them."""
    typed, faults, notes, places, start = [], [], [], [], 0
    refused = {}
    for group in groups:
        text, undated = iso_days(group.cells, clinics.limited if clinics else set())
        values = read_values(contract, text, pl.concat([group.aside, undated]))
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
                    "identifier", column_no=group.header.column_no(column), line=line, kind=kind
                )
    return pl.concat(typed), pl.concat(faults), pl.concat(notes), pl.concat(places), refused


def _moved(found: pl.DataFrame, kept: pl.Series) -> pl.DataFrame:
    """What was found in the rows kept, by their new positions."""
    rows = pl.DataFrame({"row": kept.arg_true().cast(pl.UInt32)}).with_row_index("new")
    return found.join(rows, on="row").select(row=pl.col("new").cast(pl.UInt32), column_name="column_name", code="code")


def _unknown(typed: pl.DataFrame, clinics: Clinics | None) -> pl.DataFrame:
    if clinics is None:
        rows = pl.Series(dtype=pl.UInt32)
    else:
        known = pl.col("clinic_id").is_null() | pl.col("clinic_id").is_in(sorted(clinics.known))
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
