"""What goes wrong in words a user can act on. None of these shows a traceback, a patient or a score."""

from __future__ import annotations

import errno
from pathlib import Path


class OutcomesError(Exception):
    """A user's error: one sentence that says what to do next."""

    reason_code = "could_not_finish"
    exit_code = 1


class UsageError(OutcomesError):
    """The command was called in a way that cannot work."""

    reason_code = "wrong_usage"
    exit_code = 64


class BusyError(OutcomesError):
    """Another night holds the lock."""

    reason_code = "another_night_is_running"
    exit_code = 75


class MayPassError(OutcomesError):
    """A disk or another process was in the way for a moment: the same again may do well."""


class FileRefusedError(Exception):
    """A file that cannot be taken: its reason code, and where. Never what it holds."""

    def __init__(
        self, reason_code: str, *, column_no: int | None = None, line: int | None = None, kind: str | None = None
    ) -> None:
        super().__init__(reason_code)
        self.reason_code = reason_code
        self.column_no = column_no
        self.line = line
        self.kind = kind


def where_of(error: BaseException) -> str:
    """The file and line of our own code in which an error came up."""
    import traceback

    ours = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "outcomes" in frame.filename or "schemas" in frame.filename
    ]
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "unknown"


# By name: whoever only asks for help has no DuckDB imported.
_OF_MEMORY = ("OutOfMemoryException", "MemoryError")
_OF_DISK = frozenset({errno.ENOSPC, errno.EDQUOT})
# DuckDB has no number for it, and not one class: a write says IOException, a commit TransactionException.
_DUCKDB_OF_DISK = ("no space left on device", "disk quota exceeded")


def place_of(error: BaseException) -> str:
    """What kind of error it is and where it came up: never its words, which could carry a cell."""
    kind = type(error).__name__
    # A checkpoint that runs out of memory is an IOException, as one is that runs out of disk.
    if kind in _OF_MEMORY or "could not allocate" in str(error):
        more = "; limits.memory in outcomes.toml says how much DuckDB may have"
    elif getattr(error, "errno", None) in _OF_DISK or any(words in str(error).lower() for words in _DUCKDB_OF_DISK):
        more = "; the disk is full: make room first, outcomes doctor says how much"
    else:
        more = ""
    return f"{kind} at {where_of(error)}{more}"
