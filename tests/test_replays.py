"""A locked release recomputed: equal whatever came later; otherwise what moved and why. And locked again where it was lost."""

from __future__ import annotations

import csv
import importlib
import importlib.util
import inspect
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

from outcomes import recomputing, replays
from outcomes.cli import main
from outcomes.errors import OutcomesError, UsageError
from outcomes.paths import Home
from outcomes.releasereceipts import RELEASES
from outcomes.releases import run_release, run_replay
from tests.conftest import FIRST, LATER, copied, stored
from tests.drawnnights import HEADER, course, courses, night, people
from tests.test_flow import assert_not_in, environment
from tests.test_releases import LOCKED, RESPONSE, locked_rows

pytestmark = pytest.mark.usefixtures("no_pages_here")

STILL = {"equal": True, "moved": [], "courses": [], "why": []}


@pytest.fixture(scope="module")
def released(after_first, tmp_path_factory):
    """The sample's first night, locked as A: to read or to copy."""
    home = copied(after_first, tmp_path_factory.mktemp("released") / "home")
    run_release(home, "A")
    return home


def changed(home, *statements):
    with duckdb.connect(str(home.warehouse)) as con:
        for statement in statements:
            con.execute(statement)


# Equal


def test_a_replay_is_equal_after_late_arrivals_corrections_and_retractions(released, sample, tmp_path):
    """The nightly rates move under it; the release does not, nor does its replay."""
    home = copied(released, tmp_path / "home")
    query = "SELECT clinic_id, measure_id, met, observed, due FROM rate ORDER BY ALL"
    first = stored(home.published_copy, query)
    sample.run(LATER, home)
    late = stored(home.published_copy, query)
    run_release(home, "B")
    rows = stored(
        home.published_copy,
        f"""SELECT s.clinic_id, s.patient_id, s.infusion_number, s.days_since_first_infusion, s.timepoint::VARCHAR,
            s.score_id % 2 = 0 AS goes FROM current_score AS s JOIN endpoint AS e ON e.endpoint_score_id = s.score_id
        WHERE e.measure_id = '{RESPONSE}' ORDER BY s.score_id""",
    )
    assert {row[5] for row in rows} == {True, False}
    written = (
        f"{c},{p},{'' if n is None else n},{d},{t},5,{'entered_in_error' if goes else 'corrected'},,,,,,,,,,"
        for c, p, n, d, t, goes in rows
    )
    (home.inbox / "corrections.csv").write_text("\n".join([HEADER, *written]) + "\n")
    night(home, "2026-06-30")
    corrected = stored(home.published_copy, query)
    assert len({tuple(first), tuple(late), tuple(corrected)}) == 3
    assert stored(home.published_copy, "SELECT count(*) > 10 FROM superseded WHERE reason_code = 'retracted'") == [(True,)]  # fmt: skip
    for name in "AB":
        assert run_replay(home, name) == {"name": name, **STILL}
    assert not home.scratch.exists()


def test_a_replay_of_a_release_of_one_year_is_equal_when_its_base_would_be_another_one_now(tmp_path):
    """ann was due at the base; a year later a correction moves her window, so that by today's rows she was not."""
    home = Home(tmp_path / "home")
    night(home, "2026-01-31", course("ann1", 8, extract=56) + course("bob1", 18))
    run_release(home, "Q1")
    night(home, "2027-01-31", courses(people("cy", 4), met=2))
    run_release(home, "Q2")
    due = f"SELECT name, due, met FROM release_rate JOIN release USING (release_no) WHERE measure_id = '{RESPONSE}' AND clinic_id = '*' ORDER BY 1"
    assert stored(home.published_copy, due) == [("Q1", 2, 1), ("Q2", 4, 2)]
    night(home, "2027-02-28", ["C01,ann1,7,21,pre_infusion,,,56", "C01,bob1,,37,follow_up,5,corrected,60"])
    for name in ("Q1", "Q2"):
        assert run_replay(home, name) == {"name": name, **STILL}


# Not equal


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE score SET item_1 = NULL, total = 0, items_answered = 0, items_sum = NULL, phq9_total = 0 WHERE score_id = {score}", "The stored rows of arrival {arrival} are not those that the ledger tells of."),
        ("UPDATE score SET phq9_total = 0 WHERE score_id = {score}", "The stored rows of arrival {arrival} are not those that the ledger tells of."),
        ("DELETE FROM score WHERE score_id = {score}", "The stored rows of arrival {arrival} are not those that the ledger tells of."),
        ("INSERT INTO score_event SELECT 999999, {score}, false, 'retracted', 1, {arrival}, 2", "Neither the ledger, the stored rows, the receipt nor the program explains it"),
    ],
)  # fmt: skip
def test_a_replay_names_the_rates_that_a_tampered_store_moves(released, tmp_path, statement, why):
    home = copied(released, tmp_path / "home")
    query = f"SELECT e.endpoint_score_id, s.arrival_no, e.clinic_id FROM endpoint AS e JOIN score AS s ON s.score_id = e.endpoint_score_id WHERE measure_id = '{RESPONSE}' AND e.status = 'not_met' ORDER BY 1 LIMIT 1"
    ((score, arrival, clinic),) = stored(home.warehouse, query)
    changed(home, statement.format(score=score, arrival=arrival))
    said = run_replay(home, "A")
    assert not said["equal"]
    assert said["why"][0].startswith(why.format(arrival=arrival))
    assert {(row["measure_id"], row["clinic_id"]) for row in said["moved"]} >= {(RESPONSE, clinic), (RESPONSE, "*")}
    moved = {row["locked"] for row in said["courses"] if row["measure_id"] == RESPONSE}
    assert "not_met" in moved or "met" in moved


def test_a_replay_that_comes_out_as_locked_still_tells_of_a_broken_ledger(released, tmp_path, capsys):
    home = copied(released, tmp_path / "home")
    changed(home, "UPDATE arrival SET format = 'parquet' WHERE arrival_no = 2")
    assert run_replay(home, "A") == {
        "name": "A",
        **STILL,
        "equal": False,
        "why": ["The ledger is broken at arrival 2."],
    }
    code, out, _ = said_by(capsys, "--replay", "A", "--home", str(home.root))
    assert (code, out) == (3, "Release A comes out as it was locked, but something is damaged.\n\nWhy\nThe ledger is broken at arrival 2.\n")  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE release_rate SET met = met + 1 WHERE measure_id = '{RESPONSE}'",
        "UPDATE release_comparison SET verdict = 'above' WHERE outcome = 'verdict'",
        "UPDATE release_endpoint SET status = 'met' WHERE status = 'not_met'",
        "DELETE FROM release_rate WHERE clinic_id = 'C01'",
    ],
)
def test_a_replay_finds_locked_rows_that_were_changed(released, tmp_path, statement):
    home = copied(released, tmp_path / "home")
    changed(home, statement)
    said = run_replay(home, "A")
    assert said["moved"] or said["courses"]
    assert said["why"] == ["The locked rows are not those of the release's receipt."]


def test_a_replay_by_another_program_says_by_which(released, tmp_path, monkeypatch):
    home = copied(released, tmp_path / "home")
    real = recomputing.make_store

    def make_store(path):
        real(path)
        with duckdb.connect(str(path)) as con:
            con.execute("CREATE OR REPLACE MACRO is_response(b, e) AS e < b")

    monkeypatch.setattr(recomputing, "make_store", make_store)
    monkeypatch.setattr(replays, "sql_digest", lambda: "another")
    said = run_replay(home, "A")
    assert {row["what"] for row in said["moved"]} == {"rate", "comparison"}
    assert len(said["why"]) == 1
    assert said["why"][0].startswith("It was locked by program ")
    assert said["why"][0].endswith("and recomputed with SQL another.")


def test_definitions_that_this_version_cannot_read_are_said_in_one_line(released, tmp_path):
    home = copied(released, tmp_path / "home")
    changed(home, "UPDATE release_definition SET definition = '{\"gone\": 1}' WHERE kind = 'rules'")
    with pytest.raises(OutcomesError, match="cannot read the definitions of the kind rules as they were locked"):
        run_replay(home, "A")


def test_a_release_that_is_none_is_named_with_those_there_are(released):
    with pytest.raises(UsageError, match=r"There is no release B\. There are: A\."):
        run_replay(released, "B")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE score SET phq9_total = 0 WHERE phq9_total > 20", "UPDATE patient_row SET age_years = 30 WHERE line = 2"],
)
def test_no_release_is_locked_on_a_damaged_store(released, tmp_path, statement):
    home = copied(released, tmp_path / "home")
    changed(home, statement)
    with pytest.raises(OutcomesError, match=r"are not those that the ledger tells of\. Nothing is locked on it"):
        run_release(home, "B")
    assert stored(home.warehouse, "SELECT name FROM release") == [("A",)]


# Lost, and locked again


def test_releases_that_a_restored_warehouse_had_lost_are_locked_again_as_they_were(after_first, sample, tmp_path):
    home = copied(after_first, tmp_path / "home")
    old = home.warehouse.read_bytes()
    run_release(home, "A")
    sample.run(LATER, home)
    run_release(home, "B")
    locked, receipts = locked_rows(home), (home.receipts / RELEASES).read_bytes()
    home.warehouse.write_bytes(old)
    with pytest.raises(OutcomesError, match="The warehouse is older than its receipts"):
        run_release(home, "C")
    night(home, sample.truth[LATER]["as_of"])
    assert locked_rows(home) == locked
    assert (home.receipts / RELEASES).read_bytes() == receipts
    for name in "AB":
        assert run_replay(home, name) == {"name": name, **STILL}
    for table in LOCKED:
        assert stored(home.published_copy, f"SELECT * FROM {table} ORDER BY ALL") == locked[table]


@pytest.mark.parametrize("damage", ["rows", "courses", "no courses"])
def test_a_damaged_receipt_stops_the_night_and_says_what_to_do(after_first, released, tmp_path, damage):
    home = copied(released, tmp_path / "home")
    shutil.copyfile(after_first.warehouse, home.warehouse)
    courses_file = home.receipts / "release-1.parquet"
    if damage == "rows":
        path = home.receipts / "release-1.json"
        path.write_text(path.read_text().replace('"met": ', '"met": 1', 1))
    elif damage == "courses":
        courses_file.write_bytes(courses_file.read_bytes()[:-1])
    else:
        courses_file.unlink()
    with pytest.raises(OutcomesError, match=r"The receipt of release A is damaged.*restore the folder receipts"):
        night(home, "2026-06-30")


def test_a_cut_receipt_is_written_again(released, tmp_path):
    home = copied(released, tmp_path / "home")
    path = home.receipts / RELEASES
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2])
    night(home, "2026-06-30")
    assert path.read_text() == whole


# The command


def said_by(capsys, *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["release", *arguments])
    out, err = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, out, err


def test_the_command_locks_lists_shows_and_replays_without_a_patient_in_it(after_first, sample, tmp_path, capsys):
    home = copied(after_first, tmp_path / "home")
    at = ["--home", str(home.root)]
    code, empty, _ = said_by(capsys, "--list", *at)
    assert code == 0
    assert empty.startswith(
        "No release yet: every rate and verdict is provisional.\n\nEarly warning since the last release"
    )
    code, locked_words, err = said_by(capsys, "2026-Q1", "--as-of", sample.truth[FIRST]["as_of"], *at)
    assert (code, err) == (0, "")
    assert locked_words.startswith(f"Release 2026-Q1, as of {sample.truth[FIRST]['as_of']}: cumulative: all courses.")
    assert "provisional" not in locked_words
    assert said_by(capsys, "--show", "2026-Q1", *at) == (0, locked_words, "")
    code, shown, _ = said_by(capsys, "--show", "2026-Q1", "--format", "json", *at)
    rates = stored(home.published_copy, "SELECT count(*) FROM release_rate")[0][0]
    assert (code, len(json.loads(shown)["rates"])) == (0, rates)
    code, replay, _ = said_by(capsys, "--replay", "2026-Q1", *at)
    assert (code, replay) == (0, "Release 2026-Q1 is equal: recomputed from the stored scores, every rate and verdict is as it was locked.\n")  # fmt: skip
    sample.run(LATER, home)
    code, listed, _ = said_by(capsys, "--list", *at)
    assert code == 0
    assert "2026-Q1  2026-01-31  cumulative: all courses" in listed
    code, listed_csv, _ = said_by(capsys, "--list", "--format", "csv", *at)
    assert [row["name"] for row in csv.DictReader(io.StringIO(listed_csv))] == ["2026-Q1"]
    ((arrival,),) = stored(home.warehouse, "SELECT min(arrival_no) FROM score WHERE phq9_total > 15")
    changed(home, f"UPDATE score SET phq9_total = 0 WHERE phq9_total > 15 AND arrival_no = {arrival}")
    code, moved, _ = said_by(capsys, "--replay", "2026-Q1", *at)
    assert code == 3
    assert moved.startswith("Release 2026-Q1 is not equal to what was locked.\n\nWhat moved")
    assert f"Why\nThe stored rows of arrival {arrival} are not those that the ledger tells of." in moved
    code, moved_json, _ = said_by(capsys, "--replay", "2026-Q1", "--format", "json", *at)
    assert (code, json.loads(moved_json)["equal"]) == (3, False)
    patients = {row[0] for row in stored(home.published_copy, "SELECT patient_id FROM patient")}
    words = " ".join((empty, locked_words, shown, replay, listed, listed_csv, moved, moved_json))
    assert [patient for patient in patients if patient in words] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Which name shall the release have?"),
        (["Q1", "--list"], "--list takes no new release"),
        (["--replay", "Q1", "--as-of", "2026-01-31"], "--replay takes no new release"),
        (["--show", "Q1"], "There is no published release Q1"),
        (["--show", "Q1", "--list"], "not allowed with argument"),
        (["Q1", "--as-of", "31.1.2026"], "not a date like 2026-01-31"),
    ],
)
def test_wrong_usage_is_one_line_and_64(after_first, capsys, arguments, said):
    code, out, err = said_by(capsys, *arguments, "--home", str(after_first.root))
    assert (code, out) == (64, "")
    assert said in err
    assert err.count("\n") == 1


def test_each_deployment_names_a_flow_and_its_parameters():
    root = Path(__file__).parents[1]
    deployments = yaml.safe_load((root / "prefect.yaml").read_text())["deployments"]
    assert [deployment["name"] for deployment in deployments] == ["nightly", "verify", "release"]
    for deployment in deployments:
        path, _, name = deployment["entrypoint"].partition(":")
        module = path.removesuffix(".py").replace("/", ".")
        if name == "verify" and importlib.util.find_spec(module) is None:
            continue
        made = getattr(importlib.import_module(module), name)
        assert made.name == name
        assert set(deployment["parameters"]) <= set(inspect.signature(made.fn).parameters)
        assert len(deployment["schedules"]) == 1


def test_the_flow_locks_what_the_command_locks_and_keeps_no_patient(released, after_first, tmp_path):
    home = copied(after_first, tmp_path / "home")
    code = "import sys; from flows.release import release; release(sys.argv[1], 'A')"
    ended = subprocess.run(
        [sys.executable, "-c", code, str(home.root)], env=environment(tmp_path / "prefect") | {"PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120"}, cwd=Path(__file__).parents[1],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert locked_rows(home) == locked_rows(released)
    assert_not_in(tmp_path / "prefect", {row[0] for row in stored(home.published_copy, "SELECT patient_id FROM patient")})  # fmt: skip
