"""What was set aside or refused, and what becomes of it: read again, shown, destroyed; never turned back quietly."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import io
import json
import os
import random
import shutil
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from outcomes import destroying, loading, nights
from outcomes.checking import judge
from outcomes.cli import main
from outcomes.destroying import DESTROYED, destroy, refused_files
from outcomes.errors import BusyError, UsageError
from outcomes.inbox import locked
from outcomes.ledger import ENTRY, entry_hash
from outcomes.loading import Night
from outcomes.nights import run_night
from outcomes.paths import Home
from outcomes.publishedcopy import opened
from outcomes.requeueing import files_to_read_again, request
from outcomes.reviewing import acknowledge
from outcomes.showing import row_of, row_set_aside
from outcomes.summary import Summary
from tests.conftest import FIRST, LATER, answers, copied, differing, stored
from tests.drawnnights import HEADER

pytestmark = pytest.mark.usefixtures("no_pages_here")

Day = dt.date
DAYS = [Day(2026, 1, 1) + dt.timedelta(7 * n) for n in range(12)]
LEDGER = "SELECT arrival_no, sha256, read_again_of, night, hash FROM arrival ORDER BY arrival_no"
STANDING = "SELECT clinic_id, patient_id, days_since_first_infusion, phq9_total FROM current_score ORDER BY ALL"
FATES = "SELECT night, read_again_of, rows_read, rows_accepted, rows_duplicate, rows_quarantined FROM arrival ORDER BY arrival_no"
OPEN = "SELECT line, reason_code FROM set_aside ORDER BY ALL"
EVENTS = "SELECT score_id, current, reason_code, night, by_arrival_no, by_line FROM score_event ORDER BY event_id"


def line(clinic: str, patient: str, total: int, *, day: int = 0, status: str = "", extract: str = "") -> str:
    return f"{clinic},{patient},1,{day},pre_infusion,{total},{status},{extract},,,,,,,,,"


def file(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines, ""]).encode()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def register(home: Home, *clinics: str) -> None:
    home.make()
    home.clinics.write_text("".join(f'[clinics."{clinic}"]\nconfirmed = true\n' for clinic in clinics))


def send(home: Home, *files: bytes) -> None:
    for number, data in enumerate(files):
        (home.inbox / f"{number}.csv").write_bytes(data)


def run(home: Home, number: int, *files: bytes) -> Summary:
    """Night `number` of DAYS with these files."""
    send(home, *files)
    return run_night(home, DAYS[number - 1])


def again(home: Home, *files: bytes, reason: str | None = None) -> None:
    with opened(home) as con:
        request(home, files_to_read_again(home, con, [sha(data)[:8] for data in files], reason))


def read_as(monkeypatch: pytest.MonkeyPatch, before: str, after: str, of: str = "") -> None:
    """From now on, files (with the words `of` in them) are read with other words in the place of some: as by another profile."""
    real = loading.judge

    def other(files: Iterable[bytes], clinics: Any, *more: Any) -> Any:
        return real(
            [data.replace(before.encode(), after.encode()) if of.encode() in data else data for data in files],
            clinics,
            *more,
        )

    monkeypatch.setattr(loading, "judge", other)


def as_it_was(readers: list[Callable[..., Any]]) -> Callable[..., Any]:
    """Each reading by the reader of its night, in their order."""
    left = iter(readers)
    return lambda files, clinics, *more: next(left, readers[-1])(files, clinics, *more)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    register(home, "C01")
    return home


A = file(line("C02", "p1", 20), line("C02", "p2", 18))
B = file(line("C02", "p1", 12), line("C02", "p2", 18))


@pytest.fixture(scope="module")
def after_a(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Night 1 brought A: to copy."""
    home = Home(tmp_path_factory.mktemp("a") / "home")
    register(home, "C01")
    run(home, 1, A)
    return home


@pytest.fixture
def with_a(after_a: Home, tmp_path: Path) -> Home:
    return copied(after_a, tmp_path / "home")


@pytest.fixture(scope="module")
def after_c(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Night 1 brought C: to copy."""
    home = Home(tmp_path_factory.mktemp("c") / "home")
    register(home, "C01")
    run(home, 1, C)
    return home


@pytest.fixture
def with_c(after_c: Home, tmp_path: Path) -> Home:
    return copied(after_c, tmp_path / "home")


# The whole life


def test_rows_of_an_unknown_clinic_are_taken_once_it_is_registered(home):
    """Set aside, registered, asked for, read again by the next night, counted as such."""
    said = run(home, 1, A)
    assert (said.rows["read"], said.rows["quarantined"]) == (2, 2)
    assert stored(home.published_copy, OPEN) == [(2, "unknown_clinic"), (3, "unknown_clinic")]

    register(home, "C01", "C02")
    again(home, reason="unknown_clinic")
    assert [path.name for path in home.requeue.iterdir()] == [sha(A)]
    said = run(home, 2)

    assert stored(home.published_copy, FATES) == [(1, None, 2, 0, 0, 2), (2, 1, 2, 2, 0, 0)]
    assert stored(home.published_copy, STANDING) == [("C02", "p1", 0, 20), ("C02", "p2", 0, 18)]
    assert stored(home.published_copy, OPEN) == []
    assert stored(home.published_copy, "SELECT count(*) FROM quarantine") == [(2,)], "what was, stays on record"
    assert said.files == {"taken": 0, "refused": 0, "known": 0, "known_refused": 0, "left_alone": 0}
    assert (said.read_again["files"], said.read_again["accepted"], said.read_again["withdrawn"]) == (1, 2, 0)
    assert stored(home.published_copy, "SELECT files_taken, files_read_again FROM night ORDER BY night") == [(1, 0), (0, 1)]  # fmt: skip
    assert list(home.requeue.iterdir()) == []
    assert {path.name for path in home.archive.iterdir()} == {sha(A)}


def test_a_file_read_again_came_when_it_was_first_read(home):
    """R9: patients were followed since then, not only since their rows could be read."""
    late = file(*(line("C02", "p1", 20, day=day) for day in (0, 3)))
    run(home, 1, late)
    register(home, "C01", "C02")
    again(home, late)
    run(home, 5)
    (followed,) = stored(home.published_copy, "SELECT followed_until FROM followed")
    assert followed == (3 + (DAYS[4] - DAYS[0]).days,)


def test_files_of_several_nights_are_read_again_in_the_order_in_which_they_came(home):
    """Each week's export corrects the one before: the last word stands, and nothing is set aside."""
    third = file(line("C02", "p1", 20))
    run(home, 1, A)
    run(home, 2, B)
    run(home, 3, third)
    register(home, "C01", "C02")
    again(home, reason="unknown_clinic")
    run(home, 4)
    assert stored(home.published_copy, STANDING) == [("C02", "p1", 0, 20), ("C02", "p2", 0, 18)]
    assert stored(home.published_copy, OPEN) == []
    assert stored(home.published_copy, FATES)[3:] == [(4, 1, 2, 2, 0, 0), (4, 2, 2, 1, 1, 0), (4, 3, 1, 1, 0, 0)]
    assert [row[2] for row in stored(home.published_copy, EVENTS)] == ["corrected", "corrected"]


def test_a_new_file_of_the_same_night_comes_after_one_read_again(with_a):
    home = with_a
    register(home, "C01", "C02")
    again(home, A)
    run(home, 2, B)
    assert stored(home.published_copy, STANDING) == [("C02", "p1", 0, 12), ("C02", "p2", 0, 18)]
    assert stored(home.published_copy, OPEN) == []


# Nothing is turned back quietly


@pytest.mark.parametrize(
    ("since", "standing", "aside", "duplicates"),
    [
        (line("C02", "p1", 12), [("C02", "p1", 0, 12), ("C02", "p2", 0, 18)], [(2, "superseded_since")], 0),
        (line("C02", "p1", 20), [("C02", "p1", 0, 20), ("C02", "p2", 0, 18)], [], 1),
        (line("C02", "p1", 20, status="entered_in_error"), [("C02", "p2", 0, 18)], [(2, "superseded_since")], 0),
    ],
    ids=["other values", "the same values", "taken back"],
)
def test_what_came_since_is_not_turned_back(with_a, since, standing, aside, duplicates):
    home = with_a
    register(home, "C01", "C02")
    run(home, 2, file(since))
    again(home, A)
    run(home, 3)
    assert stored(home.published_copy, STANDING) == standing
    assert stored(home.published_copy, OPEN) == aside
    assert stored(home.published_copy, FATES)[-1] == (3, 1, 2, 1, duplicates, len(aside))
    assert stored(home.published_copy, EVENTS) == []
    with duckdb.connect(str(home.published_copy), read_only=True) as con:
        said = con.execute("SELECT sentence FROM reason WHERE reason_code = 'superseded_since'").fetchone()
    assert "marked corrected" in said[0]


def test_a_row_that_an_earlier_file_holds_is_not_turned_over_either(home):
    """What other files said of it in between is not known row by row."""
    run(home, 1, file(line("C01", "p1", 10)))
    bad = file(line("C01", "p1", 12).replace(",12,", ",x,"), line("C01", "p2", 15))
    run(home, 2, bad)
    good = [("C01", "p1", 0, 10), ("C01", "p2", 0, 15)]
    assert stored(home.published_copy, STANDING) == good
    with pytest.MonkeyPatch.context() as patched:
        read_as(patched, ",x,", ",12,")
        again(home, bad)
        run(home, 3)
    assert stored(home.published_copy, STANDING) == good
    assert stored(home.published_copy, OPEN) == [(2, "superseded_since")]


@pytest.mark.parametrize("asked", ["one", "both"])
def test_a_contradiction_is_not_resolved_by_reading_one_side_again(home, asked):
    """All files of its night with contradictions are read again with the one that was asked for."""
    first, other = file(line("C01", "p1", 20)), file(line("C01", "p1", 12), line("C01", "p2", 9))
    run(home, 1, first, other)
    before = stored(home.published_copy, STANDING), stored(home.published_copy, OPEN)
    again(home, *([first, other] if asked == "both" else [first]))
    said = run(home, 2)
    assert (stored(home.published_copy, STANDING), stored(home.published_copy, OPEN)) == before
    assert before[0] == [("C01", "p2", 0, 9)]
    assert said.read_again["files"] == 2


def test_a_row_that_can_be_read_at_last_may_contradict_one_of_its_night(home, monkeypatch):
    first, other = file(line("C01", "p1", 20)), file(line("C01", "p1", 12).replace(",12,", ",x,"))
    run(home, 1, first, other)
    assert stored(home.published_copy, STANDING) == [("C01", "p1", 0, 20)]
    read_as(monkeypatch, ",x,", ",12,")
    again(home, other)
    run(home, 2)
    assert stored(home.published_copy, STANDING) == []
    assert stored(home.published_copy, OPEN) == [(2, "contradiction"), (2, "contradiction")]


# Read otherwise


C = file(line("C01", "p1", 20), line("C01", "p2", 15))


def test_a_row_read_otherwise_stands_in_the_place_of_its_earlier_reading(with_c, monkeypatch):
    home = with_c
    with monkeypatch.context() as patched:
        read_as(patched, ",20,", ",18,")
        again(home, C)
        said = run(home, 2)
    assert stored(home.published_copy, STANDING) == [("C01", "p1", 0, 18), ("C01", "p2", 0, 15)]
    assert stored(home.published_copy, EVENTS) == [(1, False, "read_again", 2, 2, 2)]
    assert stored(home.published_copy, FATES)[-1] == (2, 1, 2, 1, 1, 0)
    assert said.read_again["withdrawn"] == 1

    again(home, C)
    run(home, 3)
    assert stored(home.published_copy, STANDING) == [("C01", "p1", 0, 20), ("C01", "p2", 0, 15)], "as at first"
    assert [event[2] for event in stored(home.published_copy, EVENTS)] == ["read_again", "read_again", "reinstated"]
    assert stored(home.published_copy, FATES)[-1] == (3, 1, 2, 0, 2, 0)


def test_a_row_read_otherwise_does_not_come_back_where_it_was_corrected_since(with_c, monkeypatch):
    home = with_c
    run(home, 2, file(line("C01", "p1", 11)))
    read_as(monkeypatch, ",20,", ",18,")
    again(home, C)
    run(home, 3)
    assert stored(home.published_copy, STANDING) == [("C01", "p1", 0, 11), ("C01", "p2", 0, 15)]
    assert stored(home.published_copy, OPEN) == [(2, "superseded_since")]


def test_a_row_read_under_another_key_is_not_counted_twice(with_c, monkeypatch):
    home = with_c
    read_as(monkeypatch, "p1,1,0,", "p1,1,3,")
    again(home, C)
    run(home, 2)
    assert stored(home.published_copy, STANDING) == [("C01", "p1", 3, 20), ("C01", "p2", 0, 15)]
    (until,) = stored(home.published_copy, "SELECT followed_until FROM followed JOIN patient USING (patient_no) WHERE patient_id = 'p1'")  # fmt: skip
    assert until == (3 + 7,), "the day that was read wrongly counts for nothing"


def test_what_a_wrongly_read_row_had_corrected_stands_again(with_c, monkeypatch):
    home = with_c
    wrong = file(line("C01", "p1", 7))
    run(home, 2, wrong)
    assert stored(home.published_copy, STANDING)[0] == ("C01", "p1", 0, 7)
    read_as(monkeypatch, "p1,1,0,pre_infusion,7", "p9,1,0,pre_infusion,7")
    again(home, wrong)
    run(home, 3)
    assert stored(home.published_copy, STANDING) == [("C01", "p1", 0, 20), ("C01", "p2", 0, 15), ("C01", "p9", 0, 7)]


def test_a_row_set_aside_by_the_new_reading_no_longer_stands_but_a_refused_reading_takes_nothing_back(
    with_c, monkeypatch
):
    home = with_c
    with monkeypatch.context() as patched:
        read_as(patched, ",20,", ",x,")
        again(home, C)
        run(home, 2)
    assert stored(home.published_copy, STANDING) == [("C01", "p2", 0, 15)]
    assert stored(home.published_copy, OPEN) == [(2, "total_not_whole")]
    with monkeypatch.context() as patched:
        read_as(patched, "patient_id", "full_name")
        again(home, C)
        said = run(home, 3)
    assert said.read_again["refused"] == 1
    assert stored(home.published_copy, STANDING) == [("C01", "p2", 0, 15)]
    assert stored(home.published_copy, OPEN) == [(2, "total_not_whole")], "the last reading that was taken counts"
    assert {path.name for path in home.archive.iterdir()} == {sha(C)}
    assert list(home.refused.iterdir()) == []


def test_a_refused_file_that_is_taken_at_last_moves_to_the_archive(home, monkeypatch):
    odd = C.replace(b"patient_id", b"pseudonym")
    said = run(home, 1, odd)
    assert said.files["refused"] == 1
    assert {path.name for path in home.refused.iterdir()} == {sha(odd)}
    read_as(monkeypatch, "pseudonym", "patient_id")
    again(home, reason="unknown_column")
    run(home, 2)
    assert len(stored(home.published_copy, STANDING)) == 2
    assert {path.name for path in home.archive.iterdir()} == {sha(odd)}
    assert list(home.refused.iterdir()) == []
    with opened(home) as con:
        assert refused_files(home, con) == []
    send(home, odd)
    assert run(home, 3).files == {"taken": 0, "refused": 0, "known": 1, "known_refused": 0, "left_alone": 0}


# Metamorphic: everything again, with nothing changed


@pytest.mark.parametrize(("part", "batch"), [(1, None), (3, None), (1, 1)], ids=["all", "every third", "one by one"])
def test_reading_files_again_with_nothing_changed_changes_no_score_no_rate_and_nothing_set_aside(
    part, batch, sample, after_later, tmp_path, monkeypatch
):
    if batch:
        monkeypatch.setattr(loading.batches, "__defaults__", (batch,))
    home = copied(after_later, tmp_path / "home")
    with opened(home) as con:
        shas = [row[0] for row in con.execute("SELECT sha256 FROM arrival ORDER BY arrival_no").fetchall()][::part]
        request(home, files_to_read_again(home, con, shas, None))
    said = run_night(home, sample.as_of(LATER))
    assert said.read_again["files"] >= len(shas) > 3
    assert said.read_again["accepted"] == said.read_again["withdrawn"] == 0
    assert differing(home.published_copy, after_later.published_copy) == {}
    queries = (
        "SELECT * FROM score ORDER BY score_id",
        "SELECT * FROM score_event ORDER BY event_id",
        "SELECT * FROM patient_row ORDER BY patient_row_id",
        "SELECT sha256, line, column_name, reason_code, found_at FROM set_aside JOIN arrival USING (arrival_no) ORDER BY ALL",
        "SELECT * FROM became_due ORDER BY ALL",
    )
    assert answers(home.published_copy, *queries) == answers(after_later.published_copy, *queries)
    for folder in ("archive", "refused"):
        assert {p.name for p in (home.root / folder).iterdir()} == {p.name for p in (after_later.root / folder).iterdir()}  # fmt: skip


@pytest.fixture(scope="module", params=["C02", "every clinic"])
def unknown(request, sample, tmp_path_factory) -> Home:
    """Both nights of the sample with a clinic, or all, not registered, and registered since: to copy."""
    home = Home(tmp_path_factory.mktemp("unknown") / "home")
    sample.send(FIRST, home)
    whole = home.clinics.read_text()
    without = whole[: whole.index("[clinics.C02]")] + whole[whole.index("[clinics.C03]") :]
    home.clinics.write_text(without if request.param == "C02" else "[clinics.C99]\n")
    run_night(home, sample.as_of(FIRST))
    sample.run(LATER, home)
    home.clinics.write_text(whole)
    return home


@pytest.mark.parametrize("batch", [None, 1], ids=["together", "one by one"])
def test_files_read_again_after_two_nights_give_what_they_would_have_given_at_once(
    unknown, batch, sample, after_later, tmp_path, monkeypatch
):
    """Clinics are registered only after both nights: every score and rate is as if they had been from the start."""
    if batch:
        monkeypatch.setattr(loading.batches, "__defaults__", (batch,))
    home = copied(unknown, tmp_path / "home")
    again(home, reason="unknown_clinic")
    said = run_night(home, sample.as_of(LATER))
    assert said.read_again["accepted"] > 100
    queries = (
        "SELECT * EXCLUDE (score_id, arrival_no, patient_no, received_on) FROM current_score ORDER BY ALL",
        "SELECT * EXCLUDE (patient_row_id, arrival_no, patient_no, received_on) FROM current_patient ORDER BY ALL",
        "SELECT * FROM rate ORDER BY ALL",
        "SELECT * EXCLUDE (patient_no), p.clinic_id, p.patient_id FROM followed JOIN patient AS p USING (patient_no) ORDER BY ALL",
        "SELECT DISTINCT sha256, line, column_name, reason_code, found_at FROM set_aside JOIN arrival USING (arrival_no) ORDER BY ALL",
    )
    assert answers(home.published_copy, *queries) == answers(after_later.published_copy, *queries)


def test_who_looked_at_a_score_read_again_comes_back_with_a_lost_database(home, monkeypatch):
    """Two scores come from one line of one file: the acknowledgement is of one of them."""
    items = file(*(f"C01,p1,{n},{3 * n - 3},pre_infusion,,,,0,0,0,0,0,0,0,0,{n - 1}" for n in (1, 2, 3)))
    run(home, 1, items)
    read_as(monkeypatch, "p1,2,3,pre_infusion,,,,0,", "p1,2,3,pre_infusion,,,,1,")
    again(home, items)
    run(home, 2)
    listed = "SELECT score_id FROM item_9_review ORDER BY 1"
    assert stored(home.published_copy, listed) == [(3,), (4,)]
    acknowledge(home, [4], "R.Meyer")
    looked = stored(home.published_copy, "FROM acknowledgement")
    with monkeypatch.context() as undone:
        undone.setattr(loading, "judge", as_it_was([judge, loading.judge]))
        home.warehouse.unlink()
        run(home, 2)
    assert stored(home.published_copy, "FROM acknowledgement") == looked


NEVER = {
    "two rows stand for one key": """SELECT clinic_id, patient_id, days_since_first_infusion, timepoint, infusion_number
        FROM current_score GROUP BY ALL HAVING count(*) > 1""",
    "two rows stand for one line": "SELECT sha256, line FROM current_score GROUP BY ALL HAVING count(*) > 1",
    "a row stands that a later reading of its file has otherwise": """SELECT s.score_id FROM current_score AS s
        JOIN last_reading AS l USING (sha256) JOIN quarantine AS q ON q.arrival_no = l.arrival_no AND q.line = s.line""",
    "an arrival does not add up": """SELECT a.arrival_no FROM arrival AS a
        LEFT JOIN (SELECT arrival_no, count(*) AS n FROM score GROUP BY 1) AS s USING (arrival_no)
        WHERE rows_accepted <> coalesce(s.n, 0) OR rows_read <> rows_accepted + rows_duplicate + rows_quarantined""",
}


@pytest.mark.parametrize("seeds", [range(1), range(1, 8)], ids=["one", "seven side by side"])
def test_drawn_nights_with_files_read_again(seeds, tmp_path, monkeypatch):
    """Small files about few keys, so that they meet; a clinic registered late; readers that change; files read again.

    Each seed has clinics and files of its own, and draws as if it were alone: seven cost no more nights than one. One is
    alone, for the nights that bring nothing.
    """
    lots = {seed: random.Random(seed) for seed in seeds}
    sent: dict[int, list[bytes]] = {seed: [] for seed in seeds}
    early, late = ([f"C{seed}{which}" for seed in seeds] for which in "12")
    home = Home(tmp_path / "home")
    register(home, *early)
    for number in range(1, 8):
        if number == 3:
            register(home, *early, *late)
        with monkeypatch.context() as patched:
            new: list[bytes] = []
            for seed, drawn in lots.items():
                if drawn.random() < 0.4:
                    words = drawn.choice([(",20,", ",18,"), ("p1,1,0,", "p1,1,3,"), (",9,", ",x,")])
                    read_as(patched, *words, of=f"\nC{seed}")
                if sent[seed] and drawn.random() < 0.7:
                    again(home, *drawn.sample(sent[seed], drawn.randint(1, len(sent[seed]))))
                new += (own := [drawn_file(drawn, seed) for _ in range(drawn.randint(0, 2))])
                sent[seed] = list(dict.fromkeys([*sent[seed], *own]))
            run(home, number, *new)
        with opened(home) as con:
            for what, query in NEVER.items():
                assert con.execute(query).fetchall() == [], (number, what)
    # All files as they are: twice, since the first may undo what another reader made of them.
    said = []
    for number in (8, 9):
        again(home, *(data for files in sent.values() for data in files))
        run(home, number)
        said.append(answers(home.published_copy, STANDING, EVENTS))
    assert said[0] == said[1], "reading everything again with nothing changed changes nothing"
    assert {row[0] for row in said[0][0]} == {*early, *late}


def drawn_file(drawn: random.Random, seed: int) -> bytes:
    marks = ["", "", "", "corrected", "entered_in_error"]
    return file(
        *(
            line(f"C{seed}{drawn.choice('12')}", f"p{drawn.randint(1, 2)}", drawn.choice([20, 18, 9]), day=drawn.choice([0, 3]), status=drawn.choice(marks))
            for _ in range(drawn.randint(1, 4))
        ),
        line(f"C{seed}1", f"z{drawn.randint(1, 10**6)}", 5),
    )  # fmt: skip


# Killed, lost


class Killed(BaseException):
    """Stands for a kill: no `except Exception` sees it."""


def about_to_be_read_again(root: Path) -> Home:
    """Night 1 set A aside and refused another; C02 is registered since; both are asked for, and B waits in the inbox."""
    home = Home(root)
    register(home, "C01")
    odd = C.replace(b"patient_id", b"pseudonym")
    run(home, 1, A, odd)
    register(home, "C01", "C02")
    again(home, A, odd)
    send(home, B)
    return home


@pytest.fixture(scope="module")
def asked_for(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return about_to_be_read_again(tmp_path_factory.mktemp("asked") / "home")


@pytest.fixture(scope="module")
def undisturbed(asked_for: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = copied(asked_for, tmp_path_factory.mktemp("undisturbed") / "home")
    with pytest.MonkeyPatch.context() as patched:
        read_as(patched, "pseudonym", "patient_id")
        run_night(home, DAYS[1])
    return home


def assert_as_undisturbed(home: Home, undisturbed: Home) -> None:
    queries = (LEDGER, EVENTS, "SELECT * FROM score ORDER BY score_id", OPEN)
    assert answers(home.published_copy, *queries) == answers(undisturbed.published_copy, *queries)
    assert differing(home.published_copy, undisturbed.published_copy) == {}
    for folder in ("archive", "refused", "held", "inbox", "requeue"):
        assert {p.name for p in (home.root / folder).iterdir()} == {p.name for p in (undisturbed.root / folder).iterdir()}  # fmt: skip
    assert not home.manifest.exists()


def test_the_undisturbed_night_read_two_files_again(undisturbed):
    fates = stored(undisturbed.published_copy, FATES)
    assert sorted(fates[2:4]) == [(2, 1, 2, 2, 0, 0), (2, 2, 2, 2, 0, 0)]
    assert fates[4:] == [(2, None, 2, 1, 1, 0)]
    assert len(stored(undisturbed.published_copy, STANDING)) == 4


def stop_after(last: str, home: Home) -> None:
    """The second night of a home up to the end of a step."""
    night: Any = Night(home, DAYS[1])
    for name, step in nights.STEPS:
        night = step(night, None)
        if name == last:
            return


@pytest.mark.parametrize("done", ["hold", "store", "derive"])
def test_a_night_with_files_read_again_that_stopped_is_healed(done, asked_for, undisturbed, tmp_path, monkeypatch):
    home = copied(asked_for, tmp_path / "home")
    read_as(monkeypatch, "pseudonym", "patient_id")
    stop_after(done, home)
    run_night(home, DAYS[1])
    assert_as_undisturbed(home, undisturbed)


@pytest.mark.parametrize("way", ["replace", "unlink"])
def test_a_night_with_files_read_again_killed_at_every_move_is_healed(
    way, asked_for, undisturbed, tmp_path, monkeypatch
):
    """At each rename, and at each removal, in turn: always in the run that should have healed the one before."""
    home = copied(asked_for, tmp_path / "home")
    read_as(monkeypatch, "pseudonym", "patient_id")
    owner: Any = {"replace": os, "unlink": Path}[way]
    real: Callable[..., Any] = getattr(owner, way)
    deaths = 0
    for nth in range(1, 40):
        calls = []

        def stand_in(*given: Any, calls: list[Any] = calls, nth: int = nth, **more: Any) -> Any:
            calls.append(given)
            if len(calls) == nth:
                raise Killed
            return real(*given, **more)

        try:
            with monkeypatch.context() as patched:
                patched.setattr(owner, way, stand_in)
                run_night(home, DAYS[1])
            break
        except Killed:
            deaths += 1
    assert deaths >= 3
    assert_as_undisturbed(home, undisturbed)


def test_a_request_made_while_a_killed_night_waits_to_be_healed_is_kept(asked_for, tmp_path, monkeypatch):
    """The night had read the file already, so it is about a later reading."""
    home = copied(asked_for, tmp_path / "home")
    read_as(monkeypatch, "pseudonym", "patient_id")
    stop_after("store", home)
    request(home, [sha(A)])
    run_night(home, DAYS[1])
    assert stored(home.published_copy, f"SELECT night FROM arrival WHERE sha256 = '{sha(A)}' ORDER BY 1") == [(1,), (2,), (3,)]  # fmt: skip
    assert list(home.requeue.iterdir()) == []


@pytest.mark.parametrize("lost", ["everything", "the last night"])
def test_a_lost_database_comes_back_with_its_readings(lost, asked_for, undisturbed, tmp_path, monkeypatch):
    """Each night as it was: the file that was refused then is refused again, though it can be read now."""
    home = copied(undisturbed, tmp_path / "home")
    if lost == "everything":
        home.warehouse.unlink()
    else:
        shutil.copyfile(asked_for.warehouse, home.warehouse)
    read_as(monkeypatch, "pseudonym", "patient_id")
    said = run_night(home, DAYS[1])
    assert said.nights_healed == (2 if lost == "everything" else 1)
    assert_as_undisturbed(home, undisturbed)


def test_the_chain_of_a_ledger_with_readings_holds_and_covers_them(undisturbed):
    rows = stored(undisturbed.published_copy, f"SELECT {', '.join([*ENTRY, 'hash'])} FROM arrival ORDER BY arrival_no")
    for values in rows:
        entry = dict(zip(ENTRY, values, strict=False)) | {"received_on": values[ENTRY.index("received_on")].isoformat()}
        assert entry_hash(entry) == values[-1]
        assert entry_hash(entry | {"read_again_of": 77}) != values[-1]
        assert entry_hash(entry | {"profile": "other/2"}) != values[-1]
        assert entry_hash(entry | {"rows_blank": 5}) != values[-1]
        if entry["read_again_of"] is None:
            old = {key: entry[key] for key in ENTRY if key not in ("read_again_of", "profile", "rows_blank")}
            assert entry_hash(old) == values[-1], "an entry of an earlier version has the same hash"


def test_a_store_of_an_earlier_version_goes_on(asked_for, undisturbed, tmp_path, monkeypatch):
    """Its ledger has no readings, profiles or blank rows."""
    home = copied(asked_for, tmp_path / "home")
    with duckdb.connect(str(home.warehouse)) as con:
        con.execute("CREATE TABLE old AS SELECT * EXCLUDE (read_again_of, profile, rows_blank) FROM arrival")
        con.execute("DROP TABLE arrival")
        con.execute("ALTER TABLE old RENAME TO arrival")
        con.execute("DROP TABLE destroyed")
        con.execute("DROP TABLE store_version")
        con.execute("ALTER TABLE night DROP COLUMN files_read_again")
        con.execute("ALTER TABLE contested DROP COLUMN came_in_night")
        con.execute("UPDATE laid SET sql_digest = 'another'")
    read_as(monkeypatch, "pseudonym", "patient_id")
    run_night(home, DAYS[1])
    assert_as_undisturbed(home, undisturbed)
    with duckdb.connect(str(home.warehouse)) as con, pytest.raises(duckdb.ConstraintException):
        con.execute("UPDATE arrival SET rows_blank = 1")


# Refused files


ODD = C.replace(b"patient_id", b"full_name")


def test_refused_files_are_listed_and_destroyed_with_a_tombstone(home):
    run(home, 1, A, ODD)
    with opened(home) as con:
        (listed,) = refused_files(home, con)
    assert (listed["sha256"], listed["reason_code"], listed["column_no"], listed["bytes"]) == (sha(ODD), "unknown_column", 2, len(ODD))  # fmt: skip
    assert (listed["bytes_here"], listed["destroyed_by"]) == (True, None)

    assert destroy(home, sha(ODD)[:10], " R.  Meyer ", None) == sha(ODD)
    assert list(home.refused.iterdir()) == []
    with opened(home) as con:
        (listed,) = refused_files(home, con)
    assert (listed["bytes_here"], listed["destroyed_by"], listed["destroyed_on"]) == (False, "R. Meyer", DAYS[0])
    assert [json.loads(words) for words in (home.receipts / DESTROYED).read_text().splitlines()] == [
        {"destroyed_no": 1, "sha256": sha(ODD), "destroyed_on": "2026-01-01", "destroyed_by": "R. Meyer"}
    ]
    with pytest.raises(UsageError, match="destroyed already"):
        destroy(home, sha(ODD), "R. Meyer", None)
    with opened(home) as con, pytest.raises(UsageError, match=r"were destroyed\. Have the clinic send a new export"):
        files_to_read_again(home, con, [sha(ODD)], None)
    with opened(home) as con, pytest.raises(UsageError, match="nothing to read again"):
        files_to_read_again(home, con, [], "unknown_column")


def test_a_destroyed_file_that_comes_again_is_known_and_leaves_nothing(home):
    run(home, 1, ODD)
    destroy(home, sha(ODD), "R.Meyer", Day(2026, 1, 5))
    said = run(home, 2, ODD)
    assert (said.files["known"], said.files["known_refused"], said.files["refused"]) == (1, 1, 0)
    assert [list(folder.iterdir()) for folder in (home.inbox, home.held, home.refused, home.archive)] == [
        [],
        [],
        [],
        [],
    ]


@pytest.mark.parametrize("lost", ["everything", "the tombstone"])
def test_a_tombstone_outlives_the_database(lost, home, tmp_path):
    run(home, 1, A, ODD)
    before = copied(home, tmp_path / "before")
    destroy(home, sha(ODD), "R.Meyer", Day(2026, 1, 5))
    ledger = stored(home.warehouse, LEDGER)
    if lost == "everything":
        home.warehouse.unlink()
    else:
        shutil.copyfile(before.warehouse, home.warehouse)
        shutil.copyfile(before.refused / sha(ODD), home.refused / sha(ODD))
    run(home, 2)
    assert stored(home.warehouse, LEDGER) == ledger
    assert stored(home.published_copy, "SELECT destroyed_no, destroyed_on, destroyed_by FROM destroyed") == [(1, Day(2026, 1, 5), "R.Meyer")]  # fmt: skip
    assert list(home.refused.iterdir()) == [], "bytes that came back from a backup are destroyed again"


def test_what_was_said_to_be_destroyed_when_the_process_died_is_destroyed_by_the_next_night(home, monkeypatch):
    run(home, 1, ODD)
    with monkeypatch.context() as patched:
        patched.setattr(destroying, "_remove", lambda *given: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            destroy(home, sha(ODD), "R.Meyer", None)
    assert len(list(home.refused.iterdir())) == 1
    run(home, 2)
    assert list(home.refused.iterdir()) == []
    assert stored(home.published_copy, "SELECT count(*) FROM destroyed") == [(1,)]


def test_nothing_but_a_refused_file_is_destroyed_and_not_during_a_night(home):
    run(home, 1, C, ODD)
    with pytest.raises(UsageError, match="was taken, not refused"):
        destroy(home, sha(C), "R.Meyer", None)
    assert (home.archive / sha(C)).read_bytes() == C
    with pytest.raises(UsageError, match="not a patient's code"):
        destroy(home, sha(ODD), "P1", None)
    with locked(home), pytest.raises(BusyError):
        destroy(home, sha(ODD), "R.Meyer", None)
    assert (home.refused / sha(ODD)).read_bytes() == ODD


# A row shown


def test_a_set_aside_row_is_shown_from_the_archive_and_no_other(home):
    data = gzip.compress(file(line("C01", "p1", 20), line("C01", "p2", 45)))
    run(home, 1, data)
    with opened(home) as con:
        assert row_set_aside(home, con, sha(data)[:8], 3) == line("C01", "p2", 45)
        for number in (1, 2, 4):
            with pytest.raises(UsageError, match="No row is set aside"):
                row_set_aside(home, con, sha(data), number)


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as whole:
        whole.writestr("x.csv", data)
    return out.getvalue()


def test_rows_are_found_by_physical_line_in_every_wrapping():
    text = "a,b\n1,2\n3,4\n"
    for data in (text.encode(), gzip.compress(text.encode()), zipped(text.encode()), text.encode("utf-16")):
        assert row_of(data, 3) == "3,4"
    assert row_of(b"a,b\r\n1,2\r\n3,4", 3) == "3,4"
    assert row_of(b"a,b\r1,2\r3,4\r", 2) == "1,2"
    assert row_of(b'a,b\n"1\n2",3\n4,5\n', 2) == '"1\n2",3'
    assert row_of(b"a\n\x1b[2Jx\n", 2) == "\\x1b[2Jx", "a terminal is not obeyed"
    out = io.BytesIO()
    pl.DataFrame({"a": ["x", "y"], "b": [1, None]}).write_parquet(out)
    assert row_of(out.getvalue(), 2) == "a: y\nb: "
    for data, number in ((b"a\n", 9), (out.getvalue(), 3), (b"\x1f\x8bcut", 1), (b"PK\x03\x04", 1), (b"PAR1", 1)):
        with pytest.raises(UsageError, match="cannot be shown by lines"):
            row_of(data, number)


# The command line


def command(capfd: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    out, err = capfd.readouterr()
    return int(ended.value.code or 0), out, err


def test_the_commands_say_what_they_did(home, capfd):
    bad = file(line("C01", "p1", 20), line("C01", "p2secret", 45))
    run(home, 1, A, ODD, bad)
    at = ("--home", home.root)
    code, out, err = command(capfd, "quarantine", *at, "--show", f"{sha(bad)[:8]}:3")
    assert (code, "p2secret" in out, err.count("\n")) == (0, True, 1)
    assert "patient data" in err
    assert "p2secret" not in command(capfd, "quarantine", *at)[1]
    code, out, err = command(capfd, "requeue", *at, "--reason", "unknown_clinic")
    assert (code, err) == (0, "")
    assert out.startswith("1 file is read again by the next night")
    code, out, _ = command(capfd, "refused", *at, "--format", "json")
    assert (code, [row["bytes_here"] for row in json.loads(out)]) == (0, [True])
    code, out, err = command(capfd, "refused", *at, "--destroy", sha(ODD), "--by", "R.Meyer", "--as-of", "2026-01-09")
    assert (code, err) == (0, "")
    code, out, _ = command(capfd, "refused", *at)
    assert "2026-01-09" in out
    assert "R.Meyer" in out


def test_errors_of_these_commands_are_one_line(home, capfd):
    run(home, 1, A, ODD, C)
    at = ("--home", home.root)
    for words, said in (
        (("requeue", *at), "Which files?"),
        (("requeue", *at, "0" * 64), "is that of no file"),
        (("requeue", *at, sha(A)[:2]), "is too short. Give its first 6 characters"),
        (("requeue", *at, "--reason", "not_a_reason"), "There is no reason not_a_reason"),
        (("requeue", *at, "--reason", "no_answers"), "nothing to read again"),
        (("refused", *at, "--destroy", sha(ODD)), "--by"),
        (("refused", *at, "--by", "R.Meyer"), "go with --destroy"),
        (("refused", *at, "--destroy", sha(C), "--by", "R.Meyer"), "outcomes erase"),
        (("quarantine", *at, "--show", "p1"), "as 3f9a01c2:14"),
        (("quarantine", *at, "--show", f"{sha(A)}:9"), "No row is set aside at line 9"),
        (("quarantine", *at, "--reason", "not_a_reason"), "There is no reason not_a_reason"),
        (("quarantine", *at, "--arrival", "0" * 64), "is that of no file"),
    ):
        code, out, err = command(capfd, *words)
        assert (code, out, err.count("\n")) == (64, "", 1), words
        assert said in err
    assert not home.requeue.exists()
