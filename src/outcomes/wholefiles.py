"""What only a whole file shows: items coded otherwise, totals of another coding, a column sent twice, one fault all through.

Each of these refuses the file: its rows may pass their rules one by one and still say what nobody answered.
"""

from __future__ import annotations

import itertools

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


def odd_codings(typed: pl.DataFrame, where: pl.DataFrame) -> dict[int, FileRefusedError]:
    """Files of scores whose items or totals are of another coding, or that hold one item column twice."""
    if not typed.height:
        return {}
    found = {file: FileRefusedError("item_column_twice", kind=pair) for file, pair in _twice(typed, where).items()}
    found |= {file: FileRefusedError("totals_shifted") for file in _nine_more(typed, where)}
    return found | {file: FileRefusedError("coding_shift") for file in _shifted(typed, where)}


def _shifted(typed: pl.DataFrame, where: pl.DataFrame) -> pl.Series:
    """Files whose items hold a 4 and no 0."""
    items = pl.col(ITEMS)
    if max((_most(typed[item]) for item in ITEMS), default=0) < 4:
        return pl.Series(dtype=pl.Int32)
    forms = typed.select(
        is_form=pl.any_horizontal(items.is_not_null()),
        has_0=pl.any_horizontal(items == 0),
        has_4=pl.any_horizontal(items == 4),
    ).with_columns(where)
    by_file = forms.group_by("file").agg(pl.col("has_0", "has_4").any(), pl.col("is_form").sum())
    return by_file.filter(~pl.col("has_0") & pl.col("has_4") & (pl.col("is_form") >= CODING_FORMS))["file"]


def _most(numbers: pl.Series) -> int:
    highest = numbers.max()
    return highest if isinstance(highest, int) else 0


def _nine_more(typed: pl.DataFrame, where: pl.DataFrame) -> pl.Series:
    """Files of which every total is the sum of its nine items, and 9."""
    is_nine_more = typed["total"] - typed["items_sum"] == len(ITEMS)
    if not is_nine_more.any():
        return pl.Series(dtype=pl.Int32)
    is_whole = typed.select((pl.col("items_answered") == len(ITEMS)) & pl.col("total").is_not_null()).to_series()
    by_file = where.select("file", whole=is_whole, more=is_whole & is_nine_more).group_by("file").agg(pl.all().sum())
    return by_file.filter((pl.col("more") == pl.col("whole")) & (pl.col("whole") >= CODING_FORMS))["file"]


def _twice(typed: pl.DataFrame, where: pl.DataFrame) -> dict[int, str]:
    """Files of which two item columns are equal in every form looked at, by more than chance: file -> the two."""
    counts = where["file"].value_counts().filter(pl.col("count") >= ROWS)
    if not counts.height:
        return {}
    looked = (
        where.select("file")
        .with_row_index("row")
        .filter(pl.col("file").is_in(counts["file"].implode()))
        .group_by("file", maintain_order=True)
        .head(LOOKED_AT)
    )
    # Forms of the same answer all through are alike in any two columns; and the same answers again say no more than once.
    telling = (
        typed.select(ITEMS)[looked["row"]]
        .with_columns(looked["file"])
        .filter(pl.max_horizontal(ITEMS) != pl.min_horizontal(ITEMS))
    )
    telling = _of_alike(telling).unique()
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


def mostly_bad(rows: dict[int, int], reasons: pl.DataFrame, empty: pl.DataFrame) -> dict[int, FileRefusedError]:
    """Files of which one fault is in over half of the rows, or any in over nine tenths. `reasons` as in Judged.

    empty: file and line of rows of empty cells. They are set aside and do not count here: a spreadsheet writes hundreds
    of them behind its table.
    """
    if empty.height:
        reasons = reasons.join(empty, on=["file", "line"], how="anti")
        rows = rows | {
            file: rows[file] - lines for file, lines in empty["file"].value_counts().iter_rows() if file in rows
        }
    large = [file for file, read in rows.items() if read >= ROWS]
    of_file = reasons.filter(pl.col("file").is_in(large) & ~pl.col("reason_code").is_in(_NOT_THE_FILES))
    if not of_file.height:
        return {}
    each = of_file.group_by("file", "column_name", "reason_code").agg(pl.col("line").n_unique().alias("lines"))
    most = each.sort("lines", "column_name", "reason_code", descending=[True, False, False]).unique(
        "file", keep="first", maintain_order=True
    )
    bad = dict(of_file.group_by("file").agg(pl.col("line").n_unique()).iter_rows())
    found = {}
    for file, column, code, lines in most.select("file", "column_name", "reason_code", "lines").iter_rows():
        said = f"{code}{f' in {column}' if column else ''}: {lines:,} of {rows[file]:,} rows"
        if lines > ONE_FAULT * rows[file]:
            found[file] = FileRefusedError("one_fault_all_through", kind=said)
        elif bad[file] > ANY_FAULT * rows[file]:
            found[file] = FileRefusedError(
                "nearly_all_bad", kind=f"{bad[file]:,} of {rows[file]:,} rows; most often {said}"
            )
    return found
