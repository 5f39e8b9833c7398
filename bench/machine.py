"""On what a run was measured: date, versions, machine. No name of it."""

from __future__ import annotations

import datetime as dt
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any


def load() -> float:
    """The load average of the last minute: how much else the machine had to do."""
    return round(os.getloadavg()[0], 2)


def described(load_before: float) -> dict[str, Any]:
    """What a line of results says beside its numbers."""
    from outcomes.versions import program_digest

    return {
        "on": dt.date.today().isoformat(),
        "versions": {
            **{name: version(name) for name in ("outcomes", "duckdb", "polars", "pandera", "prefect")},
            "Python": platform.python_version(),
        },
        "program_digest": program_digest(),
        "machine": {
            "processor": processor(), "machine": platform.machine(), "cores": os.cpu_count(),
            "memory_gib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
            "load_before": load_before, "load_after": load(),
        },
    }  # fmt: skip


def processor() -> str:
    """What Linux calls it; of another system its architecture."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
