"""Contract of the benchmarks that a home adds to those that ship: the same row, under a name that no shipped one has.

Cells stay text, as they were given: how many digits of a rate were printed is part of what was published.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from schemas.benchmarks import LINE, Benchmarks, benchmark_text, judged_benchmarks
from schemas.errors import DataFileError, called

# No shipped benchmark is called so: a later version of the program may ship any other name.
OWN = "own_"
COLUMNS = tuple(Benchmarks.to_schema().columns)
_TEXT = dict.fromkeys(COLUMNS, pl.String())

Cells = dict[str, str | None]


def read_cells(path: Path) -> list[Cells]:
    """The rows of a file as text cells: CSV with the header of data/benchmarks.csv, or TOML with a table for each benchmark.

    Raises DataFileError.
    """
    if path.suffix == ".toml":
        return _of_toml(path)
    text, faults = benchmark_text(path)
    if faults:
        raise DataFileError(faults)
    return text.drop(LINE).to_dicts()


def judged_cells(rows: Iterable[Cells], path: Path, measure_ids: set[str]) -> pl.DataFrame:
    """The typed rows. Raises DataFileError with every fault."""
    text = pl.DataFrame(list(rows), schema=_TEXT).with_row_index(LINE, offset=1)
    good, faults = judged_benchmarks(text, path, measure_ids)
    faults += [
        f"{path.name}: {row['benchmark_id'] or 'no benchmark_id'}: a benchmark of a home is called {OWN} and more"
        for row in text.iter_rows(named=True)
        if not (row["benchmark_id"] or "").startswith(OWN)
    ]
    if faults:
        raise DataFileError(faults)
    return good


def two_primaries(standing: pl.DataFrame) -> list[str]:
    """A fault for each outcome of which more than one of the benchmarks is the primary one."""
    primary = standing.filter(pl.col("primary") == "yes")
    return [
        f"benchmarks: {outcome}: more than one primary: {', '.join(primary.filter(pl.col('outcome') == outcome)['benchmark_id'])}. Retire one: outcomes benchmarks retire"
        for outcome, rows in sorted(Counter(primary["outcome"]).items())
        if rows > 1
    ]


def _of_toml(path: Path) -> list[Cells]:
    try:
        # As text: 0.50 was printed with two digits.
        content = tomllib.loads(path.read_text("utf-8"), parse_float=str)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataFileError([f"{path.name}: not readable as TOML: {error}"]) from None
    faults: list[str] = []
    rows = [_row(f"{path.name}: {_named(name, place)}", name, _table(entry), faults) for place, (name, entry) in enumerate(content.items(), start=1)]  # fmt: skip
    if not rows:
        faults.append(f"{path.name}: no benchmark: give a table for each, as [{OWN}smith2026_response]")
    if faults:
        raise DataFileError(faults)
    return rows


def _named(name: str, place: int) -> str:
    """A table by its name, as it may be said: in another file given by mistake it may be anything."""
    return name if re.fullmatch(r"[a-z0-9_]{1,80}", name) else f"table {place}"


def _table(entry: Any) -> Mapping[str, Any]:
    return entry if isinstance(entry, dict) else {"": entry}


def _row(where: str, name: str, entry: Mapping[str, Any], faults: list[str]) -> Cells:
    faults += [
        f"{where}: {called(key) if key else 'not a table'}: unknown key" for key in entry if key not in COLUMNS[1:]
    ]
    cells: Cells = dict.fromkeys(COLUMNS)
    for key, value in entry.items():
        if type(value) not in (str, int) or (isinstance(value, str) and (value != value.strip() or not value.isprintable())):  # fmt: skip
            faults.append(
                f"{where}: {called(key)}: expected text without line breaks or blanks at its ends, or a number"
            )
        cells[key] = str(value) or None
    return cells | {"benchmark_id": name}
