"""What a whole process costs: CPU, wall time and peak memory, and what it says on its last line."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
OUTCOMES = str(Path(sys.executable).with_name("outcomes"))


class Run(NamedTuple):
    """One process: CPU seconds of user and system, wall seconds, peak MiB, and the JSON that it printed last."""

    cpu: float
    wall: float
    peak: float
    said: Any = None


def measured(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end. Raises SystemExit where it fails.

    Whoever calls this must stay small: what a process weighed before it became another one counts as that one's peak.
    """

    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(os.environ) | dict(environment or {}))
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command[:3]))} ... ended with {process.returncode}")
    last = said.decode().rstrip("\n").rpartition("\n")[2]
    found = json.loads(last) if last.startswith("{") and last.endswith("}") else None
    return Run(usage.ru_utime + usage.ru_stime, time.monotonic() - start, usage.ru_maxrss / 1024, found)


def script(name: str, *arguments: str | Path | int) -> Run:
    """One of the scripts beside this file, in a process of its own; what it took is told to whoever waits."""
    run = measured([sys.executable, HERE / f"{name}.py", *map(str, arguments)])
    alone = f", {run.said['cpu']:.2f} of it the work alone" if run.said and "cpu" in run.said else ""
    print(f"    {name}: {run.cpu:.2f} CPU s{alone}, {run.wall:.1f} s, {run.peak:.0f} MiB", file=sys.stderr, flush=True)
    return run


def median(runs: Sequence[Run], of: Callable[[Run], float] = lambda run: run.cpu) -> float:
    """The median of a number of several runs."""
    return statistics.median(of(run) for run in runs)
