"""Judges the files of one feed, block by block: what is good, every reason of what is not, and what is said of each file at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from outcomes.dates import iso_days
from outcomes.errors import FileRefusedError
from outcomes.frames import FAULTS
from outcomes.goodrows import GoodRows
from outcomes.reading import identifier_in_ragged, read_values
from outcomes.sources.csv import Lines
from outcomes.sources.headers import Header
from outcomes.wholefiles import Evidence
from schemas.clinics import Clinics
from schemas.contracts import Contract, counting
from schemas.scores import CONTRACT as SCORES

REASONS = {"file": pl.Int32, "line": pl.Int32, "column_name": pl.String, "reason_code": pl.String}
NOTES = {"file": pl.Int32, "column_name": pl.String, "note_code": pl.String, "cells": pl.Int32}
RULES = {"feed": pl.String, "rule": pl.String, "rows_checked": pl.Int64, "rows_failed": pl.Int64}
_OUTSIDE = {"file": pl.Int32, "line": pl.Int32, "reason_code": pl.String}


@dataclass
class Group:
    """Files with one header, or a block of their lines: their cells, the file and line of each row, and what their source sets aside.

    lines: of each file its text, for its ragged lines; the others are in the cells. outside: file, line and reason code of each row that has
    no cells. profile: as in Judged. first: dates of infusion 1 in the rest of the files, as first_infusions() has them.
    """

    header: Header
    cells: pl.DataFrame
    files: pl.DataFrame
    lines: list[tuple[int, Lines]]
    outside: list[tuple[int, int, str]]
    aside: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FAULTS))
    profile: str = ""
    first: pl.DataFrame | None = None


@dataclass(frozen=True)
class OfFeed:
    """What became of the files of one feed; as in Judged."""

    rows_read: dict[int, int]
    refused: dict[int, FileRefusedError]
    good: GoodRows
    reasons: pl.DataFrame
    notes: pl.DataFrame
    rules: pl.DataFrame


class Judging:
    """The files of one feed while their blocks come. What is held grows with what is wrong, and with the good rows as they are packed.

    refused: files that an identifier was found in so far. No more of them need be read.
    """

    def __init__(self, contract: Contract, clinics: Clinics | None) -> None:
        self.refused: dict[int, FileRefusedError] = {}
        self._contract, self._clinics = contract, clinics
        self._good: GoodRows | None = None
        self._whole = Evidence()
        self._rows: Counter[int] = Counter()
        # Of each block: how many rows each rule saw, and how many rows of each file there were.
        self._seen: list[tuple[dict[str, int], dict[int, int]]] = []
        self._reasons = [pl.DataFrame(schema=REASONS)]
        self._outside = [pl.DataFrame(schema=_OUTSIDE)]
        self._notes = [pl.DataFrame(schema=NOTES)]
        self._failed = [pl.DataFrame(schema={"file": pl.Int32, "reason_code": pl.String, "rows": pl.UInt32})]

    def add(self, groups: list[Group], goes_on: int | None) -> None:
        """A block. `goes_on` is the file that it may not have the end of."""
        contract, clinics = self._contract, self._clinics
        typed, faults, notes, where, found = _read(contract, groups, clinics)
        for group in groups:
            may_date = _may_date(group.profile, clinics)
            for file, lines in group.lines:
                if lines.ragged and (sooner := identifier_in_ragged(lines, found.get(file), may_date)):
                    found[file] = sooner
        # What an earlier block says is of an earlier line.
        self.refused = found | self.refused
        if self.refused:
            kept = ~where["file"].is_in(list(self.refused))
            typed, where = typed.filter(kept), where.filter(kept)
            faults, notes = _moved(faults, kept), _moved(notes, kept)
        rows = dict(where["file"].value_counts().iter_rows())
        if contract is SCORES:
            self._whole.add_forms(typed, where, rows, goes_on)

        with counting() as seen:
            failed = contract.failures(typed)
        failed = pl.concat([failed, faults.rename({"code": "reason_code"}), _unknown(typed, clinics)]).unique()
        outside = [said for group in groups for said in group.outside if said[0] not in self.refused]
        ends = pl.DataFrame(outside, _OUTSIDE, orient="row")
        placed = _placed(failed, where).select(*REASONS)
        reasons = pl.concat(
            [placed, ends.select("file", "line", column_name=pl.lit(None, pl.String), reason_code="reason_code")]
        )
        self._whole.add_faults(reasons, _empty(groups))
        self._seen.append((seen, rows))
        self._rows.update(rows)
        self._rows.update(file for file, _, _ in outside)
        self._outside.append(ends)
        self._reasons.append(reasons)
        self._failed.append(placed.group_by("file", "reason_code").agg(rows=pl.col("line").n_unique()))
        self._notes.append(_noted(notes, where))
        good = typed.with_columns(where)
        if failed.height:
            good = good.filter(pl.repeat(True, typed.height, eager=True).scatter(failed["row"].unique(), False))
        self._good = self._good or GoodRows(good.schema)
        self._good.add(good)

    def ended(self) -> OfFeed:
        """What became of them all, when every block has come."""
        assert self._good is not None, "each file has a block"
        refused = (self._whole.odd_codings() if self._contract is SCORES else {}) | self.refused
        rules = self._ruled(refused)
        # The rules were run on rows of these too, and are counted; nothing else of such a file is kept.
        refused |= self._whole.mostly_bad({file: rows for file, rows in self._rows.items() if file not in refused})
        kept = ~pl.col("file").is_in(list(refused))
        notes = (
            pl.concat(self._notes).filter(kept).group_by("file", "column_name", "note_code").agg(pl.col("cells").sum())
        )
        return OfFeed(
            {file: rows for file, rows in self._rows.items() if file not in refused},
            refused,
            self._good.without(refused),
            pl.concat(self._reasons).filter(kept),
            notes.cast({"cells": pl.Int32}),
            rules,
        )

    def _ruled(self, refused: dict[int, FileRefusedError]) -> pl.DataFrame:
        """How many rows each rule checked and failed. A rule that should have run and did not shows as 0 checked."""
        kept = ~pl.col("file").is_in(list(refused))
        seen: dict[str, int] = {}
        total = 0
        for by_rule, rows in self._seen:
            gone = sum(count for file, count in rows.items() if file in refused)
            total += sum(rows.values()) - gone
            for rule, count in by_rule.items():
                seen[rule] = seen.get(rule, 0) + max(0, count - gone)
        ragged = pl.concat(self._outside).filter(kept, reason_code="field_count").height
        failed = pl.concat(self._failed).filter(kept).group_by("reason_code").agg(pl.col("rows").sum())
        wrong = dict(failed.iter_rows()) | {"field_count": ragged}
        read = dict.fromkeys((how["unreadable"] for how in self._contract.reading.values()), total)
        checked = {"field_count": total + ragged, "unknown_clinic": total} | read | seen
        return pl.DataFrame(
            [(self._contract.feed, rule, count, wrong.get(rule, 0)) for rule, count in sorted(checked.items())], RULES, orient="row"
        )  # fmt: skip


def _read(
    contract: Contract, groups: list[Group], clinics: Clinics | None
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame, dict[int, FileRefusedError]]:
    """Values, faults, notes and places of a feed's groups, one or more; and the files with the shape of an identifier in them."""
    typed, faults, notes, places, start = [], [], [], [], 0
    refused = {}
    for group in groups:
        text, undated = iso_days(group.cells, group.files["file"], clinics.limited if clinics else set(), group.first)
        values = read_values(contract, text, pl.concat([group.aside, undated]))
        shift = (pl.col("row") + start).cast(pl.UInt32)
        typed.append(values.typed)
        faults.append(values.faults.with_columns(shift))
        notes.append(values.notes.with_columns(shift))
        places.append(group.files)
        start += values.typed.height
        if values.identifiers.height:
            found = _placed(values.identifiers, group.files).sort("file", "line", "column_name")
            for file, column, line, kind in (
                found.unique("file", keep="first").select("file", "column_name", "line", "code").iter_rows()
            ):
                refused[file] = FileRefusedError(
                    "identifier", column_no=group.header.column_no(column), line=line, kind=kind
                )
    return pl.concat(typed), pl.concat(faults), pl.concat(notes), pl.concat(places), refused


def _empty(groups: list[Group]) -> pl.DataFrame:
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
    counted = _placed(notes, where).group_by("file", "column_name", note_code="code").agg(cells=pl.len().cast(pl.Int32))
    return counted.select(*NOTES)


def _placed(found: pl.DataFrame, where: pl.DataFrame) -> pl.DataFrame:
    """What was found in rows, with the file and line of each."""
    return found.with_columns(where[found["row"]])
