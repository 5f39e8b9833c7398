"""R0: which rows are about one patient, where pseudonyms were joined or split. R1 to R13 then read what R0 gives them."""

from __future__ import annotations

from itertools import combinations
from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.spec.drawing import ENGINES, Row
from tests.spec.reference_engine import STEP_1
from tests.spec.test_engines_agree import CLINICS, assert_adds_up, assert_same, scores_of

TABLES = (*STEP_1, "order_warning", "item_9_review")


def test_a_joined_pseudonym_counts_on_the_other_scale(spec):
    """bob's day 0 is ann's day 42: his infusions that start again at 1 are a second run of the one patient, and its
    ordinals go on, since 25 days are no new course."""
    spec(
        identity="""
            from | into | days
            -----+------+-----
            bob  | ann  | 42
        """,
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 7   | pre       | 2      | 15
            ann     | 17  | pre       | 3      | 11
            bob     | -2  | base      |        | 14
            bob     | 0   | pre       | 1      | 14
            bob     | 3   | pre       | 2      | 12
            bob     | 20  | fu        |        | 6
        """,
        infusions="""
            patient | run | number | day | course | ordinal
            --------+-----+--------+-----+--------+--------
            ann     | 1   | 1      | 0   | 1      | 1
            ann     | 1   | 2      | 7   | 1      | 2
            ann     | 1   | 3      | 17  | 1      | 3
            ann     | 2   | 1      | 42  | 1      | 4
            ann     | 2   | 2      | 45  | 1      | 5
        """,
        set_aside="""
            patient | day | reason
            --------+-----+-------
        """,
        received="""
            patient | day | timepoint | received
            --------+-----+-----------+---------
            ann     | 0   | pre       | 0
            ann     | 7   | pre       | 1
            ann     | 17  | pre       | 2
            ann     | 40  | base      | 3
            ann     | 42  | pre       | 3
            ann     | 45  | pre       | 4
            ann     | 62  | fu        | 5
        """,
        order_warning="""
            patient | day | reason
            --------+-----+------------------------------
            ann     | 40  | baseline_after_first_infusion
            ann     | 42  | infusion_number_goes_back
        """,
    )


def test_numbers_that_go_on_under_the_other_pseudonym_are_one_run(spec):
    spec(
        identity="""
            from | into | days
            -----+------+-----
            bob  | ann  | 0
        """,
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 0   | pre       | 1
            ann     | 3   | pre       | 2
            bob     | 7   | pre       | 3
            bob     | 10  | pre       | 4
        """,
        courses="""
            patient | course | first_day | infusions | last_induction_day
            --------+--------+-----------+-----------+-------------------
            ann     | 1      | 0         | 4         | 10
        """,
    )


def test_a_join_can_begin_another_course(spec):
    """Infusions that start again at 1 after 100 days: R3, as for any patient."""
    spec(
        identity="""
            from | into | days
            -----+------+-----
            bob  | ann  | 100
        """,
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            bob     | -2  | base      |        | 18
            bob     | 0   | pre       | 1      |
        """,
        courses="""
            patient | course | first_day
            --------+--------+----------
            ann     | 1      | 0
            ann     | 2      | 100
        """,
        order_warning="""
            patient | day | reason
            --------+-----+-------
        """,
    )


def test_rows_of_one_key_count_once_or_not_at_all(spec):
    """Equal values: once. Other values: neither, and both are listed. How far the patient was followed does not change."""
    spec(
        identity="""
            from | into | days
            -----+------+-----
            bob  | ann  | 7
        """,
        scores="""
            patient | day | timepoint | number | total
            --------+-----+-----------+--------+------
            ann     | 0   | pre       | 1      | 20
            ann     | 7   | pre       | 2      | 15
            ann     | 20  | fu        |        | 9
            bob     | 0   | pre       | 2      | 15
            bob     | 13  | fu        |        | 8
        """,
        as_of=50,
        received="""
            patient | day | timepoint
            --------+-----+----------
            ann     | 0   | pre
            ann     | 7   | pre
        """,
        set_aside="""
            patient | day | timepoint | reason
            --------+-----+-----------+-----------------------
            ann     | 20  | fu        | merged_rows_contradict
            ann     | 20  | fu        | merged_rows_contradict
        """,
        courses="""
            patient | infusions | followed_until
            --------+-----------+---------------
            ann     | 2         | 70
        """,
    )


def test_joins_are_followed_to_their_end_in_whatever_order_they_were_made(spec):
    spec(
        identity="""
            from | into | days
            -----+------+-----
            bob  | ann  | 10
            cat  | bob  | 20
        """,
        scores="""
            patient | day | timepoint | number | extract
            --------+-----+-----------+--------+--------
            ann     | 0   | pre       | 1      |
            bob     | 0   | pre       | 2      |
            cat     | 0   | pre       | 3      | 2000
        """,
        infusions="""
            patient | number | day
            --------+--------+----
            ann     | 1      | 0
            ann     | 2      | 10
            ann     | 3      | 30
        """,
        courses="""
            patient | followed_until
            --------+---------------
            ann     | 2030
        """,
    )


def test_a_split_takes_the_rows_of_an_arrival_or_from_a_day_on(spec):
    """ann's rows that were received on day 50, and bob's from day 100 on, are other patients'; the second one of ann's was
    sent under a pseudonym of its own too, and is joined to that."""
    spec(
        identity="""
            kind  | from  | into | days | arrival | from_day
            ------+-------+------+------+---------+---------
            split | ann   |      | 0    | 50      |
            split | bob   |      | -100 |         | 100
            join  | ann/1 | cat  | 0    |         |
        """,
        scores="""
            patient | day | timepoint | number | received | extract
            --------+-----+-----------+--------+----------+--------
            ann     | 0   | pre       | 1      | 10       |
            ann     | 3   | pre       | 2      | 10       | 8
            ann     | 1   | pre       | 1      | 50       |
            ann     | 4   | post      | 2      | 50       | 40
            bob     | 0   | pre       | 1      | 10       |
            bob     | 100 | pre       | 1      | 50       | 120
            cat     | 0   | pre       | 1      | 60       |
        """,
        as_of=60,
        infusions="""
            patient | number | day
            --------+--------+----
            ann     | 1      | 0
            ann     | 2      | 3
            bob     | 1      | 0
            bob/2   | 1      | 0
            cat     | 1      | 0
            cat     | 2      | 4
        """,
        set_aside="""
            patient | day | reason
            --------+-----+----------------------------
            cat     | 1   | first_infusion_not_on_day_0
        """,
        courses="""
            patient | followed_until
            --------+---------------
            ann     | 53
            bob     | 120
            bob/2   | 20
            cat     | 40
        """,
    )


def test_the_first_split_that_takes_a_row_has_it(spec):
    spec(
        identity="""
            kind  | from | days | from_day
            ------+------+------+---------
            split | ann  | 0    | 50
            split | ann  | 0    | 20
        """,
        scores="""
            patient | day | timepoint | number
            --------+-----+-----------+-------
            ann     | 0   | pre       | 1
            ann     | 20  | fu        |
            ann     | 50  | fu        |
        """,
        not_started="""
            patient
            -------
            ann/1
            ann/2
        """,
    )


def test_a_day_that_comes_out_of_range_is_set_aside(spec):
    """Only rows that come after the change can: it is refused where stored ones do. An infusion is not before day 0."""
    spec(
        identity="""
            kind  | from | into | days | from_day
            ------+------+------+------+---------
            join  | bob  | ann  | 100  |
            split | cat  |      | -40  | 30
        """,
        scores="""
            patient | day  | timepoint | number
            --------+------+-----------+-------
            ann     | 0    | pre       | 1
            bob     | 3550 | fu        |
            bob     | 3551 | fu        |
            cat     | 30   | fu        |
            cat     | 33   | pre       | 1
            cat     | 40   | post      | 1
        """,
        set_aside="""
            patient | day  | timepoint | reason
            --------+------+-----------+------------------------
            ann     | 3651 | fu        | merged_day_out_of_range
            cat/2   | -7   | pre       | merged_day_out_of_range
        """,
    )


def changes_of(of: Random, names: list[tuple[str, str]], rows: list[Row], before: int) -> list[Row]:
    """Joins without a circle and splits, within a clinic; `before` changes were made before them."""
    made: list[Row] = []
    blank: Row = {"into": None, "arrival": None, "from_day": None}
    for place, (clinic, name) in enumerate(names):
        later = [other for c, other in names[place + 1 :] if c == clinic]
        if later and of.random() < 0.4:
            days = of.choice([0, 0, 3, 7, 28, 42, 100, 200])
            made.append(
                blank | {"kind": "join", "clinic": clinic, "from": name, "into": of.choice(later), "days": days}
            )
        own = [row for row in rows if (row["clinic"], row["patient"]) == (clinic, name)]
        for _ in range(of.choice([0, 0, 1, 2])):
            row, by_day, days = of.choice(own), of.random() < 0.5, of.choice([0, 0, -10, -100, 20])
            into = of.choice([None, None, *later])
            where = {"from_day": row["day"]} if by_day else {"arrival": row["received"]}
            made.append(blank | {"kind": "split", "clinic": clinic, "from": name, "into": into, "days": days} | where)
    of.shuffle(made)
    made += [
        blank
        | {"kind": "join", "clinic": c["clinic"], "from": f"{c['from']}/{n}", "into": of.choice(names)[1], "days": 5}
        for n, c in enumerate(made, start=before + 1)
        if c["kind"] == "split" and c["into"] is None and of.random() < 0.3
    ]
    return [c for c in made if c["kind"] == "split" or (c["clinic"], c["into"]) in names]


def group(name: str, seeds: list[int], order: int, as_of: int, before: int) -> tuple[list[Row], list[Row]]:
    """Scores of a few patients, and what is joined and split among them."""
    of = Random(order)
    rows = [row for place, seed in enumerate(seeds) for row in scores_of(f"{name}p{place}", seed)]
    scores = [row for row in rows if row["received"] <= as_of]
    names = sorted({(row["clinic"], row["patient"]) for row in scores})
    # Now and then two pseudonyms tell of the same person twice, so that rows meet.
    if len(names) > 1 and of.random() < 0.7:
        (clinic, twin), (_, second) = names[0], names[1]
        told = [row for row in scores if (row["clinic"], row["patient"]) == (clinic, twin)]
        scores = [row for row in scores if row["patient"] != second]
        scores += [
            row | {"patient": second} | ({"total": 1, "items": (None,) * 9} if of.random() < 0.2 else {})
            for row in told
        ]
        names = sorted({(row["clinic"], row["patient"]) for row in scores})
    return scores, changes_of(of, names, scores, before)


SEED = st.integers(0, 2**40)


# A seed makes a patient, and smaller seeds do not make simpler ones, so there is nothing to shrink. Groups that know
# nothing of each other lie in one store, for a derivation costs the same for five groups as for one.
@settings(
    max_examples=14, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(
    groups=st.lists(st.tuples(st.lists(SEED, min_size=4, max_size=8, unique=True), SEED), min_size=5, max_size=5),
    as_of=st.sampled_from([150, 200, 300, 900]),
)
def test_engines_agree_on_joined_and_split_patients(groups, as_of):
    scores: list[Row] = []
    changes: list[Row] = []
    for place, (seeds, order) in enumerate(groups):
        rows, made = group(f"g{place}", seeds, order, as_of, len(changes))
        scores += rows
        changes += made
    said = {name: engine(scores, CLINICS, as_of, TABLES, changes) for name, engine in ENGINES.items()}
    for results in said.values():
        assert_adds_up(results)
    for one, other in combinations(sorted(said), 2):
        assert_same(said[one], said[other], scores)
