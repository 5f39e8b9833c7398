"""Files of the sample: rows in a clinic's own columns, as CSV, gzip or Parquet, and what becomes of each row."""

from __future__ import annotations

import gzip
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from random import Random
from types import TracebackType
from typing import IO, Any, Self

import polars as pl

from outcomes.sample.answers import Answers
from outcomes.sample.clinics import CORE, NUMBERS_SAID, SAFETY, SENT, Clinic
from outcomes.sample.people import FOLLOW_UP, POST, PRE, Person, Row
from outcomes.sample.schedules import KETAMINE
from outcomes.sample.truth import again

NUMBERS = {n: str(n) for n in range(-500, 4000)} | {None: ""}
WORDS = ("Not at all", "Several days", "More than half the days", "Nearly every day")
NOT_ANSWERED = ("", "", "", "9", "99", "7", "-", "^", "Not Answered")
WIDTH = 9
_WORDS = {"clinic_id", "patient_id", "timepoint", "drug", "recall_period", "status", "ended", *SAFETY}
# What a column is in a typed file, where it is no text.
_TYPES: dict[str, type[pl.DataType]] = {
    **dict.fromkeys((*CORE, *(c for sent in SENT for c in sent), *NUMBERS_SAID), pl.Int32),
    **dict.fromkeys(_WORDS, pl.String),
    "dose_mg_per_kg": pl.Float64,
}


@dataclass(slots=True)
class Fate:
    """What must become of one file. `fate` is taken, refused (with its reason code) or known (bytes seen before)."""

    fate: str = "taken"
    refused: str | None = None
    feed: str | None = None  # of a file that is taken
    rows_read: int = 0
    accepted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """For truth.json."""
        return {
            "fate": self.fate,
            "refused": self.refused,
            "feed": self.feed,
            "rows_read": self.rows_read,
            "accepted": self.accepted,
            "duplicate": self.duplicate,
            "quarantined": self.quarantined,
            "reasons": dict(sorted(self.reasons.items())),
        }


class ClinicFile:
    """One file being written; use as a context. Cells are given in the order of `whole`, as text, and written in that of `sent`."""

    def __init__(
        self, folder: Path, stem: str, clinic: Clinic, feed: str, whole: Sequence[str], sent: Sequence[str]
    ) -> None:
        self.clinic = clinic
        self.path = folder / f"{stem}.{clinic.format}"
        self.fate = Fate(feed=feed)
        self._whole, self._sent = tuple(whole), tuple(sent)
        self._pick = itemgetter(*(self._whole.index(column) for column in sent))
        self._end = "\r\n" if clinic.excel else "\n"
        self._columns: list[list[str]] = [[] for _ in self._whole]
        self._out: IO[str] | None = None
        self._raw: IO[bytes] | None = None

    def __enter__(self) -> Self:
        if self.clinic.format == "parquet":
            return self
        self._raw = self.path.open("wb")
        raw: Any = self._raw
        if self.clinic.format == "csv.gz":
            # No name and no time in the header: the same rows are the same bytes.
            raw = gzip.GzipFile("", "wb", 6, self._raw, mtime=0)
        self._out = io.TextIOWrapper(raw, "utf-8-sig" if self.clinic.excel else "utf-8", newline="")
        self._out.write(",".join(self._headings()) + self._end)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._out is None:
            self._write_parquet()
            return
        self._out.close()
        if self._raw:
            self._raw.close()

    def write(self, cells: Sequence[str], *, duplicate: bool = False, reason: str | None = None, trim: int = 0) -> None:
        """Write one row and count what becomes of it. `trim` is fields left off (1) or added (-1) at the end."""
        fate = self.fate
        fate.rows_read += 1
        if reason:
            fate.quarantined += 1
            fate.reasons[reason] += 1
        elif duplicate:
            fate.duplicate += 1
        else:
            fate.accepted += 1
        if self._out is None:
            for column, cell in zip(self._columns, cells, strict=True):
                column.append(cell)
            return
        picked = self._pick(cells)
        if trim:
            picked = picked[:-1] if trim > 0 else (*picked, "")
        self._out.write(",".join(picked) + self._end)

    def _write_parquet(self) -> None:
        """Numbers as numbers, words as words, nothing as null."""
        frame = pl.DataFrame(
            dict(zip(self._whole, self._columns, strict=True)), schema=dict.fromkeys(self._whole, pl.String)
        )
        typed = [pl.when(pl.col(c) != "").then(pl.col(c)).cast(_TYPES.get(c, pl.String)).alias(c) for c in self._sent]
        frame.select(typed).write_parquet(self.path)

    def _headings(self) -> list[str]:
        """The first line; a clinic that exports from a spreadsheet has capitals and blanks in it."""
        return [c.replace("_", " ").capitalize() if self.clinic.excel else c for c in self._sent]


def score_file(folder: Path, stem: str, clinic: Clinic) -> ClinicFile:
    """A file of scores of the clinic."""
    return ClinicFile(folder, stem, clinic, "scores", CORE + clinic.optional, clinic.columns)


def patient_file(folder: Path, stem: str, clinic: Clinic) -> ClinicFile:
    """A file of patients of the clinic."""
    columns = ("clinic_id", "patient_id", *clinic.says)
    return ClinicFile(folder, stem, clinic, "patients", columns, columns)


class Renderer:
    """Rows of a clinic's people as text.

    Its random numbers are its own, so that how a row looks never changes who people are.
    """

    def __init__(self, clinic: Clinic, seed: str, *, bad: bool) -> None:
        self.clinic = clinic
        self._rng = Random(seed)
        self._typed = clinic.format == "parquet"
        self._bad = bad
        self._extras = [column for column in clinic.optional if column != "extract_day"]
        self._blank = dict.fromkeys(clinic.optional, "")

    def person(self, someone: Person, first: ClinicFile, later: ClinicFile) -> None:
        """Write what both nights' files say of one person."""
        days = [NUMBERS[someone.extract(1)], NUMBERS[someone.extract(2)]]
        for row in someone.rows:
            optional = self._optional(row, someone.infusions[-1].day if someone.infusions else None)
            if row.night == 2:
                later.write(self._cells(someone, row, row.answers, optional, days[1]))
                continue
            if row.amended_from:
                first.write(self._cells(someone, row, row.amended_from, optional, days[0]))
                optional = optional | {"status": "corrected" if row.day % 2 else "amended"}
            cells = self._cells(someone, row, row.answers, optional, days[0])
            first.write(cells)
            if self._bad and not row.amended_from and self._rng.random() < 0.002:
                first.write(cells, duplicate=True)
            if row.revised:
                marked = self.clinic.has("status") and row.day % 3
                optional = optional | ({"status": "corrected"} if marked else {})
                later.write(self._cells(someone, row, row.revised, optional, days[1]))
            elif row.retracted:
                optional = optional | {"status": "entered_in_error"}
                later.write(self._cells(someone, row, row.answers, optional, days[1]))
            elif again(someone, row):
                later.write(self._cells(someone, row, row.answers, optional, days[1]), duplicate=True)

    def _cells(
        self, someone: Person, row: Row, answers: Answers | None, optional: dict[str, str], extract: str
    ) -> list[str]:
        cells = [self.clinic.clinic_id, someone.patient_id, NUMBERS[row.number], NUMBERS[row.day], row.timepoint]
        if answers is None:
            cells += [""] * (WIDTH + 1)
        else:
            cells += [""] * WIDTH if answers.items is None else self._items(answers.items)
            cells.append(NUMBERS[answers.stated])
        if "extract_day" in optional:
            optional["extract_day"] = extract
        cells += optional.values()
        return cells

    def _items(self, items: tuple[int | None, ...]) -> list[str]:
        """Nine cells; some, in files of text, in the words of the form or written oddly but readably."""
        cells = [NUMBERS[value] for value in items]
        if not self._bad or self._typed:
            return cells
        look = self._rng.random()
        if look < 0.003:
            cells = ["" if value is None else WORDS[value] for value in items]
        elif look < 0.005:
            cells = [cell and f" {cell} " for cell in cells]
        elif look < 0.007:
            cells = [cell and f"{cell}.0" for cell in cells]
        if None in items:
            missing = NOT_ANSWERED[int(self._rng.random() * len(NOT_ANSWERED))]
            cells = [missing if value is None else cell for value, cell in zip(items, cells, strict=True)]
        return cells

    def _optional(self, row: Row, last_day: int | None) -> dict[str, str]:
        """The optional columns of a row but for extract_day: what is known of the infusion stands on its rows."""
        cells = self._blank.copy()
        rng = self._rng
        infused = row.infusion if row.timepoint in (PRE, POST) else None
        for column in self._extras:
            if column == "drug":
                if infused and (infused.drug != KETAMINE or rng.random() < 0.7):
                    cells[column] = infused.drug
            elif column == "recall_period":
                if row.altered:
                    cells[column] = "since_last_treatment"
                elif rng.random() < 0.5:
                    cells[column] = "two_weeks"
            elif column == "status":
                cells[column] = "final" if rng.random() < 0.5 else ""
            elif column == "ended":
                if row.day == last_day and row.timepoint != FOLLOW_UP and rng.random() < 0.5:
                    cells[column] = "completed" if last_day > 14 else "stopped"
            elif column == "item_10":
                cells[column] = NUMBERS[int(rng.random() * 4)] if row.answers and row.answers.items else ""
            elif infused:
                cells[column] = self._given(column)
        return cells

    def _given(self, column: str) -> str:
        rng = self._rng
        if column == "dose_mg_per_kg":
            return ("0.5", "0.5", "0.75", "1", "1.2")[int(rng.random() * 5)]
        if column == "infusion_minutes":
            return ("40", "40", "45", "60")[int(rng.random() * 4)]
        if column == "planned_induction_infusions":
            return "6"
        shares = {"serious_adverse_event": 0.002, "blood_pressure_raised": 0.08, "nausea": 0.12}
        draw = rng.random()
        return "" if draw > 0.9 else "yes" if draw < shares.get(column, 0.2) else "no"
