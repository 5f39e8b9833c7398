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
   two tables, whichever two told it; and nothing nested in a cell of now was 1 to 10 smaller at an earlier edition.
4. No group of 1 to 10 courses that has a name (one or two atoms) follows from all tables together (`weighing`).

A clinic that breaks a rule goes into the pool; where the pool breaks it, the smallest clinic shown joins it; where '*'
alone breaks it, a coarser rung is tried, and then the table is left as the last edition had it, or is not shown at all.
Each step shows less, so that it ends. Tables come in the order given: the first has the first choice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import product

from outcomes.cells import ALL, LEAST, POOL, Block, Courses, Rung, Shown, Table, common_groups, is_small
from outcomes.cuts import revealed
from outcomes.weighing import Span

# From this many cells on, unions are looked at one cell at a time, and all but one.
MANY = 7
Shared = dict[tuple[str, str], int]


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
    while told:
        fewer = {number - len(earlier) for number in _given_away([*earlier, *told], courses) if number >= len(earlier)}
        fewer |= _changed_under_another_name(told, courses, earlier)
        if not fewer:
            break
        told = list(_with_less(told, fewer, courses, earlier))
    return told


def _with_less(told: Sequence[Shown], fewer: set[int], courses: Courses, earlier: Sequence[Shown]) -> Iterator[Shown]:
    """The told tables, those of the numbers in `fewer` with '*' only, or left out where that tells no less or too much."""
    for number, shown in enumerate(told):
        if number not in fewer:
            yield shown
            continue
        less = Shown(shown.table, shown.rung, {ALL: shown.counts[ALL]}, 0, shown.among)
        others = [other for i, other in enumerate(told) if i not in fewer]
        if shown.clinics and not _is_as_before(less, earlier) and _broken_by(less, courses, others, earlier) is None:
            yield less


def _given_away(told: Sequence[Shown], courses: Courses) -> set[int]:
    """The numbers of the tables with which a group of 1 to 10 courses became known from all tables together.

    Looked at are the courses of a clinic, or of all, that have any one atom or any two; nobody else has a name for a group.
    """
    span = Span()
    for number, shown in enumerate(told):
        for kinds in courses.kinds(shown):
            span.tell(kinds, number)
    return {by for kinds in courses.weightless(span.weights(courses.size)) if (by := span.told_by(kinds)) is not None}


def _changed_under_another_name(told: Sequence[Shown], courses: Courses, earlier: Sequence[Shown]) -> set[int]:
    """The numbers of the tables that tell of courses of which an earlier edition told 1 to 10 more or fewer otherwise.

    The same courses can be a cell of one table, and what lies between two others: they are known by their mark.
    """
    if not earlier:
        return set()
    now = [(mark, n, number) for mark, n, number in _marked(told, courses)]
    found: set[int] = set()
    for edition in sorted({then.edition for then in earlier}):
        before: dict[int, set[int]] = defaultdict(set)
        for mark, n, _ in _marked([then for then in earlier if then.edition == edition], courses):
            before[mark].add(n)
        found |= {number for mark, n, number in now if any(is_small(n - then) for then in before.get(mark, ()))}
    return found


def _marked(told: Sequence[Shown], courses: Courses) -> Iterator[tuple[int, int, int]]:
    """The mark and the count of what lies between nested cells of any two tables, or of none; with the later's number."""
    for number, one in enumerate(told):
        rung = one.table.rung(one.rung)
        for other in told[: number + 1]:
            rung_2 = other.table.rung(other.rung)
            for group, shared, marks in _parts(one.table, other.table, courses, rung, rung_2, [one, other]):
                mine, theirs = one.part(group, rung), other.part(group, rung_2)
                for cells, others in [
                    *_nested(shared),
                    *((cells, frozenset[str]()) for cells in _unions(frozenset(mine))),
                ]:
                    mark = sum(n * ((a in cells) - (b in others)) for (a, b), n in marks.items())
                    n = _total(mine, cells) - _total(theirs, others)
                    # Which of the two is the outer one makes no difference; of no course there is nothing to tell.
                    if mark:
                        yield (mark, n, number) if mark > 0 else (-mark, -n, number)


def _on_rung(
    table: Table, rung: Rung, courses: Courses, told: Sequence[Shown], earlier: Sequence[Shown]
) -> Shown | None:
    """What may be told of a table on one rung: '*' and as many clinics as the rules allow; None where not even '*'."""
    blocks = courses.blocks(table, rung)
    total = {cell: sum(block[cell] for block in blocks.values()) for cell in dict.fromkeys(rung.cells.values())}
    kept = {clinic for clinic, block in blocks.items() if rung.allows(block)}
    while True:
        shown = Shown(table, rung.name, {ALL: total} | {c: blocks[c] for c in sorted(kept)}, 0, courses.clinics)
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
    if not rung.allows(shown.pool()):
        return POOL
    for then in earlier:
        if then.table.id == shown.table.id and (part := _changed_a_little(shown, then)) is not None:
            return part
    for other in told:
        if (part := _revealed_with(shown, other, courses, courses.clinics)) is not None:
            return part
    for then in earlier:
        # What has not changed since is as good as told today.
        if (part := _revealed_with(shown, then, courses, _unchanged(then, courses))) is not None:
            return part
    for then in earlier:
        if then.table.id != shown.table.id and (part := _nested_in(shown, then, courses, told, earlier)) is not None:
            return part
    return None


def _changed_a_little(now: Shown, then: Shown) -> str | None:
    rung = now.table.coarser(now.rung, then.rung)
    for group in common_groups([now, then]):
        before, after = then.part(group, rung), now.part(group, rung)
        if any(is_small(total) for total in _sums(after[cell] - before[cell] for cell in after)):
            return _named(group)
    return None


def _unchanged(then: Shown, courses: Courses) -> Sequence[str]:
    """The clinics of which an earlier edition says what is still so; all clinics where that is so of '*' too."""
    blocks = courses.blocks(then.table, then.table.rung(then.rung))
    same = [clinic for clinic in then.clinics if then.counts[clinic] == blocks.get(clinic)]
    total = {cell: sum(block[cell] for block in blocks.values()) for cell in then.counts[ALL]}
    return courses.clinics if len(same) == len(then.clinics) and total == then.counts[ALL] else same


def _revealed_with(shown: Shown, other: Shown, courses: Courses, clinics: Sequence[str]) -> str | None:
    """The part in which two tables side by side give away a small count, as far as they tell of the same `clinics`."""
    edges: dict[tuple[tuple[str, str], tuple[str, str]], int] = defaultdict(int)
    mine, theirs = shown.table.rung(shown.rung).cells, other.table.rung(other.rung).cells
    is_whole = len(clinics) == len(courses.clinics)
    for clinic, atom, atom_2, n, _ in courses.joint(shown.table.key, other.table.key):
        if is_whole or (clinic in clinics and clinic in shown.counts):
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
    for group, shared, _ in _parts(now.table, then.table, courses, *rungs, [now, then]):
        blocks = now.part(group, rungs[0]), then.part(group, rungs[1])
        current = _added(shared)
        for mine, theirs in _nested(shared):
            between = _total(blocks[0], mine) - _total(blocks[1], theirs)
            # Theirs of then lies in mine of now; mine of now lies in theirs of then only where that has not changed.
            if is_small(between) and (between > 0 or _total(current, theirs) == _total(blocks[1], theirs)):
                return _named(group)
    beside = next((shown for shown in told if shown.table.id == then.table.id), None)
    for first in earlier if beside else ():
        if first.table.id == now.table.id and (part := _between_changed(now, beside, first, then, courses)) is not None:
            return part
    return None


def _between_changed(now: Shown, beside: Shown | None, first: Shown, then: Shown, courses: Courses) -> str | None:
    """The part in which what lies between nested cells of two tables has changed a little since both were told."""
    assert beside is not None
    rungs = now.table.coarser(now.rung, first.rung), then.table.coarser(beside.rung, then.rung)
    for group, shared, _ in _parts(now.table, then.table, courses, *rungs, [now, beside, first, then]):
        mine = now.part(group, rungs[0]), first.part(group, rungs[0])
        theirs = beside.part(group, rungs[1]), then.part(group, rungs[1])
        for cells, others in _nested(shared):
            after = _total(mine[0], cells) - _total(theirs[0], others)
            if is_small(after - (_total(mine[1], cells) - _total(theirs[1], others))):
                return _named(group)
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
    return all(shown.told(part, rung) == last.told(part, rung) for part in shown.counts)


def _parts(
    one: Table, other: Table, courses: Courses, rung: Rung, rung_2: Rung, editions: Sequence[Shown]
) -> Iterator[tuple[frozenset[str], Shared, Shared]]:
    """The groups of clinics that all `editions` know: how many of their courses share which two cells, and whose mark."""
    joint = courses.joint(one.key, other.key)
    for group in common_groups(editions):
        shared: Shared = defaultdict(int)
        marks: Shared = defaultdict(int)
        for clinic, atom, atom_2, n, mark in joint:
            if clinic in group:
                pair = rung.cells[atom], rung_2.cells[atom_2]
                shared[pair] += n
                marks[pair] += mark
        yield group, shared, marks


def _named(group: frozenset[str]) -> str:
    """A group that is one clinic by its name; any other is the pool's concern."""
    return next(iter(group)) if len(group) == 1 else POOL


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


def _added(shared: Shared) -> Block:
    """Counts by cell of the second table."""
    block: Block = defaultdict(int)
    for (_, other), n in shared.items():
        block[other] += n
    return block


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
