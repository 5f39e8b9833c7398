"""The command line: every command, every exit code, and errors of one line."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version

import pytest

from outcomes.cli import THEMES, main
from outcomes.commands import Parser, Verbs
from outcomes.inbox import locked
from outcomes.loading import Night
from outcomes.nights import BEFORE_MANIFEST, STEPS
from outcomes.paths import Home
from outcomes.publishedcopy import opened
from outcomes.verifying.published import damage_of_summary
from outcomes.words import night_words
from tests.conftest import FIRST, LATER, copied

COMMANDS = (
    "demo",
    "nightly",
    "check",
    "status",
    "receipt",
    "quarantine",
    "requeue",
    "refused",
    "rates",
    "compare",
    "explain",
    "export",
    "sample",
)


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process."""
    for name in ("DO_NOT_TRACK", "PREFECT_SERVER_ANALYTICS_ENABLED"):
        monkeypatch.setenv(name, "1" if name == "DO_NOT_TRACK" else "false")
    monkeypatch.delenv("OUTCOMES_HOME", raising=False)

    def command(*arguments: object) -> Said:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return command


def assert_one_line(said: Said, code: int, *words: str) -> None:
    """An error: its code, one line on standard error, nothing on standard output."""
    assert (said.code, said.out) == (code, "")
    assert said.err.startswith("outcomes: ")
    assert said.err.count("\n") == 1
    assert said.err.endswith("\n")
    assert "Traceback" not in said.err
    assert [word for word in words if word not in said.err] == []


# Each command, on a home after two nights

READS = [
    ("status",),
    ("quarantine",),
    ("quarantine", "--reason", "total_is_not_sum"),
    ("rates",),
    ("rates", "--measure", "response_post_induction", "--clinic", "C01"),
    ("rates", "--clinic", "all"),
    ("compare",),
    ("compare", "--clinic", "C02"),
    ("compare", "--measure", "response_week_6"),
    ("explain", "response_post_induction"),
    ("explain", "response_after_six_strict", "--clinic", "C01"),
]


@pytest.mark.parametrize("command", READS, ids=" ".join)
def test_every_command_reads_a_home_in_three_formats(run, after_later, command):
    name, *rest = command
    plain = run(name, "--home", after_later.root, *rest)
    assert (plain.code, plain.err) == (0, "")
    assert plain.out.strip()
    listed = run(name, "--home", after_later.root, *rest, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(listed.out)))
    parsed = json.loads(run(name, "--home", after_later.root, *rest, "--format", "json").out)
    if name != "explain":
        assert len(parsed) == len(rows) > 0
        # What is a list has no cell in a CSV.
        lists = {"freshness", "rules", "drifts"} if name == "status" else set()
        assert [key for key in parsed[0] if key not in lists] == list(rows[0])
    assert rows
    assert None not in {key for row in rows for key in row}, "as many cells as headings"


def test_a_command_knows_its_own_theme_and_no_verb_is_of_two():
    """The map says what each module adds: else a command would be unknown, or all would be imported for one."""
    every = [verb for own in THEMES.values() for verb in own]
    assert len(every) == len(set(every))
    for theme, own in THEMES.items():
        added = Verbs(Parser())
        import_module(f"outcomes.commands.{theme}").add(added)
        assert tuple(added._verbs.choices) == own


def test_the_home_may_be_named_by_the_environment(run, after_later, monkeypatch):
    by_option = run("rates", "--home", after_later.root)
    monkeypatch.setenv("OUTCOMES_HOME", str(after_later.root))
    assert run("rates") == by_option


def test_rates_are_filtered_and_unrounded(run, after_later):
    arguments = ("--measure", "response_post_induction", "--clinic", "C01", "--format", "json")
    (row,) = json.loads(run("rates", "--home", after_later.root, *arguments).out)
    assert (row["clinic_id"], row["measure_id"]) == ("C01", "response_post_induction")
    assert row["rate"] == row["met"] / row["n"]
    assert row["low"] < row["rate"] < row["high"]
    everyone = json.loads(run("rates", "--home", after_later.root, "--clinic", "all", "--format", "json").out)
    assert {row["clinic_id"] for row in everyone} == {"*"}


def test_quarantine_says_where_and_why_and_never_what(run, after_later):
    said = run("quarantine", "--home", after_later.root, "--format", "json")
    rows = json.loads(said.out)
    assert {"night", "sha256", "feed", "line", "column_name", "reason_code", "found_at", "sentence"} == set(rows[0])
    assert all(row["sentence"] for row in rows)
    one = json.loads(
        run("quarantine", "--home", after_later.root, "--arrival", rows[0]["sha256"][:6], "--format", "json").out
    )
    assert {row["sha256"] for row in one} == {rows[0]["sha256"]}
    nights = sorted({row["night"] for row in rows})
    assert nights == [1, 2]
    of_night = json.loads(run("quarantine", "--home", after_later.root, "--night", 2, "--format", "json").out)
    assert of_night == [row for row in rows if row["night"] == 2]
    assert_one_line(run("quarantine", "--home", after_later.root, "--night", 99), 64, "no night 99")
    assert_one_line(run("quarantine", "--home", after_later.root, "--show", "abcdef:3", "--night", 2), 64, "by itself")


def test_every_verdict_on_a_page_is_called_provisional(run, after_later):
    said = run("compare", "--home", after_later.root).out
    assert "provisional" in said
    for line in said.splitlines():
        if line.rstrip().endswith(("above", "below", "consistent with", "too few patients to tell")):
            pytest.fail(f"a verdict without (provisional): {line}")
    rows = json.loads(run("compare", "--home", after_later.root, "--format", "json").out)
    assert all(row["is_provisional"] for row in rows)


def test_a_home_that_was_not_there_is_said_to_be_new(run, tmp_path):
    at = ("nightly", "--home", tmp_path / "mistyped", "--as-of", "2026-01-31", "--no-prefect")
    assert run(*at).out.startswith(f"{tmp_path / 'mistyped'} is a new home: it was not there before.\n")
    assert "is a new home" not in run(*at).out


def test_the_version_is_said(run):
    assert run("--version").out == f"outcomes {version('outcomes')}\n"


def test_a_date_ahead_of_the_clock_is_taken_and_said(run, tmp_path):
    today = dt.date.today()
    for days, is_said in ((0, False), (1, True)):
        said = run("nightly", "--home", tmp_path / "home", "--as-of", today + dt.timedelta(days=days), "--no-prefect")
        assert said.code == 0
        assert ("is ahead of the clock" in said.err) == is_said


def test_what_a_killed_night_refused_is_told_by_the_one_that_ends_it(run, sample, after_later, tmp_path):
    """Its own counts are of its own files: it brings nothing, and is strict all the same, as the killed one would have been."""
    home = copied(after_later, tmp_path / "home")
    assert json.loads(home.summary.read_text("utf-8"))["ended"] is None
    (home.inbox / "odd.csv").write_text("clinic_id,patient_id,first_name\nC01,p1,Ann\n")
    as_of = sample.as_of(LATER) + dt.timedelta(days=1)
    night = Night(home, as_of)
    for _, step in BEFORE_MANIFEST:
        step(night, None)
    at = ("nightly", "--home", home.root, "--as-of", as_of, "--no-prefect")
    said = run(*at, "--strict")
    assert said.code == 2
    assert f"Night {night.last + 1}, as of {as_of}, had not ended. It had 1 file, 1 refused" in said.out
    summary = json.loads(home.summary.read_text("utf-8"))
    assert (summary["files"]["refused"], summary["ended"]["refused"]) == (0, 1)
    assert list(summary["ended"]["refused_because"].values()) == [1]
    with opened(home) as con:
        assert damage_of_summary(home, con, is_same_program=True) == []
    assert run(*at, "--strict").code == 0


def test_a_night_of_which_no_course_is_due_says_why(after_later):
    said = json.loads(after_later.summary.read_text("utf-8"))
    assert "No course is due yet" not in night_words(said, after_later)
    for rate in said["rates"]:
        rate |= {"due": 0, "observed": 0, "met": 0, "waiting": 1234}
    assert "No course is due yet: 1,234 wait for the end of their window" in night_words(said, after_later)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_has_an_example_of_every_command(run, command):
    said = run(*filter(None, [command, "--help"]))
    assert (said.code, said.err) == (0, "")
    if command:
        assert f"example:\n  outcomes {command}" in said.out
    else:
        assert [name for name in COMMANDS if name not in said.out] == []


# A sample, and its nights


def test_a_sample_then_its_nights_then_everything_is_found(run, tmp_path):
    made = tmp_path / "made"
    assert run("sample", "--out", made, "--clinics", "2", "--courses", "12", "--seed", "3").code == 0
    truth = json.loads((made / "truth.json").read_text())["nights"]
    for night in ("first", "later"):
        inbox = made / "inbox"
        if night == "later":
            for path in (made / "later").iterdir():
                shutil.copyfile(path, inbox / path.name)
        arguments = ("nightly", "--home", made, "--as-of", truth[night]["as_of"], "--no-prefect", "--format", "json")
        said = run(*arguments)
        assert (said.code, said.err) == (0, "")
        got = {(row["clinic_id"], row["measure_id"]): row["met"] for row in json.loads(said.out)["rates"]}
        assert got == {(c, m): v["met"] for c, rates in truth[night]["rates"].items() for m, v in rates.items()}
    assert run("status", "--home", made).code == 0


def test_a_sample_is_the_same_for_the_same_seed_and_is_not_written_over(run, tmp_path):
    for out in ("one", "other"):
        assert run("sample", "--out", tmp_path / out, "--clinics", "1", "--courses", "5", "--clean").code == 0
    assert (tmp_path / "one" / "truth.json").read_bytes() == (tmp_path / "other" / "truth.json").read_bytes()
    assert_one_line(run("sample", "--out", tmp_path / "one"), 64, "already holds a sample", "empty folder")


def test_the_demo_without_prefect(run, tmp_path):
    """Twice: it makes its folder anew, but no folder that is not its own."""
    home = tmp_path / "demo"
    for _ in range(2):
        said = run("demo", "--home", home, "--no-prefect")
        assert (said.code, said.err) == (0, "")
        assert "provisional" in said.out
    assert (home / "published" / "outcomes.duckdb").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    assert_one_line(run("demo", "--home", tmp_path / "mine", "--no-prefect"), 64, "left alone")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "mine"


# check


def test_check_needs_no_home_and_stores_nothing(run, sample, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = [sample.folder(FIRST) / name for name in ("C01_january.csv", "C01_mail.csv", "C03_january.parquet")]
    said = run("check", *files, "--format", "json")
    assert said.code == 0
    rows = json.loads(said.out)
    told = [sample.truth[FIRST]["files"][path.name] for path in files]
    assert [row["refused_because"] for row in rows] == [fate["refused"] for fate in told]
    assert [row["rows_read"] for row in rows] == [fate["rows_read"] for fate in told]
    assert list(tmp_path.iterdir()) == []
    assert "january" not in run("check", *files).out, "a file's name can identify"
    assert len(list(csv.DictReader(io.StringIO(run("check", *files, "--format", "csv").out)))) == 3


@pytest.mark.parametrize(("name", "code"), [("C01_nothing_new.csv", 0), ("C01_mail.csv", 2), ("C01_january.csv", 2)])
def test_check_strict_exits_with_2_where_something_would_not_be_taken(run, sample, name, code):
    assert run("check", sample.folder(FIRST) / name, "--strict").code == code
    assert run("check", sample.folder(FIRST) / name).code == 0


def test_check_knows_the_clinics_of_a_home(run, sample, after_later, tmp_path):
    home = Home(tmp_path)
    whole = after_later.clinics.read_text()
    home.clinics.write_text(whole[: whole.index("[clinics.C03]")])
    path = sample.folder(FIRST) / "C03_january.parquet"
    (row,) = json.loads(run("check", path, "--home", tmp_path, "--format", "json").out)
    assert row["good"] == 0 < row["quarantined"]
    (row,) = json.loads(run("check", path, "--format", "json").out)
    assert row["good"] > 0


@pytest.mark.parametrize(
    ("name", "is_left"), [("january.csv", False), ("january.csv.part", True), (".january.csv", True)]
)
def test_check_says_of_a_name_that_a_night_leaves_it_lying(run, sample, tmp_path, name, is_left):
    shutil.copyfile(sample.folder(FIRST) / "C01_january.csv", tmp_path / name)
    (row,) = json.loads(run("check", tmp_path / name, "--format", "json").out)
    assert (row["left_because"] is not None) == is_left
    assert row["rows_read"] > 0, "what it would be once renamed is said as well"
    assert ("a night leaves it in the inbox until it is renamed" in run("check", tmp_path / name).out) == is_left


def test_check_says_no_value_of_a_bad_row(run, tmp_path):
    header = "clinic_id,patient_id,infusion_number,days_since_first_infusion,timepoint," + ",".join(f"item_{i}" for i in range(1, 10)) + ",total\n"  # fmt: skip
    path = tmp_path / "smith.csv"
    path.write_text(header + "C01,p1secret,,20,follow_up,1,0,2,1,0,1,0,2,0,19\n")
    for form in ("table", "csv", "json"):
        said = run("check", path, "--format", form)
        assert "p1secret" not in said.out + said.err
        assert "smith" not in said.out + said.err
    assert "total_is_not_sum" in run("check", path).out


# Errors


def test_an_unknown_measure_or_clinic_suggests_the_nearest(run, after_later):
    home = ("--home", after_later.root)
    for command in (("rates", *home, "--measure"), ("compare", *home, "--measure"), ("explain", *home)):
        said = run(*command, "response_post_inductoin")
        assert_one_line(said, 64, "There is no measure", "Did you mean response_post_induction?")
    assert_one_line(run("rates", *home, "--clinic", "CO1"), 64, "There is no clinic CO1", "Did you mean C01?")
    none = run("rates", *home, "--clinic", "zzzz")
    assert_one_line(none, 64, "There is no clinic zzzz. There are: C01, ")
    assert_one_line(run("rates", *home, "--measure", "zzzz"), 64, "There is no measure zzzz", "There are: ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["COMMAND", "--help"]),
        (["dance"], ["dance", "--help"]),
        (["rates", "--format", "xml"], ["--format", "outcomes rates --help"]),
        (["nightly", "--home", "h", "--as-of", "31.01.2026"], ["not a date like 2026-01-31"]),
        (["nightly", "--home", "h", "--as-of", "2026-02-30"], ["not a date like 2026-01-31"]),
        (["sample", "--out", "s", "--clinics", "0"], ["not a whole number from 1"]),
        (["sample", "--out", "s", "--courses", "many"], ["not a whole number from 1"]),
        (["sample"], ["--out"]),
        (["check"], ["FILE"]),
        (["rates"], ["Which home?", "--home", "OUTCOMES_HOME"]),
        (["nightly"], ["Which home?"]),
        (["check", "nowhere.csv"], ["not there"]),
        (["check", "nowhere.csv", "--form", "json"], ["unrecognized arguments"]),
        (["check", "."], ["not a regular file"]),
        (["rates", "--home", "nowhere"], ["no published copy yet", "outcomes nightly"]),
        (["status", "--home", "nowhere"], ["no night yet", "outcomes nightly"]),
        (["quarantine", "--home", "nowhere"], ["no published copy yet"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_64_and_says_what_to_do(run, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert_one_line(run(*arguments), 64, *words)
    assert list(tmp_path.iterdir()) == []


def test_more_courses_than_clinics_are_needed(run, tmp_path):
    assert_one_line(run("sample", "--out", tmp_path / "s", "--clinics", "9", "--courses", "3"), 64)


def test_strict_exits_with_2_where_something_was_not_taken(run, sample, after_first, tmp_path):
    home = copied(after_first, tmp_path / "home")
    arguments = ("nightly", "--home", home.root, "--as-of", sample.truth[LATER]["as_of"], "--no-prefect", "--strict")
    assert run(*arguments).code == 0, "an empty night"
    shutil.copyfile(sample.folder(LATER) / "C01_february.csv", home.inbox / "a.csv")
    assert run(*arguments[:-1]).code == 0
    (home.inbox / "b.csv").write_text("name,score\nann,3\n")
    assert run(*arguments).code == 2


def test_an_as_of_date_before_the_last_night_is_1(run, after_later, tmp_path):
    home = copied(after_later, tmp_path / "home")
    said = run("nightly", "--home", home.root, "--as-of", "2026-01-01", "--no-prefect")
    assert_one_line(said, 1, "before the last night's, 2026-02-28", "outcomes restore", "[could_not_finish]")


def test_a_second_night_at_once_is_75(run, after_first, tmp_path):
    home = copied(after_first, tmp_path / "home")
    with locked(home):
        said = run("nightly", "--home", home.root, "--as-of", "2026-02-28", "--no-prefect")
    assert_one_line(said, 75, "Another night is running", "[another_night_is_running]")


def test_a_wrong_clinics_toml_is_1_and_names_clinic_and_key(run, after_first, tmp_path):
    home = copied(after_first, tmp_path / "home")
    home.clinics.write_text(home.clinics.read_text().replace("confirmed", "confirmd", 1))
    arguments = ("nightly", "--home", home.root, "--as-of", "2026-02-28", "--no-prefect")
    assert_one_line(run(*arguments), 1, "clinics.toml", "C01", "confirmd")


def test_a_file_that_no_night_would_take_yet_does_not_wait(run, after_first, tmp_path):
    home = copied(after_first, tmp_path / "home")
    for name in ("one.csv", "two.csv.part", ".three.csv"):
        (home.inbox / name).write_text("")
    assert "Files waiting in the inbox: 1." in run("status", "--home", home.root).out


def test_a_damaged_summary_or_copy_is_one_line(run, after_later, tmp_path):
    home = copied(after_later, tmp_path / "home")
    home.published_copy.write_bytes(b"not a database")
    assert_one_line(run("rates", "--home", home.root), 1)
    home.summary.write_text("{")
    assert_one_line(run("status", "--home", home.root), 1)


def test_a_home_that_is_a_file_is_one_line(run, tmp_path):
    (tmp_path / "file").write_text("")
    said = run("nightly", "--home", tmp_path / "file", "--as-of", "2026-02-28", "--no-prefect")
    assert said.code in (1, 64)
    assert_one_line(said, said.code)


def test_the_installed_command_ends_quietly_when_nobody_reads(after_later):
    """`outcomes rates | head -1` in a process of its own."""
    code = "from outcomes.cli import main; main()"
    command = [sys.executable, "-c", code, "rates", "--home", str(after_later.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        errors = process.stderr.read()
        process.wait(60)
    assert b"Traceback" not in errors
    assert b"Exception" not in errors


def test_a_night_tells_its_steps_or_nothing(run, after_first, tmp_path):
    home = copied(after_first, tmp_path / "home")
    at = ("--home", str(home.root), "--as-of", "2026-06-30", "--no-prefect")
    told = run("nightly", *at, "--verbose")
    assert [(line.split()[2], line.split("step=")[1].split()[0]) for line in told.err.splitlines()] == [
        (event, step.replace(" ", "_")) for step, _ in STEPS for event in ("step_started", "step_ended")
    ]
    assert told.out
    assert run("nightly", *at, "--quiet") == Said(0, "", "")
