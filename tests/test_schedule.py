"""What Prefect is told to run and when, what it tries again, and the server of a command's own. No flow runs here."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from prefect.states import Completed, Failed

from flows import ended
from flows import release as release_flow
from flows.artifacts import tables
from flows.release import quarter_before
from flows.schedule import deployments
from flows.tasks import _may_pass, step_task
from outcomes.cli import main
from outcomes.errors import BusyError, MayPassError, OutcomesError, UsageError
from outcomes.paths import Home
from tests.test_notifying import summary_of

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, object]]:
    return {one["name"]: one for one in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]}


def test_one_process_serves_what_prefect_yaml_deploys(told, tmp_path):
    """The same flows at the same times with the same parameters; --at and --timezone move them."""
    for made in deployments(Home(tmp_path), "02:30", "UTC"):
        said = told[made.name]
        (schedule,) = made.schedules
        assert [{"cron": schedule.schedule.cron, "timezone": schedule.schedule.timezone}] == said["schedules"]
        assert set(made.parameters) == set(said["parameters"])
        assert made.flow_name == made.name
        assert (made.concurrency_limit, made.concurrency_options.collision_strategy) == (1, "CANCEL_NEW")
        assert said["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
        module, _, name = str(said["entrypoint"]).partition(".py:")
        assert made.entrypoint == f"{module.replace('/', '.')}.{name}"
    night = deployments(Home(tmp_path), "23:05", "Europe/Berlin")[0]
    assert (night.schedules[0].schedule.cron, night.schedules[0].schedule.timezone) == ("5 23 * * *", "Europe/Berlin")
    assert night.parameters["timezone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("day", "name", "last"),
    [
        ("2026-04-01", "2026-Q1", "2026-03-31"),
        ("2026-03-31", "2025-Q4", "2025-12-31"),
        ("2026-01-01", "2025-Q4", "2025-12-31"),
        ("2026-07-15", "2026-Q2", "2026-06-30"),
        ("2024-12-31", "2024-Q3", "2024-09-30"),
    ],
)
def test_a_release_of_a_schedule_is_that_of_the_quarter_that_has_ended(day, name, last):
    assert quarter_before(dt.date.fromisoformat(day)) == (name, dt.date.fromisoformat(last))


def test_a_release_whose_parameters_cannot_be_is_said_in_our_words_and_told(tmp_path, monkeypatch):
    """It was Python's error, which says what was given, and a notice of it nobody had."""
    told = []
    monkeypatch.setattr(release_flow, "told", lambda home, error, what: told.append(what) or error)
    for given, words in (({"as_of": "Easter"}, "as_of is not a date"), ({"timezone": "Mars"}, "timezone is not one")):
        with pytest.raises(UsageError, match=words):
            release_flow.release.fn(str(tmp_path / "nowhere"), **given)
    assert told == ["release", "release"]


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (BusyError("Another night is running."), True),
        (MayPassError("The disk was away."), True),
        (OutcomesError("The date is before the last night's."), False),
        (UsageError("There is a release A."), False),
        (ValueError("anything"), False),
    ],
)
def test_a_task_is_tried_again_only_for_what_may_pass(error, again):
    task = step_task("store", lambda: None)
    assert (task.retries, task.retry_delay_seconds) == (2, [5.0, 20.0])
    assert _may_pass(task, None, Failed(data=error)) == again  # type: ignore[arg-type]


def test_a_run_ends_as_one_of_four(after_first):
    summary = summary_of(after_first)
    assert ended.done(summary, []).name == "DoneWithRefusals"
    clean = summary.__class__(**{**vars(summary), "files": {**summary.files, "refused": 0}, "rows": {**summary.rows, "quarantined": 0}})  # fmt: skip
    state = ended.done(clean, ["Nobody was told."])
    assert (state.name, (state.message or "").split("\n")[1:]) == ("Completed", ["Nobody was told."])
    ended.raised(Completed())
    with pytest.raises(BusyError, match="Another"):
        ended.raised(ended.busy(BusyError("Another night.")))
    with pytest.raises(UsageError, match="a release A"):
        ended.raised(Failed(data=UsageError("There is a release A.")))
    with pytest.raises(OutcomesError, match=r"\(ValueError\).*--no-prefect") as caught:
        ended.raised(Failed(data=ValueError("secret cell")))
    assert "secret" not in str(caught.value)


def test_no_rate_of_few_patients_is_on_prefects_pages(after_first):
    """Neither one that few met nor one that few did not meet: its share alone would tell the count."""
    summary = summary_of(after_first)
    made = tables(summary, [], [])
    shown = {(row["measure"], row["clinic"]): row["rate"] for row in made["rates"][0]}
    few = 0
    for row in summary.rates:
        key = (row["title"], "all clinics" if row["clinic_id"] == "*" else row["clinic_id"])
        if key in shown:
            small = 0 < row["met"] < 11 or 0 < row["n"] - row["met"] < 11
            few += small
            assert (shown[key] == "small") == small
    assert 0 < few < len(shown), "both kinds are in the sample"
    assert not {"met", "n", "of", "due"} & {key for row in made["rates"][0] + made["comparisons"][0] for key in row}


# The server of a command's own

HOLDER = """
import json, sys
from pathlib import Path
from flows.ownserver import OwnServer
server = OwnServer(Path(sys.argv[1]))
print(json.dumps([server.url, server._process.pid]), flush=True)
sys.stdin.read()
"""


def is_there(pid: int) -> bool:
    """Whether a process runs. One that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, None])
def test_a_command_that_is_gone_leaves_no_server(how, tmp_path):
    """However it goes: kill -9, a polite end, or its own."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as command:  # fmt: skip
        assert command.stdout is not None
        assert command.stdin is not None
        url, pid = json.loads(command.stdout.readline())
        assert url.startswith("http://127.0.0.1:")
        assert is_there(pid)
        if how:
            os.kill(command.pid, how)
        else:
            command.stdin.close()
        command.wait(60)
        for _ in range(600):
            if not is_there(pid):
                break
            time.sleep(0.1)
        assert not is_there(pid)


# The command


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--timezone", "Mars/Olympus"], "There is no such time zone"),
        (["--at", "24:00"], "not a time of day like 02:30"),
        (["--port", "0"], "not a whole number from 1"),
        (["--port", "65536"], "There is no port 65536"),
    ],
)
def test_a_schedule_that_cannot_be_is_one_line_and_64(arguments, said, tmp_path, capfd):
    with pytest.raises(SystemExit) as caught:
        main(["schedule", "--home", str(tmp_path / "home"), *arguments])
    out, err = capfd.readouterr()
    assert (caught.value.code, out, err.count("\n")) == (64, "", 1)
    assert said in err


def test_a_broken_notify_section_is_said_while_somebody_is_there(tmp_path, capfd):
    (tmp_path / "outcomes.toml").write_text("[notify]\nmail = 1\n")
    with pytest.raises(SystemExit) as caught:
        main(["schedule", "--home", str(tmp_path)])
    assert caught.value.code == 64
    assert "notify.mail: unknown key" in capfd.readouterr().err
