"""The Prefect flow for real, in a process and with a database of its own. Two processes: each starts a server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from outcomes.nights import STEPS
from outcomes.paths import Home
from tests.conftest import FIRST, LATER, Made, copied, differing, stored

HEADER = "clinic_id,patient_id,infusion_number,days_since_first_infusion,timepoint," + ",".join(
    [f"item_{i}" for i in range(1, 10)] + ["total"]
)
GOOD = "C01,{},,20,follow_up,1,0,2,1,0,1,0,2,0,7"
# What no log, state or result of Prefect may hold.
SECRETS = ("mary.poppins@example.org", "jane9doe", "hostile_column_8812", "4711-secret-cell")
HOSTILE = {
    "mail.csv": f"{HEADER}\n{GOOD.format(SECRETS[0])}\n",
    "cell.csv": f"{HEADER}\n{GOOD.format(SECRETS[1]).replace('follow_up', SECRETS[3])}\n",
    "column.csv": f"{HEADER},{SECRETS[2]}\n{GOOD.format('p1')},3\n",
    "quote.csv": f'{HEADER}\n"{SECRETS[1]},"{SECRETS[3]}\n{GOOD.format(SECRETS[1])}\n',
    "name.parquet": "PAR1" + SECRETS[3] * 40 + "PAR1",
}


def environment(prefect_home: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "OUTCOMES_"))}
    return kept | {"PREFECT_HOME": str(prefect_home), "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}


def assert_not_in(folder: Path, words: set[str]) -> str:
    """None of `words` is in the bytes of any file below `folder`. Returns those of the databases."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in files), "Prefect's database is where it was told to be"
    for path in files:
        data = path.read_bytes()
        assert [word for word in words if word.encode() in data] == [], path.name
    return "".join(path.read_bytes().decode("latin-1") for path in files if ".db" in path.name)


@pytest.fixture
def prefect_home(tmp_path: Path) -> Path:
    return tmp_path / "prefect"


def may_be_alone() -> bool:
    """Whether this machine lets a test have a network of its own."""
    tried = shutil.which("unshare") and subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
    return bool(tried) and tried.returncode == 0  # type: ignore[union-attr]


def open_to_others(folder: Path) -> list[str]:
    """What of a home others may read, write or enter, but for what a person or a clinic has put there."""
    ours = [path for path in folder.rglob("*") if path.name not in ("clinics.toml", "outcomes.toml", "inbox")]
    return sorted(path.relative_to(folder).as_posix() for path in ours if path.lstat().st_mode & 0o077)


@dataclass(frozen=True)
class Ran:
    """One night as a flow, for all the tests below: what it said, what came of it, and what Prefect keeps of it."""

    home: Home
    prefect_home: Path
    said: dict[str, Any]
    is_alone: bool

    def kept(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.prefect_home / "prefect.db")) as con:
            return con.execute(query).fetchall()


@pytest.fixture(scope="module")
def ran(sample: Made, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The sample's first night, with nothing of a network but loopback where the machine allows that."""
    folder = tmp_path_factory.mktemp("flow")
    home, prefect_home, is_alone = Home(folder / "home"), folder / "prefect", may_be_alone()
    sample.send(FIRST, home)
    command = [str(Path(sys.executable).with_name("outcomes")), "nightly", "--home", str(home.root), "--as-of", sample.truth[FIRST]["as_of"], "--format", "json"]  # fmt: skip
    script = [sys.executable, str(Path(__file__).with_name("alone.py")), str(home.root), "alone" if is_alone else "-"]
    ended = subprocess.run(
        [*(["unshare", "-rn"] if is_alone else []), *script, *command],
        env=environment(prefect_home), cwd=folder, capture_output=True, text=True, timeout=400, check=False, umask=0,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return Ran(home, prefect_home, json.loads(ended.stdout), is_alone)


def test_a_flow_run_finds_what_the_plain_steps_find_and_keeps_no_patient(ran, after_first):
    assert (ran.said["code"], ran.said["err"]) == (0, "")
    assert json.loads(ran.said["out"])["rates"] == json.loads(after_first.summary.read_text())["rates"]
    assert differing(ran.home.published_copy, after_first.published_copy) == {}
    patients = {row[0] for row in stored(ran.home.published_copy, "SELECT patient_id FROM patient")}
    assert len(patients) > 50
    assert_not_in(ran.prefect_home, patients)


def test_a_flow_run_needs_no_network_and_listens_on_loopback_alone(ran):
    if not ran.is_alone:
        pytest.skip("this machine lets nobody have a network of its own")
    assert ran.said["code"] == 0
    assert ran.said["listeners"], "the night's own server was seen"
    assert {address.rpartition(":")[0] for address in ran.said["listeners"]} == {"0100007F"}
    assert ran.said["left"] == [], "the server ended with the command"


def test_a_flow_run_leaves_nothing_that_others_may_read(ran):
    """Begun with a umask that takes nothing away: neither the night's files nor Prefect's."""
    assert (ran.home.root / "archive").is_dir()
    assert open_to_others(ran.home.root) == []
    assert open_to_others(ran.prefect_home) == []


def test_the_flow_says_how_it_ended_and_a_task_is_a_step(ran):
    assert ran.kept("SELECT state_type, state_name FROM flow_run") == [("COMPLETED", "DoneWithRefusals")]
    names = [name.rpartition("-")[0] for (name,) in ran.kept("SELECT name FROM task_run ORDER BY start_time")]
    assert names == ["lock", *dict(STEPS), "report", "notify"]
    assert 10 <= len(names) <= 20
    assert ran.kept("SELECT DISTINCT state_name FROM task_run") == [("Completed",)]


def test_the_artifacts_say_what_the_summary_says_and_name_no_file(ran, sample):
    kept = {key: (kind, data) for key, kind, data in ran.kept("SELECT key, type, data FROM artifact")}
    assert sorted(kept) == [f"outcomes-{name}" for name in ("arrivals", "comparisons", "freshness", "night", "pages", "progress", "quarantine", "rates", "warnings")]  # fmt: skip
    said = json.loads(ran.said["out"])
    tables = {key: json.loads(json.loads(data)) for key, (kind, data) in kept.items() if kind == "table"}
    assert sum(row["files"] for row in tables["outcomes-arrivals"]) == len(said["arrivals"])
    assert {row["reason"]: row["rows"] for row in tables["outcomes-quarantine"]} == {row["reason_code"]: row["rows"] for row in said["reasons"]}  # fmt: skip
    assert {row["clinic_id"] for row in tables["outcomes-freshness"]} == {"C01", "C02", "C03"}
    assert float(kept["outcomes-progress"][1]) == 100
    words = "".join(str(data) for _, data in kept.values())
    assert [name for name in sample.hashes(FIRST) if name in words] == []
    assert [sha for sha in sample.hashes(FIRST).values() if sha[:12] in words] == []


def test_a_night_with_refusals_is_told_in_counts_and_codes(ran):
    (notice,) = ran.said["notices"]
    said = json.loads(ran.said["out"])
    assert (notice["kind"], notice["night"], notice["run_id"]) == ("refusals", 1, said["run_id"])
    assert notice["files_refused"] == said["files"]["refused"] == sum(notice["reasons"].values())
    assert set(notice) == {"from", "kind", "text", "night", "run_id", "as_of", "files_refused", "reasons"}


# A night that is killed before it has judged anything, on the server of the one that starts it.
KILLED = """
import os, signal, sys
from outcomes import inbox
inbox.look = lambda *given: os.kill(os.getpid(), signal.SIGKILL)
from outcomes.cli import main
main(sys.argv[1:])
"""
# A library that breaks over a cell, and says so in words of its own. Before it, a night that is busy, and one that is killed.
BROKEN = """
import subprocess, sys
from outcomes import loading
real = loading.load
def load(*given, **more):
    real(*given, **more)
    raise ValueError("could not parse 4711-secret-cell of jane9doe")
loading.load = load
from outcomes.cli import main
from outcomes.inbox import locked
from outcomes.paths import Home
from pathlib import Path
with locked(Home(Path(sys.argv[3]))):
    try:
        main(sys.argv[1:])
    except SystemExit as ended:
        print("code", ended.code, file=sys.stderr)
killed = subprocess.run([sys.executable, "-c", KILLED, *sys.argv[1:]])
print("code", killed.returncode, file=sys.stderr)
main(sys.argv[1:])
""".replace("KILLED", repr(KILLED))


def test_a_flow_run_that_breaks_over_hostile_files_keeps_no_cell(sample, after_first, prefect_home, tmp_path):
    """One line on standard error, exit 1, and the next night does what this one could not. Before it, one that finds the home
    busy, and one that is killed: Prefect knows of that too."""
    home = copied(after_first, tmp_path / "home")
    for name, text in HOSTILE.items():
        (home.inbox / name).write_text(text)
    arguments = ["nightly", "--home", str(home.root), "--as-of", sample.truth[LATER]["as_of"]]
    ended = subprocess.run(
        [sys.executable, "-c", BROKEN, *arguments],
        env=environment(prefect_home), cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ended.returncode == 1, ended.stderr
    assert ended.stdout == ""
    was_busy, code, was_killed, *failed = ended.stderr.splitlines()
    assert was_busy == "outcomes: Another night is running in this home. Try again when it has ended. [another_night_is_running]"  # fmt: skip
    assert (code, was_killed) == ("code 75", f"code {-signal.SIGKILL}")
    assert failed[0].startswith("outcomes: The step store could not finish (ValueError at ")
    assert len(failed) == 1
    with closing(sqlite3.connect(prefect_home / "prefect.db")) as con:
        states = con.execute("SELECT state_type, state_name FROM flow_run ORDER BY created").fetchall()
        tries = con.execute(
            "SELECT name, run_count FROM task_run WHERE state_type = 'FAILED' ORDER BY start_time"
        ).fetchall()
    assert states == [("CANCELLED", "Busy"), ("CRASHED", "Crashed"), ("FAILED", "Failed")]
    assert list((home.root / ".prefect" / "runs").iterdir()) == [], "each run is said to be dead once"
    assert [(name.rpartition("-")[0], runs) for name, runs in tries] == [("lock", 1), ("store", 1)], (
        "no retry could help"
    )
    kept = assert_not_in(prefect_home, {*SECRETS, *HOSTILE})
    assert "The step store could not finish" in kept, "Prefect keeps what a task raises: so it must be ours"
    shutil.rmtree(prefect_home)
    command = [str(Path(sys.executable).with_name("outcomes")), *arguments, "--no-prefect"]
    healed = subprocess.run(command, env=environment(prefect_home), capture_output=True, text=True, timeout=300, check=False)  # fmt: skip
    assert (healed.returncode, healed.stderr) == (0, "")
    said = healed.stdout + home.summary.read_text()
    assert [word for word in (*SECRETS, *HOSTILE) if word in said] == []
    fates = stored(home.published_copy, "SELECT refused_because FROM arrival WHERE night = 2 ORDER BY 1")
    assert {fate for (fate,) in fates} >= {"identifier", "unknown_column"}
    assert len(fates) == len(HOSTILE)
