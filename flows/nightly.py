"""The nightly flow: the steps of `outcomes.nights`, one task a step over all of its files, never one a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.client.schemas.objects import State
from prefect.utilities.annotations import quote

from flows.alive import alive
from flows.artifacts import leave
from flows.checks import judging_of
from flows.ended import busy, done, raised, told
from flows.tasks import LOCK_DELAYS, by_block, day_of, in_no_hurry, scheduled_for, step_task
from outcomes import notifying
from outcomes.dating import by_clock
from outcomes.errors import BusyError, OutcomesError
from outcomes.inbox import locked
from outcomes.loading import Night
from outcomes.nights import STEPS
from outcomes.paths import Home
from outcomes.stepping import run_step
from outcomes.summary import Summary


def _lock(stack: ExitStack, home: Home) -> None:
    stack.enter_context(locked(home))


def _told(home: Home, summary: Summary) -> list[str]:
    return notifying.tell(home, lambda how: notifying.after_night(home, summary, how.refusals_over), by_block)


_LOCK = step_task("lock", _lock, LOCK_DELAYS)
_TASKS = [(step_task(name, run_step), name, step) for name, step in STEPS]
_REPORT = step_task("report", leave, ())
_NOTIFY = step_task("notify", _told, ())


def run(home: Home, as_of: dt.date) -> State[Any]:
    """The steps of one night as Prefect tasks, within a flow run. Raises OutcomesError where it cannot end."""
    home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            in_no_hurry(_LOCK)(quote(stack), quote(home))
        except BusyError as error:
            return busy(error)
        result: Any = Night(home, as_of, judging=judging_of(home))
        with _progress() as move:
            for number, (step_task_, name, step) in enumerate(_TASKS, start=1):
                result = step_task_(name, quote(step), quote(result))
                move(100 * number / len(_TASKS))
        assert isinstance(result, Summary)
    # The night is over, and its lock is free: nothing below can make it worse.
    unsent = []
    try:
        _REPORT(quote(home), quote(result))
    except Exception as error:
        unsent.append(f"Its artifacts could not be made ({type(error).__name__}).")
    return done(result, [*unsent, *_NOTIFY(quote(home), quote(result))])


@flow(name="nightly", persist_result=False, validate_parameters=False)
def nightly(home: str, as_of: str | None = None, timezone: str = "UTC") -> State[Any]:
    """One night of a home. `as_of` is an ISO date; a scheduled run without one takes the date, in `timezone`, it was scheduled for."""
    place = Home(Path(home))
    with alive(place):
        try:
            return run(place, day_of(as_of) if as_of else by_clock(place, scheduled_for(timezone)))
        except OutcomesError as error:
            raise told(place, error, "night", as_of) from None


def run_nightly(home: Home, as_of: dt.date) -> list[str]:
    """The flow as a command runs it. Returns what could not be told; raises what the night raised, BusyError too."""
    try:
        state = nightly(str(home.root), as_of.isoformat(), return_state=True)
    except Exception as error:
        # Not the night's own error, which is in the state: its server went away, or never answered.
        raise OutcomesError(
            f"Prefect's server could not be reached to the end ({type(error).__name__}). outcomes status says whether the night is "
            "done. Run it again, or without Prefect: outcomes nightly --no-prefect"
        ) from None
    raised(state)
    return (state.message or "").split("\n")[1:]


@contextmanager
def _progress() -> Iterator[Any]:
    """A progress artifact, moved step by step. Prefect's pages may lag or fail; the night goes on."""
    made: list[Any] = []
    try:
        made.append(
            create_progress_artifact(0.0, key="outcomes-progress", description="Steps of the night that are done.")
        )
    except Exception:
        made.clear()

    def move(share: float) -> None:
        try:
            for artifact in made:
                update_progress_artifact(artifact, share)
        except Exception:
            made.clear()

    yield move
