"""Logs: a JSON line for each thing that happened, with the run it happened in. No patient, no score, no file's name.

A line holds words of this program and numbers, nothing else: what is neither is written as "withheld". The time of a line
is for people; nothing is computed from it. A night goes on where its log cannot be written.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from outcomes.errors import OutcomesError
from outcomes.paths import Home
from outcomes.settings import settings_of

LOG = "outcomes.jsonl"
LEVELS = ("debug", "info", "warning", "error")
# What a word of this program, a hash, a date or a version looks like: no blank, so no sentence and no name of two words.
_WORD = re.compile(r"[a-z0-9][a-z0-9_.:+-]{0,79}", re.I)

Line = dict[str, Any]
Listener = Callable[[Line], None]
_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def heard_by(listener: Listener | None) -> Iterator[None]:
    """Have each line that is written told as well, for as long as the block lasts."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def write(home: Home, level: str, event: str, run: Mapping[str, Any] | None = None, **said: Any) -> None:
    """Append one line, if its level is one that the settings keep. `run` is run_id, night and as_of, where they are known.

    Never raises: a full disk, a folder that is read-only or settings that are wrong end no night by its log.
    """
    known = dict.fromkeys(("run_id", "night", "as_of")) | dict(run or {})
    line = {"at": _now(), "level": level, "event": event} | {key: _plain(of) for key, of in (known | said).items()}
    with suppress(OSError, OutcomesError):
        settings = settings_of(home).logs
        if LEVELS.index(level) < LEVELS.index(settings.level):
            return
        if listener := _LISTENER.get():
            listener(line)
        home.logs.mkdir(mode=0o700, exist_ok=True)
        path = home.logs / LOG
        _put_aside(path, settings.file_bytes, settings.files)
        _append(path, json.dumps(line) + "\n")


class Step:
    """One step of a night in the log: how long it took, and what it counted or how it failed."""

    def __init__(self, name: str, home: Home, run: Mapping[str, Any] | None) -> None:
        self._name, self._home, self._started = name, home, time.monotonic()
        write(home, "debug", "step_started", run, step=name)

    def ended(self, run: Mapping[str, Any] | None, counts: Mapping[str, int]) -> None:
        """The step is done."""
        write(self._home, "info", "step_ended", run, step=self._name, seconds=self._seconds(), **counts)

    def failed(
        self, run: Mapping[str, Any] | None, reason_code: str, kind: str | None = None, where: str | None = None
    ) -> None:
        """The step is not done: the error's reason code; of one that is not ours also its type and our line."""
        write(self._home, "error", "step_failed", run, step=self._name, seconds=self._seconds(), reason_code=reason_code, kind=kind, where=where)  # fmt: skip

    def _seconds(self) -> float:
        return round(time.monotonic() - self._started, 3)


def in_words(line: Line) -> str:
    """A line as a person reads it on a terminal."""
    said = [
        f"{key}={of}" for key, of in line.items() if key not in ("at", "level", "event", "as_of") and of is not None
    ]
    return " ".join([line["at"], line["level"], line["event"], *said])


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value) if _WORD.fullmatch(str(value)) else "withheld"


def _append(path: Path, text: str) -> None:
    """One write at the end, so that lines of two processes do not mix; behind a line that a full disk cut, on a new one."""
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            text = "\n" + text
        os.write(handle, text.encode())
    finally:
        os.close(handle)


def _put_aside(path: Path, size: int, files: int) -> None:
    """Begin a new log where this one is full: outcomes.jsonl becomes outcomes.1.jsonl, and so on; the oldest goes."""
    if not path.exists() or path.stat().st_size < size:
        return
    for number in range(files, 0, -1):
        older = aside(path, number - 1)
        if older.exists():
            os.replace(older, aside(path, number))


def aside(path: Path, number: int) -> Path:
    """Where a log lies that was put aside `number` logs ago."""
    return path.with_name(f"{path.stem}.{number}{path.suffix}") if number else path
