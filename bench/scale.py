"""Out of core: first loads of more and more rows within 4 GiB of memory.

`scale.py [ROWS [FILE_ROWS]]` (default: 100,000,000 in files of 10,000,000): loads of 1,000,000, 10,000,000 and so on up to ROWS,
each into a new home. One that had more than MEMORY resident at once did not keep to the limit, and this ends with 1, as where a load did
not finish: then the step is said. DuckDB is told to keep to DUCKDB of it, as an operator of such a machine would tell it in
outcomes.toml. Prints time, disk and memory, and appends them, with versions and machine, to scale.jsonl.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import machine
from homes import home_with, night
from inputs import COPY_ROWS
from measuring import HERE, OUTCOMES, measured, script

RESULTS = HERE / "scale.jsonl"
# GiB, and what DuckDB is told.
MEMORY, DUCKDB = 4.0, "2GB"
HEADS = {"rows": "rows", "files": "files", "cpu": "CPU s", "wall": "s", "peak": "peak GiB", "sent": "sent GB", "disk": "disk GB", "most": "at most GB", "per_row": "bytes a row", "rates": "rates s"}  # fmt: skip
_SAMPLE_SECONDS = 1.0


def main(rows: int = 100_000_000, file_rows: int = 10_000_000) -> None:
    """Load, print, append. Ends with 1 where a load did not finish, or took more memory than it may."""
    before = machine.load()
    loads = [_load(size, file_rows) for size in _steps(rows)]
    limits = {"memory_gib": MEMORY, "duckdb_memory": DUCKDB, "file_rows": file_rows}
    with RESULTS.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps({**machine.described(before), **limits, "loads": loads}) + "\n")
    sys.exit(any("failed_in" in load or load["peak"] > MEMORY for load in loads))


def _steps(rows: int) -> list[int]:
    """A million, ten times as many, and so on, and `rows`."""
    steps, size = [], COPY_ROWS
    while size < rows:
        steps.append(size)
        size *= 10
    return [*steps, rows]


def _load(rows: int, file_rows: int) -> dict[str, Any]:
    """One first load into a new home, which is thrown away; what it took and left is printed."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        script("parts", folder / "in", rows, file_rows)
        files = sorted((folder / "in").glob("part-*.csv"))
        sent = sum(path.stat().st_size for path in files)
        home = home_with(folder / "home", folder / "in" / "clinics.toml", files)
        (home / "outcomes.toml").write_text(f'[limits]\nmemory = "{DUCKDB}"\n', "utf-8")
        for path in files:
            path.unlink()
        try:
            with _most(home) as most:
                run = night(home, rows)
        except SystemExit:
            step = _step_under_way(home)
            print(f"rows {rows:,}, files {len(files)}: did not finish, in the step {step}", flush=True)
            return {"rows": rows, "files": len(files), "failed_in": step}
        rates = measured([OUTCOMES, "rates", "--home", home])
        disk = _bytes(home)
        found = {
            "rows": rows, "files": len(files), "cpu": round(run.cpu, 1), "wall": round(run.wall, 1), "peak": round(run.peak / 1024, 2),
            "sent": round(sent / 1e9, 2), "disk": round(disk / 1e9, 2), "most": round(max(*most, disk) / 1e9, 2),
            "per_row": round(disk / rows), "rates": round(rates.wall, 1), "steps": run.said["steps"],
        }  # fmt: skip
    print(", ".join(f"{name} {found[key]:,}" for key, name in HEADS.items()), flush=True)
    return found


def _step_under_way(home: Path) -> str:
    """The step behind the last one that the home's log says has ended."""
    from outcomes.nights import STEPS

    log = home / "logs" / "outcomes.jsonl"
    ended = log.read_text("utf-8").count('"step_ended"') if log.exists() else 0
    return [name for name, _ in STEPS][min(ended, len(STEPS) - 1)]


@contextmanager
def _most(home: Path) -> Iterator[list[int]]:
    """The bytes that a home has on disk, looked at every second while the block lasts."""
    seen, over = [_bytes(home)], threading.Event()

    def look() -> None:
        while not over.wait(_SAMPLE_SECONDS):
            seen.append(_bytes(home))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        over.set()
        looking.join()


def _bytes(folder: Path) -> int:
    """What the files under a folder take on disk; one that is renamed meanwhile is counted by the next look."""
    found = {}
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                status = os.lstat(os.path.join(path, name))
            except FileNotFoundError:
                continue
            found[status.st_ino] = status.st_blocks * 512
    return sum(found.values())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
