"""What is told and what it is told of: tables with their rungs, an edition's counts, and the courses themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations_with_replacement

import polars as pl

from outcomes.weighing import PRIME, scattered

LEAST = 11  # the smallest count above 0 that may be shown (CMS cell-size policy: none of 1 to 10)
ALL, POOL = "*", ""
Block = dict[str, int]


@dataclass(frozen=True)
class Rung:
    """One way to add atoms up to cells. `sides` are two cells of which neither may be empty while the other is not."""

    name: str
    cells: dict[str, str] = field(hash=False)
    sides: tuple[str, str] | None = None

    def block(self, atoms: dict[str, int]) -> Block:
        """Counts by cell from counts by atom."""
        found = dict.fromkeys(dict.fromkeys(self.cells.values()), 0)
        for atom, n in atoms.items():
            found[self.cells[atom]] += n
        return found

    def allows(self, block: Block) -> bool:
        """Whether a block of counts may be shown by itself."""
        if any(is_small(n) for n in block.values()):
            return False
        if self.sides is None:
            return True
        one, other = (block[side] for side in self.sides)
        return (one == 0) == (other == 0)


@dataclass(frozen=True)
class Table:
    """A table that may be shared: its atoms are in the column `key` of the courses. Rungs: the finest first."""

    name: str
    key: str
    rungs: tuple[Rung, ...]

    @property
    def id(self) -> tuple[str, str]:
        """Name and key: what the table is called in every edition."""
        return self.name, self.key

    def rung(self, name: str) -> Rung:
        """The rung of that name."""
        return next(rung for rung in self.rungs if rung.name == name)

    def coarser(self, one: str, other: str) -> Rung:
        """The coarser of two rungs."""
        return next(rung for rung in reversed(self.rungs) if rung.name in (one, other))


@dataclass(frozen=True)
class Shown:
    """What one edition tells of a table: the rung, and the counts by cell of '*' and of each clinic shown, of those `among`."""

    table: Table
    rung: str
    counts: dict[str, Block] = field(hash=False)
    edition: int = 0

    among: tuple[str, ...] = ()

    @property
    def clinics(self) -> list[str]:
        """The clinics shown, in order."""
        return sorted(set(self.counts) - {ALL})

    @property
    def groups(self) -> list[frozenset[str]]:
        """The groups of clinics whose counts are known: each clinic shown, and the pool of the others of `among`."""
        pool = frozenset(self.among) - set(self.counts)
        return [frozenset([clinic]) for clinic in self.clinics] + ([pool] if pool else [])

    def pool(self) -> Block:
        """Counts by cell of the clinics not shown, together."""
        block = dict(self.counts[ALL])
        for clinic in self.clinics:
            for cell, n in self.counts[clinic].items():
                block[cell] -= n
        return block

    def part(self, clinics: frozenset[str], rung: Rung) -> Block:
        """Counts by cell of `rung` (this one's or a coarser one) for clinics that are whole groups of this edition."""
        found = dict.fromkeys(dict.fromkeys(rung.cells.values()), 0)
        blocks = [self.counts[clinic] for clinic in clinics & set(self.counts)]
        if clinics & (set(self.among) - set(self.counts)):
            blocks.append(self.pool())
        for block in blocks:
            for cell, n in self._added(block, rung).items():
                found[cell] += n
        return found

    def told(self, part: str, rung: Rung) -> Block:
        """Counts by cell of `rung` (this one's or a coarser one) for a clinic shown, or for '*'."""
        return self._added(self.counts[part], rung)

    def _added(self, block: Block, rung: Rung) -> Block:
        if rung.name == self.rung:
            return dict(block)
        found = dict.fromkeys(dict.fromkeys(rung.cells.values()), 0)
        own = self.table.rung(self.rung)
        into = {own.cells[atom]: cell for atom, cell in rung.cells.items()}
        for cell, n in block.items():
            found[into[cell]] += n
        return found


class Courses:
    """Every course with its clinic and one atom a table: a frame of `clinic_id`, `courses` (how many are alike), atoms."""

    def __init__(self, frame: pl.DataFrame, clinics: Iterable[str] = ()) -> None:
        self._frame = frame
        self.clinics = tuple(sorted({*clinics, *frame["clinic_id"].to_list()}))
        self.blocks = cache(self._blocks)
        self.joint = cache(self._joint)

    def _blocks(self, table: Table, rung: Rung) -> dict[str, Block]:
        """Counts by cell for each clinic."""
        atoms: dict[str, dict[str, int]] = {clinic: {} for clinic in self.clinics}
        for clinic, atom, n in self._frame.group_by("clinic_id", table.key).agg(pl.col("courses").sum()).iter_rows():
            atoms[clinic][atom] = n
        return {clinic: rung.block(found) for clinic, found in atoms.items()}

    def _joint(self, key: str, other: str) -> list[tuple[str, str, str, int, int]]:
        """How many courses of each clinic have which atoms in two columns, and a number that is theirs alone."""
        keys = dict.fromkeys(("clinic_id", key, other))
        frame = self._frame.with_columns(mark=pl.Series(scattered(self.size), dtype=pl.Int64))
        found = frame.group_by(*keys).agg(pl.col("courses", "mark").sum()).sort(*keys)
        return [(row[0], row[1], row[1 if key == other else 2], row[-2], row[-1]) for row in found.iter_rows()]

    @property
    def size(self) -> int:
        """How many kinds of courses there are: rows of the frame."""
        return self._frame.height

    def kinds(self, shown: Shown) -> list[list[int]]:
        """For each cell that is told, of a clinic shown or of the pool: the kinds of courses in it."""
        cells: dict[tuple[str, str], list[int]] = defaultdict(list)
        of = shown.table.rung(shown.rung).cells
        columns = self._frame.get_column("clinic_id"), self._frame.get_column(shown.table.key)
        for kind, (clinic, atom) in enumerate(zip(*columns, strict=True)):
            cells[clinic if clinic in shown.counts else POOL, of[atom]].append(kind)
        return [cells[cell] for cell in sorted(cells)]

    def weightless(self, weights: list[int]) -> Iterator[list[int]]:
        """The kinds of courses in each group of 1 to 10 that weighs nothing: a clinic's or all, with one atom or two."""
        frame = self._frame.with_columns(weight=pl.Series(weights, dtype=pl.Int64)).with_row_index("kind")
        keys = [name for name in self._frame.columns if name not in ("clinic_id", "courses")]
        summed = pl.col("courses").sum(), pl.col("weight").sum() % PRIME, pl.col("kind")
        for one, other in combinations_with_replacement(keys, 2):
            for of in (["clinic_id", one, other], [one, other]):
                found = frame.group_by(list(dict.fromkeys(of))).agg(*summed)
                light = found.filter(pl.col("courses").is_between(1, LEAST - 1) & (pl.col("weight") == 0))
                yield from light["kind"].to_list()


def is_small(n: int) -> bool:
    """Whether a count, or a change of one, is 1 to 10 in size."""
    return 0 < abs(n) < LEAST


def common_groups(editions: Sequence[Shown]) -> list[frozenset[str]]:
    """The smallest groups of clinics that every one of the editions knows the counts of, and all clinics together."""
    groups: list[frozenset[str]] = []
    for known in (group for shown in editions for group in shown.groups):
        overlapping = [group for group in groups if group & known]
        groups = [group for group in groups if not group & known] + [known.union(*overlapping)]
    everyone = frozenset[str]().union(*groups)
    return [*sorted(groups, key=sorted), *([everyone] if len(groups) > 1 else [])]
