"""The review list of item 9, and who has looked: append-only, on the published copy at once, and never lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import duckdb
import pytest

from outcomes.errors import BusyError, UsageError
from outcomes.inbox import locked
from outcomes.nights import run_night
from outcomes.paths import Home
from outcomes.reviewing import acknowledge
from tests.conftest import copied
from tests.nightly import AS_OF, asked, night

pytestmark = pytest.mark.usefixtures("no_pages_here")

ITEMS = ",".join(f"item_{i}" for i in range(1, 10))
HEAD = f"clinic_id,patient_id,infusion_number,days_since_first_infusion,timepoint,{ITEMS},total"


def file(*rows: tuple[str, int | str, int, str, int]) -> bytes:
    """Rows of (patient, infusion number, day, timepoint, item 9); the other items are 1."""
    body = [
        f"C01,{patient},{number},{day},{timepoint},1,1,1,1,1,1,1,1,{nine},"
        for patient, number, day, timepoint, nine in rows
    ]
    return "\n".join([HEAD, *body, ""]).encode()


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """p1: 0, 1 (new), 1, 3 (higher), 2. p2: 2, 0, 0. p3: first seen with 3. p4: on one day before and after an infusion."""
    home = Home(tmp_path_factory.mktemp("review") / "home")
    night(
        home,
        {
            "a.csv": file(
                ("p1", 1, 0, "pre_infusion", 0), ("p1", 2, 3, "pre_infusion", 1), ("p1", 3, 7, "pre_infusion", 1),
                ("p1", 4, 10, "pre_infusion", 3), ("p1", "", 30, "follow_up", 2),
                ("p2", 1, 0, "pre_infusion", 2), ("p2", 2, 3, "pre_infusion", 0), ("p2", 3, 7, "pre_infusion", 0),
                ("p3", 1, 0, "pre_infusion", 3),
                ("p4", 1, 0, "post_infusion", 1), ("p4", 1, 0, "pre_infusion", 0),
            )
        },
    )  # fmt: skip
    return home


QUERY = "SELECT patient_id, kind, day_before, item_9_before, day, item_9 FROM item_9_review ORDER BY patient_id, day"


def test_the_list_has_scores_higher_than_the_one_before(listed):
    assert asked(listed, QUERY) == [
        ("p1", "new", 0, 0, 3, 1), ("p1", "higher", 7, 1, 10, 3), ("p4", "new", 0, 0, 0, 1),
    ]  # fmt: skip


def test_a_correction_takes_a_score_off_the_list(listed, tmp_path):
    home = copied(listed, tmp_path / "home")
    night(home, {"b.csv": file(("p1", 2, 3, "pre_infusion", 0))})
    assert asked(home, QUERY)[:2] == [("p1", "new", 3, 0, 7, 1), ("p1", "higher", 7, 1, 10, 3)]


def test_acknowledging_is_on_the_published_copy_and_in_a_receipt(listed, tmp_path):
    home = copied(listed, tmp_path / "home")
    (number,) = next(iter(asked(home, "SELECT score_id FROM item_9_review WHERE day = 3")))
    assert acknowledge(home, [number, number], "  R.  Meyer ") == 1
    assert asked(home, "SELECT score_id, acknowledged_by, acknowledged_night FROM item_9_review WHERE day = 3") == [
        (number, "R. Meyer", 1)
    ]
    (line,) = (home.receipts / "acknowledgements.jsonl").read_text().splitlines()
    assert {k: json.loads(line)[k] for k in ("acknowledgement_no", "line", "acknowledged_by", "night")} == {
        "acknowledgement_no": 1, "line": 3, "acknowledged_by": "R. Meyer", "night": 1,
    }  # fmt: skip


def test_the_first_who_looked_stays_and_the_second_is_kept(listed, tmp_path):
    home = copied(listed, tmp_path / "home")
    (number,) = next(iter(asked(home, "SELECT score_id FROM item_9_review WHERE day = 3")))
    for name in ("R. Meyer", "A. Osei"):
        acknowledge(home, [number], name)
    assert asked(home, "SELECT acknowledged_by FROM item_9_review WHERE day = 3") == [("R. Meyer",)]
    assert asked(home, "SELECT acknowledged_by FROM acknowledgement ORDER BY ALL") == [("A. Osei",), ("R. Meyer",)]


def test_a_database_that_was_lost_gets_its_acknowledgements_back(listed, tmp_path):
    home = copied(listed, tmp_path / "home")
    numbers = [row[0] for row in asked(home, "SELECT score_id FROM item_9_review")]
    acknowledge(home, numbers, "R. Meyer")
    before = asked(home, "SELECT * FROM item_9_review ORDER BY ALL")
    os.unlink(home.warehouse)
    run_night(home, AS_OF)
    assert asked(home, "SELECT * FROM item_9_review ORDER BY ALL") == before


@pytest.mark.parametrize(
    ("numbers", "name", "words"),
    [
        ([999], "R. Meyer", "This number is not on the list"),
        ([1], "R. Meyer", "not on the list"),
        ([2], " ", "2 to 80"),
        ([2], "x" * 81, "2 to 80"),
        ([2], "P1", "not a patient's"),
    ],
)
def test_what_cannot_be_recorded_is_refused_and_nothing_is_written(listed, tmp_path, numbers, name, words):
    home = copied(listed, tmp_path / "home")
    with pytest.raises(UsageError, match=words):
        acknowledge(home, numbers, name)
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        assert con.execute("SELECT count(*) FROM acknowledgement").fetchall() == [(0,)]
    assert not (home.receipts / "acknowledgements.jsonl").exists()


def test_during_a_night_it_waits(listed, tmp_path):
    home = copied(listed, tmp_path / "home")
    with locked(home), pytest.raises(BusyError):
        acknowledge(home, [2], "R. Meyer")


def test_without_a_night_it_says_so(tmp_path: Path):
    with pytest.raises(UsageError, match="no night yet"):
        acknowledge(Home(tmp_path / "none"), [1], "R. Meyer")
