"""One step of a night or a release: whatever breaks inside comes out as an error of ours, in our words."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import duckdb

from outcomes import logs
from outcomes.errors import MayPassError, OutcomesError, place_of, where_of
from outcomes.loading import Night, Progress
from outcomes.paths import Home

# What a disk, a network folder or another process says of a moment. A full disk, a missing folder or a forbidden one is
# for a person: the same a minute later.
_OF_A_MOMENT = frozenset(
    {errno.EIO, errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.ESTALE, errno.ETIMEDOUT, errno.ENOLCK, errno.ETXTBSY}
)
# DuckDB has one class for all of it and no number: its own words tell a lock from a full disk.
_DUCKDB_OF_A_MOMENT = ("could not set lock on file", "input/output error", "resource temporarily unavailable")


def run_step(name: str, step: Callable[..., Any], value: Night | Home, progress: Progress | None = None) -> Any:
    """The step's result; what it did is in the log of the home. Raises OutcomesError whatever breaks, since third-party words
    can carry cells: a MayPassError where the same step may do well a moment later."""
    night = value if isinstance(value, Night) else None
    # A log's words have no blank.
    log = logs.Step(name.replace(" ", "_"), value.home if isinstance(value, Night) else value, _run_of(night))
    if night:
        night.counts = {}
    try:
        result = step(value, progress)
        log.ended(_run_of(night), night.counts if night else {})
        return result
    except OutcomesError as error:
        log.failed(_run_of(night), error.reason_code)
        raise
    except Exception as error:
        kind = MayPassError if is_of_a_moment(error) else OutcomesError
        log.failed(_run_of(night), kind.reason_code, type(error).__name__, where_of(error))
        again = "run the night again" if night else "run it again"
        raise kind(f"The step {name} could not finish ({place_of(error)}). Nothing is lost: {again}.") from None


def _run_of(night: Night | None) -> dict[str, Any] | None:
    return night.run if night else None


def is_of_a_moment(error: BaseException) -> bool:
    """Whether trying again can help: a hiccup of the disk, or a lock that somebody holds for a moment."""
    if isinstance(error, OSError):
        return error.errno in _OF_A_MOMENT
    # A commit that the disk fails is of a class of its own, with the disk's words in it.
    if isinstance(error, duckdb.IOException | duckdb.TransactionException):
        return any(words in str(error).lower() for words in _DUCKDB_OF_A_MOMENT)
    return False
