"""What every format but CSV of the contract is read to: cells as text, with the place of each row in its file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from schemas.profiles import normalised

# Stands between the values of a ragged line: in no text that people write.
BETWEEN = "\x1f"


@dataclass(frozen=True)
class Sheet:
    """The cells of one file as text, before its columns are known.

    names: as the file spells them, in its order. cells: one String column a name, called "0", "1" and so on by place (two names
    may be the same); an empty cell is null. lines: Int32, the physical line of each row, or its row number from 1 where
    the format has no lines. ragged: the lines (or numbers) of rows that could not be read and are not in `cells`, each with
    the values found in it, joined by BETWEEN: an identifier among them must be found all the same. aside: line and reason code
    of rows that are not in `cells` for another reason; each has a line of its own, and is a row read. blank: what was left out
    because it is no row of the contract: the empty rows of REDCap's block matrix; in FHIR other forms and observations, and
    resources that only say again what a row here says. notes: column, note code and number of cells that the format itself
    reads in another way.
    """

    names: tuple[str, ...]
    cells: pl.DataFrame
    lines: pl.Series
    ragged: tuple[tuple[int, str], ...] = ()
    blank: int = 0
    aside: tuple[tuple[int, str], ...] = ()
    notes: tuple[tuple[str, str, int], ...] = ()

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each column is, from 0, by its name in the contract's spelling; of two columns of a name the first."""
        return {normalised(name): place for place, name in reversed(list(enumerate(self.names)))}

    def column(self, name: str) -> pl.Series:
        """The cells of a column, by its name in the contract's spelling; all null where there is none."""
        place = self.places.get(name)
        return self.cells[str(place)] if place is not None else pl.Series(dtype=pl.String).extend_constant(None, self.cells.height)  # fmt: skip
