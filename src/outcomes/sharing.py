"""What may be shared outside the house: no count of 1 to 10, and none that can be worked out. The method, on values.

A table that is to be shared is declared as a `Table`: a name, a key, the column of the courses' frame that holds one
atom a course (for a rate: the course's status), and its rungs. A rung says how the atoms are added up to cells; the
first rung is the finest. A new table plugs in by giving each course one atom in a column of its own and declaring its
rungs: everything below holds for any such table, and nothing here knows what an atom means.

Clinics are shown one by one or stay unshown; the row over all clinics ('*') less those shown is what is known of the
unshown together, the *pool*. So what a table tells is one partition of all courses, into (clinic or pool) x cell. Then:

1. Every cell of that partition, the pool's too, is 0 or over 10. Whatever sums and differences of one table give is a
   union of such cells. Where a rung names two sides (met and not met), both are over 10, or nobody is in either: 0 of
   11 and 11 of 11 tell everyone's outcome.
2. For any two tables, every count that follows from both is 0 or over 10 (`cuts.revealed`): nested populations, nested
   outcomes, clinics shown in one table and pooled in the other.
3. An earlier edition is a table that stays known. Every sum of cells that both editions tell, of each clinic shown in
   both, of the others together and of '*', has changed by 0 or by more than 10; so has what lies between nested cells of
   two tables; and nothing nested in a cell of now was 1 to 10 smaller at an earlier edition.

A clinic that breaks a rule goes into the pool; where the pool breaks it, the smallest clinic shown joins it; where '*'
alone breaks it, a coarser rung is tried, and then the table is left as the last edition had it, or is not shown at all.
Each step shows less, so that it ends. Tables come in the order given: the first has the first choice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations_with_replacement, product

import polars as pl

from outcomes.cuts import revealed
from outcomes.weighing import PRIME, Told

LEAST = 11  # the smallest count above 0 that may be shown (CMS cell-size policy: none of 1 to 10)
ALL, POOL = "*", ""
# From this many cells on, unions are looked at one cell at a time, and all but one.
MANY = 7
Block = dict[str, int]
Shared = dict[tuple[str, str], int]


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
    """What one edition tells of a table: the rung, and the counts by cell of '*' and of each clinic shown."""

    table: Table
    rung: str
    counts: dict[str, Block] = field(hash=False)
    edition: int = 0

    @property
    def clinics(self) -> list[str]:
        """The clinics shown, in order."""
        return sorted(set(self.counts) - {ALL})

    def part(self, part: str, common: Iterable[str], rung: Rung) -> Block:
        """Counts by cell of `rung` (this one's or a coarser one) for a clinic, for '*', or for the pool beside `common`."""
        if part != POOL:
            return self._added(self.counts[part], rung)
        block = self._added(self.counts[ALL], rung)
        for clinic in common:
            for cell, n in self._added(self.counts[clinic], rung).items():
                block[cell] -= n
        return block

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
        self.clinics = sorted({*clinics, *frame["clinic_id"].to_list()})
        self.blocks = cache(self._blocks)
        self.joint = cache(self._joint)

    def _blocks(self, table: Table, rung: Rung) -> dict[str, Block]:
        """Counts by cell for each clinic."""
        atoms: dict[str, dict[str, int]] = {clinic: {} for clinic in self.clinics}
        for clinic, atom, n in self._frame.group_by("clinic_id", table.key).agg(pl.col("courses").sum()).iter_rows():
            atoms[clinic][atom] = n
        return {clinic: rung.block(found) for clinic, found in atoms.items()}

    def _joint(self, key: str, other: str) -> list[tuple[str, str, str, int]]:
        """How many courses of each clinic have which atoms in two columns."""
        keys = dict.fromkeys(("clinic_id", key, other))
        found = self._frame.group_by(*keys).agg(pl.col("courses").sum()).sort(*keys)
        return [(row[0], row[1], row[1 if key == other else 2], row[-1]) for row in found.iter_rows()]

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
                light = found.filter((pl.col("courses") < LEAST) & (pl.col("weight") == 0))
                yield from light["kind"].to_list()


def is_small(n: int) -> bool:
    """Whether a count, or a change of one, is 1 to 10 in size."""
    return 0 < abs(n) < LEAST


def shared(tables: Sequence[Table], courses: Courses, earlier: Sequence[Shown] = ()) -> list[Shown]:
    """What a new edition may tell, table by table, beside everything that `earlier` editions have told.

    A table that is not in the answer stays as its last edition had it. That is so too where nothing of it has changed,
    so that "as before" does not tell a change of 0 from one of 1 to 10.
    """
    told: list[Shown] = []
    for table in tables:
        best: Shown | None = None
        for rung in table.rungs:
            found = _on_rung(table, rung, courses, told, earlier)
            if found and (best is None or len(found.counts) > len(best.counts)):
                best = found
        if best and not _is_as_before(best, earlier):
            told.append(best)
    while given_away := _given_away([*earlier, *told], courses) - set(range(len(earlier))):
        told = list(_with_less(told, {number - len(earlier) for number in given_away}, courses, earlier))
    return told


def _with_less(told: Sequence[Shown], fewer: set[int], courses: Courses, earlier: Sequence[Shown]) -> Iterator[Shown]:
    """The told tables, those of the numbers in `fewer` with '*' only, or left out where that tells no less or too much."""
    for number, shown in enumerate(told):
        if number not in fewer:
            yield shown
            continue
        less = Shown(shown.table, shown.rung, {ALL: shown.counts[ALL]})
        others = [other for i, other in enumerate(told) if i not in fewer]
        if shown.clinics and not _is_as_before(less, earlier) and _broken_by(less, courses, others, earlier) is None:
            yield less


def _given_away(told: Sequence[Shown], courses: Courses) -> set[int]:
    """The numbers of the tables with which a group of 1 to 10 courses became known from all tables together.

    Looked at are the courses of a clinic, or of all, that have any one atom or any two; nobody else has a name for a group.
    """
    span = Told()
    for number, shown in enumerate(told):
        for kinds in courses.kinds(shown):
            span.tell(kinds, number)
    return {by for kinds in courses.weightless(span.weights(courses.size)) if (by := span.told_by(kinds)) is not None}


def _on_rung(
    table: Table, rung: Rung, courses: Courses, told: Sequence[Shown], earlier: Sequence[Shown]
) -> Shown | None:
    """What may be told of a table on one rung: '*' and as many clinics as the rules allow; None where not even '*'."""
    blocks = courses.blocks(table, rung)
    total = {cell: sum(block[cell] for block in blocks.values()) for cell in dict.fromkeys(rung.cells.values())}
    kept = {clinic for clinic, block in blocks.items() if rung.allows(block)}
    while True:
        shown = Shown(table, rung.name, {ALL: total} | {clinic: blocks[clinic] for clinic in sorted(kept)})
        part = _broken_by(shown, courses, told, earlier)
        if part is None:
            return shown
        if part in kept:
            kept.remove(part)
        elif kept:
            kept.remove(min(kept, key=lambda clinic: (sum(blocks[clinic].values()), clinic)))
        else:
            return None


def _broken_by(shown: Shown, courses: Courses, told: Sequence[Shown], earlier: Sequence[Shown]) -> str | None:
    """The clinic that breaks a rule, or the pool; None where all hold."""
    rung = shown.table.rung(shown.rung)
    if not rung.allows(shown.part(POOL, shown.clinics, rung)):
        return POOL
    for then in earlier:
        if then.table.id == shown.table.id and (part := _changed_a_little(shown, then)) is not None:
            return part
    # What stands as it was is as good as told today: since then it may not have changed at all.
    for other in (*told, *earlier):
        if (part := _revealed_with(shown, other, courses)) is not None:
            return part
    for then in earlier:
        if then.table.id != shown.table.id and (part := _nested_in(shown, then, courses, told, earlier)) is not None:
            return part
    return None


def _changed_a_little(now: Shown, then: Shown) -> str | None:
    rung = now.table.coarser(now.rung, then.rung)
    common = _common([now, then])
    for part in (*common, POOL, ALL):
        before, after = then.part(part, common, rung), now.part(part, common, rung)
        if any(is_small(total) for total in _sums(after[cell] - before[cell] for cell in after)):
            return part
    return None


def _revealed_with(shown: Shown, other: Shown, courses: Courses) -> str | None:
    edges: dict[tuple[tuple[str, str], tuple[str, str]], int] = defaultdict(int)
    mine, theirs = shown.table.rung(shown.rung).cells, other.table.rung(other.rung).cells
    for clinic, atom, atom_2, n in courses.joint(shown.table.key, other.table.key):
        one = (clinic if clinic in shown.counts else POOL, mine[atom])
        edges[one, (clinic if clinic in other.counts else POOL, theirs[atom_2])] += n
    for one, _ in revealed(dict(edges), LEAST):
        return one[0]
    return None


def _nested_in(
    now: Shown, then: Shown, courses: Courses, told: Sequence[Shown], earlier: Sequence[Shown]
) -> str | None:
    """The part in which a table told at an earlier edition gives away a small count beside this one."""
    rungs = now.table.rung(now.rung), then.table.rung(then.rung)
    for part, common, shared in _parts(now, then, courses, *rungs, [now, then]):
        blocks = now.part(part, common, rungs[0]), then.part(part, common, rungs[1])
        for mine, theirs in _nested(shared):
            if is_small(_total(blocks[0], mine) - _total(blocks[1], theirs)):
                return part
    beside = next((shown for shown in told if shown.table.id == then.table.id), None)
    for first in earlier if beside else ():
        if (
            first.table.id == now.table.id
            and (part_2 := _between_changed(now, beside, first, then, courses)) is not None
        ):
            return part_2
    return None


def _between_changed(now: Shown, beside: Shown | None, first: Shown, then: Shown, courses: Courses) -> str | None:
    """The part in which what lies between nested cells of two tables has changed a little since both were told."""
    assert beside is not None
    rungs = now.table.coarser(now.rung, first.rung), then.table.coarser(beside.rung, then.rung)
    for part, common, shared in _parts(now, then, courses, *rungs, [now, beside, first, then]):
        mine = now.part(part, common, rungs[0]), first.part(part, common, rungs[0])
        theirs = beside.part(part, common, rungs[1]), then.part(part, common, rungs[1])
        for cells, others in _nested(shared):
            after = _total(mine[0], cells) - _total(theirs[0], others)
            if is_small(after - (_total(mine[1], cells) - _total(theirs[1], others))):
                return part
    return None


def _is_as_before(shown: Shown, earlier: Sequence[Shown]) -> bool:
    """Whether the last edition that told the table told as much, and nothing has changed by more than 10 since."""
    before = [then for then in earlier if then.table.id == shown.table.id]
    if not before:
        return False
    last = max(before, key=lambda then: then.edition)
    rung = shown.table.coarser(shown.rung, last.rung)
    if rung.name != last.rung or not set(shown.counts) <= set(last.counts):
        return False
    return all(shown.part(clinic, (), rung) == last.part(clinic, (), rung) for clinic in shown.counts)


def _common(editions: Sequence[Shown]) -> list[str]:
    """The clinics shown in all of them."""
    return [clinic for clinic in editions[0].clinics if all(clinic in one.counts for one in editions[1:])]


def _parts(
    one: Shown, other: Shown, courses: Courses, rung: Rung, rung_2: Rung, editions: Sequence[Shown]
) -> Iterator[tuple[str, list[str], Shared]]:
    """Each clinic shown in all `editions`, the pool of the others, and '*': with how many courses share which two cells."""
    common = _common(editions)
    found: dict[str, Shared] = {part: defaultdict(int) for part in (*common, POOL, ALL)}
    for clinic, atom, atom_2, n in courses.joint(one.table.key, other.table.key):
        for part in (clinic if clinic in common else POOL, ALL):
            found[part][rung.cells[atom], rung_2.cells[atom_2]] += n
    for part, shared in found.items():
        yield part, common, shared


def _nested(shared: Shared) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """Unions of cells of two tables of which one lies in the other whole: the largest in each union of either table."""
    for turned in (False, True):
        within: dict[str, set[str]] = defaultdict(set)
        for pair in shared:
            outer_cell, inner_cell = reversed(pair) if turned else pair
            within[inner_cell].add(outer_cell)
        for outer in _unions(frozenset(cell for cells in within.values() for cell in cells)):
            inner = frozenset(cell for cell, cells in within.items() if cells <= outer)
            if inner:
                yield (inner, outer) if turned else (outer, inner)


@cache
def _unions(cells: frozenset[str]) -> list[frozenset[str]]:
    if len(cells) >= MANY:
        return [cells, *(frozenset([cell]) for cell in sorted(cells)), *(cells - {cell} for cell in sorted(cells))]
    picks = product((True, False), repeat=len(cells))
    return [frozenset(cell for cell, is_in in zip(sorted(cells), pick, strict=True) if is_in) for pick in picks]


def _sums(changes: Iterable[int]) -> set[int]:
    sums = {0}
    for change in changes:
        sums |= {total + change for total in sums}
    return sums


def _total(block: Block, cells: Iterable[str]) -> int:
    return sum(block[cell] for cell in cells)
