"""Contract of data/cusum.toml: what the early warning between releases watches."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from schemas.errors import DataFileError

Row = dict[str, Any]


def _whole(value: Any) -> bool:
    return type(value) is int and 1 <= value <= 1_000_000


def _over(low: float) -> Callable[[Any], bool]:
    return lambda value: type(value) in (int, float) and low < value <= 100


# key: (test, the sentence a curator reads).
KEYS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "version": (_whole, "a whole number from 1: raise it with every change"),
    "measure_id": (lambda value: isinstance(value, str), "a measure of measures.toml whose outcome is good"),
    "reference_events": (_whole, "a whole number from 1: how many had the outcome"),
    "reference_n": (_whole, "a whole number over reference_events: of how many"),
    "odds_ratio": (_over(1), "a number over 1: the rise of the odds of non-response that is looked for"),
    "horizon": (_whole, "a whole number of patients"),
    "signal_limit": (_over(0), "a number over 0"),
}


def read_cusum(path: Path, measures: Collection[str]) -> Row:
    """The rule. Raises DataFileError naming every key at fault."""
    try:
        rule = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataFileError([f"{path.name}: not readable as TOML: {error}"]) from None
    faults = [f"{key}: unknown key; known are {', '.join(KEYS)}" for key in rule if key not in KEYS]
    faults += [f"{key}: expected {words}" for key, (fits, words) in KEYS.items() if not fits(rule.get(key))]
    if not faults and rule["measure_id"] not in measures:
        faults.append("measure_id: expected a measure of measures.toml whose outcome is good")
    if not faults and rule["reference_events"] >= rule["reference_n"]:
        faults.append("reference_n: expected a whole number over reference_events")
    if faults:
        raise DataFileError([f"{path.name}: {fault}" for fault in faults])
    return rule
