"""Which small counts two ways of counting the same courses give away together.

Two published tables count the same courses, each split into its own cells. Whoever has both sees, for any cells of the
one that hold some cells of the other whole, how many courses are left between them. The cells are the two sides of a
graph, with the courses that two cells share as an edge between them. What is left between nested unions of cells is a
cut of the graph with all its edges in one direction. Sums and differences of the two tables give the size of every such
cut and of nothing else: a count that is no such cut can be made one larger or smaller without changing either table.
So the question "can a count of 1 to 10 be worked out?" is a smallest cut, which is the largest flow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

Node = tuple[str, str]
Side = tuple[int, Node]
Arcs = dict[tuple[Side, Side], int]


def revealed(edges: dict[tuple[Node, Node], int], least: int) -> Iterator[tuple[Node, Node]]:
    """The edges (cell of the one, cell of the other) in some cut of 1 to `least` - 1 courses, in order.

    Only edges that hold courses count: that a cell is empty can follow from another that is 0, which may be shown.
    """
    # No small cut parts cells that share `least` courses or more, so such cells are one.
    group = _together(edges, least)
    forth: Arcs = defaultdict(int)
    for (a, b), n in edges.items():
        if n and group[0, a] != group[1, b]:
            forth[group[0, a], group[1, b]] += n
    back = {(b, a): n for (a, b), n in forth.items()}
    small = {(a, b) for a, b in forth if _flow(forth, a, b, least) < least or _flow(back, b, a, least) < least}
    yield from sorted((a, b) for (a, b), n in edges.items() if n and (group[0, a], group[1, b]) in small)


def _together(edges: dict[tuple[Node, Node], int], least: int) -> dict[Side, Side]:
    """For each cell of either side, one cell that stands for all that are joined to it by large edges."""
    root: dict[Side, Side] = {}

    def top(cell: Side) -> Side:
        while root.setdefault(cell, cell) != cell:
            root[cell] = cell = root[root[cell]]
        return cell

    for (a, b), n in edges.items():
        one, other = top((0, a)), top((1, b))
        if n >= least:
            root[one] = other
    return {cell: top(cell) for cell in list(root)}


def _flow(arcs: Arcs, source: Side, sink: Side, enough: int) -> int:
    """The largest flow from `source` to `sink`, or `enough` once it is that much.

    An arc carries as many courses as it holds one way, and any number the other way: then the smallest cut is the
    fewest courses between a union of cells and the cells that lie in it whole.
    """
    room = dict(arcs)
    ways: dict[Side, list[Side]] = defaultdict(list)
    for a, b in sorted(arcs):
        ways[a].append(b)
        ways[b].append(a)
    flow = 0
    while flow < enough:
        came = {source: source}
        reached = [source]
        for cell in reached:
            for other in ways[cell]:
                if other not in came and (room.get((cell, other)) or (other, cell) in arcs):
                    came[other] = cell
                    reached.append(other)
        if sink not in came:
            return flow
        path = [sink]
        while path[-1] != source:
            path.append(came[path[-1]])
        steps = [(cell, other) for other, cell in pairwise(path)]
        bounded = [step for step in steps if (step[1], step[0]) not in arcs]
        if not bounded:
            return enough
        more = min(room[step] for step in bounded)
        for cell, other in steps:
            if (cell, other) in bounded:
                room[cell, other] -= more
            else:
                room[other, cell] += more
        flow += more
    return enough
