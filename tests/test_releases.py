"""Releases: what each covers, whether the next confirms it, and that nothing ever changes one."""

from __future__ import annotations

import datetime as dt
import errno
import shutil
import subprocess
import sys

import duckdb
import pytest

from outcomes import loading, recomputing, releases
from outcomes.cli import main
from outcomes.datafiles import read_data_files
from outcomes.errors import BusyError, MayPassError, OutcomesError, UsageError
from outcomes.inbox import locked
from outcomes.laying import lay
from outcomes.paths import Home, data_folder
from outcomes.recomputing import DECIDES
from outcomes.releasereceipts import read_release_receipts
from outcomes.releases import run_release, run_replay
from tests.conftest import LATER, copied, differing, stored
from tests.drawnnights import course, courses, day, night, people
from tests.nightly import written

pytestmark = pytest.mark.usefixtures("no_pages_here")

LOCKED = ("release", "release_definition", "release_rate", "release_comparison", "release_endpoint")
RESPONSE = "response_post_induction"
STANDING = "SELECT name, clinic_id, verdict, standing FROM release_verdict ORDER BY release_no, clinic_id"


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture(scope="module")
def one_course(tmp_path_factory):
    """A home with one course that is due, and no release: to copy."""
    home = Home(tmp_path_factory.mktemp("one") / "home")
    night(home, "2026-03-31", course("ann1", 8))
    return home


@pytest.fixture(scope="module")
def one_locked(one_course, tmp_path_factory):
    """The same, locked as Q1: to copy, or to be refused."""
    home = copied(one_course, tmp_path_factory.mktemp("locked") / "home")
    run_release(home, "Q1")
    return home


@pytest.fixture(scope="module")
def forty(tmp_path_factory):
    """Forty courses without a response, locked as Q1: to copy."""
    home = Home(tmp_path_factory.mktemp("forty") / "home")
    night(home, "2026-03-31", courses(people("ann", 40), 0))
    run_release(home, "Q1")
    return home


@pytest.fixture(scope="module")
def both_nights(after_later, tmp_path_factory):
    """Both nights of the sample, locked as A: to read."""
    home = copied(after_later, tmp_path_factory.mktemp("both") / "home")
    run_release(home, "A")
    return home


def locked_rows(home):
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        return {table: con.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in LOCKED}


def covered(home, name):
    """Courses, due and met of the primary measure, all clinics."""
    query = f"SELECT r.courses, r.due, r.met FROM release_rate AS r JOIN release AS o USING (release_no) WHERE o.name = '{name}' AND clinic_id = '*' AND measure_id = '{RESPONSE}'"
    (row,) = stored(home.published_copy, query)
    return row


# What a release covers


def test_a_release_covers_what_became_due_since_the_release_a_year_before_it(home):
    """With none a year before it, it covers all, and says so. Only the days on which files were received count.

    as of       arrived     release  covers
    2026-01-31  ann1..10    Q1       10, cumulative
    2026-06-30  bob1..5     Q2       15, cumulative
    2027-01-31  cy1..7      Q3       5 + 7 since Q1
    2027-06-29              Q4       5 + 7 since Q1: Q2 is a day short of a year before
    2027-07-31  dee1        Q5       7 + 1 since Q2
    """
    cumulative = "cumulative: all courses"
    drawn = [
        ("2026-01-31", people("ann", 10), "Q1", 10, cumulative),
        ("2026-06-30", people("bob", 5), "Q2", 15, cumulative),
        ("2027-01-31", people("cy", 7), "Q3", 12, "courses that became due since release Q1 (2026-01-31)"),
        ("2027-06-29", [], "Q4", 12, "courses that became due since release Q1 (2026-01-31)"),
        ("2027-07-31", people("dee", 1), "Q5", 8, "courses that became due since release Q2 (2026-06-30)"),
    ]
    for as_of, names, name, due, _ in drawn:
        night(home, as_of, courses(names, met=1))
        run_release(home, name)
        assert covered(home, name)[:2] == (due, due), name
    said = stored(home.published_copy, "SELECT name, covers, is_cumulative FROM release_order ORDER BY release_no")
    assert said == [(name, covers, covers == cumulative) for _, _, name, _, covers in drawn]
    assert covered(home, "Q5")[2] == 2


def test_a_course_that_waited_at_the_base_is_covered_and_one_that_was_not_eligible_is_not(home):
    """At Q1 ann is due, bob's window is open, cy has no baseline. A year later cy's baseline comes, dee's never does."""
    rows = course("ann1", 8) + course("bob1", 8, extract=None)
    rows += [r.replace(",20,,", ",,,") for n in ("cy1", "dee1") for r in course(n, 8)]
    night(home, "2026-01-31", rows)
    run_release(home, "Q1")
    assert covered(home, "Q1") == (4, 1, 1)
    night(home, "2027-01-31", ["C01,cy1,,-2,baseline,20,,60"])
    run_release(home, "Q2")
    assert covered(home, "Q2") == (2, 2, 2)
    statuses = stored(home.published_copy, f"SELECT patient_id FROM release_endpoint JOIN patient USING (patient_no) WHERE release_no = 2 AND measure_id = '{RESPONSE}' ORDER BY 1")  # fmt: skip
    assert statuses == [("bob1",), ("cy1",)]


def test_a_release_of_a_past_date_leaves_out_what_was_received_after_it(home):
    """And counts follow-up to its own date: ann, received in January with no extract_day, is due on day 55."""
    night(home, "2026-01-01", course("ann1", 8, extract=None) + course("bob1", None, extract=None))
    night(home, "2026-03-31", courses(people("cy", 3), met=3))
    run_release(home, "early", day("2026-01-18"))
    run_release(home, "on the day".replace(" ", "-"), day("2026-01-19"))
    run_release(home, "all")
    assert [covered(home, name) for name in ("early", "on-the-day", "all")] == [(2, 0, 0), (2, 1, 1), (5, 5, 4)]
    places = "SELECT name, as_of, arrival_no, arrival_hash = (SELECT hash FROM arrival WHERE arrival_no = r.arrival_no) FROM release AS r ORDER BY release_no"
    assert stored(home.published_copy, places) == [
        ("early", day("2026-01-18"), 1, True), ("on-the-day", day("2026-01-19"), 1, True), ("all", day("2026-03-31"), 2, True),
    ]  # fmt: skip


def test_a_cumulative_release_of_the_last_night_is_what_the_night_said(both_nights):
    home = both_nights
    for kept, nightly in (("release_rate", "rate"), ("release_comparison", "comparison")):
        columns = ", ".join(c for (c,) in stored(home.warehouse, f"SELECT column_name FROM duckdb_columns() WHERE table_name = '{kept}' AND column_name <> 'release_no'"))  # fmt: skip
        query = "SELECT {} FROM {} ORDER BY ALL"
        locked_now = stored(home.published_copy, query.format(columns, kept))
        assert locked_now == stored(home.published_copy, query.format(columns, nightly))
        assert len(locked_now) > 50


def test_the_courses_of_a_release_are_its_rates(both_nights):
    by_course = """SELECT measure_id, count(*), count(*) FILTER (status = 'met'), count(endpoint_score_id) FROM release_endpoint
        WHERE measure_id IN (SELECT measure_id FROM release_rate) GROUP BY 1 ORDER BY 1"""
    by_rate = "SELECT measure_id, due, met, observed FROM release_rate WHERE clinic_id = '*' AND due > 0 ORDER BY 1"
    path = both_nights.published_copy
    assert stored(path, by_course) == stored(path, by_rate)


# Standing


def three_clinics(home, as_of, start, met):
    night(home, as_of, [r for c, m in met.items() for r in courses(people(f"{start}{c}", 40), m, clinic=c)])


def test_a_verdict_is_confirmed_when_the_next_release_agrees(home):
    """clinic  first     next      C01 was below twice, C02 is not below any more, C03 has too few to tell twice
    C01     0 of 40   0 of 80
    C02     0 of 40   40 of 80
    C03     20 of 40  40 of 80
    """
    three_clinics(home, "2026-03-31", "a", {"C01": 0, "C02": 0, "C03": 20})
    run_release(home, "Q1")
    few = "too few patients to tell"
    awaiting = "awaiting the next release"
    first = [("Q1", "*", "below"), ("Q1", "C01", "below"), ("Q1", "C02", "below"), ("Q1", "C03", few)]
    assert stored(home.published_copy, STANDING) == [(*row, awaiting) for row in first]
    three_clinics(home, "2026-06-30", "b", {"C01": 0, "C02": 40, "C03": 20})
    run_release(home, "Q2")
    standings = ("confirmed", "confirmed", "not confirmed", "confirmed")
    assert stored(home.published_copy, STANDING)[:4] == [(*row, s) for row, s in zip(first, standings, strict=True)]
    assert {row[3] for row in stored(home.published_copy, STANDING)[4:]} == {awaiting}
    change = f"SELECT met, n, next_met, next_n, change, standing FROM release_change WHERE measure_id = '{RESPONSE}' AND clinic_id = 'C02'"
    assert stored(home.published_copy, change) == [(0, 40, 40, 80, 0.5, "comparable")]


def test_a_correction_of_the_same_date_confirms_nothing(home):
    three_clinics(home, "2026-03-31", "a", {"C01": 0})
    for name in ("Q1", "Q1-corrected"):
        run_release(home, name)
    assert {row[3] for row in stored(home.published_copy, STANDING)} == {"awaiting the next release"}


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("measures.toml", "version = 1\ntitle = \"Response after induction\"", "version = 2\ntitle = \"Response after induction\"", f"measure {RESPONSE}: version 1 became 2"),
        ("measures.toml", "window_high = 31", "window_high = 32", f"measure {RESPONSE} changed, still as version 1"),
        ("measures.toml", "minimum_n = 30", "minimum_n = 20", "rules changed, still as version 2"),
        ("benchmarks.csv", "mcinnes2022_response_d14_31,1,", "mcinnes2022_response_d14_31,2,", "benchmark mcinnes2022_response_d14_31: version 1 became 2"),
        ("measures.toml", "title = \"Response after induction\"", "title = \"Response\"", None),
        ("claims.csv", "klarity_response,1,", "klarity_response,2,", None),
    ],
)  # fmt: skip
def test_releases_between_which_a_definition_changed_are_not_comparable(
    forty, tmp_path, monkeypatch, file, old, new, said
):
    """Whether or not its version was raised. Words about a definition, and claims, change no number."""
    home = copied(forty, tmp_path / "home")
    folder = tmp_path / "data"
    shutil.copytree(data_folder(), folder)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    monkeypatch.setattr(loading, "data_folder", lambda: folder)
    with pytest.raises(OutcomesError, match="data files have changed since the last night"):
        run_release(home, "Q2")
    night(home, "2026-06-30")
    run_release(home, "Q2")
    query = "SELECT standing, not_comparable_because FROM release_verdict WHERE name = 'Q1' AND clinic_id = 'C01'"
    assert stored(home.published_copy, query) == [("not comparable", said) if said else ("confirmed", None)]
    rates = f"SELECT standing, not_comparable_because, change FROM release_change WHERE clinic_id = 'C01' AND measure_id = '{RESPONSE}'"
    of_rate = said if said and "benchmark" not in said else None
    assert stored(home.published_copy, rates) == [("not comparable", of_rate, None) if of_rate else ("comparable", None, 0.0)]  # fmt: skip
    assert run_replay(home, "Q1")["equal"], "a replay takes the definitions that were locked"


def test_a_clinic_whose_drug_is_said_otherwise_is_not_comparable(forty, tmp_path):
    home = copied(forty, tmp_path / "home")
    home.clinics.write_text(
        home.clinics.read_text().replace('[clinics."C01"]', '[clinics."C01"]\ndrug = "ketamine_im"')
    )
    night(home, "2026-06-30")
    run_release(home, "Q2")
    query = "SELECT clinic_id, standing, not_comparable_because FROM release_verdict WHERE name = 'Q1' ORDER BY 1"
    assert stored(home.published_copy, query) == [(c, "not comparable", "clinic C01 changed") for c in ("*", "C01")]


@pytest.mark.parametrize(("moves", "standing"), [(False, "confirmed"), (True, "not comparable")])
def test_another_program_is_comparable_if_it_makes_the_same_of_the_release_before(
    forty, tmp_path, monkeypatch, moves, standing
):
    """Its SQL is another one; whether that matters is found by replaying, not by anybody's word."""
    home = copied(forty, tmp_path / "home")
    night(home, "2026-06-30")
    (digest,) = stored(home.warehouse, "SELECT sql_digest FROM laid")[0]
    monkeypatch.setattr(releases, "sql_digest", lambda: digest)
    real = recomputing.make_store

    def make_store(path):
        real(path)
        with duckdb.connect(str(path)) as con:
            con.execute("CREATE OR REPLACE MACRO is_response(b, e) AS e < b")

    with duckdb.connect(str(home.warehouse)) as con:
        con.execute("UPDATE release SET sql_digest = 'older'")
    if moves:
        monkeypatch.setattr(recomputing, "make_store", make_store)
    run_release(home, "Q2")
    assert stored(home.warehouse, "SELECT replay_of_last FROM release") == [(None,), ("moved" if moves else "equal",)]
    query = "SELECT standing, not_comparable_because FROM release_verdict WHERE name = 'Q1' AND clinic_id = 'C01'"
    because = "the program changed: the release before Q2 comes out otherwise by its SQL" if moves else None
    assert stored(home.published_copy, query) == [(standing, because)]


def test_every_key_of_a_definition_either_decides_or_is_words_about_it():
    """A new key must be put on one side: unseen, it could change a number quietly."""
    words = {
        # Of figures beside the rates, which no release locks.
        "rules": {"fixed_cohort_infusions", "remission_odds_ratio", "retest_correlation", "regression_cut", "overdispersion_minimum_clinics", "alert_tail", "alarm_tail"},
        "measure": {"position", "version", "title", "question", "numerator", "denominator", "why_it_matters", "source", "authored_by", "checked_by", "review_by"},
        "benchmark": {"version", "position", "citation", "doi", "pmid", "year", "population", "treatment", "outcome", "cutoff", "time_window", "window_anchor", "window_low", "window_high", "denominator", "denominator_class", "mean_baseline", "sd_baseline", "read", "interests", "caveat", "retired_because"},
        "claim": {"version", "position", "source", "outcome", "treatment", "as_stated", "traces_to", "agreement"},
        "clinic": {"name", "sends_every_infusion", "confirmed", "limited_data_set"},
    }  # fmt: skip
    with duckdb.connect() as con:
        lay(con)
        for kind, (table, key, decides) in DECIDES.items():
            columns = {row[0] for row in con.execute(f"DESCRIBE {table}").fetchall()}
            assert columns == {*decides, *words[kind], *({"version"} if kind == "rules" else {key})}, kind
    assert set(DECIDES["rules"][2]) == set(read_data_files(data_folder()).rules) - {"version"} - words["rules"]


# What cannot be


@pytest.mark.parametrize(
    ("name", "as_of", "said"),
    [
        ("", None, "name is 1 to 40"), ("a b", None, "name is 1 to 40"), ("x" * 41, None, "name is 1 to 40"), ("../x", None, "name is 1 to 40"),
        ("Q1", None, "There is a release Q1"), ("Q2", "2026-04-01", "Run a night as of 2026-04-01 or later first"),
        ("Q2", "2026-03-30", "Release Q1 is as of 2026-03-31"),
    ],
)  # fmt: skip
def test_a_name_or_date_that_cannot_be_is_refused(one_locked, name, as_of, said):
    before = locked_rows(one_locked)
    with pytest.raises(UsageError, match=said):
        run_release(one_locked, name, dt.date.fromisoformat(as_of) if as_of else None)
    assert locked_rows(one_locked) == before


def test_no_release_before_anything_arrived(home, tmp_path):
    with pytest.raises(UsageError, match="has had no night yet"):
        run_release(home, "Q1")
    night(home, "2026-03-31", course("ann1", 8))
    with pytest.raises(UsageError, match="Nothing had arrived by 2026-03-30"):
        run_release(home, "Q1", day("2026-03-30"))


def test_no_release_while_a_night_is_under_way_or_was_left_undone(one_course, tmp_path):
    home = copied(one_course, tmp_path / "home")
    with locked(home), pytest.raises(BusyError):
        run_release(home, "Q1")
    with locked(home), pytest.raises(BusyError):
        run_replay(home, "Q1")
    home.manifest.write_text("{}")
    with pytest.raises(OutcomesError, match="The last night has not ended"):
        run_release(home, "Q1")


def test_a_store_of_a_version_without_releases_has_them_after_its_next_night(one_course, tmp_path, capsys):
    home = copied(one_course, tmp_path / "home")
    for path in (home.warehouse, home.published_copy):
        with duckdb.connect(str(path)) as con:
            for (table,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'release%' OR table_name IN ('rate_log', 'cusum_rule')").fetchall():  # fmt: skip
                con.execute(f"DROP TABLE {table}")
            con.execute("UPDATE laid SET sql_digest = 'older'")
    with pytest.raises(OutcomesError, match="The program has changed since the last night"):
        run_release(home, "Q1")
    for wish in (["--list"], ["--show", "Q1"], ["--replay", "Q1"]):
        with pytest.raises(SystemExit):
            main(["release", *wish, "--home", str(home.root)])
        assert capsys.readouterr().err.startswith("outcomes: The program has changed since the last night.")
    night(home, "2026-04-30")
    run_release(home, "Q1")
    assert covered(home, "Q1") == (1, 1, 1)


# Nothing changes one, and nothing is left over


def test_later_nights_change_no_release(after_first, sample, tmp_path):
    home = copied(after_first, tmp_path / "home")
    run_release(home, "A")
    before = locked_rows(home)
    sample.run(LATER, home)
    run_release(home, "B")
    after = locked_rows(home)
    for table in LOCKED:
        assert [row for row in after[table] if row[0] == 1] == before[table]


def test_a_release_leaves_only_its_receipt_and_changes_nothing_derived(after_first, tmp_path):
    home = copied(after_first, tmp_path / "home")
    before = set(written(home.root))
    run_release(home, "A")
    new = {path.relative_to(home.root).as_posix() for path in set(written(home.root)) - before}
    assert new == {"receipts/releases.jsonl", "receipts/release-1.json", "receipts/release-1.parquet"}
    assert not home.scratch.exists()
    assert differing(home.warehouse, after_first.warehouse) == {}
    assert all(path.stat().st_mode & 0o077 == 0 for path in home.receipts.glob("release*"))


@pytest.mark.parametrize(
    ("breaks", "error", "may_pass"),
    [
        ("_cover", RuntimeError("cell 4711 of ann1"), False),
        ("_as_it_was", OSError(errno.EIO, "cell 4711 of ann1"), True),
    ],
)
def test_a_release_that_breaks_locks_nothing_and_leaves_nothing(
    one_course, tmp_path, monkeypatch, breaks, error, may_pass
):
    """What a disk says of a moment is tried again by the flow."""
    home = copied(one_course, tmp_path / "home")

    def broken(*_):
        raise error

    monkeypatch.setattr(recomputing, breaks, broken)
    with pytest.raises(OutcomesError, match=type(error).__name__) as caught:
        run_release(home, "Q1")
    assert isinstance(caught.value, MayPassError) == may_pass
    assert "4711" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert not home.scratch.exists()
    assert stored(home.warehouse, "SELECT * FROM release") == []


KILLED = """
import os, sys
from pathlib import Path
from outcomes import {module}
from outcomes.paths import Home
from outcomes.releases import run_release
{module}.{name} = lambda *_: os._exit(9)
run_release(Home(Path(sys.argv[1])), "Q1")
"""


@pytest.mark.parametrize(("module", "name"), [("recomputing", "_cover"), ("releases", "put_rows"), ("releases", "publish_copy")])  # fmt: skip
@pytest.mark.parametrize("then", ["release", "night"])
def test_a_release_killed_anywhere_is_whole_or_not_there(one_course, tmp_path, module, name, then):
    """Before its transaction ended: as if it had never been. After it: published by the next command or night."""
    home = copied(one_course, tmp_path / "home")
    code = KILLED.format(module=module, name=name)
    ended = subprocess.run([sys.executable, "-c", code, str(home.root)], check=False, timeout=120)
    assert ended.returncode == 9
    assert home.scratch.exists() == (name != "publish_copy")
    is_locked = name == "publish_copy"
    if then == "night":
        night(home, "2026-03-31")
    else:
        run_release(home, "Q2")
    assert not home.scratch.exists()
    names = (["Q1"] if is_locked else []) + (["Q2"] if then == "release" else [])
    assert stored(home.published_copy, "SELECT name FROM release ORDER BY release_no") == [(n,) for n in names]
    assert [receipt["name"] for receipt in read_release_receipts(home)] == names
    for table in LOCKED[2:]:
        assert {n for (n,) in stored(home.warehouse, f"SELECT DISTINCT release_no FROM {table}")} == set(range(1, 1 + len(names)))  # fmt: skip
