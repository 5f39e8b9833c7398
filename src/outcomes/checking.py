"""Judges a batch of files: which can be read at all, which rows are good, and every reason of every row that is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate

import polars as pl

from outcomes.dates import first_infusions
from outcomes.errors import FileRefusedError
from outcomes.goodrows import GoodRows
from outcomes.judging import NOTES, REASONS, RULES, Group, Judging, OfFeed
from outcomes.placing import may_be_known, placed
from outcomes.sources import content
from outcomes.sources.content import Content
from outcomes.sources.csv import Lines, Text, cells, read_csv, sheet_of
from outcomes.sources.headers import Header
from outcomes.sources.opening import Opened, opened, read_sheet
from outcomes.sources.sheet import BETWEEN, Sheet
from schemas.clinics import Clinics
from schemas.feeds import FEEDS, UNKNOWN

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
    good: dict[str, GoodRows]
    reasons: pl.DataFrame
    notes: pl.DataFrame
    rules: pl.DataFrame


@dataclass
class _Read:
    """One file: its header; its lines where they are parsed with those of others, else its cells and its sheet."""

    header: Header
    text: Text | None = None
    group: Group | None = None
    sheet: Sheet | None = None

    @property
    def profile(self) -> str:
        """The source profile that read it, "" for none."""
        return self.group.profile if self.group else ""

    @property
    def blank(self) -> int:
        """Rows that its layout makes and that are none of the contract."""
        return self.sheet.blank if self.sheet else 0


def judge(files: Iterable[Content], clinics: Clinics | None) -> Judged:
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
    parts: dict[str, OfFeed] = {}
    for feed, contract in FEEDS.items():
        if feed in feeds:
            judging = Judging(contract, clinics)
            of_feed = {file: read for file, read in reads.items() if feeds[file] == feed}
            for groups, goes_on in _blocks(of_feed, judging, clinics):
                judging.add(groups, goes_on)
                # They are cells of gigabytes too, and the next ones are made before they would be let go.
                groups.clear()
            parts[feed] = judging.ended()
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
        NOTES,
        orient="row",
    )
    rows = {file: rows for part in parts.values() for file, rows in part.rows_read.items()}
    blank = [reads[file].blank if file in reads and file not in refused else 0 for file in range(len(formats))]
    return Judged(
        formats,
        feeds,
        [_layout(reads[file].text) if file in reads else None for file in range(len(formats))],
        [reads[file].profile if file in reads else "" for file in range(len(formats))],
        [rows.get(file, 0) + blank[file] for file in range(len(formats))],
        blank,
        refused,
        {feed: part.good for feed, part in parts.items()},
        pl.concat([pl.DataFrame(schema=REASONS), *(part.reasons for part in parts.values())]).sort(*REASONS),
        pl.concat([spelt, *(part.notes for part in parts.values())]).sort("file", "column_name", "note_code"),
        pl.concat([pl.DataFrame(schema=RULES), *(part.rules for part in parts.values())]),
    )


def _opened(file: int, given: Opened, clinics: Clinics | None) -> _Read:
    if given.is_csv:
        text = read_csv(given.content, lambda names: may_be_known(names, clinics))
        if text.header is not None:
            return _Read(text.header, text)
        sheet, lines = sheet_of(text.whole())
    else:
        sheet = read_sheet(given.format, given.data)
        lines = Lines(sheet.names, None, BETWEEN.encode(), b"", 0, 1, ragged=list(sheet.ragged))
    found = placed(sheet, clinics)
    where = pl.DataFrame({"line": found.sheet.lines}).select(pl.lit(file, pl.Int32).alias("file"), "line")
    lines = replace(lines, header=found.header, body=b"")
    outside = [(file, line, "field_count") for line, _ in lines.ragged] + [(file, *said) for said in found.sheet.aside]
    group = Group(found.header, found.cells, where, [(file, lines)], outside, found.aside, found.profile)
    return _Read(found.header, None, group, found.sheet)


def _layout(text: Text | None) -> Layout | None:
    return (text.columns, text.separator) if text else None


def _blocks(
    reads: dict[int, _Read], judging: Judging, clinics: Clinics | None
) -> Iterator[tuple[list[Group], int | None]]:
    """The files of one feed in blocks: their groups, and the file that may go on in the next block.

    Files parsed by themselves come first; then those of each layout, so that many are parsed in one call.
    """
    groups: list[Group] = []
    held: list[tuple[int, Lines]] = []
    size = 0
    # Of files that are cut: a day is counted from a date that may be in another block.
    firsts: dict[int, pl.DataFrame] = {}
    limited = clinics.limited if clinics else set()
    alike: dict[Layout | None, list[int]] = {}
    for file, read in reads.items():
        alike.setdefault(_layout(read.text), []).append(file)
    for file in alike.pop(None, []):
        group = reads[file].group
        assert group is not None, "it was parsed by itself"
        groups.append(group)
        size += int(group.cells.estimated_size())
        if size >= content.BLOCK_BYTES:
            yield groups, None
            groups, size = [], 0
    for members in alike.values():
        for file in members:
            text = reads[file].text
            assert text is not None, "it is parsed with others"
            if text.is_cut and limited:
                firsts[file] = _first_dates(file, text, limited)
            for lines in text.blocks():
                if file in judging.refused:
                    break
                size += len(lines.body)
                held.append((file, lines))
                del lines
                if size >= content.BLOCK_BYTES:
                    groups.append(_grouped(held, firsts))
                    yield groups, file
                    groups, held, size = [], [], 0
        if held:
            groups.append(_grouped(held, firsts))
            held = []
    if groups:
        yield groups, None


def _first_dates(file: int, text: Text, limited: set[str]) -> pl.DataFrame:
    """first_infusions() of a whole file that is read in blocks."""
    found = []
    for lines in text.blocks():
        read, _ = cells([lines], lines.header.contract.parsed_as if lines.header else {})
        files = pl.Series(dtype=pl.Int32).extend_constant(file, read.height)
        found.append(first_infusions(read, files, limited))
    return pl.concat(found).unique()


def _grouped(held: list[tuple[int, Lines]], firsts: dict[int, pl.DataFrame]) -> Group:
    """Files of one header and separator, or blocks of them, parsed in one call. Of `held` nothing is left."""
    header = held[0][1].header
    assert header is not None, "its columns are known"
    members = [file for file, _ in held]
    lines = [given for _, given in held]
    held.clear()
    text, lines = cells(lines, header.contract.parsed_as)
    lines = [replace(given, body=b"") for given in lines]
    ends = list(accumulate(given.rows for given in lines))
    starts = [end - given.rows for end, given in zip(ends, lines, strict=True)]
    table = pl.DataFrame(
        {
            "file": members,
            "rows": [given.rows for given in lines],
            "first_line": [given.first_line - start for given, start in zip(lines, starts, strict=True)],
        },
        schema={"file": pl.Int32, "rows": pl.UInt32, "first_line": pl.Int32},
    ).filter(pl.col("rows") > 0)
    where = (
        table.select(pl.col("file", "first_line").repeat_by("rows"))
        .explode("file", "first_line")
        .with_row_index("row")
        .select("file", line=pl.col("row").cast(pl.Int32) + pl.col("first_line"))
    )
    moved = [
        (start, given.lines)
        for start, given in zip(starts, lines, strict=True)
        if given.lines is not None and given.rows
    ]
    if moved:
        rows = pl.concat([pl.int_range(start, start + numbers.len(), eager=True) for start, numbers in moved])
        where = where.with_columns(
            where["line"].scatter(rows, pl.concat([numbers for _, numbers in moved]).cast(pl.Int32))
        )
    outside = [
        (file, line, "field_count") for file, given in zip(members, lines, strict=True) for line, _ in given.ragged
    ]
    known = [firsts[file] for file in dict.fromkeys(members) if file in firsts]
    named = list(zip(members, lines, strict=True))
    return Group(header, text, where, named, outside, first=pl.concat(known) if known else None)
