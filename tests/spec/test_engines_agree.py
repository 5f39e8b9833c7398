"""Every two engines say the same about patients nobody drew.

Agreement is not correctness: the other files of this folder say what is correct. The patients here are made
up in the order of real life (a visit, then the next one), with the disorder of real records: numbers that are
skipped, fall or start again, late forms, changes of drug, and gaps at each side of every boundary.
"""

from __future__ import annotations

import math
from itertools import combinations
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from outcomes.laying import TABLES
from tests.spec.drawing import ENGINES, SAFETY, Row
from tests.spec.duckdb_engine import ALL_QUERIES, steps_of
from tests.spec.duckdb_engine import engine as duckdb_engine
from tests.spec.reference import kind
from tests.spec.reference_courses import MEASURES
from tests.spec.reference_engine import STEP_1

Result = dict[str, list[Row]]
ENDPOINTS = [name for name, measure in MEASURES.items() if kind(measure) != "survival"]

CLINICS = [
    {"clinic": "c1", "drug": "ketamine_iv", "sends_every_infusion": True},
    {"clinic": "c2", "drug": "esketamine_nasal", "sends_every_infusion": False},
]
NAMES_A_ROW = ["clinic", "patient", "measure", "day", "timepoint", "run", "number", "course", "reason"]
GAPS = [1, 2, 3, 4, 7, 7, 8, 13, 14, 15, 21, 28, 29, 30, 45, 57, 90, 91, 100, 181]
MOVES = [1] * 8 + [2, 2, 3, 0, 0, -1, -2]
DRUGS = [None] * 4 + ["ketamine_iv", "ketamine_im", "esketamine_nasal"]
FORMS = (
    ["nine items"] * 6 + ["total only"] * 3 + ["no item 9", "seven items", "one item", "eight and total", "no answer"]
)
RECALLS = ["two_weeks"] * 9 + ["since_last_treatment"]
# Days at which a look-back or a window begins or ends, after the first infusion, and after any infusion.
AFTER_FIRST = [
    -31,
    -30,
    -1,
    0,
    1,
    20,
    21,
    34,
    35,
    36,
    42,
    49,
    50,
    60,
    61,
    119,
    120,
    123,
    130,
    240,
    241,
    243,
    244,
    305,
    400,
    425,
]
AFTER_ANY = [0, 0, 1, 1, 2, 3, 13, 14, 15, 20, 24, 31, 32]


def scores_of(patient: str, seed: int) -> list[Row]:
    """A made-up patient's rows, at most one a key, in no particular order."""
    of = Random(seed)
    infusions = visits(of)
    rows = [row for day, number, drug in infusions for row in rows_of_visit(of, day, number, drug)]
    rows += baselines(of) + follow_ups(of, infusions)
    clinic, whole = of.choice(["c1", "c1", "c2"]), {"patient": patient}
    keyed = {(row["day"], row["timepoint"], row["number"]): row for row in rows}
    return [row | whole | {"clinic": clinic} for row in arrived(of, list(keyed.values()))]


def visits(of: Random) -> list[tuple[int, int, str | None]]:
    """Day, number and drug of each infusion: an orderly series, then more of any kind, perhaps a second series."""
    day, number, drug = of.choice([0] * 19 + [5]), of.choice([1] * 12 + [2]), of.choice([None] * 12 + DRUGS)
    made = [(day, number, drug)]
    for series in range(of.choice([1, 1, 1, 2])):
        if series:
            day, number = day + of.choice([20, 28, 29, 40, 91, 120]), of.choice([number + 1, 1, max(1, number - 1)])
            made.append((day, number, drug))
        for _ in range(of.choice([0, 2, 3, 4, 5, 6, 7, 8, 8])):
            day, number = day + of.choice([2, 3, 3, 4, 4, 7, 7, 13, 14, 15]), number + of.choice([1] * 12 + [2])
            made.append((day, number, drug))
        for _ in range(of.choice([0, 0, 1, 2, 5])):
            day, number = day + of.choice(GAPS), of.choice([max(1, number + of.choice(MOVES)), number + 1, 1])
            drug = of.choice([drug] * 9 + DRUGS)
            made.append((day, number, drug))
    return made


def rows_of_visit(of: Random, day: int, number: int, drug: str | None) -> list[Row]:
    """The rows of one infusion. The second may be of a later day, or come before its time."""
    pre, post = "pre_infusion", "post_infusion"
    seen = of.choice([[(pre, 0)]] * 6 + [[(pre, 0), (post, 0)]] * 3 + [[(pre, 0), (post, of.randint(1, 20))]] * 2)
    rare = [[(post, 0)], [(post, 0), (pre, 1)], [(pre, 0), (pre, of.randint(1, 20))], [(post, 0), (post, 2)]]
    if of.random() < 0.12:
        seen = of.choice(rare)
    named = [of.choice([drug] * 20 + DRUGS) for _ in seen]
    return [row_of(of, day + later, t, number, name) for (t, later), name in zip(seen, named, strict=True)]


def baselines(of: Random) -> list[Row]:
    days = [of.choice([-40, -31, -30, -29, -7, -3, -1, 0, 0, 0, 1]) for _ in range(of.choice([0, 1, 1, 2, 3]))]
    return [row_of(of, day, of.choice(["baseline"] * 4 + ["follow_up"]), None, None) for day in days]


def follow_ups(of: Random, infusions: list[tuple[int, int, str | None]]) -> list[Row]:
    """Scores between and after the infusions; a number is that of an infusion before, or one off."""
    rows = []
    for _ in range(of.choice([0, 1, 2, 3, 4, 6])):
        start, number, _drug = of.choice([*infusions, infusions[-1]])
        day = of.choice(AFTER_FIRST) if of.random() < 0.4 else start + of.choice(AFTER_ANY)
        number = max(1, number + of.choice([0] * 8 + [1, -1]))
        timepoint = of.choice(["follow_up"] * 9 + ["baseline"])
        rows.append(
            row_of(of, day, timepoint, of.choice([None, None, number]) if timepoint == "follow_up" else None, None)
        )
    return rows


def row_of(of: Random, day: int, timepoint: str, number: int | None, drug: str | None) -> Row:
    """A row with a form: all items, some of them, a total, or nothing."""
    kind, total, nine = (
        of.choice(FORMS),
        of.choice([of.randint(0, 24), of.randint(8, 20), 10, 5, 4]),
        of.choice([0, 1, 1, 2, 3]),
    )
    first = [min(3, max(0, total - 3 * place)) for place in range(8)]
    forms: dict[str, tuple[list[int | None], int | None]] = {
        "nine items": ([*first, nine], total + nine),
        "total only": ([None] * 9, total),
        "no item 9": ([*first, None], None),
        "seven items": ([None, *first[:7], None], None),
        "one item": ([2] + [None] * 8, None),
        "eight and total": ([None, *first[:7], nine], total),
        "no answer": ([None] * 9, None),
    }
    items, said = forms[kind]
    row = {"day": day, "timepoint": timepoint, "number": number, "drug": drug}
    row |= {"items": tuple(items), "total": said, "recall": of.choice(RECALLS)}
    return row | {event: of.choice([None, None, False, False, True]) for event in SAFETY}


def arrived(of: Random, rows: list[Row]) -> list[Row]:
    """The rows with their nights. Some patients come in one delivery of old records, some have extract days."""
    started, delivery = of.randint(40, 120), of.choice([0, 0, 150, 500])
    extracts = of.choice([[None], [None], [None], [None, 0, 7, 60]])
    return [
        row
        | {"received": max(delivery, started + row["day"] + of.choice([0, 0, 0, 1, 7, 30]))}
        | {"extract": None if (after := of.choice(extracts)) is None else max(0, row["day"] + after)}
        for row in rows
    ]


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=0, abs_tol=1e-12)
    return one == other


def in_order(rows: list[Row]) -> list[Row]:
    """Sorted by what names a row, so that the same row of two engines stands in the same place."""
    return sorted(rows, key=lambda row: [(row.get(k) is None, row.get(k)) for k in NAMES_A_ROW])


def told(table: str, said: Result) -> list[Row]:
    """The rows of a table. No rule says whether a clinic without a course has rates, so those are left out; and only a
    proportion has rates of this kind."""
    return in_order([row for row in said[table] if table != "rates" or (row["courses"] > 0 and is_share(row))])


def is_share(row: Row) -> bool:
    return kind(MEASURES[row["measure"]]) == "proportion"


def assert_same(one: Result, other: Result, scores: list[Row]) -> None:
    assert one.keys() == other.keys()
    for table in one:
        here, there = told(table, one), told(table, other)
        for a, b in zip(here, there, strict=False):
            columns = [k for k in a if k not in b or not same(a[k], b[k])]
            rows = [row for row in scores if row["patient"] == a.get("patient")]
            assert not columns, "\n".join([f"{table} differ in {columns}:", str(a), str(b), "of", *map(str, rows)])
        assert len(here) == len(there), f"{table}: {len(here)} rows and {len(there)} rows"


def assert_adds_up(said: Result) -> None:
    """One status for each course and measure, and classes that sum to the courses."""
    keys = {(row["clinic"], row["patient"], row["course"], row["measure"]) for row in said["endpoints"]}
    assert len(keys) == len(said["endpoints"]) == len(said["courses"]) * len(ENDPOINTS)
    for rate in filter(is_share, said["rates"]):
        counted = sum(rate[k] for k in ("met", "not_met", "missing", "waiting", "not_eligible"))
        assert counted == rate["courses"], rate


# A seed makes a patient, and smaller seeds do not make simpler ones, so there is nothing to shrink. Many patients lie in
# one store, for a derivation costs nearly the same for thirty as for six.
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
)
@given(
    seeds=st.lists(st.integers(0, 2**40), min_size=20, max_size=40, unique=True),
    as_of=st.sampled_from([100, 150, 200, 300, 600, 900]),
)
def test_engines_agree(seeds, as_of):
    rows = [row for place, seed in enumerate(seeds) for row in scores_of(f"p{place}", seed)]
    scores = [row for row in rows if row["received"] <= as_of]
    said = {name: engine(scores, CLINICS, as_of, STEP_1) for name, engine in ENGINES.items()}
    for results in said.values():
        assert_adds_up(results)
    for one, other in combinations(sorted(said), 2):
        assert_same(said[one], said[other], scores)


def test_a_drawn_table_needs_no_step_but_those_that_are_derived_for_it():
    """Each table, with the kept steps it is said to be made from and no other, is what it is with all of them."""
    scores = [row for place in range(30) for row in scores_of(f"p{place}", place) if row["received"] <= 600]
    every = tuple(ALL_QUERIES)
    whole = duckdb_engine(scores, CLINICS, 600, every, steps=TABLES)
    assert all(whole[name] for name in every if name != "not_started")
    # Many tables are made from the same steps, which are derived once for all of them.
    of_steps: dict[frozenset[str], list[str]] = {}
    for name in every:
        of_steps.setdefault(steps_of((name,)), []).append(name)
    for steps, names in of_steps.items():
        said = duckdb_engine(scores, CLINICS, 600, tuple(names), steps=steps)
        for name in names:
            assert sorted(map(repr, said[name])) == sorted(map(repr, whole[name])), name
    assert {"picked", "comparison"} & steps_of(("infusions",)) == set()
