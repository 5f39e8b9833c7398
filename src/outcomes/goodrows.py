"""Good rows, block by block: what is kept of a batch until it is known which of its rows are stored."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import polars as pl

# So many rows lie as they are. Those behind them are packed, to a fifth of that and for a quarter of what judging them cost.
LOOSE_ROWS = 2**19


@dataclass(frozen=True, repr=False)
class _Block:
    """Rows that were judged together. `files`: those that have any, in the order of the rows; `moved` is added to their numbers."""

    files: tuple[int, ...]
    rows: int
    held: pl.DataFrame | bytes
    moved: int = 0

    def frame(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        if isinstance(self.held, bytes):
            found = pl.read_ipc(io.BytesIO(self.held), columns=list(columns) if columns else None)
        else:
            found = self.held.select(columns) if columns else self.held
        return found.with_columns(pl.col("file") + self.moved) if self.moved and "file" in found.columns else found

    def of(self, files: Collection[int]) -> pl.DataFrame:
        return self.frame().filter(pl.col("file").is_in(list(files)))


@dataclass(repr=False)
class GoodRows:
    """The good rows of a feed in their order: its contract's columns with `file`, which counts from 0, and `line`."""

    schema: pl.Schema
    blocks: list[_Block] = field(default_factory=list)

    def add(self, rows: pl.DataFrame) -> None:
        """Rows that come behind the others."""
        if not rows.height:
            return
        held: pl.DataFrame | bytes = rows
        if self.blocks and self.height + rows.height > LOOSE_ROWS:
            packed = io.BytesIO()
            rows.write_ipc(packed, compression="zstd")
            held = packed.getvalue()
        self.blocks.append(_Block(tuple(rows["file"].unique(maintain_order=True)), rows.height, held))

    @property
    def height(self) -> int:
        """How many rows there are."""
        return sum(block.rows for block in self.blocks)

    def frames(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """The rows, or some of their columns, block by block; those that lie as they are at once."""
        for is_packed, together in groupby(self.blocks, lambda block: isinstance(block.held, bytes)):
            frames = (block.frame(columns) for block in together)
            yield from frames if is_packed else [pl.concat(frames)]

    def frame(self) -> pl.DataFrame:
        """All rows in one frame: for those who know that they are few."""
        return pl.concat([pl.DataFrame(schema=self.schema), *self.frames()])

    def without(self, files: Collection[int]) -> GoodRows:
        """The rows of other files than these."""
        gone = set(files)
        left = GoodRows(self.schema)
        for block in self.blocks:
            if not gone.intersection(block.files):
                left.blocks.append(block)
            else:
                left.add(block.of(set(block.files) - gone))
        return left


def joined_rows(parts: Sequence[GoodRows], starts: Sequence[int], place: Sequence[int]) -> GoodRows:
    """The rows of several batches as those of one, whose files come in the order of their `place`.

    starts: for each batch what its files are numbered from.
    """
    found: list[tuple[int, _Block]] = []
    for part, start in zip(parts, starts, strict=True):
        for block in part.blocks:
            files = tuple(file + start for file in block.files)
            moved = replace(block, files=files, moved=block.moved + start)
            places = sorted({place[file] for file in files})
            if len(places) == 1:
                found.append((places[0], moved))
                continue
            for each in places:
                own = tuple(file for file in files if place[file] == each)
                rows = moved.of(own)
                found.append((each, _Block(own, rows.height, rows)))
    return GoodRows(parts[0].schema, [block for _, block in sorted(found, key=lambda pair: pair[0])])
