"""How a flow run ends, as a state of its own: done, done with refusals, busy or failed."""

from __future__ import annotations

from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed

from flows.tasks import by_block
from outcomes import notifying
from outcomes.errors import BusyError, OutcomesError
from outcomes.paths import Home
from outcomes.summary import Summary

# Prefect's own name for the first, since that is what its users look for.
DONE, DONE_WITH_REFUSALS, BUSY = "Completed", "DoneWithRefusals", "Busy"


def done(summary: Summary, unsent: list[str]) -> State[Any]:
    """Of a night that ended: with refusals where it refused a file or set a row aside. What was not told is a line each."""
    files, rows = summary.files, summary.rows
    refused = files["refused"] + summary.read_again["refused"]
    words = (
        f"Night {summary.night}, as of {summary.as_of}, run {summary.run_id}: {files['taken']:,} files taken, {refused:,} refused; "
        f"{rows['accepted']:,} rows accepted, {rows['quarantined']:,} quarantined."
    )
    name = DONE_WITH_REFUSALS if refused or rows["quarantined"] else DONE
    return Completed(name=name, message="\n".join([words, *unsent]))


def busy(error: BusyError) -> State[Any]:
    """Of a run that found the home's lock held: it did nothing, and nothing is wrong."""
    return Cancelled(name=BUSY, message=str(error))


def told(home: Home, error: OutcomesError, what: str, as_of: str | None = None) -> OutcomesError:
    """The error of a run that could not end, told by notice; with what could not be told among its words."""
    unsent = notifying.tell(home, lambda _: notifying.after_failure(error, as_of, what), by_block)
    return type(error)(" ".join([str(error), *unsent])) if unsent else error


def raised(state: State[Any]) -> None:
    """Raise what a command would have raised: BusyError of a busy run, the error of a failed one."""
    if state.name == BUSY:
        raise BusyError(state.message or "")
    if not state.is_completed():
        error = state.result(raise_on_failure=False)
        raise (
            error
            if isinstance(error, OutcomesError)
            else OutcomesError(
                f"Prefect could not end the run ({type(error).__name__}). Run it again, or without Prefect: outcomes nightly --no-prefect"
            )
        )
