"""The settings of a home: options of the command beat the environment, which beats outcomes.toml in the home."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from outcomes.errors import OutcomesError
from outcomes.paths import Home
from schemas.errors import DataFileError
from schemas.settings import FILE, KNOWN, NO_SETTINGS, Known, Settings, read_settings, settings_from

DEFAULT = "default"
# What the command line was told, for as long as its command runs: setting by name.
_OPTIONS: ContextVar[Mapping[str, Any]] = ContextVar("options", default=MappingProxyType({}))


@dataclass(frozen=True)
class InForce:
    """A setting, its value, and who said so."""

    known: Known
    value: Any
    source: str


@contextmanager
def options(said: Mapping[str, Any]) -> Iterator[None]:
    """Settings that options of a command give, by name, for as long as the block lasts."""
    token = _OPTIONS.set(dict(said))
    try:
        yield
    finally:
        _OPTIONS.reset(token)


def told(home: Home) -> list[InForce]:
    """Every setting of a home, in the order of the contract. Raises OutcomesError naming what is wrong, and where."""
    try:
        of_file = read_settings(home.settings.read_bytes()) if home.settings.exists() else {}
    except DataFileError as error:
        raise OutcomesError("; ".join(error.faults)) from None
    except OSError:
        raise OutcomesError(f"{FILE} in the home cannot be read. Check its permissions.") from None
    return [_told(known, of_file) for known in KNOWN.values()]


def settings_of(home: Home) -> Settings:
    """The settings of a home. Raises OutcomesError naming what is wrong, and where."""
    return settings_from({each.known.name: each.value for each in told(home)})


def unknown_variables() -> list[str]:
    """Variables of the environment that look like settings of this program and are none."""
    known = {known.variable for known in KNOWN.values()} | set(NO_SETTINGS)
    return sorted(name for name in os.environ if name.startswith("OUTCOMES_") and name not in known)


def _told(known: Known, of_file: Mapping[str, Any]) -> InForce:
    given = _OPTIONS.get()
    if known.name in given:
        return _checked(InForce(known, given[known.name], "the command line"))
    if said := os.environ.get(known.variable):
        return _checked(InForce(known, known.read(said), f"the environment, {known.variable}"))
    if known.name in of_file:
        return InForce(known, of_file[known.name], FILE)
    return InForce(known, known.default, DEFAULT)


def _checked(told: InForce) -> InForce:
    fault = told.known.fault(told.value)
    if fault:
        raise OutcomesError(f"{told.source}: {told.known.name}: {fault}.")
    return told
