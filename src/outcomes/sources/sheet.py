"""What every format but CSV of the contract is read to: cells as text, with the place of each row in its file."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Sheet:
    """The cells of one file as text, before its columns are known.

    names: as the file spells them, in its order. cells: one String column a name, called "0", "1" and so on by place (two names
    may be the same); an empty cell is null. lines: Int32, the physical line of each row, or its row number from 1 where
    the format has no lines. blank: rows left out because the layout makes them (REDCap's block matrix).
    """

    names: tuple[str, ...]
    cells: pl.DataFrame
    lines: pl.Series
    blank: int = 0
