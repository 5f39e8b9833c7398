"""A night whose files are checked on Dask: the same store to the last row, and no word of a patient outside it.

Like all flows here, each in a process and with a database of its own.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from distributed.security import Security

from outcomes.nights import STEPS, run_night
from outcomes.paths import Home
from outcomes.rebuilding import differing_tables, digests_of
from tests.conftest import FIRST, Made, stored
from tests.test_flow import assert_not_in, environment, may_be_alone

# The sample is small: so are its parts.
SMALL_PARTS = """
import sys
from outcomes import parting
parting.PART_BYTES = 5_000
from outcomes.cli import main
"""
NIGHT = SMALL_PARTS + "main(sys.argv[1:])"
# Once a part is back, every worker is killed: Dask starts others, and gives them what those had.
KILLED = (
    SMALL_PARTS
    + """
import multiprocessing, os, signal
from outcomes.parting import Part
from flows import ownserver
real = ownserver.server_of
def served(*given, **more):
    server = real(*given, **more)
    from flows import checks
    in_order = checks._in_order
    def killed(*given):
        for number, judged in enumerate(in_order(*given)):
            if not number:
                workers = multiprocessing.active_children()
                assert len(workers) == 2
                for child in workers:
                    os.kill(child.pid, signal.SIGKILL)
                print("killed", file=sys.stderr)
            yield judged
    checks._in_order = killed
    return server
ownserver.server_of = served
main(sys.argv[1:])
"""
)


@dataclass(frozen=True)
class Ran:
    """One night on Dask: what it said, what anything listened on, and what is left of it."""

    home: Home
    prefect_home: Path
    said: dict[str, Any]
    is_alone: bool


def command(code: str, home: Home, as_of: str) -> list[str]:
    return [sys.executable, "-c", code, "nightly", "--home", str(home.root), "--as-of", as_of, "--format", "json"]


def on_dask(prefect_home: Path, **more: str) -> dict[str, str]:
    return environment(prefect_home) | {"OUTCOMES_CHECK_RUNNER": "dask"} | more


@pytest.fixture(scope="module")
def ran(sample: Made, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The sample's first night on two workers, with nothing of a network but loopback where the machine allows that."""
    folder = tmp_path_factory.mktemp("dask")
    home, prefect_home, is_alone = Home(folder / "home"), folder / "prefect", may_be_alone()
    sample.send(FIRST, home)
    script = [sys.executable, str(Path(__file__).with_name("alone.py")), str(home.root), "alone" if is_alone else "-"]
    ended = subprocess.run(
        [*(["unshare", "-rn"] if is_alone else []), *script, *command(NIGHT, home, sample.truth[FIRST]["as_of"])],
        env=on_dask(prefect_home, TMPDIR=str(folder)), cwd=folder, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["home", "prefect"], "nothing of it lies anywhere else"
    return Ran(home, prefect_home, json.loads(ended.stdout), is_alone)


def test_the_store_is_the_same_to_the_last_row(ran, after_first):
    """Numbers of arrivals and rows, ledger, rule counts, rates: each table, stored or derived."""
    assert (ran.said["code"], ran.said["err"]) == (0, "")
    assert differing_tables(digests_of(ran.home.warehouse), digests_of(after_first.warehouse)) == {}


def test_two_threads_give_the_same_store_too(sample, after_first, tmp_path, no_pages):
    home = Home(tmp_path / "home")
    sample.send(FIRST, home)
    home.settings.write_text("[limits]\nthreads = 2\n")
    run_night(home, sample.as_of(FIRST))
    assert differing_tables(digests_of(home.warehouse), digests_of(after_first.warehouse)) == {}


def test_a_part_is_a_task_run_and_nothing_of_it_stays_with_prefect_or_dask(ran, sample):
    with closing(sqlite3.connect(ran.prefect_home / "prefect.db")) as con:
        runs = con.execute("SELECT name, state_name, task_inputs FROM task_run").fetchall()
        logs = con.execute("SELECT message FROM log").fetchall()
    names = [name.rpartition("-")[0] for name, _, _ in runs]
    assert names.count("check") > 3
    assert sorted({*names} - {"check"}) == sorted(["lock", *dict(STEPS), "report", "notify"])
    assert {state for _, state, _ in runs} == {"Completed"}
    # Prefect knows results by their address in memory: one that was freed can make a part look like it. No content, in any case.
    kept = [json.loads(inputs) for name, _, inputs in runs if name.startswith("check")]
    assert {*itertools.chain(*kept)} == {"part"}
    assert {key for each in kept for said in each["part"] for key in said} <= {"input_type", "id"}
    assert logs == []
    patients = {row[0] for row in stored(ran.home.published_copy, "SELECT patient_id FROM patient")}
    assert len(patients) > 50
    assert_not_in(ran.prefect_home, patients | set(sample.hashes(FIRST)) | set(sample.hashes(FIRST).values()))
    assert not ran.home.scratch.exists()


def test_dask_listens_on_loopback_alone_and_ends_with_the_night(ran):
    if not ran.is_alone:
        pytest.skip("this machine lets nobody have a network of its own")
    assert len(ran.said["listeners"]) > 3, "a scheduler, workers and their nannies were seen"
    assert {address.rpartition(":")[0] for address in ran.said["listeners"]} == {"0100007F"}
    assert ran.said["left"] == []


def nightly(code: str, home: Home, as_of: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    prefect_home = folder / "prefect"
    return subprocess.run(
        command(code, home, as_of), env=on_dask(prefect_home, **more), cwd=folder, capture_output=True, text=True, timeout=400, check=False
    )  # fmt: skip


@pytest.mark.nightly
def test_what_a_killed_worker_had_is_given_to_another(sample, after_first, tmp_path):
    home = Home(tmp_path / "home")
    sample.send(FIRST, home)
    ended = nightly(KILLED, home, sample.truth[FIRST]["as_of"], tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "killed\n")
    assert differing_tables(digests_of(home.warehouse), digests_of(after_first.warehouse)) == {}


@pytest.mark.nightly
def test_a_scheduler_that_does_not_answer_costs_the_night_and_the_next_one_heals(sample, after_first, tmp_path):
    home, as_of = Home(tmp_path / "home"), sample.truth[FIRST]["as_of"]
    sample.send(FIRST, home)
    nowhere = {"OUTCOMES_CHECK_ADDRESS": "tls://127.0.0.1:1", "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}
    ended = nightly(NIGHT, home, as_of, tmp_path, **nowhere)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith("outcomes: Dask could not be started, or did not answer (")
    assert len(ended.stderr.splitlines()) == 1
    healed = nightly(NIGHT, home, as_of, tmp_path, OUTCOMES_CHECK_RUNNER="here")
    assert healed.returncode == 0, healed.stderr
    ours, theirs = digests_of(home.warehouse), digests_of(after_first.warehouse)
    # The healing is a night of its own, of no files.
    assert set(differing_tables(ours, theirs)) <= {"night", "derived"}


@pytest.mark.nightly
def test_a_scheduler_of_others_gives_the_same_store(sample, after_first, tmp_path):
    """By its address, with certificates that Dask's own configuration names."""
    home, made = Home(tmp_path / "home"), Security.temporary()
    sample.send(FIRST, home)
    tls = {"CA_FILE": made.tls_ca_file, "CLIENT__CERT": made.tls_client_cert, "CLIENT__KEY": made.tls_client_key}
    for name, text in tls.items():
        (tmp_path / name).write_text(text)
    own = [
        "--tls-ca-file",
        "CA_FILE",
        "--tls-cert",
        "CLIENT__CERT",
        "--tls-key",
        "CLIENT__KEY",
        "--host",
        "127.0.0.1",
        "--no-dashboard",
    ]
    dask = [sys.executable, "-m", "dask"]
    workers = ["--scheduler-file", "scheduler.json", "--nworkers", "2", "--nthreads", "1", "--memory-limit", "0"]
    running = [
        subprocess.Popen(
            [*dask, *more, *own], env=environment(tmp_path / "prefect"), cwd=tmp_path, stderr=subprocess.DEVNULL
        )
        for more in (
            ["scheduler", "--protocol", "tls", "--port", "0", "--scheduler-file", "scheduler.json"],
            ["worker", *workers],
        )
    ]
    try:
        for _ in range(300):
            if (tmp_path / "scheduler.json").exists():
                break
            time.sleep(0.2)
        address = json.loads((tmp_path / "scheduler.json").read_text())["address"]
        said = {f"DASK_DISTRIBUTED__COMM__TLS__{name}": str(tmp_path / name) for name in tls}
        ended = nightly(NIGHT, home, sample.truth[FIRST]["as_of"], tmp_path, OUTCOMES_CHECK_ADDRESS=address, **said)
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait()
    assert (ended.returncode, ended.stderr) == (0, "")
    assert differing_tables(digests_of(home.warehouse), digests_of(after_first.warehouse)) == {}
