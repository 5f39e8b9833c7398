"""Whole nights in homes of their own: against the truth of made-up clinics, and whatever happens to them."""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from outcomes import deriving, lasting, loading, nights
from outcomes.deriving import derive
from outcomes.errors import BusyError, MayPassError, OutcomesError
from outcomes.laying import TABLES, sql_files
from outcomes.ledger import ENTRY, NO_HASH, entry_hash
from outcomes.loading import Night
from outcomes.nightreceipts import LOGS, NIGHTS
from outcomes.nights import run_night
from outcomes.paths import Home
from outcomes.receipts import RECEIPTS
from outcomes.stepping import is_of_a_moment, run_step
from outcomes.summary import Summary
from schemas.clinics import read_clinics
from schemas.feeds import FEEDS
from tests.conftest import FIRST, LATER, Made, answers, copied, differing, made, stored

LEDGER = "SELECT arrival_no, sha256, hash FROM arrival ORDER BY arrival_no"
SCORES = "SELECT * FROM score ORDER BY score_id"
WORDS = "SELECT * EXCLUDE (score_id, arrival_no, patient_no) FROM current_score ORDER BY ALL"
SLOW_LATER = dt.date(2026, 9, 1)
NO_PAGES = pytest.mark.usefixtures("no_pages")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def assert_in_order(home: Home) -> None:
    """Nothing is left over, every arrival's bytes are where they belong, and the receipts say what the ledger says."""
    versions = "SELECT regexp_extract(data_versions, 'clinics.toml:(\\S+)', 1) FROM night"
    said = "SELECT sha256, refused_because IS NULL, hash FROM arrival ORDER BY arrival_no"
    arrivals, digests = answers(home.warehouse, said, versions)
    clinics = {f"clinics-{digest}.toml" for (digest,) in digests}
    assert names(home.held) == set()
    assert names(home.archive) == {sha for sha, taken, _ in arrivals if taken}
    assert names(home.refused) == {sha for sha, taken, _ in arrivals if not taken}
    assert names(home.published) == {"outcomes.duckdb", "summary.json", "reports"}
    assert names(home.receipts) - {"clinics-none.toml"} == {RECEIPTS, NIGHTS, *LOGS.values(), "sent", *clinics} - {
        "clinics-none.toml"
    }
    assert names(home.root) == {
        ".lock", "archive", "clinics.toml", "held", "inbox", "logs", "pages.json", "published", "review", "receipts", "refused", "warehouse.duckdb",
    }  # fmt: skip
    receipts = [json.loads(line) for line in (home.receipts / RECEIPTS).read_text().splitlines()]
    assert [(r["sha256"], r["hash"]) for r in receipts] == [(sha, digest) for sha, _, digest in arrivals]
    for folder in (home.archive, home.refused):
        for path in folder.iterdir():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name


def assert_same(home: Home, undisturbed: Home) -> None:
    """The same scores, the same ledger and the same of everything derived, in the published copies."""
    assert differing(home.published_copy, undisturbed.published_copy) == {}
    assert answers(home.published_copy, LEDGER, SCORES) == answers(undisturbed.published_copy, LEDGER, SCORES)


# Against the truth


def assert_files_as_told(home: Home, sample: Made, night: str, said: Summary) -> None:
    told, hashes = sample.truth[night]["files"], sample.hashes(night)
    assert set(told) == set(hashes)
    arrived = {row["sha256"]: row for row in said.arrivals}
    reasons: dict[str, Counter[str]] = {}
    for sha, reason, rows in stored(
        home.published_copy,
        "SELECT sha256, reason_code, count(DISTINCT line) FROM quarantine JOIN arrival USING (arrival_no) GROUP BY ALL",
    ):
        reasons.setdefault(sha, Counter())[reason] = rows
    for name, fate in told.items():
        if fate["fate"] == "known":
            continue
        row = arrived.pop(hashes[name])
        got = {key: row[f"rows_{key}"] for key in ("accepted", "duplicate", "quarantined", "read")}
        assert got == {key: fate["rows_read" if key == "read" else key] for key in got}, name
        assert row["refused_because"] == fate["refused"], name
        assert fate["feed"] in (row["feed"], None), name
        assert dict(reasons.get(row["sha256"], {})) == fate["reasons"], name
    assert arrived == {}, "nothing else arrived"
    fates = Counter(fate["fate"] for fate in told.values())
    assert said.files == {
        "taken": fates["taken"], "refused": fates["refused"], "known": fates["known"], "known_refused": 0, "left_alone": 0,
    }  # fmt: skip


def assert_rates_as_told(sample: Made, night: str, said: Summary) -> None:
    told = sample.truth[night]
    got = {(row["clinic_id"], row["measure_id"]): row for row in said.rates}
    expected = {(clinic, measure) for clinic, rates in told["rates"].items() for measure in rates}
    assert expected <= set(got)
    for clinic, measure in sorted(got):
        row = got[clinic, measure]
        counts = {key: row[key] for key in ("met", "observed", "missing", "waiting")}
        counts["not_eligible"] = said_courses(said, clinic) - row["eligible"]
        assert counts == told["rates"][clinic][measure], (night, clinic, measure)
    for clinic in said.clinics:
        people = {key: clinic[key] for key in ("courses", "not_started")}
        assert people == told["people"][clinic["clinic_id"]]


def said_courses(said: Summary, clinic: str) -> int:
    (courses,) = [row["courses"] for row in said.clinics if row["clinic_id"] == clinic]
    return courses


def assert_strata_as_told(home: Home, sample: Made, night: str) -> None:
    """How many courses each stratum of the patients feed has, by clinic and over all."""
    got: dict[str, dict[str, dict[str, int]]] = {}
    for clinic, dimension, stratum, courses in stored(
        home.published_copy,
        """SELECT CASE WHEN grouping(clinic_id) = 1 THEN '*' ELSE clinic_id END, dimension, stratum, count(*)
        FROM stratum JOIN patient USING (patient_no) WHERE dimension NOT IN ('drug', 'first_dose', 'infusions_completed')
        GROUP BY GROUPING SETS ((clinic_id, dimension, stratum), (dimension, stratum))""",
    ):
        got.setdefault(clinic, {}).setdefault(dimension, {})[stratum] = courses
    assert got == {clinic: sizes for clinic, sizes in sample.truth[night]["strata"].items() if any(sizes.values())}


def assert_statuses_add_up(path: Path) -> None:
    """Every course has exactly one status of every measure, and the classes are what the rates count."""
    measures, courses, wrong = stored(
        path,
        """
        SELECT (SELECT count(*) FROM measure), (SELECT count(*) FROM course), (
            SELECT count(*) FROM (
                SELECT c.patient_no, c.course, m.measure_id, count(e.status) AS statuses
                FROM course AS c CROSS JOIN measure AS m
                LEFT JOIN course_status AS e ON (e.patient_no, e.course, e.measure_id) = (c.patient_no, c.course, m.measure_id)
                GROUP BY ALL HAVING statuses <> 1
            )
        )
        """,
    )[0]
    assert wrong == 0
    assert stored(path, "SELECT count(*) FROM course_status") == [(measures * courses,)]
    sums = "met + not_met = observed AND observed + missing = due AND due + waiting = eligible AND eligible + not_eligible = courses"
    assert stored(path, f"SELECT * FROM rate WHERE NOT ({sums})") == []


@pytest.mark.parametrize(
    ("clinics", "courses", "seed", "more"),
    [
        (1, 5, 1, {}),
        (3, 60, 2, {}),
        (5, 150, 7, {"files_per_clinic": 3}),
        (8, 300, 3, {}),
        (12, 600, 4, {}),
    ],
)
def test_two_nights_find_every_count_and_every_fate_of_the_truth(tmp_path, clinics, courses, seed, more):
    sample, home = made(tmp_path / "s", clinics, courses, seed, **more), Home(tmp_path / "home")
    for night in (FIRST, LATER):
        said = sample.run(night, home)
        assert_files_as_told(home, sample, night, said)
        assert_rates_as_told(sample, night, said)
        assert_strata_as_told(home, sample, night)
        assert_statuses_add_up(home.published_copy)
        assert_in_order(home)
        assert names(home.inbox) == set()
    assert json.loads(home.summary.read_text()) == json.loads(json.dumps(said.as_dict()))


def test_recomputed_from_the_stored_scores_every_step_is_the_same(after_later):
    """`recomputed` has each step as a view on the step before."""
    with duckdb.connect(str(after_later.published_copy), read_only=True) as con:
        for name, _ in sql_files(30, 99):
            if name in TABLES:
                kept, again = f"FROM main.{name}", f"FROM recomputed.{name}"
                assert (
                    con.execute(f"({kept} EXCEPT ALL {again}) UNION ALL ({again} EXCEPT ALL {kept})").fetchall() == []
                )


@NO_PAGES
def test_what_is_derived_in_part_is_what_is_derived_as_a_whole(tmp_path, monkeypatch):
    """Five nights: files one by one in a mixed order, a file again, an empty one, and the later files in two parts.

    Few rows are noted as deleted before the warehouse is closed and opened again.
    """
    put_down = []

    def spied(con, warehouse, name, noted, real=deriving._put_down):
        put_down.append((warehouse, found := real(con, warehouse, name, noted)))
        return found

    monkeypatch.setattr(deriving, "_NOTED", 100)
    monkeypatch.setattr(deriving, "_put_down", spied)
    sample, home = made(tmp_path / "s", 4, 120, 11, files_per_clinic=3), Home(tmp_path / "home")
    home.inbox.mkdir(parents=True)
    shutil.copyfile(sample.root / "clinics.toml", home.clinics)
    first, later = (sorted(sample.folder(night).iterdir(), key=lambda p: p.name[::-1]) for night in (FIRST, LATER))
    day = sample.as_of(FIRST)
    for number, files in enumerate((first[::2], first[1::2], [*later[::3], first[0]], [], later)):
        for path in files:
            shutil.copyfile(path, home.inbox / path.name)
        run_night(home, day + dt.timedelta(13 * number))
        aside = tmp_path / f"{number}.duckdb"
        shutil.copyfile(home.published_copy, aside)
        with duckdb.connect(str(aside)) as con:
            derive(con, whole=True)
        assert differing(home.published_copy, aside) == {}, number
        assert_statuses_add_up(home.published_copy)
    assert ('"warehouse"', 0) in put_down


def test_a_row_that_is_as_it_was_is_neither_deleted_nor_written_again():
    """The warehouse's rows of patient 1 to 4, before and after: what was deleted or written again has another rowid.

    | patient | before | now     | what is done                            |
    | ------- | ------ | ------- | --------------------------------------- |
    | 1       | a, b   | a, b    | nothing                                 |
    | 2       | a      | a, c    | c is added                              |
    | 3       | a, b   | a, c    | all anew                                |
    | 4       | a      | -       | gone                                    |
    | 5       | a      | a       | nothing: nothing of them can be another |
    """
    before, now = "1a 1b 2a 3a 3b 4a 5a", "1a 1b 2a 2c 3a 3c 5a"

    def rows(text: str) -> str:
        return ", ".join(f"({row[0]}, '{row[1]}')" for row in text.split())

    with duckdb.connect() as con:
        con.execute(f"ATTACH ':memory:' AS warehouse; CREATE TABLE warehouse.main.t AS FROM (VALUES {rows(before)}) AS t(patient_no, letter)")  # fmt: skip
        con.execute("CREATE TABLE changed AS SELECT unnest([1, 2, 3, 4]) AS patient_no")
        con.execute("CREATE TABLE t_before AS FROM warehouse.main.t WHERE patient_no <= 4")
        con.execute(f"CREATE TABLE t AS FROM (VALUES {rows(now)}) AS t(patient_no, letter)")
        deriving._put_back(con, "warehouse", ["t"])
        found = con.execute("SELECT rowid, patient_no || letter FROM warehouse.main.t ORDER BY rowid").fetchall()
    assert found == [(0, "1a"), (1, "1b"), (2, "2a"), (6, "5a"), (7, "2c"), (8, "3a"), (9, "3c")]


def test_a_derivation_killed_while_it_looked_at_few_patients_is_done_again_for_all(after_later, tmp_path):
    """What is narrowed for a night stays so in the file when its process is killed."""
    left = tmp_path / "left.duckdb"
    shutil.copyfile(after_later.published_copy, left)
    with duckdb.connect(str(left)) as con:
        con.execute("CREATE TABLE main.reconsidered AS SELECT 1 AS patient_no")
        con.execute("CREATE OR REPLACE MACRO in_scope(patient_no) AS patient_no IN (FROM main.reconsidered)")
        con.execute("CREATE OR REPLACE MACRO night_in_scope() AS 1")
        con.execute("DELETE FROM derived")
        con.execute("DELETE FROM infusion")
        derive(con)
        left_over = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'reconsidered'"
        assert con.execute(left_over).fetchone() == (0,)
    assert differing(after_later.published_copy, left) == {}


def test_rates_are_the_rates_of_their_counts(after_later):
    rows = stored(
        after_later.published_copy,
        "SELECT met, observed, missing, due, observed_rate, everyone_rate, bound_low, bound_high, coverage FROM rate",
    )
    for met, observed, missing, due, observed_rate, everyone, low, high, coverage in rows:
        assert due == observed + missing
        assert observed_rate == (met / observed if observed else None)
        expected = (met / due, met / due, (met + missing) / due, observed / due) if due else (None,) * 4
        assert (everyone, low, high, coverage) == expected


@NO_PAGES
def test_how_files_are_batched_changes_nothing(sample, after_later, tmp_path, monkeypatch):
    """Each file a batch and a transaction of its own."""
    monkeypatch.setattr(loading.batches, "__defaults__", (1,))
    home = Home(tmp_path / "home")
    for night in (FIRST, LATER):
        sample.run(night, home)
    queries = (
        WORDS,
        "SELECT * FROM rate ORDER BY ALL",
        "SELECT sha256, rows_accepted, rows_duplicate, rows_quarantined FROM arrival ORDER BY sha256",
        "SELECT sha256, line, column_name, reason_code FROM quarantine JOIN arrival USING (arrival_no) ORDER BY ALL",
    )
    assert answers(home.published_copy, *queries) == answers(after_later.published_copy, *queries)


def test_two_homes_given_the_same_files_have_the_same_of_everything(sample, after_later, tmp_path):
    """Also where the files lie in the inbox under other names, and so are read in another order."""
    home = Home(tmp_path / "home")
    home.inbox.mkdir(parents=True)
    shutil.copyfile(sample.root / "clinics.toml", home.clinics)
    for night in (FIRST, LATER):
        for number, path in enumerate(sorted(sample.folder(night).iterdir(), reverse=True)):
            shutil.copyfile(path, home.inbox / f"{number:03}.csv")
        run_night(home, sample.as_of(night))
    assert_same(home, after_later)
    assert_in_order(home)


# A night that is killed


class Killed(BaseException):
    """Stands for a kill: no `except Exception` sees it."""


STEPS = dict(nights.STEPS)


def stop_after(last: str, night: Any) -> None:
    """A night up to the end of a step."""
    for name, step in nights.STEPS:
        night = step(night, None)
        if name == last:
            return


@pytest.fixture
def ready(sample: Made, after_first: Home, tmp_path: Path) -> Home:
    """A home after its first night, with the second one's files in the inbox."""
    home = copied(after_first, tmp_path / "home")
    sample.send(LATER, home)
    return home


@pytest.fixture
def waiting(ready: Home, no_pages: None) -> Home:
    """The same, for a test that looks at no page."""
    return ready


@pytest.fixture(scope="module")
def months_after(sample: Made, after_later: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """After both nights and an empty third one, much later."""
    home = copied(after_later, tmp_path_factory.mktemp("months") / "home")
    run_night(home, SLOW_LATER)
    return home


@pytest.mark.parametrize(
    ("done", "date"),
    [
        ("look", "the same"),
        ("hold", "the same"),
        ("store", "the same"),
        ("store", "a later"),
        ("derive", "a later"),
        ("put away", "the same"),
    ],
)
def test_a_night_that_stopped_between_two_steps_is_healed_by_the_next(
    done, date, sample, waiting, after_later, months_after
):
    stop_after(done, Night(waiting, sample.as_of(LATER)))
    said = run_night(waiting, sample.as_of(LATER) if date == "the same" else SLOW_LATER)
    assert said.nights_healed == (0 if done == "look" else 1)
    assert_same(waiting, after_later if date == "the same" else months_after)
    assert_in_order(waiting)
    assert names(waiting.inbox) == set()


def killed_at(monkeypatch: pytest.MonkeyPatch, name: str, nth: int, *, to: Callable[[Path], bool]) -> None:
    """Kill at the nth call of os.replace (`to` is asked of its target) or of os.unlink, before it is done."""
    real, seen = getattr(os, name), []

    def stand_in(*given: Any, **more: Any) -> Any:
        if to(Path(given[-1])):
            seen.append(given[-1])
            if len(seen) == nth:
                raise Killed
        return real(*given, **more)

    monkeypatch.setattr(os, name, stand_in)


KILLS = {
    "holding the files": ("replace", 1, lambda p: p.name == "held"),
    "writing the manifest": ("replace", 1, lambda p: p.name == "manifest.json"),
    "publishing the copy": ("replace", 1, lambda p: p.name == "outcomes.duckdb"),
    "archiving the first file": ("replace", 1, lambda p: p.parent.name == "archive"),
    "clearing the first file": ("unlink", 1, lambda p: p.parent.name == "inbox"),
    "dropping the manifest": ("unlink", 1, lambda p: p.name == "manifest.json"),
}


@pytest.mark.parametrize("kill", KILLS)
def test_a_night_killed_while_it_moves_files_is_healed_by_the_next(kill, sample, waiting, after_later, monkeypatch):
    name, nth, to = KILLS[kill]
    before = waiting.published_copy.read_bytes()
    with monkeypatch.context() as patched:
        killed_at(patched, name, nth, to=to)
        with pytest.raises(Killed):
            run_night(waiting, sample.as_of(LATER))
    if kill in list(KILLS)[:3]:
        assert waiting.published_copy.read_bytes() == before, "what was published stays until it is replaced whole"
    run_night(waiting, sample.as_of(LATER))
    assert_same(waiting, after_later)
    assert_in_order(waiting)
    assert names(waiting.inbox) == set()


def test_what_a_dead_night_held_is_taken_also_where_it_left_the_inbox(sample, waiting, after_later, monkeypatch):
    """And where the next night dies as well, between two of the files that it holds beside them."""
    stop_after("look", Night(waiting, sample.as_of(LATER)))
    held = names(waiting.held)
    path = next(path for path in waiting.inbox.iterdir() if hashlib.sha256(path.read_bytes()).hexdigest() in held)
    path.unlink()
    with monkeypatch.context() as patched:
        killed_at(patched, "replace", 2, to=lambda p: p.parent.name == "held")
        with pytest.raises(Killed):
            run_night(waiting, sample.as_of(LATER))
    assert names(waiting.held) == held, "none of them is lost"
    run_night(waiting, sample.as_of(LATER))
    assert_same(waiting, after_later)
    assert_in_order(waiting)


def test_a_night_killed_again_and_again_is_healed_in_the_end(sample, ready, after_later, monkeypatch):
    """At every rename in turn, also those of the pages, each time in the run that should have healed the one before."""
    deaths = 0
    for nth in range(1, 30):
        try:
            with monkeypatch.context() as patched:
                killed_at(patched, "replace", nth, to=lambda p: True)
                run_night(ready, sample.as_of(LATER))
            break
        except Killed:
            deaths += 1
    assert deaths > 3
    assert_same(ready, after_later)
    assert_in_order(ready)


def test_receipts_killed_in_the_middle_of_a_line_are_written_again(sample, waiting, after_later, monkeypatch):
    def half(path: Path, lines: list[dict[str, Any]]) -> None:
        with path.open("a", encoding="utf-8") as handle:
            handle.write((json.dumps(lines[0], separators=(",", ":")) + "\n" + json.dumps(lines[1]))[:-30])
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(lasting, "append", half)
        with pytest.raises(Killed):
            run_night(waiting, sample.as_of(LATER))
    run_night(waiting, sample.as_of(LATER))
    assert_same(waiting, after_later)
    assert_in_order(waiting)


KILL_9 = """
import datetime as dt, os, sys
from pathlib import Path
from outcomes import {module} as target
from outcomes.loading import batches
from outcomes.nights import run_night
from outcomes.paths import Home
batches.__defaults__ = (1,)
seen, real = [], target.{name}
def stand_in(*given, **more):
    seen.append(1)
    if len(seen) == {nth}:
        os._exit(9)
    return real(*given, **more)
target.{name} = stand_in
run_night(Home(Path(sys.argv[1])), dt.date.fromisoformat(sys.argv[2]))
"""


@pytest.mark.parametrize(
    ("module", "name", "nth"),
    [("store", "write_entries", 2), ("nights", "derive", 1)],
)
def test_a_process_that_is_gone_at_once_loses_nothing(module, name, nth, sample, waiting, after_later):
    """As kill -9: in the middle of the second file's transaction, and before the derived tables are made."""
    code = KILL_9.format(module=module, name=name, nth=nth)
    arguments = [sys.executable, "-c", code, str(waiting.root), sample.as_of(LATER).isoformat()]
    assert subprocess.run(arguments, check=False, timeout=120).returncode == 9
    run_night(waiting, sample.as_of(LATER))
    assert_in_order(waiting)
    for query in (
        WORDS,
        "SELECT * FROM rate ORDER BY ALL",
        "SELECT * EXCLUDE (hash, previous_hash) FROM arrival ORDER BY 1",
    ):
        assert stored(waiting.published_copy, query) == stored(after_later.published_copy, query)


@pytest.fixture(scope="module")
def registered(sample: Made, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Summary]:
    """A home after a first night that began without clinics.toml, and what it said."""
    home = Home(tmp_path_factory.mktemp("registered") / "home")
    sample.send(FIRST, home)
    home.clinics.unlink()
    return home, run_night(home, sample.as_of(FIRST))


@pytest.mark.parametrize("at", ["outcomes.duckdb", "clinics.toml"])
def test_a_first_night_that_is_killed_is_healed(at, sample, registered, tmp_path, monkeypatch):
    """Without clinics.toml, so that it registers the clinics as it goes."""
    home, (whole, _) = Home(tmp_path / "killed"), registered
    sample.send(FIRST, home)
    home.clinics.unlink()
    with monkeypatch.context() as patched:
        killed_at(patched, "replace", 1, to=lambda p: p.name == at)
        with pytest.raises(Killed):
            run_night(home, sample.as_of(FIRST))
    run_night(home, sample.as_of(FIRST))
    assert_in_order(home)
    assert_same(home, whole)
    assert home.clinics.read_bytes() == whole.clinics.read_bytes()


def test_a_database_that_was_only_half_made_is_made_again(sample, after_first, tmp_path):
    home = Home(tmp_path / "home")
    sample.send(FIRST, home)
    home.warehouse.with_name("warehouse.duckdb.new").write_bytes(b"half")
    run_night(home, sample.as_of(FIRST))
    assert_same(home, after_first)
    assert_in_order(home)


# A database that is older than its receipts


@NO_PAGES
@pytest.mark.parametrize("lost", ["the last night", "everything"])
def test_a_lost_database_comes_back_from_the_archive(lost, sample, after_first, after_later, tmp_path):
    home = copied(after_later, tmp_path / "home")
    if lost == "everything":
        home.warehouse.unlink()
    else:
        shutil.copyfile(after_first.warehouse, home.warehouse)
    said = run_night(home, sample.as_of(LATER))
    assert said.nights_healed == (2 if lost == "everything" else 1)
    assert_same(home, after_later)
    assert_in_order(home)


@NO_PAGES
def test_a_lost_database_comes_back_before_the_next_files_are_taken(sample, after_first, after_later, tmp_path):
    home = copied(after_first, tmp_path / "home")
    home.warehouse.unlink()
    sample.send(LATER, home)
    run_night(home, sample.as_of(LATER))
    assert_same(home, after_later)
    assert_in_order(home)


@NO_PAGES
def test_an_old_database_and_a_killed_night_are_healed_together(
    sample, after_first, after_later, tmp_path, monkeypatch
):
    """The night died after its receipts, and then last night's backup was put in place."""
    home = copied(after_first, tmp_path / "home")
    sample.send(LATER, home)
    with monkeypatch.context() as patched:
        killed_at(patched, "replace", 1, to=lambda p: p.name == "outcomes.duckdb")
        with pytest.raises(Killed):
            run_night(home, sample.as_of(LATER))
    shutil.copyfile(after_first.warehouse, home.warehouse)
    run_night(home, sample.as_of(LATER))
    assert_same(home, after_later)
    assert_in_order(home)


@NO_PAGES
def test_receipts_with_a_cut_last_line_are_mended(sample, after_later, months_after, tmp_path):
    home = copied(after_later, tmp_path / "home")
    path = home.receipts / RECEIPTS
    path.write_bytes(path.read_bytes()[:-40])
    run_night(home, SLOW_LATER)
    assert_same(home, months_after)
    assert_in_order(home)


@NO_PAGES
@pytest.mark.parametrize("left", [0, 25])
def test_receipts_that_are_gone_are_written_again(left, sample, after_later, months_after, tmp_path):
    """Nothing of them, or 25 characters of the first line."""
    home = copied(after_later, tmp_path / "home")
    path = home.receipts / RECEIPTS
    path.write_bytes(path.read_bytes()[:left])
    run_night(home, SLOW_LATER)
    assert_same(home, months_after)
    assert_in_order(home)


def test_a_restored_arrival_that_is_not_what_its_receipt_says_stops_the_night(after_later, tmp_path):
    """Its bytes in the archive are damaged: scores would be missing, and nobody told."""
    home = copied(after_later, tmp_path / "home")
    home.warehouse.unlink()
    largest = max(home.archive.iterdir(), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[: largest.stat().st_size // 2])
    with pytest.raises(OutcomesError):
        run_night(home, SLOW_LATER)


@NO_PAGES
def test_a_database_is_restored_as_it_was_though_a_clinic_was_registered_since(sample, tmp_path):
    """Rows of a clinic that was unknown on the first night were set aside, and stay so."""
    home = Home(tmp_path / "home")
    sample.send(FIRST, home)
    whole = home.clinics.read_text()
    home.clinics.write_text(whole[: whole.index("[clinics.C03]")])
    run_night(home, sample.as_of(FIRST))
    home.clinics.write_text(whole)
    sample.run(LATER, home)
    before = stored(home.warehouse, LEDGER), stored(home.warehouse, WORDS)
    home.warehouse.unlink()
    run_night(home, sample.as_of(LATER))
    assert (stored(home.warehouse, LEDGER), stored(home.warehouse, WORDS)) == before


@NO_PAGES
def test_a_refused_file_may_be_destroyed(sample, after_first, after_later, tmp_path):
    """RELIABILITY: once the clinic has been told. Its bytes gave nothing to the scores."""
    home = copied(after_first, tmp_path / "home")
    for path in home.refused.iterdir():
        path.unlink()
    home.warehouse.unlink()
    sample.run(LATER, home)
    assert differing(home.published_copy, after_later.published_copy) == {}


def test_clinics_toml_is_not_made_up_where_receipts_tell_of_nights(after_first, tmp_path):
    """Database and clinics.toml are both lost: what the clinics declared cannot come back from the archive."""
    home = copied(after_first, tmp_path / "home")
    home.clinics.unlink()
    home.warehouse.unlink()
    with pytest.raises(OutcomesError, match=r"clinics\.toml is missing"):
        run_night(home, SLOW_LATER)


# What lies in the inbox


@NO_PAGES
def test_unfinished_and_strange_entries_are_left_alone(sample, after_first, tmp_path):
    home = copied(after_first, tmp_path / "home")
    good = (sample.folder(LATER) / "C01_february.csv").read_bytes()
    (home.inbox / "growing.csv.part").write_bytes(good)
    (home.inbox / ".hidden.csv").write_bytes(good)
    (home.inbox / "folder").mkdir()
    (home.inbox / "folder" / "inside.csv").write_bytes(good)
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_bytes(good)
    (home.inbox / "link.csv").symlink_to(elsewhere)
    (home.inbox / "dangling.csv").symlink_to(tmp_path / "nowhere")
    os.mkfifo(home.inbox / "pipe.csv")
    before = names(home.inbox)
    said = run_night(home, sample.as_of(LATER))
    assert said.files == {"taken": 0, "refused": 0, "known": 0, "known_refused": 0, "left_alone": 6}
    assert names(home.inbox) == before
    assert elsewhere.read_bytes() == good
    assert names(home.inbox / "folder") == {"inside.csv"}
    assert_in_order(home)


def test_a_file_that_changes_while_it_is_read_waits_for_the_next_night(sample, waiting, after_later, monkeypatch):
    growing = waiting.inbox / "C01_february.csv"
    whole = growing.read_bytes()
    growing.write_bytes(whole[: len(whole) // 2])
    real, number = os.read, growing.stat().st_ino

    def read(handle: int, size: int) -> bytes:
        data = real(handle, size)
        if os.fstat(handle).st_ino == number:
            growing.write_bytes(whole)
        return data

    with monkeypatch.context() as patched:
        patched.setattr(os, "read", read)
        said = run_night(waiting, sample.as_of(LATER))
    assert said.files == {"taken": 4, "refused": 0, "known": 1, "known_refused": 0, "left_alone": 1}
    assert names(waiting.inbox) == {"C01_february.csv"}
    assert run_night(waiting, sample.as_of(LATER)).files["taken"] == 1
    assert names(waiting.inbox) == set()
    assert stored(waiting.published_copy, "SELECT * FROM rate ORDER BY ALL") == stored(
        after_later.published_copy, "SELECT * FROM rate ORDER BY ALL"
    )


def test_a_file_replaced_after_it_was_read_is_not_removed(sample, waiting, monkeypatch):
    """The new bytes under the old name are another file: the next night takes it."""
    path = waiting.inbox / "C01_february.csv"
    real = STEPS["store"]

    def store_and_replace(night: Night, progress: Any = None) -> Night:
        path.write_bytes(path.read_bytes() + b"\n")
        return real(night, progress)

    monkeypatch.setattr(
        nights, "STEPS", tuple((n, store_and_replace if n == "store" else step) for n, step in nights.STEPS)
    )
    run_night(waiting, sample.as_of(LATER))
    assert names(waiting.inbox) == {"C01_february.csv"}


def test_a_file_that_cannot_be_read_is_left_alone(sample, waiting, monkeypatch):
    """Or that is gone by the time it is read. The other clinics' files are taken."""
    real = os.open

    def opened(path: Any, *given: Any, **more: Any) -> int:
        if Path(path).name == "C01_february.csv":
            raise PermissionError(13, "Permission denied")
        return real(path, *given, **more)

    monkeypatch.setattr(os, "open", opened)
    said = run_night(waiting, sample.as_of(LATER))
    assert (said.files["taken"], said.files["left_alone"]) == (4, 1)


@NO_PAGES
def test_the_same_bytes_under_two_names_are_one_file(sample, after_first, tmp_path):
    home = copied(after_first, tmp_path / "home")
    data = (sample.folder(LATER) / "C01_february.csv").read_bytes()
    for name in ("one.csv", "other.csv"):
        (home.inbox / name).write_bytes(data)
    said = run_night(home, sample.as_of(LATER))
    assert said.files == {"taken": 1, "refused": 0, "known": 1, "known_refused": 0, "left_alone": 0}
    assert names(home.inbox) == set()
    assert_in_order(home)


@NO_PAGES
def test_files_sent_again_under_other_names_change_nothing(sample, after_later, tmp_path):
    """Taken and refused ones alike."""
    home = copied(after_later, tmp_path / "home")
    for path in sample.folder(FIRST).iterdir():
        shutil.copyfile(path, home.inbox / f"again_{path.name}")
    said = run_night(home, sample.as_of(LATER))
    assert (said.files["taken"], said.files["refused"]) == (0, 0)
    assert said.files["known"] == len(sample.truth[FIRST]["files"])
    assert said.rows == dict.fromkeys(said.rows, 0)
    assert names(home.inbox) == set()
    assert_same(home, after_later)
    assert_in_order(home)


@NO_PAGES
def test_a_night_without_files_changes_nothing_and_is_written_down(sample, after_later, tmp_path):
    home = copied(after_later, tmp_path / "home")
    first, second = run_night(home, sample.as_of(LATER)), run_night(home, sample.as_of(LATER))
    assert (first.night, second.night) == (3, 4)
    assert second.rates == first.rates
    assert_same(home, after_later)


@NO_PAGES
@pytest.mark.parametrize(
    "derived_by",
    [
        "the rules before",
        "these rules",
    ],
)
def test_rules_that_changed_are_laid_and_everything_is_derived_again(derived_by, sample, after_later, tmp_path):
    """As after an update; or after one that was laid, failed before it derived, and was taken back: nothing is empty."""
    home = copied(after_later, tmp_path / "home")
    run_night(home, sample.as_of(LATER))
    with duckdb.connect(str(home.warehouse)) as con:
        if derived_by == "the rules before":
            con.execute("UPDATE derived SET inputs = replace(inputs, (SELECT sql_digest FROM laid), 'another')")
        con.execute("UPDATE laid SET sql_digest = 'another'")
    run_night(home, sample.as_of(LATER))
    assert_same(home, after_later)


@NO_PAGES
def test_a_step_that_another_version_kept_as_a_view_or_under_another_name_is_in_nobodys_way(
    sample, after_later, tmp_path
):
    home = copied(after_later, tmp_path / "home")
    with duckdb.connect(str(home.warehouse)) as con:
        con.execute("DROP TABLE rate")
        con.execute("CREATE VIEW rate AS SELECT 1 AS x")
        con.execute("CREATE TABLE step_of_old AS SELECT 1 AS x")
        con.execute("UPDATE laid SET sql_digest = 'another'")
    run_night(home, sample.as_of(LATER))
    assert_same(home, after_later)
    assert not stored(home.warehouse, "FROM duckdb_tables() WHERE table_name = 'step_of_old'")


# Refused, busy, wrong


def test_an_as_of_date_before_the_last_night_is_refused_and_changes_nothing(sample, after_later, tmp_path):
    home = copied(after_later, tmp_path / "home")
    with pytest.raises(OutcomesError, match="before the last night's, 2026-02-28") as caught:
        run_night(home, sample.as_of(LATER) - dt.timedelta(1))
    assert "\n" not in str(caught.value)
    assert_same(home, after_later)
    assert_in_order(home)


@pytest.fixture
def held_lock(after_first: Home, tmp_path: Path) -> Iterator[Home]:
    """A home whose lock another process holds."""
    home = copied(after_first, tmp_path / "home")
    code = "import fcntl,sys; f=open(sys.argv[1],'a'); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(home.lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        assert holder.stdin
        assert holder.stdout.readline() == b"held\n"
        yield home
        holder.stdin.close()
        holder.wait(30)


def test_a_second_night_at_once_is_busy(held_lock, sample):
    sample.send(LATER, held_lock)
    before = names(held_lock.inbox)
    with pytest.raises(BusyError):
        run_night(held_lock, sample.as_of(LATER))
    assert names(held_lock.inbox) == before


@NO_PAGES
def test_the_lock_is_free_again_after_an_error(sample, after_first, tmp_path):
    home = copied(after_first, tmp_path / "home")
    with pytest.raises(OutcomesError):
        run_night(home, dt.date(2020, 1, 1))
    run_night(home, sample.as_of(LATER))


def test_what_a_third_party_says_of_a_cell_stays_inside(sample, waiting, monkeypatch, capfd):
    """Its words can carry cells, so only its kind and the place in our code come out."""

    def broken(*given: Any, **more: Any) -> Any:
        raise ValueError("could not parse 'secret-4711' as i64")

    monkeypatch.setattr(loading, "judge", broken)
    with pytest.raises(OutcomesError) as caught:
        run_night(waiting, sample.as_of(LATER))
    assert re.fullmatch(
        r"The step store could not finish \(ValueError at loading\.py:\d+\)\. Nothing is lost: run the night again\.",
        str(caught.value),
    )
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "secret" not in "".join(capfd.readouterr())


def test_our_own_words_come_through_a_step_as_they_are(tmp_path):
    def ours(value: Any, progress: Any) -> Any:
        raise BusyError("Another night is running.")

    with pytest.raises(BusyError, match=r"^Another night is running\.$"):
        run_step("look", ours, Home(tmp_path))


@pytest.mark.parametrize(
    ("error", "may_pass"),
    [
        (OSError(errno.EIO, "Input/output error"), True),
        (OSError(errno.ESTALE, "Stale file handle"), True),
        (duckdb.IOException('IO Error: Could not set lock on file "w": Conflicting lock is held'), True),
        (duckdb.TransactionException("TransactionContext Error: Failed to commit: Input/output error"), True),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (PermissionError(errno.EACCES, "Permission denied"), False),
        (FileNotFoundError(errno.ENOENT, "No such file"), False),
        (duckdb.IOException('IO Error: Could not write file "w": No space left on device'), False),
        (duckdb.TransactionException("TransactionContext Error: Failed to commit: No space left on device"), False),
        (duckdb.ConversionException("Could not convert"), False),
        (ValueError("cell 4711"), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_what_may_do_well_a_moment_later_is_told_from_what_needs_a_person(error, may_pass, tmp_path):
    """A task of Prefect is tried again for the first kind alone; the words are ours in both."""

    def broken(value: Any, progress: Any) -> Any:
        raise error

    # Of a home: a release or a verification, which no night makes good.
    with pytest.raises(OutcomesError, match=r"The step store could not finish .* run it again\.") as caught:
        run_step("store", broken, Home(tmp_path))
    assert isinstance(caught.value, MayPassError) == is_of_a_moment(error) == may_pass
    assert str(error) not in str(caught.value)


TOO_LITTLE_MEMORY = "; limits.memory in outcomes.toml says how much DuckDB may have). Nothing"
DISK_IS_FULL = "; the disk is full: make room first, outcomes doctor says how much). Noth"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), TOO_LITTLE_MEMORY),
        (duckdb.OutOfMemoryException("failed to pin block of size 256.0 KiB"), TOO_LITTLE_MEMORY),
        # As DuckDB 1.5 has it of a checkpoint.
        (
            duckdb.IOException("Checkpoint failed. Original error: could not allocate block of size 256.0 KiB"),
            TOO_LITTLE_MEMORY,
        ),
        (OSError(errno.ENOSPC, "No space left on device"), DISK_IS_FULL),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), DISK_IS_FULL),
        # As DuckDB 1.5 has it of a write and of a commit.
        (duckdb.IOException("Could not write file: No space left on device"), DISK_IS_FULL),
        (duckdb.TransactionException("Failed to commit: Could not write file: No space left on device"), DISK_IS_FULL),
    ],
)
def test_who_has_too_little_memory_or_a_full_disk_is_told_what_to_do(error, words, tmp_path):
    def broken(value: Any, progress: Any) -> Any:
        raise error

    with pytest.raises(OutcomesError, match=re.escape(words)):
        run_step("derive", broken, Home(tmp_path))


def test_a_night_that_failed_is_done_by_the_next(sample, waiting, after_later, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(nights, "derive", lambda con: 1 / 0)
        with pytest.raises(OutcomesError):
            run_night(waiting, sample.as_of(LATER))
    run_night(waiting, sample.as_of(LATER))
    assert_same(waiting, after_later)
    assert_in_order(waiting)


# clinics.toml


def test_a_first_night_without_clinics_toml_registers_who_sent(sample, registered, tmp_path):
    """Nothing is known of them, so there is no verdict; a person confirms each entry."""
    home, said = registered
    assert said.registered == ["C01", "C02", "C03"]
    assert [row["sends_every_infusion"] for row in said.clinics] == [False] * 4
    assert all(c["verdict"] is None for c in said.comparisons)
    assert stored(home.warehouse, "SELECT DISTINCT confirmed FROM clinic") == [(False,)]
    again = run_night(copied(home, tmp_path / "home"), sample.as_of(FIRST))
    assert again.registered == []
    assert again.rates == said.rates


@NO_PAGES
def test_rows_of_a_clinic_that_is_not_registered_are_set_aside(sample, tmp_path):
    home = Home(tmp_path / "home")
    sample.send(FIRST, home)
    whole = home.clinics.read_text()
    home.clinics.write_text(whole[: whole.index("[clinics.C03]")])
    run_night(home, sample.as_of(FIRST))
    (sha,) = {sample.hashes(FIRST)[name] for name in sample.hashes(FIRST) if name.startswith("C03_january.")}
    read, accepted, aside = stored(
        home.warehouse, f"SELECT rows_read, rows_accepted, rows_quarantined FROM arrival WHERE sha256 = '{sha}'"
    )[0]
    assert (read, accepted) == (aside, 0)
    assert read > 0
    assert stored(home.warehouse, "SELECT count(*) FROM patient WHERE clinic_id = 'C03'") == [(0,)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda text: text.replace("confirmed = true", 'confirmed = "yes"', 1),
            ["C01", "confirmed", "expected true or false, without quotes"],
        ),
        (lambda text: text.replace("confirmed", "confirmd", 1), ["C01", "confirmd", "unknown key"]),
        (lambda text: text.replace('"ketamine_iv"', '"ketamine"', 1), ["C01", "drug", "expected one of"]),
        (lambda text: text.replace("[clinics.C01]", "[clinics.1C]"), ["entry 1", "not a clinic code"]),
        (lambda text: text.replace("[clinics.C01]", "[clinics.C01"), ["not readable as TOML"]),
        (lambda text: text[: text.index("[clinics.C02]")], ["C02, C03", "of which rows are stored"]),
    ],
    ids=["type", "key", "drug", "clinic", "toml", "dropped"],
)
def test_a_wrong_clinics_toml_names_clinic_and_key(change, said, sample, waiting):
    waiting.clinics.write_text(change(waiting.clinics.read_text()))
    with pytest.raises(OutcomesError) as caught:
        run_night(waiting, sample.as_of(LATER))
    assert [word for word in ["clinics.toml", *said] if word not in str(caught.value)] == []
    assert "step" not in str(caught.value)
    assert names(waiting.inbox) == set(sample.truth[LATER]["files"])
    assert waiting.manifest.exists() == ("of which rows are stored" in said), "a slip uses up no night"


@pytest.mark.parametrize(
    ("entry", "confirmed"),
    [
        ('drug = "ketamine_iv"\nconfirmed = true', True),
        ('drug = "esketamine_nasal"\nconfirmed = true', True),
        ("confirmed = true", False),
        ('drug = "ketamine_iv"', False),
        ('drug = "ketamine_iv"\nconfirmed = false', False),
    ],
)
def test_an_entry_is_confirmed_where_a_person_said_so_and_it_says_the_drug(entry, confirmed, tmp_path):
    path = tmp_path / "clinics.toml"
    path.write_text(f"[clinics.C01]\n{entry}\n")
    (row,) = read_clinics(path).rows
    assert row["confirmed"] is confirmed


def test_clinics_toml_that_is_gone_is_an_error(sample, waiting, after_later):
    right = waiting.clinics.read_bytes()
    waiting.clinics.unlink()
    with pytest.raises(OutcomesError, match=r"clinics\.toml is missing"):
        run_night(waiting, sample.as_of(LATER))
    waiting.clinics.write_bytes(right)
    run_night(waiting, sample.as_of(LATER))
    assert_same(waiting, after_later)


@NO_PAGES
def test_a_clinic_may_be_added(sample, after_later, tmp_path):
    home = copied(after_later, tmp_path / "home")
    with home.clinics.open("a") as handle:
        handle.write("\n[clinics.C04]\nconfirmed = true\n")
    run_night(home, sample.as_of(LATER))
    assert differing(home.published_copy, after_later.published_copy) == {}, "it has sent nothing yet"
    assert ("C04", "ketamine_iv") in stored(home.published_copy, "SELECT clinic_id, drug::VARCHAR FROM clinic")


# What is written down


def test_nothing_in_a_home_can_be_read_by_others(sample, tmp_path):
    os.umask(0o000)
    home = Home(tmp_path / "made" / "home")
    home.inbox.mkdir(parents=True)
    for folder in (home.root, home.inbox):
        folder.chmod(0o700)
    sample.send(FIRST, home)
    run_night(home, sample.as_of(FIRST))
    ours = [home.root, *(p for p in home.root.rglob("*") if p != home.clinics)]
    assert len(ours) > 20
    assert [p for p in ours if stat.S_IMODE(p.lstat().st_mode) & 0o077] == []


def test_the_ledger_is_a_chain_that_can_be_recomputed(after_later):
    """Each entry's hash covers what it says and the hash before it."""
    columns = ", ".join([*ENTRY, "hash"])
    rows = stored(after_later.published_copy, f"SELECT {columns} FROM arrival ORDER BY arrival_no")
    previous = NO_HASH
    for number, values in enumerate(rows, start=1):
        entry = dict(zip(ENTRY, values, strict=False)) | {"received_on": values[ENTRY.index("received_on")].isoformat()}
        assert (entry["arrival_no"], entry["previous_hash"]) == (number, previous)
        assert values[-1] == entry_hash(entry)
        assert entry_hash(entry | {"rows_accepted": entry["rows_accepted"] + 1}) != values[-1]
        previous = values[-1]


def test_the_digest_of_a_file_is_that_of_its_stored_rows(after_later):
    rows = stored(
        after_later.published_copy,
        """SELECT a.rows_digest, coalesce(sum(s.digest), 0)::BIGINT::VARCHAR FROM arrival AS a LEFT JOIN (
            SELECT arrival_no, row_digest(s) AS digest FROM score AS s
            UNION ALL SELECT arrival_no, patient_row_digest(p) FROM patient_row AS p
        ) AS s USING (arrival_no) GROUP BY a.arrival_no, a.rows_digest""",
    )
    assert len(rows) > 10
    assert [row for row in rows if row[0] != row[1]] == []


def test_the_digest_of_a_row_changes_with_every_stored_value_and_with_its_line(after_later, tmp_path):
    """Null, no, 0 and the first word are different things too; and values that change places are seen."""
    others = {
        "BIGINT": "0", "INTEGER": "{}+1", "SMALLINT": "coalesce({}+1, 1)", "TINYINT": "CASE {} WHEN 0 THEN 1 ELSE 0 END",
        "BOOLEAN": "CASE WHEN {} IS NULL THEN false END", "DECIMAL(6,3)": "coalesce({}+0.001, 0.001)",
    }  # fmt: skip
    shutil.copyfile(after_later.published_copy, tmp_path / "copy.duckdb")
    with duckdb.connect(str(tmp_path / "copy.duckdb")) as con:
        con.execute("CREATE TABLE before AS FROM score")
        columns = con.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'score' AND schema_name = 'main'"
        ).fetchall()
        assert len(columns) == 32
        for column, dtype in columns:
            if column in ("score_id", "arrival_no"):
                continue
            word = f"CASE WHEN {{}} IS NULL THEN enum_first(NULL::{dtype}) WHEN {{}} = enum_first(NULL::{dtype}) THEN enum_last(NULL::{dtype}) ELSE enum_first(NULL::{dtype}) END"
            changed = (word if dtype.startswith("ENUM") else others[dtype]).replace("{}", f"b.{column}")
            same = con.execute(
                f"SELECT count(*) FROM before AS b JOIN (SELECT b.* REPLACE (({changed})::{dtype} AS {column}) FROM before AS b) AS s "
                f"USING (score_id) WHERE s.{column} IS NOT DISTINCT FROM b.{column} OR row_digest(s) = row_digest(b)"
            ).fetchone()
            assert (column, same) == (column, (0,))
        swapped = con.execute(
            "WITH pair AS (SELECT a.total AS one, b.total AS two, a, b FROM before AS a JOIN before AS b USING (arrival_no) "
            "WHERE a.line + 1 = b.line AND a.total <> b.total) "
            "SELECT count(*), count(*) FILTER (WHERE row_digest(a) + row_digest(b) = row_digest(struct_update(a, total := two)) + row_digest(struct_update(b, total := one))) FROM pair"
        ).fetchone()
        assert swapped[0] > 100
        assert swapped[1] == 0


def test_every_row_read_has_one_fate(after_later):
    wrong = stored(
        after_later.published_copy,
        """
        SELECT a.arrival_no FROM arrival AS a
        LEFT JOIN (SELECT arrival_no, count(*) AS n FROM (SELECT arrival_no FROM score UNION ALL SELECT arrival_no FROM patient_row) GROUP BY 1) AS s
            USING (arrival_no)
        LEFT JOIN (SELECT arrival_no, count(DISTINCT line) AS n FROM quarantine GROUP BY 1) AS q USING (arrival_no)
        WHERE a.rows_accepted <> coalesce(s.n, 0) OR a.rows_quarantined <> coalesce(q.n, 0)
            OR a.rows_read <> a.rows_accepted + a.rows_duplicate + a.rows_quarantined
        """,
    )
    assert wrong == []


def test_every_rule_says_how_many_rows_it_checked(after_later):
    """A rule that did not run would be one that nobody misses. `contradiction` is settled against the store."""
    for night in (1, 2):
        counts = {
            (feed, rule): (checked, failed)
            for feed, rule, checked, failed in stored(
                after_later.published_copy,
                f"SELECT feed, rule, sum(rows_checked), sum(rows_failed) FROM rule_count WHERE night = {night} GROUP BY ALL",
            )
        }
        assert set(counts) == {(feed, rule) for feed in FEEDS for rule in FEEDS[feed].rules if rule != "contradiction"}
        assert [rule for rule, (checked, _) in counts.items() if checked < 1] == []
        failed = {
            (feed, code): rows
            for feed, code, rows in stored(
                after_later.published_copy,
                f"""SELECT feed, reason_code, count(*) FROM (SELECT DISTINCT arrival_no, line, reason_code FROM quarantine)
                JOIN arrival USING (arrival_no) WHERE night = {night} AND reason_code <> 'contradiction' GROUP BY ALL""",
            )
        }
        assert {rule: n for rule, (_, n) in counts.items() if n} == failed
    assert stored(after_later.published_copy, "SELECT * FROM rule_count WHERE rows_failed > rows_checked") == []


def test_no_patient_is_in_the_summary_or_the_receipts(after_later):
    """Nor a file's name, which may hold one."""
    patients = [row[0] for row in stored(after_later.published_copy, "SELECT patient_id FROM patient")]
    said = after_later.summary.read_text() + (after_later.receipts / RECEIPTS).read_text()
    assert len(patients) > 50
    assert [patient for patient in patients if re.search(rf"\b{re.escape(patient)}\b", said)] == []
    assert "february" not in said
    assert "january" not in said


def test_the_published_copy_is_the_warehouse(after_later):
    tables = ["score", "arrival", "rate", "comparison", "course"]
    for table in tables:
        query = f"SELECT count(*), sum(hash(t)::HUGEINT) FROM {table} AS t"
        assert stored(after_later.published_copy, query) == stored(after_later.warehouse, query)
