"""The Prefect flow for real, in a process and with a database of its own. Two runs: each starts a server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from outcomes.paths import Home
from tests.conftest import FIRST, LATER, copied, differing, stored

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


def test_a_flow_run_finds_what_the_plain_steps_find_and_keeps_no_patient(sample, after_first, prefect_home, tmp_path):
    home = Home(tmp_path / "home")
    sample.send(FIRST, home)
    command = [str(Path(sys.executable).with_name("outcomes")), "nightly", "--home", str(home.root), "--as-of", sample.truth[FIRST]["as_of"], "--format", "json"]  # fmt: skip
    ended = subprocess.run(
        command, env=environment(prefect_home), cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["rates"] == json.loads(after_first.summary.read_text())["rates"]
    assert differing(home.published_copy, after_first.published_copy) == {}
    patients = {row[0] for row in stored(home.published_copy, "SELECT patient_id FROM patient")}
    assert len(patients) > 50
    assert_not_in(prefect_home, patients)


# A library that breaks over a cell, and says so in words of its own.
BROKEN = """
import sys
from outcomes import loading
real = loading.load
def load(*given, **more):
    real(*given, **more)
    raise ValueError("could not parse 4711-secret-cell of jane9doe")
loading.load = load
from outcomes.cli import main
main(sys.argv[1:])
"""


def test_a_flow_run_that_breaks_over_hostile_files_keeps_no_cell(sample, after_first, prefect_home, tmp_path):
    """One line on standard error, exit 1, and the next night does what this one could not."""
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
    assert ended.stderr.startswith("outcomes: The step store could not finish (ValueError at ")
    assert ended.stderr.count("\n") == 1
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
