"""What moved a rate between two dates or releases: each kind of change by itself, several together, and all of it adds up."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import replace

import duckdb
import pytest

from outcomes.attributing import NOT_KEPT, PROGRAM, UNEXPLAINED, _unexplained, difference
from outcomes.cli import main
from outcomes.datafiles import read_data_files
from outcomes.differing import walked
from outcomes.errors import UsageError
from outcomes.laying import lay
from outcomes.merging import Wanted, change
from outcomes.movedfigures import SAID
from outcomes.nights import run_night
from outcomes.paths import Home, data_folder
from outcomes.publishedcopy import opened
from outcomes.recomputing import attached
from outcomes.releases import run_as_locked, run_release
from outcomes.requeueing import request
from outcomes.standpoints import COUNTS, said_at
from tests.conftest import FIRST as FIRST_NIGHT
from tests.conftest import LATER, stored
from tests.drawnnights import course, day, night

pytestmark = pytest.mark.usefixtures("no_pages_here")

RESPONSE = "response_post_induction"
MEAN, SUSTAINED, FIRST = "mean_change_post_induction", "sustained_response_8_weeks", "first_response_by_6_weeks"
# What a store says of each mean change and survival that the walk keeps: measure, clinic, courses and value.
_FIGURES = """
    SELECT measure_id, clinic_id, n AS courses, round(mean_change, 9) AS value FROM change WHERE n > 0
    UNION ALL
    SELECT a.measure_id, a.clinic_id, z.at_risk, round(a.survival, 9)
    FROM survival_at AS a
    JOIN measure AS m ON m.measure_id = a.measure_id AND m.window_high = a.day
    JOIN survival_at AS z ON z.measure_id = a.measure_id AND z.clinic_id = a.clinic_id AND z.variant = a.variant AND z.day = 0
    WHERE a.variant = 'all' AND z.at_risk > 0
"""


def assert_adds_up(found):
    """What moved each rate is its change, count by count, and what is said at both ends is what the store says."""
    assert found.rates
    for rate in found.rates:
        place = (rate["measure_id"], rate["clinic_id"])
        for key in COUNTS:
            moved = sum(row[key] for row in found.moved if (row["measure_id"], row["clinic_id"]) == place)
            assert moved == (rate[key] or 0) - (rate[f"was_{key}"] or 0), (place, key)


def figure(found, measure, clinic="*"):
    """A figure as it was and is, and step -> by how much it moved: courses, events and value each time."""
    (said,) = [row for row in found.figures if (row["measure_id"], row["clinic_id"]) == (measure, clinic)]
    by = {
        row["because"]: tuple(row[key] for key in SAID)
        for row in found.figures_moved
        if (row["measure_id"], row["clinic_id"]) == (measure, clinic)
    }
    return tuple(said[f"was_{key}"] for key in SAID), tuple(said[key] for key in SAID), by


def moved(found, clinic="*", measure=RESPONSE):
    """Cause -> how many courses, and by how much met, observed and due changed."""
    told = {}
    for row in found.moved:
        if (row["measure_id"], row["clinic_id"]) == (measure, clinic):
            sums = told.setdefault(row["because"], [0, 0, 0, 0])
            for place, key in enumerate(("changed", "met", "observed", "due")):
                sums[place] += row[key] or 0
    return {because: tuple(sums) for because, sums in told.items()}


@pytest.fixture(scope="module")
def moving(tmp_path_factory):
    """A home of two nights, as everything in it moves:

    ann  due and met; corrected to not met                      bob  due and met; taken back, so missing
    cy   due, missing; the score comes late                     dan  not yet due; becomes so by time alone
    eve  not yet due; becomes so, and its score comes as well   fay  comes new
    gus  stays as it is                                         hal  and hob, both met: joined, so that one is left
    """
    home = Home(tmp_path_factory.mktemp("moving") / "home")
    night(
        home, "2026-01-31",
        [
            *course("ann1", 8), *course("bob1", 8), *course("cy1", None), *course("dan1", 18, extract=None),
            *course("eve1", None, extract=None), *course("gus1", 8), *course("hal1", 8), *course("hob1", 8),
        ],
    )  # fmt: skip
    change(home, [Wanted("C01", "hob1", "hal1", 0)], "R.Meyer")
    night(
        home, "2026-03-31",
        [
            "C01,ann1,,37,follow_up,18,corrected,60", "C01,bob1,,37,follow_up,8,entered_in_error,60", "C01,cy1,,38,follow_up,5,,60",
            "C01,eve1,,37,follow_up,8,,", *course("fay1", 8),
        ],
    )  # fmt: skip
    return home


@pytest.fixture(scope="module")
def between(moving):
    """What moved between its two nights."""
    return difference(moving, "2026-02-27", "2026-12-31")


def test_each_kind_of_change_is_named_for_the_course_that_it_moved(between):
    """because -> courses, met, observed, due"""
    found = between
    assert_adds_up(found)
    assert moved(found) == {
        "pseudonyms joined or split": (1, -1, -1, -1),
        "time alone": (1, 0, 1, 1),
        "score taken back": (1, -1, -1, 0),
        "score corrected": (1, -1, 0, 0),
        "late arrival": (1, 1, 1, 0),
        "several together: time, late arrival": (1, 1, 1, 1),
        "new course": (1, 1, 1, 1),
    }
    assert moved(found, "C01") == moved(found)
    (rate,) = [row for row in found.rates if (row["measure_id"], row["clinic_id"]) == (RESPONSE, "*")]
    assert [(rate[f"was_{key}"], rate[key]) for key in ("courses", "due", "observed", "met")] == [(8, 8), (6, 8), (5, 7), (5, 5)]  # fmt: skip


def test_each_kind_of_change_says_by_how_much_it_moved_the_mean_fall(between):
    """Falls, of 20 at baseline: before of ann, bob, gus, hal and hob, each by 12.

    hob is joined to hal: 12 still. dan becomes due and fell by 2: 50 points of five. bob is taken back: 38 of four. ann fell
    by 2 in place of 12: 28 of four. Then come cy with 15, eve and fay with 12: 67 of seven.
    """
    assert figure(between, MEAN) == (
        (5, None, 12.0),
        (7, None, 9.571428571),
        {
            "pseudonyms joined or split": (-1, None, 0.0),
            "time alone": (1, None, -2.0),
            "score taken back": (-1, None, -0.5),
            "score corrected": (0, None, -2.5),
            "scores and courses that came since": (3, None, 2.571428571),
        },
    )
    assert figure(between, MEAN, "C01") == figure(between, MEAN)


def test_what_moved_a_figure_adds_up_to_what_is_published(sample, after_later):
    found = difference(after_later, sample.truth[FIRST_NIGHT]["as_of"], sample.truth[LATER]["as_of"])
    kept = {row[:2]: row[2:] for row in stored(after_later.published_copy, _FIGURES)}
    assert {row["measure_id"] for row in found.figures} >= {MEAN, FIRST}
    assert [
        row
        for row in found.figures
        if row["kind"] == "survival" and row["clinic_id"] == "*" and row["value"] and row["was_value"]
    ]
    for row in found.figures:
        place = (row["measure_id"], row["clinic_id"])
        assert (row["courses"], row["value"]) == kept[place]
        steps = [step for step in found.figures_moved if (step["measure_id"], step["clinic_id"]) == place]
        for key in ("courses", "events"):
            if row[key] is not None:
                assert sum(step[key] for step in steps) == row[key] - row[f"was_{key}"], (place, key)
        if row["value"] is not None and row["was_value"] is not None and None not in [step["value"] for step in steps]:
            assert sum(step["value"] for step in steps) == pytest.approx(row["value"] - row["was_value"], abs=1e-8)


def test_what_is_said_is_what_was_published(moving, between):
    """As rate_log has it, which a night writes."""
    found = between
    assert (found.one.name, found.other.name) == ("night 1", "night 2"), "the last night on or before a date"
    last = {
        row[:2]: row[2:]
        for row in stored(moving.published_copy, "SELECT measure_id, clinic_id, met, observed, due FROM rate")
    }
    for rate in found.rates:
        assert (rate["met"], rate["observed"], rate["due"]) == last[rate["measure_id"], rate["clinic_id"]]


def test_nothing_moves_between_a_date_and_itself_and_the_home_is_not_written(moving, capsys):
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in moving.root.rglob("*")}
    found = difference(moving, "2026-03-31", "2026-03-31")
    with pytest.raises(SystemExit):
        main(["diff", "2026-03-31", "2026-12-31", "--home", str(moving.root)])
    assert "changed. Both are the same: the last night on or before the two dates.\n" in capsys.readouterr().out
    assert (found.rates, found.moved, found.figures, found.figures_moved, found.verdicts, found.definitions) == ([], [], [], [], [], [])  # fmt: skip
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in moving.root.rglob("*")} == before


def test_the_command_prints_it_as_table_csv_and_json(moving, between, capsys, monkeypatch):
    monkeypatch.setattr("outcomes.attributing.difference", lambda home, first, second: between)

    def said(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["diff", "2026-01-31", "2026-03-31", "--home", str(moving.root), "--measure", RESPONSE, "--clinic", "all", *arguments])  # fmt: skip
        return int(ended.value.code or 0), capsys.readouterr().out

    code, out = said()
    assert code == 0
    assert out.startswith(
        "From the night 1, as of 2026-01-31 (up to arrival 1), to the night 2, as of 2026-03-31 (up to arrival 2)."
    )
    assert "1 course: several together: time, late arrival" in out
    assert "ann1" not in out
    _, out = said("--format", "json")
    found = json.loads(out)
    assert {row["measure_id"] for row in found["rates"]} == {RESPONSE}
    assert sum(row["due"] for row in found["moved"]) == found["rates"][0]["due"] - found["rates"][0]["was_due"] == 2
    _, out = said("--format", "csv")
    assert sum(int(row["due"]) for row in csv.DictReader(io.StringIO(out))) == 2
    _, out = said("--measure", MEAN)
    for words in ("5 to 7", "12.00 to 9.57", "-2.50  score corrected"):
        assert words in out
    assert "Rates that changed" not in out
    _, out = said("--measure", MEAN, "--format", "json")
    assert [row["value"] for row in json.loads(out)["figures_moved"]] == [0, -2, -0.5, -2.5, 2.571428571]


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("2025-01-01", "2026-03-31", "The first was as of 2026-01-31"),
        ("2026-03-31", "2026-01-31", "give the earlier one first"),
        ("2026-Q9", "2026-03-31", "neither a release nor a date"),
        ("2026-13-41", "2026-03-31", "no date of the calendar"),
    ],
)
def test_what_cannot_be_compared_is_said(moving, first, second, words):
    with pytest.raises(UsageError, match=words):
        difference(moving, first, second)


def test_between_releases_of_which_the_later_one_starts_from_the_earlier(tmp_path):
    """A year later ann, due at A, is no part of B. Both are as they were locked, whatever came since."""
    home = Home(tmp_path / "home")
    night(home, "2026-01-31", course("ann1", 8) + course("bob1", 18))
    run_release(home, "A")
    night(home, "2027-01-31", course("cy1", 8) + course("dan1", 8))
    run_release(home, "B")
    night(home, "2027-02-28", ["C01,cy1,,37,follow_up,18,corrected,60"])
    found = difference(home, "A", "B")
    assert_adds_up(found)
    assert moved(found) == {"the release covers other courses": (2, -1, -2, -2), "new course": (2, 2, 2, 2)}
    # Of ann and bob 7 on average, of cy and dan 12; between them nobody is left.
    assert figure(found, MEAN) == ((2, None, 7.0), (2, None, 12.0), {
        "the release covers other courses": (-2, None, None), "scores and courses that came since": (2, None, None),
    })  # fmt: skip
    ended = {(row["measure_id"], row["clinic_id"]): (row["courses"], row["value"]) for row in found.figures}
    with run_as_locked(home, "B") as (con, _):
        locked = {row[:2]: row[2:] for row in con.execute(_FIGURES).fetchall()}
    assert {FIRST, SUSTAINED} <= {measure for measure, _ in ended}
    assert {place: locked[place] for place in ended} == ended, "as the release has them, of the courses that it covers"
    since = difference(home, "B", "2027-02-28")
    assert_adds_up(since)
    assert moved(since) == {"the release covers other courses": (2, 1, 2, 2), "score corrected": (1, -1, 0, 0)}


def test_a_file_that_is_read_again_is_named(tmp_path):
    """ann's clinic was not registered on the first night; bob's was."""
    home = Home(tmp_path / "home")
    night(home, "2026-01-31", course("ann1", 8, clinic="C09") + course("bob1", 8))
    home.clinics.write_text(home.clinics.read_text() + '\n[clinics."C09"]\nconfirmed = true\n')
    request(home, [sha for (sha,) in stored(home.published_copy, "SELECT sha256 FROM arrival")])
    run_night(home, day("2026-02-01"))
    found = difference(home, "2026-01-31", "2026-02-01")
    assert_adds_up(found)
    assert moved(found) == {"file read again": (1, 1, 1, 1)}
    assert moved(found, "C01") == {}
    assert [(row["kind"], row["id"], row["changed"]) for row in found.definitions] == [("clinic", "C09", "new")]


def with_data(monkeypatch, tmp_path, **replaced):
    """The data files, with words of one replaced: file name without its end -> (old, new)."""
    folder = tmp_path / "data"
    if not folder.exists():
        shutil.copytree(data_folder(), folder)
    for name, (old, new) in replaced.items():
        path = next(folder.glob(f"{name}.*"))
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1))
    monkeypatch.setattr("outcomes.loading.data_folder", lambda: folder)
    return read_data_files(folder)


def test_a_changed_definition_and_a_changed_benchmark_are_named(tmp_path, monkeypatch):
    """McInnes' 288 become 100, so that the same rate is above; and its window ends before ann's score."""
    home = Home(tmp_path / "home")
    people = [row for n in range(40) for row in course(f"p{n}a", 8 if n < 22 else 18)]
    night(home, "2026-01-31", people)
    with_data(monkeypatch, tmp_path, benchmarks=("288,537,0.536", "100,537,0.186"))
    night(home, "2026-02-28")
    with_data(monkeypatch, tmp_path, measures=("window_low = 14", "window_low = 21"))
    night(home, "2026-03-31")
    first = difference(home, "2026-01-31", "2026-02-28")
    assert first.rates == []
    (benchmark,) = first.definitions
    assert (benchmark["kind"], benchmark["can_move_a_number"]) == ("benchmark", True)
    assert "events" in benchmark["changed"]
    (verdict,) = [row for row in first.verdicts if row["clinic_id"] == "*"]
    assert verdict["is"] == "above" != verdict["was"]
    assert verdict["because"].startswith(f"benchmark {benchmark['id']}: ")
    second = difference(home, "2026-02-28", "2026-03-31")
    assert_adds_up(second)
    (measure,) = second.definitions
    assert measure["changed"] == "window_low"
    assert moved(second, measure=measure["id"]) == {"definition changed": (40, -22, -40, 0)}
    assert stored(home.published_copy, "SELECT night, kind, id FROM definition_log WHERE night > 1 ORDER BY entry") == [
        (2, "benchmark", benchmark["id"]), (3, "measure", measure["id"]),
    ]  # fmt: skip


def test_what_nothing_explains_is_said_to_be_so(moving):
    """Another program's SQL, definitions that were never logged, and a log that says another thing, each by its own words."""
    with opened(moving) as con:
        said = said_at(con, "2026-01-31")
    other = {**said.rates, (RESPONSE, "*"): said.rates[RESPONSE, "*"] | {"met": 3}}
    with duckdb.connect() as con:
        lay(con)
        with attached(con, moving.published_copy, "warehouse"):
            assert walked(con, said, said) == ["start"]
        for one, because in (
            (replace(said, rates=other), UNEXPLAINED),
            (replace(said, rates=other, program="another"), PROGRAM),
            (replace(said, rates=other, program=None, definitions=None), NOT_KEPT),
        ):
            (row,) = _unexplained(con, one, said, 1)
            assert (row["measure_id"], row["clinic_id"], row["because"], row["met"], row["due"]) == (
                RESPONSE,
                "*",
                because,
                2,
                0,
            )
        assert _unexplained(con, said, said, 1) == []
