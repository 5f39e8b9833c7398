"""Which clinics are overdue, which nights lack more totals than usual, and which rules are new, fixed or still failing.

Drawn as a clinician would with a finger, and asked of the views and of the plain loops of reference_freshness.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outcomes.laying import lay
from tests.spec import reference_freshness as reference

DAY_0 = dt.date(2026, 1, 1)
ARRIVAL = """
    INSERT INTO arrival BY NAME SELECT $no AS arrival_no, 'sha' || $no AS sha256, $night AS night, $on AS received_on, 'scores' AS feed, 'csv' AS format,
    $profile AS profile, 1 AS bytes, $refused AS refused_because, $rows AS rows_read, $rows AS rows_accepted, 0 AS rows_duplicate, 0 AS rows_quarantined,
    0 AS rows_noted, '' AS rows_digest, '' AS previous_hash, '' AS hash, $again AS read_again_of
"""
SCORES = """
    INSERT INTO score BY NAME SELECT $no * 10000 + i AS score_id, $no AS arrival_no, i + 2 AS line, $patient AS patient_no, i AS days_since_first_infusion,
    'follow_up' AS timepoint, 0 AS items_answered, CASE WHEN i >= $without THEN 3 END AS phq9_total, 'two_weeks' AS recall_period, 'final' AS status
    FROM range($rows) AS t(i)
"""


class Drawn:
    """A store into which nights are drawn."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con

    def clear(self) -> None:
        for table in (
            "arrival",
            "score",
            "patient",
            "patient_row",
            "extract_day",
            "night",
            "clinic",
            "clinic_cadence",
            "rule_count",
        ):
            self.con.execute(f"DELETE FROM {table}")

    def clinic(self, name: str, number: int, every: int | None = None) -> None:
        self.con.execute("INSERT INTO clinic VALUES (?, '', 'ketamine_iv', true, true, false)", [name])
        self.con.execute("INSERT INTO patient BY NAME SELECT ? AS patient_no, ? AS clinic_id, 'P-1' AS patient_id", [number, name])  # fmt: skip
        if every is not None:
            self.con.execute("INSERT INTO clinic_cadence VALUES (?, ?)", [name, every])

    def night(self, number: int, day: int) -> None:
        self.con.execute("INSERT INTO night VALUES (?, 'run', ?, '1', 'v', 0, 0, 0, 0, '', '')", [number, DAY_0 + dt.timedelta(days=day)])  # fmt: skip

    def file(self, no: int, night: int, day: int, patient: int | None, **more: Any) -> None:
        """A file of a night with `rows` scores of a patient, the first `without` of them without a total."""
        said = {"rows": 1, "without": 0, "again": None, "refused": None, "profile": ""} | more
        on = DAY_0 + dt.timedelta(days=day)
        rows = {key: said[key] for key in ("rows", "again", "refused", "profile")}
        self.con.execute(ARRIVAL, {"no": no, "night": night, "on": on} | rows)
        if patient is not None:
            self.con.execute(SCORES, {"no": no, "patient": patient, "rows": said["rows"], "without": said["without"]})

    def fresh(self) -> dict[str, tuple[Any, ...]]:
        rows = self.con.execute(
            "SELECT clinic_id, every_days, due_by - ?::DATE, standing, is_newly_overdue FROM freshness", [DAY_0]
        ).fetchall()
        return {name: tuple(rest) for name, *rest in rows}


@pytest.fixture(scope="module")
def store() -> Iterator[Drawn]:
    with duckdb.connect() as con:
        lay(con)
        yield Drawn(con)


@pytest.fixture
def drawn(store: Drawn) -> Drawn:
    store.clear()
    return store


# Each line is a clinic: the days on which something of it came, what its entry says, and what is found as of day 60.
# The night before was on day 59.
PICTURE = """
    clinic | heard on                | says | every | due by | standing     | new
    -------+-------------------------+------+-------+--------+--------------+----
    week   | 21 28 35 42 49          |      | 7     | 60     | in time      | F
    weekly | 20 27 34 41 48          |      | 7     | 59     | overdue      | T
    longer | 19 26 33 40 47          |      | 7     | 58     | overdue      | F
    once   | 20 27 34 41 55          |      | 7     | 66     | in time      | F
    daily  | 52 53 54 55 56          |      | 1     | 60     | in time      | F
    days   | 51 52 53 54 55          |      | 1     | 59     | overdue      | T
    month  | 0 7 14 21 28            | 30   | 30    | 73     | in time      | F
    said   | 38                      | 14   | 14    | 59     | overdue      | T
    four   | 7 14 21 28              |      |       |        | no habit yet | F
    one    | 3                       |      |       |        | no habit yet | F
    none   |                         |      |       |        | nothing yet  | F
    silent |                         | 7    | 7     | 11     | overdue      | F
    odd    | 30 31 33 36 40          |      | 3     | 46     | overdue      | F
    slower | 0 1 2 3 4 5 18 31 44 57 |      | 1     | 61     | in time      | F
"""
# As of day 60, `week` is on its last day; `weekly` a day beyond it; one long pause (`once`) does not make a habit.


def lines(picture: str) -> list[list[str]]:
    head, _, *rows = (line for line in picture.strip().splitlines())
    assert "clinic" in head
    return [[cell.strip() for cell in row.split("|")] for row in rows]


def test_a_clinic_is_overdue_after_its_cadence_and_half_of_it_and_three_days_at_least(drawn: Drawn) -> None:
    expected, by_loops = {}, {}
    for night in range(1, 62):
        drawn.night(night, night - 1)
    number = 0
    for patient, (name, heard, says, every, due, standing, new) in enumerate(lines(PICTURE), start=1):
        drawn.clinic(name, patient, int(says) if says else None)
        for day in map(int, heard.split()):
            number += 1
            drawn.file(number, day + 1, day, patient)
        expected[name] = (int(every) if every else None, int(due) if due else None, standing, new == "T")
        by_loops[name] = reference.freshness([*map(int, heard.split())], int(says) if says else None, [*range(61)])
    assert by_loops == expected
    assert drawn.fresh() == expected


def test_only_the_last_twelve_pauses_make_the_habit(drawn: Drawn) -> None:
    """A clinic that sent daily last year, and weekly since: 13 weekly dates make 12 weekly pauses."""
    drawn.clinic("C01", 1)
    days = [*range(30), *range(36, 36 + 7 * 12, 7)]
    for number, day in enumerate(days, start=1):
        drawn.night(number, day)
        drawn.file(number, number, day, 1)
    assert drawn.fresh()["C01"][0] == reference.freshness(days, None, days)[0] == 7


def test_a_file_read_again_was_sent_by_nobody_and_a_refused_one_holds_nothing(drawn: Drawn) -> None:
    drawn.clinic("C01", 1, 7)
    for number, day in enumerate((0, 30, 40), start=1):
        drawn.night(number, day)
    drawn.file(1, 1, 0, 1)
    drawn.file(2, 2, 30, 1, again=1)
    drawn.file(3, 3, 40, None, refused="identifier", profile="C01/ehr/1")
    assert drawn.fresh() == {"C01": (7, 11, "overdue", False)}


def test_a_file_with_nothing_new_counts_where_a_profile_or_an_extract_day_says_whose_it_is(drawn: Drawn) -> None:
    drawn.clinic("C01", 1, 7)
    drawn.clinic("C02", 2, 7)
    drawn.clinic("C03", 3, 7)
    for number, day in enumerate((0, 30), start=1):
        drawn.night(number, day)
    for number in (1, 2, 3):
        drawn.file(number, 1, 0, number)
    drawn.file(4, 2, 30, None, profile="C01/ehr/1")
    drawn.file(5, 2, 30, None)
    drawn.con.execute("INSERT INTO extract_day VALUES (5, 2, 30)")
    assert {name: row[2] for name, row in drawn.fresh().items()} == {"C01": "in time", "C02": "in time", "C03": "overdue"}  # fmt: skip


def test_a_night_repeated_on_the_same_date_says_nothing_new(drawn: Drawn) -> None:
    drawn.clinic("C01", 1, 7)
    drawn.night(1, 0)
    drawn.file(1, 1, 0, 1)
    drawn.night(2, 12)
    assert drawn.fresh()["C01"][2:] == ("overdue", True)
    drawn.night(3, 12)
    assert drawn.fresh()["C01"][2:] == ("overdue", False)


def test_a_store_without_a_night_has_no_freshness(drawn: Drawn) -> None:
    drawn.clinic("C01", 1, 7)
    assert drawn.fresh() == {}


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(0, 90), max_size=20),
    st.none() | st.integers(1, 40),
    st.lists(st.integers(0, 9), min_size=1, max_size=4),
)
def test_the_view_and_the_loops_agree_on_freshness(drawn: Drawn, heard, given_days, later) -> None:  # type: ignore[no-untyped-def]
    drawn.clear()
    drawn.clinic("C01", 1, given_days)
    nights = sorted({0, *heard})
    for step in later:
        nights.append(nights[-1] + step)
    for number, day in enumerate(nights, start=1):
        drawn.night(number, day)
    for number, day in enumerate(heard, start=1):
        drawn.file(number, nights.index(day) + 1, day, 1)
    assert drawn.fresh()["C01"] == reference.freshness(heard, given_days, nights)


# Missingness: of one clinic, (rows, of them without a total) night by night.


def warned(drawn: Drawn, rows: list[tuple[int, int]], again: tuple[int, ...] = ()) -> list[int]:
    drawn.clear()
    drawn.clinic("C01", 1)
    for night, (taken, without) in enumerate(rows, start=1):
        drawn.file(night, night, night, 1, rows=taken, without=without, again=1 if night in again else None)
    return [row[0] for row in drawn.con.execute("SELECT night FROM missingness_warning ORDER BY night").fetchall()]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(100, 10)] * 5 + [(100, 29)], []),
        ([(100, 10)] * 5 + [(100, 30)], [6]),
        ([(100, 10)] * 4 + [(100, 90)], []),  # four nights are no habit
        ([(20, 0)] * 5 + [(20, 9)], []),  # nine rows more are few
        ([(20, 0)] * 5 + [(20, 10)], [6]),
        ([(100, 90)] * 5 + [(100, 10)], []),  # fewer are welcome
        ([(100, 5), (100, 10), (100, 100), (100, 15), (100, 10), (100, 30)], [6]),  # one bad night is no habit
    ],
)
def test_a_night_with_far_more_rows_without_a_total(drawn: Drawn, rows, expected) -> None:  # type: ignore[no-untyped-def]
    assert warned(drawn, rows) == reference.missingness(rows) == expected


def test_missing_totals_of_a_file_read_again_are_no_news(drawn: Drawn) -> None:
    assert warned(drawn, [(100, 10)] * 5 + [(100, 90)], again=(6,)) == []


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), min_size=5, max_size=9))
def test_the_view_and_the_loops_agree_on_missingness(drawn: Drawn, rows) -> None:  # type: ignore[no-untyped-def]
    assert warned(drawn, rows) == reference.missingness(rows)


# Rules: rows checked and failed, night by night.


def stand(drawn: Drawn, nights: list[dict[str, tuple[int, int]]]) -> dict[str, str]:
    drawn.clear()
    for night, rules in enumerate(nights, start=1):
        for rule, (checked, failed) in rules.items():
            drawn.con.execute("INSERT INTO rule_count VALUES (?, 1, 1, 'scores', ?, ?, ?)", [night, rule, checked, failed])  # fmt: skip
    return dict(drawn.con.execute("SELECT reason_code, standing FROM rule_standing").fetchall())


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ((10, 0), (10, 2), {"r": "new"}),
        ((10, 2), (10, 0), {"r": "fixed"}),
        ((10, 2), (10, 1), {"r": "still failing"}),
        ((10, 2), (0, 0), {"r": "not checked"}),  # no row had what it looks at: nothing is known to be fixed
        ((10, 0), (10, 0), {}),
    ],
)
def test_a_rule_is_new_fixed_or_still_failing(drawn: Drawn, before, now, expected) -> None:  # type: ignore[no-untyped-def]
    nights = [{"r": before, "other": (10, 0)}, {"r": now, "other": (10, 0)}]
    assert stand(drawn, nights) == reference.standing(nights) == expected


def test_on_the_first_night_every_failure_is_new(drawn: Drawn) -> None:
    assert stand(drawn, [{"r": (10, 1), "s": (10, 0)}]) == {"r": "new"}


def test_a_night_that_read_nothing_changes_no_standing(drawn: Drawn) -> None:
    nights = [{"r": (10, 2)}, {"r": (10, 0)}, {"r": (0, 0)}]
    assert stand(drawn, nights) == reference.standing(nights) == {"r": "fixed"}


def test_files_refused_stand_like_rules(drawn: Drawn) -> None:
    for number, (night, why) in enumerate(
        [(1, "identifier"), (1, "unknown_column"), (1, None), (2, "identifier"), (2, "empty"), (2, None)], start=1
    ):
        drawn.file(number, night, night, None, refused=why)
    assert drawn.con.execute(
        "SELECT reason_code, standing, checked, failed, failed_before FROM rule_standing WHERE feed = 'files' ORDER BY ALL"
    ).fetchall() == [
        ("empty", "new", 3, 1, 0),
        ("identifier", "still failing", 3, 1, 1),
        ("unknown_column", "fixed", 3, 0, 1),
    ]


COUNTS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 3).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), max_size=3)  # fmt: skip


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(COUNTS, max_size=4))
def test_the_view_and_the_loops_agree_on_rules(drawn: Drawn, nights) -> None:  # type: ignore[no-untyped-def]
    assert stand(drawn, nights) == reference.standing(nights)
