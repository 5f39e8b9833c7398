"""What can happen to a night, and what must be true after it: kills at any moment and any call of the kernel, disks that
are full or broken, files that may not grow, folders that may not be written.

`run_killed` and `run_with_error` do one thing to one night; `held` says what is wrong after the next one, if anything.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from outcomes.paths import Home
from tests.conftest import differing, stored

# Every call by which a night changes what is on a disk. DuckDB writes by pwrite64, Python by write.
CALLS = (
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "rename",
    "unlink",
    "ftruncate",
    "copy_file_range",
    "sendfile",
    "mkdir",
)
# Those that a broken or full disk answers with an error. A write is left out: the words of the night itself are one.
FAILING = {"pwrite64": "ENOSPC", "fsync": "EIO", "rename": "EIO", "ftruncate": "ENOSPC", "copy_file_range": "ENOSPC", "sendfile": "ENOSPC"}  # fmt: skip
_NIGHT = """
import datetime as dt, sys
from pathlib import Path
from outcomes.nights import run_night
from outcomes.paths import Home
print("begins", flush=True)
run_night(Home(Path(sys.argv[1])), dt.date.fromisoformat(sys.argv[2]))
"""
# The kernel stops a night only at the calls that are looked for, not at each one. A signal is then not sent.
_FEW_STOPS = ("-f", "--seccomp-bpf")
_LEDGER = "SELECT arrival_no, sha256, hash FROM arrival ORDER BY arrival_no"
_SCORES = "SELECT * FROM score ORDER BY score_id"


@dataclass(frozen=True)
class Ended:
    """How a disturbed night ended: its exit code, and its lines on standard error."""

    code: int
    said: list[str]


def strace() -> str | None:
    """Where strace is, if it is and may trace here."""
    found = shutil.which("strace")
    if (
        found is None
        or subprocess.run([found, "-qq", "-o", os.devnull, "true"], check=False, capture_output=True).returncode
    ):
        return None
    return found


def calls_of(home: Home, as_of: str) -> Counter[str]:
    """How often a whole night makes each of CALLS, by the thread that makes the most of it (strace counts by thread)."""
    log = home.root.with_name("calls.txt")
    traced = [str(strace()), *_FEW_STOPS, "-qq", "-o", str(log), "-e", f"trace={','.join(CALLS)}", *_night(home, as_of)]
    subprocess.run(traced, check=True, capture_output=True, timeout=300)
    lines = log.read_text("utf-8", "replace").splitlines()
    log.unlink()
    by_thread: Counter[tuple[str, str]] = Counter()
    for line in lines:
        if made := re.match(r"(\d+) +(\w+)\(", line):
            by_thread[made[1], made[2]] += 1
    most: Counter[str] = Counter()
    for (_, call), times in by_thread.items():
        most[call] = max(most[call], times)
    return most


def run_killed(home: Home, as_of: str, *, at_call: tuple[str, int] | None = None, after: float = 0.0) -> int:
    """A night that is sent SIGKILL at the nth of a call, or so many seconds after it began. Returns its exit code."""
    night = _night(home, as_of)
    if at_call is not None:
        call, nth = at_call
        inject = f"inject={call}:signal=SIGKILL:when={nth}"
        night = [str(strace()), "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}", "-e", inject, *night]
        return subprocess.run(night, check=False, capture_output=True, timeout=300).returncode
    with subprocess.Popen(night, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        return process.wait(timeout=60)


def run_with_error(home: Home, as_of: str, call: str, nth: int) -> Ended:
    """A night on a disk that answers the nth of a call, and every one after it, with the error of FAILING."""
    inject = f"inject={call}:error={FAILING[call]}:when={nth}+"
    traced = [str(strace()), *_FEW_STOPS, "-qq", "-o", os.devnull, "-e", f"trace={call}", "-e", inject]
    return _ended([*traced, *_command(home, as_of)])


def run_unwritable(home: Home, as_of: str, path: str) -> Ended:
    """A night that may not open one path of its home: what a read-only folder answers, also to root."""
    place = str(home.root / path)
    traced = [str(strace()), *_FEW_STOPS, "-qq", "-o", os.devnull, "-P", place, "-e", "trace=openat,mkdir,rename", "-e", "inject=openat,mkdir,rename:error=EROFS"]  # fmt: skip
    return _ended([*traced, *_command(home, as_of)])


def run_limited(home: Home, as_of: str, most_bytes: int) -> Ended:
    """A night whose files may not grow over so many bytes."""
    return _ended(
        _command(home, as_of),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes)),
    )


def held(home: Home, undisturbed: Home) -> list[str]:
    """What of a home, after a disturbed night and the next one, is not as in one that was never disturbed."""
    wrong = [
        f"{name}: {rows} rows differ"
        for name, rows in differing(home.published_copy, undisturbed.published_copy).items()
    ]
    for what, query in (("ledger", _LEDGER), ("scores", _SCORES)):
        if stored(home.published_copy, query) != stored(undisturbed.published_copy, query):
            wrong.append(f"{what}: not the same")
    for folder in (home.archive, home.refused, home.held, home.inbox, home.receipts, home.published):
        other = undisturbed.root / folder.relative_to(home.root)
        if _names(folder) != _names(other):
            wrong.append(f"{folder.name}/: not the same files")
    if _names(home.root) != _names(undisturbed.root):
        wrong.append("the home: not the same files")
    return wrong


def torn(home: Home, nights: set[int]) -> list[str]:
    """What of the published folder is not whole, right after a fault: it must be that of one of these nights."""
    if not home.published_copy.exists():
        return [] if 0 in nights else ["no published copy"]
    try:
        seen = stored(home.published_copy, "SELECT max(night) FROM night")[0][0]
    except duckdb.Error:
        return ["the published copy cannot be opened"]
    wrong = [] if seen in nights else [f"the published copy is of night {seen}"]
    # What is not yet whole has a name that begins with a dot.
    expected = {"outcomes.duckdb", "summary.json", "reports"}
    return wrong + [f"half a file: {path}" for path in _names(home.published) - expected if not path.startswith(".")]


def left_running(home: Home) -> list[int]:
    """Processes that still have the home among their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                told = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(home.root) in told:
                found.append(int(entry.name))
    return found


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def _night(home: Home, as_of: str) -> list[str]:
    return [sys.executable, "-c", _NIGHT, str(home.root), as_of]


def _command(home: Home, as_of: str) -> list[str]:
    outcomes = str(Path(sys.executable).with_name("outcomes"))
    return [outcomes, "nightly", "--no-prefect", "--home", str(home.root), "--as-of", as_of]


def _ended(command: list[str], **more: Any) -> Ended:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300, **more)
    return Ended(done.returncode, done.stderr.splitlines())
