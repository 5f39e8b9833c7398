"""How a step becomes a task of Prefect: by its name, with nothing kept, and tried again only where that can help."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.runtime import deployment, flow_run
from prefect.tasks import Task

from outcomes.errors import BusyError, MayPassError, UsageError
from outcomes.notifying import Notice

# Seconds to wait before each further try.
STEP_DELAYS = (5.0, 20.0)
LOCK_DELAYS = (10.0, 30.0, 60.0)


def step_task(name: str, step: Callable[..., Any], delays: tuple[float, ...] = STEP_DELAYS) -> Any:
    """A task of that name. What goes in and out stays in this process: nothing is cached, hashed or stored by Prefect."""
    return task(
        name=name,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=len(delays),
        retry_delay_seconds=list(delays),
        retry_condition_fn=_may_pass,
    )(step)


def in_no_hurry(task: Any) -> Any:
    """A task that needs the home's lock. A command says at once that the home is busy; a run that nobody watches waits."""
    return task if deployment.id else task.with_options(retries=0)


def _may_pass(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether another try can help: a lock that somebody holds, or a hiccup of the disk. By the error's class alone."""
    return isinstance(state.result(raise_on_failure=False), BusyError | MayPassError)


def day_of(as_of: str) -> dt.date:
    """The date that a flow's parameter `as_of` says. Raises UsageError."""
    try:
        return dt.date.fromisoformat(as_of)
    except ValueError:
        raise UsageError("The parameter as_of is not a date like 2026-01-31.") from None


def scheduled_for(timezone: str) -> dt.date:
    """The date, in a time zone, for which this flow run was scheduled: a late run keeps it."""
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise UsageError("The parameter timezone is not one like UTC or Europe/Berlin.") from None
    day: dt.date = flow_run.scheduled_start_time.astimezone(zone).date()
    return day


def by_block(slug: str, notice: Notice) -> None:
    """A notice through a notification block that is kept on the Prefect server."""
    from prefect.blocks.core import Block

    block: Any = Block.load(slug)
    block.notify(notice.text, subject=f"outcomes: {notice.kind}")
