"""The home that a command is about, and what its nights have published."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from outcomes.commands import Arguments
from outcomes.errors import UsageError
from outcomes.paths import Home


def home_of(arguments: Arguments) -> Home:
    if not arguments.home:
        raise UsageError("Which home? Give --home DIR or set OUTCOMES_HOME.")
    return Home(Path(arguments.home).absolute())


def clinic_of(arguments: Arguments) -> str | None:
    """The clinic that is asked for, as views have it: `all` is all of them together."""
    return "*" if arguments.clinic == "all" else arguments.clinic


def last_said(home: Home) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(home.summary.read_text("utf-8"))
    return said


def not_told(words: Sequence[str]) -> None:
    """What could not be told is said, and changes no exit code."""
    for line in words:
        print(f"outcomes: {line} [not_told]", file=sys.stderr)


def published(arguments: Arguments, *, is_small: bool = False) -> Any:
    """The published copy, open. `is_small`: what will be asked is little, and a second thread costs more than it saves."""
    from outcomes.publishedcopy import opened

    return opened(home_of(arguments), {"threads": 1} if is_small else None)
