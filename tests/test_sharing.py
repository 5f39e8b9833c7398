"""Sharing: nothing that leaves the house has a count of 1 to 10, or gives one away. An attacker tries (tests/attacker.py)."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import random
import re
import shutil
import stat
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes import cuts, sharing
from outcomes.cells import ALL, POOL, Courses, Rung, Shown, Table, is_small
from outcomes.cli import main
from outcomes.errors import BusyError, OutcomesError, UsageError
from outcomes.exporting import WITNESS, attrition_rungs, export, rate_rungs
from outcomes.inbox import locked
from outcomes.nights import run_night
from outcomes.paths import Home
from outcomes.sharing import shared
from outcomes.weighing import Span
from tests.attacker import Attacker, read
from tests.conftest import FIRST, LATER, Made, copied, made, stored
from tests.nightly import night

pytestmark = pytest.mark.usefixtures("no_pages_here")

SAMPLES = [(2, 300, 5), (5, 420, 3), (12, 400, 4)]
STATES = {"value", "missing", "suppressed", "not assessable"}


def editions(sample: Made, home: Home) -> list[Path]:
    """A growing home: an edition after each night of a sample, one when more has become due, one when many more came."""
    folders = []
    for when in (FIRST, LATER):
        sample.run(when, home)
        folders.append(export(home))
    run_night(home, sample.as_of(LATER) + dt.timedelta(days=60))
    folders.append(export(home))
    clinics = [row[0] for row in stored(home.published_copy, "SELECT clinic_id FROM clinic ORDER BY ALL")]
    more = {f"{clinic}.csv": random_scores(clinic, 40 + 30 * (i % 3), i) for i, clinic in enumerate(clinics)}
    night(home, more, sample.as_of(LATER) + dt.timedelta(days=90))
    return [*folders, export(home)]


ITEMS = [f"item_{i}" for i in range(1, 10)]
COLUMNS = ["clinic_id", "patient_id", "infusion_number", "days_since_first_infusion", "timepoint", *ITEMS, "total"]
HEADER = ",".join([*COLUMNS, "extract_day"])


def row_of(clinic: str, patient: str, number: object, day: int, timepoint: str, total: object, until: int) -> str:
    return f"{clinic},{patient},{number},{day},{timepoint}{',' * 10}{total},{until}"


def random_scores(clinic: str, patients: int, seed: int) -> bytes:
    """Courses of every kind: low baselines, short and long inductions, scores that are not there."""
    chance = random.Random(seed)
    lines = [HEADER]
    for i in range(patients):
        patient, total, until = f"R{seed}P{i:03}", chance.randint(2, 27), chance.choice([30, 90, 420])
        days = [0]
        for _ in range(chance.choice([2, 5, 5, 5, 7])):
            days.append(days[-1] + chance.choice([2, 3, 4]))
        for number, day in enumerate(days, start=1):
            said = total if chance.random() < 0.8 else ""
            lines.append(row_of(clinic, patient, number, day, "pre_infusion", said, until))
            total = max(0, min(27, total + chance.randint(-6, 2)))
        for day in (days[-1] + 20, 45, 180, 360):
            if day < until and chance.random() < 0.7:
                said = max(0, min(27, total + chance.randint(-3, 5)))
                lines.append(row_of(clinic, patient, "", day, "follow_up", said, until))
    return ("\n".join(lines) + "\n").encode()


def scores(patients: int, clinic: str = "C01", follow_up: bool = True, first: int = 0) -> bytes:
    """Full inductions; of every two patients one responds."""
    lines = [HEADER]
    for i in range(first, first + patients):
        for number, day in enumerate((0, 3, 7, 10, 14, 17), start=1):
            lines.append(row_of(clinic, f"P{i:03}", number, day, "pre_infusion", 20 if number == 1 else "", 90))
        if follow_up:
            lines.append(row_of(clinic, f"P{i:03}", "", 38, "follow_up", 5 if i % 2 else 18, 90))
    return ("\n".join(lines) + "\n").encode()


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Home, Path]:
    """A home of six clinics with one edition: to read or to copy."""
    root = tmp_path_factory.mktemp("once")
    sample, home = made(root / "s", 6, 450, 1), Home(root / "home")
    sample.run(FIRST, home)
    return sample, home, export(home)


def counts(folder: Path) -> dict[tuple[str, ...], int]:
    """Every count printed in an edition, by what it counts."""
    found = {}
    for row in read(folder / "rates.csv"):
        for name in ("courses", "met", "observed", "due", "missing"):
            if row[name]:
                found["rates", row["measure_id"], row["clinic_id"], name] = int(row[name])
    for row in read(folder / "attrition.csv"):
        if row["courses"]:
            found["attrition", row["measure_id"], row["clinic_id"], row["class"] + row["status"]] = int(row["courses"])
    return found


# The attack.


@pytest.mark.parametrize(("clinics", "patients", "seed"), SAMPLES)
def test_the_attacker_solves_for_no_hidden_count(clinics, patients, seed, tmp_path):
    """From one edition, from two, and from all four of a growing home. And the editions tell something: hiding
    everything would be safe too."""
    home = Home(tmp_path / "home")
    folders = editions(made(tmp_path / "s", clinics, patients, seed, bad=False), home)
    for known in (folders[:1], folders[:2], [folders[0], folders[3]], folders):
        attacker = Attacker(known)
        assert len(attacker.bases) > 100
        assert list(attacker.disclosed()) == []
        assert list(attacker.pinned()) == []

    printed = [counts(folder) for folder in folders]
    assert [n for found in printed for n in found.values() if is_small(n)] == []
    for one, other in combinations(printed, 2):
        assert [what for what in one.keys() & other.keys() if is_small(other[what] - one[what])] == []

    told = [row for row in read(folders[0] / "rates.csv") if row["met"]]
    assert {row["clinic_id"] for row in told} > {"*"}
    assert len(told) > 20
    assert stored(home.published_copy, "SELECT count(*) FROM rate WHERE met BETWEEN 1 AND 10")[0][0] > 20
    rows = read(folders[3] / "rates.csv")
    assert {row["edition"] for row in rows} >= {"1", "4"}
    true = {
        row[:2]: row[2:]
        for row in stored(home.published_copy, "SELECT measure_id, clinic_id, met, observed, due FROM rate")
    }
    for row in rows:
        if row["edition"] == "4":
            met, observed, due = true[row["measure_id"], row["clinic_id"]]
            assert int(row["met"]) == met
            assert row["observed"] in ("", str(observed))
            assert row["due"] in ("", str(due))


# A method that is broken is caught: the tests above can fail.


def broken(monkeypatch: pytest.MonkeyPatch, *rules: str) -> None:
    for rule in rules:
        answer: Any = set() if rule in ("_given_away", "_changed_under_another_name") else None
        monkeypatch.setattr(sharing, rule, lambda *_, answer=answer: answer)


def caught(folders: list[Path]) -> set[str]:
    """What kinds of things the attacker finds."""
    return {
        "change" if name[0] == "change" else "others" if "others" in name else "cell"
        for name, _ in Attacker(folders).disclosed()
    }


def test_the_attacker_finds_what_two_tables_give_away(once, tmp_path, monkeypatch):
    """Nested populations, told without looking at them side by side."""
    home = copied(once[1], tmp_path / "home")
    forget(home)
    broken(monkeypatch, "_revealed_with", "_given_away")
    assert caught([export(home)]) >= {"cell"}


def test_the_attacker_finds_a_clinic_from_the_total(once, tmp_path, monkeypatch):
    """Every clinic's own block is looked at, but not '*' less the clinics shown."""
    home = copied(once[1], tmp_path / "home")
    forget(home)
    broken(monkeypatch, "_revealed_with", "_given_away")

    def own(shown: Shown, *_: object) -> str | None:
        return None if shown.table.rung(shown.rung).allows(shown.counts[ALL]) else POOL

    monkeypatch.setattr(sharing, "_broken_by", own)
    assert caught([export(home)]) >= {"others"}


def test_the_attacker_finds_a_change_between_editions(tmp_path, monkeypatch):
    sample, home = made(tmp_path / "s", 3, 150, 3, bad=False), Home(tmp_path / "home")
    broken(monkeypatch, "_changed_a_little", "_nested_in", "_changed_under_another_name")
    assert caught(editions(sample, home)) >= {"change"}


def test_the_attacker_reads_a_share_backwards(once, tmp_path):
    """A rate printed beside its n gives its count."""
    folder = tmp_path / "edition"
    shutil.copytree(once[2], folder)
    rows = read(folder / "rates.csv")
    (row, *_) = [row for row in rows if row["met_state"] == "suppressed" and row["clinic_id"] != "*"]
    row |= {"edition": "1", "observed": "30", "observed_rate": "17.0"}
    with (folder / "rates.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(row))
        writer.writeheader()
        writer.writerows(rows)
    assert (((1, row["clinic_id"], row["measure_id"], "met"),), 5) in list(Attacker([folder]).disclosed())


def forget(home: Home) -> None:
    """As if the home had shared nothing."""
    (home.receipts / WITNESS).unlink()
    with duckdb.connect(str(home.warehouse)) as con:
        for table in ("shared_edition", "shared_cell", "shared_verdict"):
            con.execute(f"DELETE FROM {table}")
    shutil.rmtree(home.exports)


# The method on values.


def courses(*rows: tuple[str, ...], n: list[int] | None = None) -> Courses:
    """Rows of clinic and an atom for each of the tables a, b, ..."""
    columns = {"clinic_id": [row[0] for row in rows], "courses": n or [1] * len(rows)}
    columns |= {key: [row[i] for row in rows] for i, key in enumerate("abcd"[: len(rows[0]) - 1], start=1)}
    return Courses(pl.DataFrame(columns))


def plain(key: str, atoms: str, sides: tuple[str, str] | None = None) -> Table:
    """A table whose atoms are its cells."""
    return Table("t", key, (Rung("all", {atom: atom for atom in atoms}, sides),))


def told(found: list[Shown]) -> dict[str, dict[str, dict[str, int]]]:
    return {shown.table.key: shown.counts for shown in found}


def of(*groups: tuple[str, str, int]) -> Courses:
    """Courses of one table: clinic, atom, how many."""
    return courses(*[(clinic, atom) for clinic, atom, _ in groups], n=[n for *_, n in groups])


@pytest.mark.parametrize(
    ("x", "y", "is_shown"),
    [(11, 11, True), (10, 30, False), (30, 10, False), (0, 30, False), (30, 0, False), (1, 1, False), (0, 0, True)],
)
def test_both_sides_of_a_rate_are_over_10(x, y, is_shown):
    """0 of 11 and 11 of 11 tell everyone's outcome; 0 of 0 tells nobody's."""
    found = told(shared([plain("a", "xyz", ("x", "y"))], of(("C1", "x", x), ("C1", "y", y), ("C1", "z", 50))))
    assert bool(found) is is_shown


@pytest.mark.parametrize(("x", "is_shown"), [(0, True), (1, False), (10, False), (11, True)])
def test_a_count_that_is_no_side_may_be_0(x, is_shown):
    found = told(shared([plain("a", "xyz")], of(("C1", "x", x), ("C1", "y", 40))))
    assert bool(found) is is_shown


def test_a_second_clinic_is_held_back_where_the_total_would_give_the_first():
    """C1 is too small; '*' less C2 and C3 is C1. The smaller of the two goes with it."""
    groups = of(("C1", "x", 5), ("C1", "y", 40), ("C2", "x", 20), ("C2", "y", 20), ("C3", "x", 30), ("C3", "y", 30))
    found = told(shared([plain("a", "xy")], groups))
    assert sorted(found["a"]) == [ALL, "C3"]


def test_a_table_whose_total_is_small_is_not_shown():
    assert shared([plain("a", "xy")], of(("C1", "x", 3), ("C1", "y", 90), ("C2", "x", 4), ("C2", "y", 90))) == []


def test_a_nested_population_that_differs_by_a_few_is_not_shown():
    """Table b lets 3 fewer in: side by side they count those 3."""
    rows = [("C1", "x", "x")] * 40 + [("C1", "x", "y")] * 3 + [("C1", "y", "y")] * 40
    assert list(told(shared([plain("a", "xy"), plain("b", "xy")], courses(*rows)))) == ["a"]


def test_a_nested_population_that_differs_by_many_is_shown():
    rows = [("C1", "x", "x")] * 40 + [("C1", "x", "y")] * 11 + [("C1", "y", "y")] * 40
    assert list(told(shared([plain("a", "xy"), plain("b", "xy")], courses(*rows)))) == ["a", "b"]


def test_tables_that_cross_are_shown():
    """3 are in x and y the one way, 3 the other: nothing follows."""
    rows = [("C1", "x", "x")] * 40 + [("C1", "x", "y")] * 3 + [("C1", "y", "x")] * 3 + [("C1", "y", "y")] * 40
    assert list(told(shared([plain("a", "xy"), plain("b", "xy")], courses(*rows)))) == ["a", "b"]


def test_three_tables_that_give_away_what_no_two_do():
    """x of a and x of b are apart, and together they are x of c and 5 more."""
    rows = (
        [("C1", "x", "y", "x")] * 20 + [("C1", "y", "x", "x")] * 20 + [("C1", "y", "y", "y")] * 20
        + [("C1", "x", "y", "y")] * 5
    )  # fmt: skip
    tables = [plain(key, "xy") for key in "abc"]
    assert [list(told(shared(pair, courses(*rows)))) for pair in combinations(tables, 2)] == [
        ["a", "b"], ["a", "c"], ["b", "c"],
    ]  # fmt: skip
    assert list(told(shared(tables, courses(*rows)))) == ["a", "b"]


def test_a_coarser_rung_is_taken_where_it_shows_more_clinics():
    fine, coarse = {a: a for a in "xyz"}, {"x": "x", "y": "yz", "z": "yz"}
    table = Table("t", "a", (Rung("fine", fine), Rung("coarse", coarse)))
    groups = of(("C1", "x", 20), ("C1", "y", 20), ("C1", "z", 5), ("C2", "x", 20), ("C2", "y", 20), ("C2", "z", 20))
    (found,) = shared([table], groups)
    assert (found.rung, sorted(found.counts)) == ("coarse", [ALL, "C1", "C2"])


@pytest.mark.parametrize(("more", "edition"), [(0, "as before"), (1, "as before"), (10, "as before"), (11, "anew")])
def test_a_table_is_told_anew_once_it_has_changed_by_more_than_10(more, edition):
    """A change of 0 looks like one of 1 to 10."""
    table = plain("a", "xy")
    (first,) = shared([table], of(("C1", "x", 20), ("C1", "y", 30)))
    then = Shown(table, first.rung, first.counts, 1, first.among)
    found = shared([table], of(("C1", "x", 20 + more), ("C1", "y", 30)), [then])
    assert ("anew" if found else "as before") == edition


def test_a_clinic_that_has_changed_a_little_stays_as_it_was_while_others_are_told_anew():
    """Its change cannot be had from the total either: C3, whose number nobody has, changed by more than 10."""
    table = plain("a", "xy")
    before = of(
        ("C1", "x", 40),
        ("C1", "y", 40),
        ("C2", "x", 40),
        ("C2", "y", 40),
        ("C3", "x", 9),
        ("C3", "y", 40),
        ("C4", "x", 9),
        ("C4", "y", 40),
    )
    after = of(
        ("C1", "x", 60),
        ("C1", "y", 60),
        ("C2", "x", 41),
        ("C2", "y", 40),
        ("C3", "x", 25),
        ("C3", "y", 40),
        ("C4", "x", 9),
        ("C4", "y", 40),
    )
    (first,) = shared([table], before)
    assert first.clinics == ["C1", "C2"]
    (second,) = shared([table], after, [Shown(table, first.rung, first.counts, 1, first.among)])
    assert "C2" not in second.counts
    assert second.counts["C1"] == {"x": 60, "y": 60}


def test_what_an_earlier_edition_told_of_another_table_counts():
    """Edition 1 told a; b holds 3 more of the same courses, so that edition 2 may not tell it."""
    rows = courses(*[("C1", "x", "x")] * 40, *[("C1", "y", "x")] * 3, *[("C1", "y", "y")] * 40)
    a, b = plain("a", "xy"), plain("b", "xy")
    (first,) = shared([a], rows)
    assert shared([a, b], rows, [Shown(a, first.rung, first.counts, 1, first.among)]) == []


def test_the_same_courses_under_another_name_are_compared_over_editions():
    """b and c count alike. What lies between a and b was 20; what lies between a and c is 29 now: 9 more."""
    rows = [("C1", "x", "x", "x")] * 71 + [("C1", "x", "y", "y")] * 29 + [("C1", "y", "y", "y")] * 95
    a, b, c = (plain(key, "xy") for key in "abc")
    then = [
        Shown(a, "all", {part: {"x": 60, "y": 50} for part in (ALL, "C1")}, 1, ("C1",)),
        Shown(b, "all", {part: {"x": 40, "y": 70} for part in (ALL, "C1")}, 1, ("C1",)),
    ]
    assert list(told(shared([a, c], courses(*rows), then))) == ["a"]


small_tables = st.lists(
    st.tuples(st.sampled_from(["C1", "C2", "C3"]), st.sampled_from("xyz"), st.sampled_from("xyz"), st.integers(1, 30)),
    min_size=1,
    max_size=14,
)


def determined(cells: list[set[int]], group: set[int]) -> bool:
    """Whether a group's count follows from those of `cells`, by rational elimination."""
    rows: list[dict[int, Fraction]] = []

    def reduced(of: set[int]) -> dict[int, Fraction]:
        rest = {kind: Fraction(1) for kind in of}
        for row in rows:
            pivot = next(iter(row))
            if factor := rest.get(pivot, Fraction(0)):
                for kind, value in row.items():
                    rest[kind] = rest.get(kind, Fraction(0)) - factor * value
        return {kind: value for kind, value in rest.items() if value}

    for cell in cells:
        if rest := reduced(cell):
            pivot = min(rest)
            rows.append(
                {pivot: Fraction(1)} | {kind: value / rest[pivot] for kind, value in rest.items() if kind != pivot}
            )
    return not reduced(group)


@settings(max_examples=150, derandomize=True, deadline=None, database=None)
@given(small_tables)
def test_no_small_group_follows_from_two_random_tables(rows):
    """Every union of kinds of courses that both tables determine has 0 or over 10: looked at one by one."""
    kinds: Counter[tuple[str, str, str]] = Counter()
    for clinic, a, b, n in rows:
        kinds[clinic, a, b] += n
    names = sorted(kinds)[:10]
    table = courses(*names, n=[kinds[name] for name in names])
    found = shared([plain("a", "xyz"), plain("b", "xyz", ("x", "y"))], table)
    cells: list[set[int]] = []
    for shown in found:
        column = "ab".index(shown.table.key) + 1
        parts = {i: (name[0] if name[0] in shown.counts else POOL, name[column]) for i, name in enumerate(names)}
        cells += [{i for i, part in parts.items() if part == cell} for cell in set(parts.values())]
    light = [i for i, name in enumerate(names) if is_small(kinds[name])]
    for size in range(1, len(light) + 1):
        for group in combinations(light, size):
            if sum(kinds[names[i]] for i in group) <= 10:
                assert not determined(cells, set(group))


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(small_tables)
def test_no_small_group_of_two_cells_follows_over_two_editions(rows):
    """The second half of the rows arrives later; the sums of '*' and of each clinic change by 0 or over 10."""
    table = plain("a", "xyz")
    half = len(rows) // 2 or 1
    first = shared([table], of(*[(c, a, n) for c, a, _, n in rows[:half]]))
    then = [Shown(table, shown.rung, shown.counts, 1, shown.among) for shown in first]
    for shown in shared([table], of(*[(c, a, n) for c, a, _, n in rows]), then):
        for before in then:
            for part in shown.counts.keys() & before.counts.keys():
                deltas = [shown.counts[part][cell] - before.counts[part][cell] for cell in "xyz"]
                sums = [sum(pick) for size in (1, 2, 3) for pick in combinations(deltas, size)]
                assert [total for total in sums if is_small(total)] == []


def test_a_cut_is_found_in_either_direction():
    edges = {(("", "x"), ("", "x")): 40, (("", "x"), ("", "y")): 3, (("", "y"), ("", "y")): 40}
    turned = {(b, a): n for (a, b), n in edges.items()}
    assert list(cuts.revealed(edges, 11)) == [(("", "x"), ("", "y"))]
    assert list(cuts.revealed(turned, 11)) == [(("", "y"), ("", "x"))]


def test_a_cut_of_several_small_edges_over_10_together_is_none():
    edges = {(("", "x"), ("", "x")): 40, (("", "y"), ("", "y")): 40} | {
        (("", "x"), ("", name)): 4 for name in "abc"
    } | {(("", "y"), ("", name)): 20 for name in "abc"}  # fmt: skip
    assert list(cuts.revealed(edges, 11)) == []


def test_weights_of_told_cells_sum_to_zero():
    span = Span()
    for number, cell in enumerate([[0, 1, 2], [2, 3], [0, 3, 4]]):
        span.tell(cell, number)
    weights = span.weights(6)
    assert [sum(weights[kind] for kind in cell) % (2**31 - 1) for cell in ([0, 1, 2], [2, 3], [0, 3, 4])] == [0, 0, 0]
    assert all(weights)
    assert (span.told_by([2, 3]), span.told_by([0, 1]), span.told_by([5])) == (1, None, None)


def test_rungs_add_the_same_atoms_up():
    """Every status is in every rung, and a coarser one never parts what a finer one joins."""
    classes = {
        "met": "observed",
        "not_met": "observed",
        "no_score_in_window": "missing",
        "not_yet_due": "waiting",
        "no_baseline": "not eligible",
    }
    for rungs in (rate_rungs(classes, "observed"), rate_rungs(classes, "everyone_due"), attrition_rungs(classes)):
        fine, coarse = rungs
        assert set(fine.cells) == set(coarse.cells) == set(classes)
        assert len({(fine.cells[s], coarse.cells[s]) for s in classes}) == len(set(fine.cells.values()))


# The files.


def test_the_same_night_shared_twice_is_the_same_edition_with_the_same_bytes(once, tmp_path):
    home = copied(once[1], tmp_path / "home")
    again = export(home, tmp_path / "elsewhere", "again")
    assert {p.name: p.read_bytes() for p in again.iterdir()} == {p.name: p.read_bytes() for p in once[2].iterdir()}


def test_another_home_with_the_same_arrivals_shares_the_same_bytes(once, tmp_path):
    home = Home(tmp_path / "home")
    once[0].run(FIRST, home)
    assert {p.name: p.read_bytes() for p in export(home).iterdir()} == {
        p.name: p.read_bytes() for p in once[2].iterdir()
    }


def test_three_formats_hold_the_same_rows(once):
    for name in ("rates", "comparisons", "attrition"):
        parquet = pl.read_parquet(once[2] / f"{name}.parquet")
        rows = json.loads((once[2] / f"{name}.json").read_text("utf-8"))
        assert rows == [json.loads(json.dumps(row, default=str)) for row in parquet.iter_rows(named=True)]
        text = pl.read_csv(once[2] / f"{name}.csv", schema=parquet.schema)
        assert text.equals(parquet)


def test_four_states_stay_four(once):
    """Each with its own word; where a block has no number it is null, never 0."""
    states: Counter[str] = Counter()
    for name in ("rates", "comparisons", "attrition"):
        rows = json.loads((once[2] / f"{name}.json").read_text("utf-8"))
        states.update(value for row in rows for key, value in row.items() if key.endswith("state"))
        for row in rows:
            if row.get("observed_state") == "suppressed":
                assert (row["observed"], row["observed_rate"], row["observed_low"], row["observed_high"]) == (None,) * 4
            if row.get("missing_state") == "value":
                assert None not in (row["missing"], row["coverage"], row["bound_high"])
            if row.get("difference_state", "value") != "value":
                assert (row["difference"], row["difference_low"], row["difference_high"]) == (None,) * 3
            if row.get("state") == "suppressed":
                assert row["courses"] is None
    assert set(states) <= STATES
    assert {"value", "suppressed", "not assessable"} <= set(states)


def test_zero_missing_and_not_assessable_are_told_apart(once, tmp_path):
    """20 who are due and have no score; 0 waiting; a measure for which nobody is due."""
    home = Home(tmp_path / "home")
    night(home, {"a.csv": scores(30, follow_up=False), "b.csv": scores(30, clinic="C02", follow_up=False)})
    rates = {(r["measure_id"], r["clinic_id"]): r for r in read(export(home) / "rates.csv")}
    early, late = rates["response_week_6", "*"], rates["response_12_months", "*"]
    assert (early["observed_state"], early["observed"], early["observed_rate"], early["missing"]) == (
        "missing",
        "0",
        "",
        "60",
    )
    assert (late["everyone_state"], late["due"], late["everyone_rate"]) == ("not assessable", "0", "")
    classes = {
        (r["measure_id"], r["class"]): r
        for r in read(home.exports.joinpath("edition-001-2026-01-31") / "attrition.csv")
        if not r["status"] and r["clinic_id"] == "*"
    }
    assert (classes["response_week_6", "waiting"]["courses"], classes["response_week_6", "waiting"]["state"]) == (
        "0",
        "value",
    )


def test_one_more_patient_shows_nowhere(tmp_path):
    """Neither as a change of 1, nor as a mark that something has changed."""
    home = Home(tmp_path / "home")
    night(home, {"a.csv": scores(40), "b.csv": scores(60, "C02"), "c.csv": scores(8, "C03")})
    before = export(home)
    night(home, {"d.csv": scores(1, "C01", first=500)}, dt.date(2026, 2, 28))
    after = export(home)
    assert counts(before)["rates", "response_post_induction", "C02", "met"] == 30
    for name in ("rates", "attrition", "comparisons"):
        assert (before / f"{name}.csv").read_bytes() == (after / f"{name}.csv").read_bytes()
    assert list(Attacker([before, after]).disclosed()) == []


def test_thirty_more_patients_are_told(tmp_path):
    home = Home(tmp_path / "home")
    night(home, {"a.csv": scores(40), "b.csv": scores(60, "C02")})
    export(home)
    night(home, {"d.csv": scores(30, "C01", first=500)}, dt.date(2026, 2, 28))
    after = export(home)
    assert counts(after)["rates", "response_post_induction", "C01", "met"] == 35
    assert counts(after)["rates", "response_post_induction", ALL, "met"] == 65


def test_nothing_of_a_patient_is_in_any_file(once):
    """No pseudonym, no score, no day: only the columns below, and whole rows of words and totals."""
    names = {row[0] for row in stored(once[1].published_copy, "SELECT patient_id FROM patient")}
    assert names
    for path in once[2].iterdir():
        text = path.read_bytes().decode("latin-1")
        words = set(re.findall(r"[A-Za-z0-9_.-]+", text))
        assert not words & names
        assert not re.search(r"patient_(id|no)|score_id|\bday\b.*\d,", text.splitlines()[0])


def test_the_manifest_says_what_the_edition_is(once):
    _, home, folder = once
    about = json.loads((folder / "manifest.json").read_text("utf-8"))
    (head,) = stored(home.published_copy, "SELECT arg_max(hash, arrival_no) FROM arrival")[0]
    assert (about["edition"], about["as_of"], about["ledger_head"]) == (1, "2026-01-31", head)
    assert about["measures"]["response_post_induction"] == 1
    assert {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in about["sha256"]} == about["sha256"]
    assert {p.name for p in folder.iterdir()} == {*about["sha256"], "manifest.json"}
    readme = (folder / "README.txt").read_text("utf-8")
    assert "Edition 001, as of 2026-01-31" in readme
    assert all(re.search(rf"^{state}\b", readme, re.M) for state in STATES)


def test_everything_is_private_to_its_user(once):
    for path in (once[2], *once[2].iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_an_edition_is_in_the_published_copy(once):
    """Staff and auditors see the true counts there, and beside them what was told."""
    rows = stored(once[1].published_copy, "SELECT measure_id, clinic_id, met, met_state FROM shared_rate ORDER BY ALL")
    told_rows = [
        (r["measure_id"], r["clinic_id"], int(r["met"]) if r["met"] else None, r["met_state"])
        for r in read(once[2] / "rates.csv")
    ]
    assert rows == sorted(told_rows, key=str) or sorted(rows, key=str) == sorted(told_rows, key=str)
    assert stored(once[1].published_copy, "SELECT count(*) FROM shared_cell WHERE courses BETWEEN 1 AND 10") == [(0,)]


def test_a_restored_store_still_knows_what_was_shared(once, tmp_path):
    """The warehouse is put back to before the edition; the witness in receipts/ is not."""
    home = copied(once[1], tmp_path / "home")
    with duckdb.connect(str(home.warehouse)) as con:
        for table in ("shared_edition", "shared_cell", "shared_verdict"):
            con.execute(f"DELETE FROM {table}")
    again = export(home, tmp_path, "again")
    assert {p.name: p.read_bytes() for p in again.iterdir()} == {p.name: p.read_bytes() for p in once[2].iterdir()}


def test_a_witness_cut_short_is_an_edition_that_never_was(once, tmp_path):
    home = copied(once[1], tmp_path / "home")
    forget(home)
    (home.receipts / WITNESS).write_text('{"shared_edition": [{"edit', "utf-8")
    assert {p.name: p.read_bytes() for p in export(home).iterdir()} == {
        p.name: p.read_bytes() for p in once[2].iterdir()
    }
    assert len((home.receipts / WITNESS).read_text("utf-8").splitlines()) == 1


@pytest.mark.parametrize(
    ("more", "words"), [([], "add --shared"), (["--shared", "--name", "../x"], "begins with a letter or digit")]
)
def test_a_wrong_export_is_refused_in_one_line(once, capsys, more, words):
    with pytest.raises(SystemExit) as ended:
        main(["export", "--home", str(once[1].root), *more])
    said = capsys.readouterr().err
    assert (ended.value.code, said.count("\n")) == (64, 1)
    assert words in said


def test_the_command_says_which_edition_and_where(once, capsys, tmp_path):
    home = copied(once[1], tmp_path / "home")
    with pytest.raises(SystemExit) as ended:
        main(["export", "--shared", "--home", str(home.root), "--to", str(tmp_path / "to")])
    assert (ended.value.code, capsys.readouterr().out) == (
        0,
        f"Edition 1, as of 2026-01-31: {tmp_path}/to/edition-001-2026-01-31\n",
    )


@pytest.mark.parametrize("prepare", ["lock", "no night", "undone", "other folder"])
def test_an_export_that_cannot_be_says_what_to_do(once, tmp_path, prepare):
    home = copied(once[1], tmp_path / "home")
    do: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
        "no night": (lambda: home.published_copy.unlink(), UsageError, "has had no night yet"),
        "undone": (lambda: home.manifest.write_text("{}"), OutcomesError, "not done to its end"),
        "other folder": (lambda: (tmp_path / "x" / "mine").mkdir(parents=True), UsageError, "is not this edition"),
        "lock": (lambda: None, BusyError, "Another night is running"),
    }
    arrange, kind, words = do[prepare]
    arrange()
    if prepare == "lock":
        with locked(home), pytest.raises(kind, match=words):
            export(home)
    else:
        with pytest.raises(kind, match=words):
            export(home, tmp_path / "x", "mine")
