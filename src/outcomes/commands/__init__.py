"""The commands of the command line, a module a theme: each adds its verbs, and imports what a verb needs when it runs."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

FORMATS = ("table", "csv", "json")
# Exit code where something is not as it was stored, locked or received.
DIFFERENCE = 3
Arguments = argparse.Namespace


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line and exit with 64, and which takes an option by its whole name only."""

    def __init__(self, **given: Any) -> None:
        # A schedule that says --form would break the day a command learns --former.
        super().__init__(allow_abbrev=False, **given)

    def error(self, message: str) -> Any:
        self.exit(64, f"outcomes: {message}. See: {self.prog} --help\n")


class Verbs:
    """The verbs of a command line, each with an example in its help."""

    def __init__(self, parser: Parser) -> None:
        self._verbs = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(
        self,
        name: str,
        run: Callable[[Arguments], int | None],
        words: str,
        example: str,
        *,
        home: bool = True,
        data: bool = False,
    ) -> Parser:
        """A new verb. `home` gives it --home, `data` gives it --format."""  # fmt: skip
        made: Parser = self._verbs.add_parser(
            name,
            help=words,
            description=words,
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        made.set_defaults(run=run)
        if home:
            made.add_argument(
                "--home",
                type=Path,
                default=os.environ.get("OUTCOMES_HOME"),
                help="the run's folder (or OUTCOMES_HOME)",
            )
        if data:
            made.add_argument("--format", choices=FORMATS, default="table", help="table (default), csv or json")
        return made


def given_of(arguments: Arguments, names: Sequence[str]) -> list[str]:
    """Those of the options that were given, as a person writes them: --day-offset for day_offset."""
    return [f"--{name.replace('_', '-')}" for name in names if getattr(arguments, name) is not None]


def date(text: str) -> dt.date:
    """An argument's ISO date. Raises ArgumentTypeError."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("not a date like 2026-01-31") from None


def clock_time(text: str) -> str:
    """An argument's time of day, 02:30. Raises ArgumentTypeError."""
    if not re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise argparse.ArgumentTypeError("not a time of day like 02:30")
    return text


def count(text: str) -> int:
    """An argument's whole number from 1. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("not a whole number from 1")
    return int(text)
