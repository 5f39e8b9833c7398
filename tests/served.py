"""`outcomes schedule` for a while; run as a script, alone or within tests/alone.py. Prints JSON of what it saw.

With `killed` one of its nights, its server and itself are killed at once, as by a power cut, and it is started again.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

PORT = 4279
SECONDS = 240


def asked(path: str, given: dict[str, Any] | None = None) -> Any:
    """An answer of the schedule's server."""
    data = None if given is None else json.dumps(given).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}/api/{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def until(found: Callable[[], Any]) -> Any:
    """What `found` returns, once that is something."""
    for _ in range(SECONDS * 5):
        with suppress(OSError):
            if is_it := found():
                return is_it
        time.sleep(0.2)
    raise TimeoutError


def schedule(home: Path) -> subprocess.Popen[str]:
    """The command, once it serves all three flows."""
    outcomes = str(Path(sys.executable).with_name("outcomes"))
    command = [outcomes, "schedule", "--home", str(home), "--at", "02:30", "--timezone", "Europe/Berlin", "--port", str(PORT)]  # fmt: skip
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    assert running.stdout.readline(), "it says where Prefect's pages are"
    until(lambda: len(asked("deployments/filter", {})) == 3)
    return running


def begin(home: Path, as_of: str) -> str:
    """A night of the deployment, begun by hand; its id."""
    (nightly,) = until(lambda: [one["id"] for one in asked("deployments/filter", {}) if one["name"] == "nightly"])
    given = {"parameters": {"home": str(home), "as_of": as_of, "timezone": "UTC"}, "state": {"type": "SCHEDULED"}}
    # A server that is busy with its database says 503, and has made none.
    return str(until(lambda: asked(f"deployments/{nightly}/create_flow_run", given))["id"])


def state(run: str, *, is_final: bool = True) -> Any:
    """Name of the state of a run; nothing while it is not final."""
    found = asked(f"flow_runs/{run}")["state"]
    return found["name"] if not is_final or found["type"] not in ("SCHEDULED", "PENDING", "RUNNING") else None


def family(pid: int) -> list[int]:
    """A process and all that come of it."""
    said = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in said for each in family(int(child)))]


def planned() -> Any:
    """When the nights of the schedule will begin."""
    runs = asked("flow_runs/filter", {"flows": {"name": {"any_": ["nightly"]}}, "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}})  # fmt: skip
    return sorted(run["expected_start_time"] for run in runs)


def main(home: Path, as_of: str, how: str) -> None:
    running, said = schedule(home), dict[str, Any]()
    if how == "killed":
        killed = begin(home, as_of)
        until((home / "manifest.json").exists)
        for pid in family(running.pid):
            os.kill(pid, signal.SIGKILL)
        running.wait()
        assert (home / "manifest.json").exists(), "the night was under way"
        running = schedule(home)
        run = begin(home, as_of)
        said["next"] = until(lambda: state(run))
        said["killed"] = until(lambda: state(killed, is_final=False))
    said["planned"] = until(planned)
    running.terminate()
    running.wait(60)
    print(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
