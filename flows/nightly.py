"""The nightly flow: the steps of `outcomes.nights`, one task a step over all of its files, never one a file."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.utilities.annotations import quote

from outcomes.inbox import locked
from outcomes.loading import Night, Progress
from outcomes.nights import STEPS, run_step
from outcomes.paths import Home
from outcomes.summary import Summary

# What goes from step to step stays in this process: nothing is cached, hashed or stored by Prefect.
_TASKS = [(task(name=name, cache_policy=NO_CACHE, persist_result=False)(run_step), name, step) for name, step in STEPS]


def run(home: Path, as_of: dt.date, progress: Progress | None = None) -> Summary:
    """The steps of one night as Prefect tasks; called within a flow run."""
    os.umask(0o077)
    place = Home(home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with locked(place):
        result: Any = Night(place, as_of)
        for step_task, name, step in _TASKS:
            result = step_task(name, quote(step), quote(result), quote(progress))  # type: ignore[call-overload]
    return result


@flow(name="nightly", persist_result=False, validate_parameters=False)
def nightly(home: str, as_of: str | None = None) -> None:
    """One night of a home. `as_of` is an ISO date; a scheduled run without one takes the date it was scheduled for."""
    from prefect.runtime import flow_run

    day = dt.date.fromisoformat(as_of) if as_of else flow_run.scheduled_start_time.date()
    run(Path(home), day)
