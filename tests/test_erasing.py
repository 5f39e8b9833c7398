"""A file of the archive erased: only where nothing rests on it, with a tombstone, and no night is the worse for it."""

from __future__ import annotations

import datetime as dt
import json
import shutil

import duckdb
import pytest

from outcomes import destroying
from outcomes.destroying import DESTROYED, erase
from outcomes.errors import BusyError, OutcomesError, UsageError
from outcomes.inbox import locked
from outcomes.nights import run_night
from outcomes.paths import Home
from outcomes.publishedcopy import opened
from outcomes.replays import damage_of_store
from outcomes.requeueing import files_to_read_again
from tests.conftest import copied, differing, stored
from tests.test_quarantine_life import DAYS, file, line, register, run, sha

pytestmark = pytest.mark.usefixtures("no_pages_here")

GIVEN = file(line("C01", "p1", 20), line("C01", "p2", 18))
TAKEN_BACK = file(line("C01", "p1", 20, status="entered_in_error"), line("C01", "p2", 18, status="entered_in_error"))
OTHER = file(line("C01", "p3", 17), line("C01", "p4", 9))
LEDGER = "SELECT arrival_no, sha256, rows_accepted, rows_digest, hash FROM arrival ORDER BY arrival_no"


@pytest.fixture(scope="module")
def retracted(tmp_path_factory):
    """A home in which every row of one file was retracted by a later one."""
    home = Home(tmp_path_factory.mktemp("retracted") / "home")
    register(home, "C01")
    run(home, 1, GIVEN, OTHER)
    run(home, 2, TAKEN_BACK)
    return home


def test_a_file_is_erased_with_a_tombstone_once_none_of_its_rows_stands(retracted, tmp_path):
    home = copied(retracted, tmp_path / "home")
    assert erase(home, sha(GIVEN)[:10], " R.  Meyer ", "consent_withdrawn", dt.date(2026, 1, 9)) == sha(GIVEN)
    assert {path.name for path in home.archive.iterdir()} == {sha(TAKEN_BACK), sha(OTHER)}
    assert [json.loads(words) for words in (home.receipts / DESTROYED).read_text().splitlines()] == [
        {"destroyed_no": 1, "sha256": sha(GIVEN), "destroyed_on": "2026-01-09", "destroyed_by": "R. Meyer", "reason_code": "consent_withdrawn"}
    ]  # fmt: skip
    tombstone = "SELECT sha256, destroyed_by, d.reason_code, sentence FROM destroyed AS d JOIN arrival USING (arrival_no) JOIN reason USING (reason_code)"
    for store in (home.warehouse, home.published_copy):
        assert stored(store, tombstone) == [(sha(GIVEN), "R. Meyer", "consent_withdrawn", destroying.WHY["consent_withdrawn"])]  # fmt: skip
        assert stored(store, LEDGER) == stored(retracted.warehouse, LEDGER)
    assert differing(home.published_copy, retracted.published_copy) == {}
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        assert damage_of_store(con) == [], "its rows are still those that the ledger tells of"
    with opened(home) as con, pytest.raises(UsageError, match="were destroyed"):
        files_to_read_again(home, con, [sha(GIVEN)], None)
    with pytest.raises(UsageError, match="destroyed already"):
        erase(home, sha(GIVEN), "R. Meyer", "consent_withdrawn", None)


@pytest.mark.parametrize("lost", ["the warehouse", "the warehouse and the floor"])
def test_a_database_lost_after_an_erasure_is_rebuilt_from_the_floor(lost, retracted, tmp_path):
    home = copied(retracted, tmp_path / "home")
    erase(home, sha(GIVEN), "R.Meyer", "sent_by_mistake", None)
    run(home, 3, file(line("C01", "p5", 11)))
    whole = stored(home.warehouse, LEDGER)
    home.warehouse.unlink()
    if lost == "the warehouse and the floor":
        home.floor.unlink()
        with pytest.raises(OutcomesError, match=r"bytes of arrival \d are not in the archive.*backup"):
            run_night(home, DAYS[3])
        return
    run_night(home, DAYS[3])
    assert stored(home.warehouse, LEDGER) == whole
    assert stored(home.warehouse, "SELECT count(*) FROM destroyed") == [(1,)]
    assert stored(home.warehouse, "SELECT count(*) FROM current_score") == [(3,)]


def test_a_floor_of_another_home_is_not_stood_on(retracted, tmp_path):
    home = copied(retracted, tmp_path / "home")
    erase(home, sha(GIVEN), "R.Meyer", "sent_by_mistake", None)
    with duckdb.connect(str(home.floor)) as con:
        con.execute("UPDATE arrival SET hash = repeat('0', 64)")
    home.warehouse.unlink()
    with pytest.raises(OutcomesError, match="not of this home's ledger"):
        run_night(home, DAYS[2])


def test_a_floor_that_is_cut_short_is_named_with_what_to_do(retracted, tmp_path):
    """As a copy to a disk that was full leaves it."""
    home = copied(retracted, tmp_path / "home")
    erase(home, sha(GIVEN), "R.Meyer", "sent_by_mistake", None)
    whole = home.floor.read_bytes()
    home.floor.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(OutcomesError, match=r"backup/floor\.duckdb cannot be read.*Bring that file back from a backup"):
        run_night(home, DAYS[2])
    home.floor.write_bytes(whole)
    run_night(home, DAYS[2])


class Killed(BaseException):
    """Stands for a kill."""


def test_an_erasure_that_was_killed_is_done_by_the_next_night_and_so_are_bytes_that_came_back(retracted, tmp_path, monkeypatch):  # fmt: skip
    home = copied(retracted, tmp_path / "home")
    with monkeypatch.context() as patched:
        patched.setattr(destroying, "_remove", lambda *given: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            erase(home, sha(GIVEN), "R.Meyer", "agreement_ended", None)
    assert (home.archive / sha(GIVEN)).exists()
    run_night(home, DAYS[2])
    assert not (home.archive / sha(GIVEN)).exists()
    shutil.copyfile(retracted.archive / sha(GIVEN), home.archive / sha(GIVEN))
    destroying.remove_destroyed(home)
    assert not (home.archive / sha(GIVEN)).exists()


def test_nothing_is_erased_that_numbers_rest_on(retracted, tmp_path):
    home = copied(retracted, tmp_path / "home")
    for given, words in (
        ((sha(OTHER), "R.Meyer", "sent_by_mistake"), r"rows of it that stand: 2\).*entered_in_error"),
        ((sha(GIVEN), "R.Meyer", "because"), "no reason because.*consent_withdrawn"),
        ((sha(GIVEN), "p1", "sent_by_mistake"), "not a patient's code"),
        (("0" * 64, "R.Meyer", "sent_by_mistake"), "that of no file"),
    ):
        with pytest.raises(UsageError, match=words):
            erase(home, *given, None)
    with locked(home), pytest.raises(BusyError):
        erase(home, sha(GIVEN), "R.Meyer", "sent_by_mistake", None)
    assert {path.name for path in home.archive.iterdir()} == {sha(GIVEN), sha(TAKEN_BACK), sha(OTHER)}
    assert not (home.receipts / DESTROYED).exists()
