"""The release flow: one task, since a release is one thing or nothing."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from outcomes.paths import Home
from outcomes.releases import run_release
from outcomes.stepping import run_step


@task(name="release", cache_policy=NO_CACHE, persist_result=False)
def _release(home: Path, name: str, as_of: dt.date | None) -> None:
    run_step("release", lambda place, progress: run_release(place, name, as_of), Home(home))


@flow(name="release", persist_result=False, validate_parameters=False)
def release(home: str, name: str, as_of: str | None = None) -> None:
    """Lock a release of a home. `as_of` is an ISO date; without one it is the last night's."""
    _release(Path(home), name, dt.date.fromisoformat(as_of) if as_of else None)
