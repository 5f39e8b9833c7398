"""The release flow: one task, since a release is one thing or nothing."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from prefect.utilities.annotations import quote

from flows.alive import alive
from flows.ended import DONE, busy, told
from flows.tasks import LOCK_DELAYS, day_of, in_no_hurry, scheduled_for, step_task
from outcomes.errors import BusyError, OutcomesError
from outcomes.paths import Home
from outcomes.releases import run_release
from outcomes.stepping import run_step


def _lock_release(home: Path, name: str, as_of: dt.date | None) -> None:
    run_step("release", lambda place, progress: run_release(place, name, as_of), Home(home))


_RELEASE = step_task("release", _lock_release, LOCK_DELAYS)


@flow(name="release", persist_result=False, validate_parameters=False)
def release(home: str, name: str | None = None, as_of: str | None = None, timezone: str = "UTC") -> State[Any]:
    """Lock a release of a home. `as_of` is an ISO date; without one it is the last night's.

    A run without a name locks the quarter that had ended on the date, in `timezone`, it was scheduled for: 2026-Q1, as of
    its last day.
    """
    place = Home(Path(home))
    with alive(place):
        try:
            day = day_of(as_of) if as_of else None
            if name is None:
                name, day = quarter_before(scheduled_for(timezone))
            in_no_hurry(_RELEASE)(quote(Path(home)), name, day)
        except BusyError as error:
            return busy(error)
        except OutcomesError as error:
            raise told(place, error, "release") from None
    return Completed(name=DONE, message=f"Release {name} is locked.")


def quarter_before(day: dt.date) -> tuple[str, dt.date]:
    """Name and last day of the last quarter that had ended by a date."""
    first = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    last = first - dt.timedelta(days=1)
    return f"{last.year}-Q{(last.month + 2) // 3}", last
