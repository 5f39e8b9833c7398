"""What only a whole file shows: items coded otherwise, totals of another coding, a column sent twice, one fault all through.

Each of these refuses the file: its rows may pass their rules one by one and still say what nobody answered.
"""

from __future__ import annotations

import itertools
from collections import Counter

import polars as pl

from outcomes.errors import FileRefusedError
from schemas.scores import ITEMS

# A clinic's file of fewer forms than this says nothing of how it codes the items.
CODING_FORMS = 5
# Fewer rows than this say nothing of a file as a whole.
ROWS = 20
# Over this share of rows with one fault in one column, or with any fault at all, a file is not what it was taken for.
ONE_FAULT, ANY_FAULT = 0.5, 0.9
# Two columns alike in every form are one column sent twice where chance makes that rarer than this.
CHANCE = 1e-4
# So many forms of a file are looked at for that.
LOOKED_AT = 1000
# Faults of a row that say nothing about how its file was made.
_NOT_THE_FILES = ("unknown_clinic",)
_CODINGS = {
    "file": pl.Int32,
    "has_0": pl.Boolean,
    "has_4": pl.Boolean,
    "forms": pl.UInt32,
    "whole": pl.UInt32,
    "nine_more": pl.UInt32,
}
_BAD = {"file": pl.Int32, "lines": pl.UInt32}
_EACH = {"file": pl.Int32, "column_name": pl.String, "reason_code": pl.String, "lines": pl.UInt32}


class Evidence:
    """What is known of files as wholes, while their blocks come: sums by file, and the first forms of the one that is open."""

    def __init__(self) -> None:
        self._rows: Counter[int] = Counter()
        self._codings = [pl.DataFrame(schema=_CODINGS)]
        self._open: int | None = None
        self._looked: pl.DataFrame | None = None
        self._twice: dict[int, str] = {}
        self._each = [pl.DataFrame(schema=_EACH)]
        self._bad = [pl.DataFrame(schema=_BAD)]
        self._empty: Counter[int] = Counter()

    def add_forms(self, typed: pl.DataFrame, where: pl.DataFrame, rows: dict[int, int], goes_on: int | None) -> None:
        """The forms of a block of scores. rows: by file; `goes_on` is the file that it may not have the end of."""
        if not typed.height:
            return
        self._rows.update(rows)
        is_of_several = goes_on is not None or self._open is not None
        items = pl.col(ITEMS)
        is_nine_more = typed["total"] - typed["items_sum"] == len(ITEMS)
        if is_of_several or is_nine_more.any() or max((_most(typed[item]) for item in ITEMS), default=0) >= 4:
            is_whole = (pl.col("items_answered") == len(ITEMS)) & pl.col("total").is_not_null()
            told = typed.select(
                is_form=pl.any_horizontal(items.is_not_null()),
                has_0=pl.any_horizontal(items == 0),
                has_4=pl.any_horizontal(items == 4),
                is_whole=is_whole,
                is_nine_more=is_whole & is_nine_more,
            ).with_columns(where["file"])
            self._codings.append(
                told.group_by("file").agg(
                    pl.col("has_0", "has_4").any(),
                    forms=pl.col("is_form").sum(),
                    whole=pl.col("is_whole").sum(),
                    nine_more=pl.col("is_nine_more").sum(),
                ).select(*_CODINGS)
            )  # fmt: skip
        self._look(typed, where, rows, goes_on)
        self._open = goes_on

    def _look(self, typed: pl.DataFrame, where: pl.DataFrame, rows: dict[int, int], goes_on: int | None) -> None:
        """Tell, of each file that has no more to come, whether it has an item column twice."""
        ended = [
            file for file in {*rows, self._open} if file is not None and file != goes_on and self._rows[file] >= ROWS
        ]
        looked = (
            where.select("file")
            .with_row_index("row")
            .filter(pl.col("file").is_in([*ended, *([] if goes_on is None else [goes_on])]))
            .group_by("file", maintain_order=True)
            .head(LOOKED_AT)
        )
        forms = typed.select(ITEMS)[looked["row"]].with_columns(looked["file"])
        if self._looked is not None:
            forms = pl.concat([self._looked, forms])
            forms = forms.group_by("file", maintain_order=True).head(LOOKED_AT).select(forms.columns)
        self._twice |= _twice(forms.filter(pl.col("file").is_in(ended)))
        self._looked = None if goes_on is None else forms.filter(file=goes_on)

    def odd_codings(self) -> dict[int, FileRefusedError]:
        """Files of scores whose items or totals are of another coding, or that hold one item column twice."""
        if self._open is not None and self._looked is not None and self._rows[self._open] >= ROWS:
            self._twice |= _twice(self._looked)
        found = {file: FileRefusedError("item_column_twice", kind=pair) for file, pair in self._twice.items()}
        of_file = pl.concat(self._codings).group_by("file").agg(
            pl.col("has_0", "has_4").any(), pl.col("forms", "whole", "nine_more").sum()
        )  # fmt: skip
        # Every total is the sum of its nine items, and 9; items hold a 4 and no 0.
        nine_more = (pl.col("nine_more") == pl.col("whole")) & (pl.col("whole") >= CODING_FORMS)
        shifted = ~pl.col("has_0") & pl.col("has_4") & (pl.col("forms") >= CODING_FORMS)
        found |= {file: FileRefusedError("totals_shifted") for file in of_file.filter(nine_more)["file"]}
        return found | {file: FileRefusedError("coding_shift") for file in of_file.filter(shifted)["file"]}

    def add_faults(self, reasons: pl.DataFrame, empty: pl.DataFrame) -> None:
        """What is wrong in a block: `reasons` as in Judged.

        empty: file and line of rows of empty cells. They are set aside and do not count here: a spreadsheet writes hundreds
        of them behind its table.
        """
        if empty.height:
            reasons = reasons.join(empty, on=["file", "line"], how="anti")
            self._empty.update(dict(empty["file"].value_counts().iter_rows()))
        told = reasons.filter(~pl.col("reason_code").is_in(_NOT_THE_FILES))
        if told.height:
            lines = pl.col("line").n_unique().alias("lines")
            self._each.append(told.group_by("file", "column_name", "reason_code").agg(lines))
            self._bad.append(told.group_by("file").agg(lines))

    def mostly_bad(self, rows: dict[int, int]) -> dict[int, FileRefusedError]:
        """Files, of those in `rows` with so many rows, of which one fault is in over half of the rows, or any in over nine tenths."""
        rows = {file: read - self._empty[file] for file, read in rows.items() if read - self._empty[file] >= ROWS}
        large = pl.col("file").is_in(list(rows))
        lines = pl.col("lines").sum()
        each = pl.concat(self._each).filter(large).group_by("file", "column_name", "reason_code").agg(lines)
        most = each.sort("lines", "column_name", "reason_code", descending=[True, False, False]).unique(
            "file", keep="first", maintain_order=True
        )
        bad = dict(pl.concat(self._bad).filter(large).group_by("file").agg(lines).iter_rows())
        found = {}
        for file, column, code, count in most.select("file", "column_name", "reason_code", "lines").iter_rows():
            said = f"{code}{f' in {column}' if column else ''}: {count:,} of {rows[file]:,} rows"
            if count > ONE_FAULT * rows[file]:
                found[file] = FileRefusedError("one_fault_all_through", kind=said)
            elif bad[file] > ANY_FAULT * rows[file]:
                found[file] = FileRefusedError(
                    "nearly_all_bad", kind=f"{bad[file]:,} of {rows[file]:,} rows; most often {said}"
                )
        return found


def _most(numbers: pl.Series) -> int:
    highest = numbers.max()
    return highest if isinstance(highest, int) else 0


def _twice(forms: pl.DataFrame) -> dict[int, str]:
    """Files of which two item columns are equal in every form looked at, by more than chance: file -> the two."""
    # Forms of the same answer all through are alike in any two columns; and the same answers again say no more than once.
    telling = _of_alike(forms.filter(pl.max_horizontal(ITEMS) != pl.min_horizontal(ITEMS))).unique()
    pairs = {f"{a} and {b}": (pl.col(a), pl.col(b)) for a, b in itertools.combinations(ITEMS, 2)}
    alike = telling.group_by("file").agg(
        pl.len().alias("forms"),
        *((a == b).sum().alias(pair) for pair, (a, b) in pairs.items()),
        *((a.is_null() & b.is_null()).sum().alias(f"no {pair}") for pair, (a, b) in pairs.items()),
    )
    found = {}
    for row in alike.iter_rows(named=True):
        forms = row["forms"]
        twice = [pair for pair in pairs if row[pair] + row[f"no {pair}"] == forms and row[pair] >= ROWS]
        others = [row[pair] for pair in pairs if pair not in twice]
        if twice and others and ((max(others) + 1) / (forms + 2)) ** forms < CHANCE:
            found[row["file"]] = twice[0]
    return found


def _of_alike(forms: pl.DataFrame) -> pl.DataFrame:
    """The forms of files that have two columns equal in every form: a bit a pair tells them, and they are few."""
    bits = [
        pl.col(a).eq_missing(pl.col(b)).cast(pl.Int64) * (1 << bit)
        for bit, (a, b) in enumerate(itertools.combinations(ITEMS, 2))
    ]
    alike = forms.select("file", pairs=pl.sum_horizontal(bits)).group_by("file").agg(pl.col("pairs").bitwise_and())
    return forms.filter(pl.col("file").is_in(alike.filter(pl.col("pairs") != 0)["file"].implode()))
