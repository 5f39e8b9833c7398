"""The verify flow: one task. A difference fails the run, in words that name checks and nothing else, and is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from prefect.utilities.annotations import quote

from flows.alive import alive
from flows.ended import DONE, busy, told
from flows.tasks import LOCK_DELAYS, by_block, in_no_hurry, step_task
from outcomes import notifying
from outcomes.errors import BusyError, OutcomesError
from outcomes.paths import Home
from outcomes.stepping import run_step
from outcomes.verifying import Verified
from outcomes.verifying import verify as verify_home
from outcomes.verifying.checks import DIFFERS


def _check(home: Home, from_archive: bool) -> Verified:
    said: Verified = run_step("verify", lambda place, progress: verify_home(place, from_archive=from_archive), home)
    return said


_VERIFY = step_task("verify", _check, LOCK_DELAYS)


@flow(name="verify", persist_result=False, validate_parameters=False)
def verify(home: str, from_archive: bool = False) -> State[Any]:
    """Every check of a home; with `from_archive` the archive is read again too."""
    place = Home(Path(home))
    with alive(place):
        return _verified(place, from_archive)


def _verified(place: Home, from_archive: bool) -> State[Any]:
    try:
        said: Verified = in_no_hurry(_VERIFY)(quote(place), from_archive)
    except BusyError as error:
        return busy(error)
    except OutcomesError as error:
        raise told(place, error, "verification") from None
    differing = [check.name for check in said.checks if check.result == DIFFERS]
    if differing:
        unsent = notifying.tell(place, lambda _: notifying.after_verify(len(differing)), by_block)
        words = f"Not as it was: {', '.join(differing)}. Run outcomes verify for where."
        raise OutcomesError(" ".join([words, *unsent]))
    if said.unfinished:
        raise told(place, OutcomesError(said.unfinished), "verification")
    return Completed(
        name=DONE, message=f"{len(said.checks)} checks, and nothing differs. The ledger's head is {said.head}."
    )
