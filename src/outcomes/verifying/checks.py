"""What a check says, and the words for where something differs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

OK, DIFFERS, NOT_CHECKED = "ok", "DIFFERS", "not checked"
# So many places are named.
SHOWN = 8


@dataclass(frozen=True)
class Check:
    """One line: its name, what was looked at, ok, DIFFERS or not checked, and where or why."""

    name: str
    looked_at: str
    result: str
    where: str = ""


def checked(name: str, looked_at: str, faults: Sequence[str]) -> Check:
    """A check that found these faults, or none."""
    return Check(name, looked_at, DIFFERS if faults else OK, some(faults, "; "))


def some(said: Iterable[object], between: str = ", ") -> str:
    """The first few of many, and how many more there are."""
    words = [str(word) for word in said]
    return between.join(words[:SHOWN]) + (f" and {len(words) - SHOWN:,} more" if len(words) > SHOWN else "")


def counted(number: int, what: str) -> str:
    """A number with its noun: 1 file, 2 files."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what.removesuffix('y') + 'ies' if what.endswith('y') else what + 's'}"  # fmt: skip
