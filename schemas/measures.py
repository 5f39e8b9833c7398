"""Contract of data/measures.toml: what a measure says, and the parameters of the rules.

An unknown key is an error: in a folder of 74 unchecked definitions one had `y-label` for `y_label`, and nobody knew.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from schemas.errors import DataFileError

Row = dict[str, Any]

OUTCOMES = (
    "is_response", "is_response_strict", "is_remission", "is_at_most_5", "is_worsened", "is_item_9_lower",
    "is_item_9_higher", "is_reliable_improvement", "is_reliable_deterioration", "is_below_case", "has_score",
)  # fmt: skip
# What ends the wait of a survival measure.
EVENTS = ("is_response", "is_remission", "is_response_lost")
ANCHORS = ("first_infusion", "last_induction_infusion", "infusion_k", "baseline_score", "response")
KINDS = ("proportion", "survival", "mean_change")


def _words(value: Any) -> bool:
    return isinstance(value, str) and value.strip() == value != ""


def _whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _one_of(*words: str) -> Callable[[Any], bool]:
    return lambda value: value in words


def _number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: type(value) in (int, float) and low <= value <= high


# key: (test, the sentence a curator reads). Optional keys are named in _OPTIONAL.
KEYS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "version": (_whole(1, 10_000), "a whole number from 1: raise it with every change of the definition"),
    "title": (_words, "a short title"),
    "question": (_words, "the question in plain words"),
    "numerator": (_words, "who is counted, in words"),
    "denominator": (_words, "out of whom, in words"),
    "why_it_matters": (_words, "one sentence"),
    "source": (_words, "a citation: a measure without a source is nobody's"),
    "authored_by": (_words, "who wrote it"),
    "checked_by": (_words, "who checked it, or unchecked"),
    "review_by": (lambda value: type(value) is dt.date, "a date, 2027-11-01"),
    "kind": (_one_of(*KINDS), f"one of {', '.join(KINDS)}; proportion where it is left out"),
    "drug": (_one_of("ketamine_iv", "ketamine_im", "esketamine_nasal", "ketamine_oral", "other", "any"), "a drug of the contract, or any"),
    "course": (_one_of("first", "any"), "first or any"),
    "induction": (_one_of("complete", "complete_or_extended", "not_required"), "complete, complete_or_extended or not_required"),
    "anchor": (_one_of(*ANCHORS), f"one of {', '.join(ANCHORS)}"),
    "infusion_k": (_whole(1, 100), "k, from 1 to 100, for the anchor infusion_k and no other"),
    "window_low": (_whole(0, 3650), "whole days from the anchor, 0 to 3650"),
    "window_high": (_whole(0, 3650), "whole days from the anchor, not before window_low"),
    "baseline_look_back_days": (_whole(0, 400), "whole days, 0 to 400"),
    "baseline_minimum": (_whole(0, 27), "a PHQ-9 total, 0 to 27"),
    "item_9": (_one_of("not_needed", "known", "present"), "not_needed, known or present"),
    "missing_items": (_one_of("complete_only", "prorated"), "complete_only or prorated"),
    "outcome": (_one_of(*OUTCOMES, *EVENTS), f"the name of an outcome macro: {', '.join(OUTCOMES)}; of a survival measure: {', '.join(EVENTS)}"),
    "starts_from": (_words, "the measure whose responders start the clock, for the anchor response and no other"),
    "reports": (_one_of("event_share", "event_free_share"), "event_share (1 - S) or event_free_share (S), for survival measures and no other"),
    "main_denominator": (_one_of("observed", "everyone_due"), "observed or everyone_due"),
    "higher_is_better": (lambda value: type(value) is bool, "true or false"),
    "delta_points": (_number(0.1, 50), "points of percent, over 0 to 50; leave it out where nothing is consistent with"),
}  # fmt: skip
_OPTIONAL = {"infusion_k", "delta_points", "kind", "starts_from", "reports"}

RULES: dict[str, Callable[[Any], bool]] = {
    "version": _whole(1, 10_000),
    "course_gap_days": _whole(1, 3650),
    "reinduction_gap_days": _whole(1, 3650),
    "reinduction_infusions": _whole(1, 100),
    "reinduction_days": _whole(0, 3650),
    "induction_days": _whole(1, 365),
    "induction_gap_days": _whole(1, 365),
    "induction_minimum_infusions": _whole(1, 100),
    "induction_minimum_span_days": _whole(0, 365),
    "induction_maximum_infusions": _whole(1, 100),
    "extension_days": _whole(0, 365),
    "entry_lag_days": _whole(0, 365),
    "reliable_change_points": _whole(1, 27),
    "minimum_n": _whole(1, 10_000),
    "coverage_minimum": _number(0, 1),
    "extended_share_maximum": _number(0, 1),
    "confidence_z": _number(0, 10),
    "equivalence_z": _number(0, 10),
    "survival_minimum_at_risk": _whole(1, 1000),
    "fixed_cohort_infusions": _whole(1, 100),
    "remission_odds_ratio": _number(0.01, 1),
    "retest_correlation": _number(0, 1),
    "regression_cut": _whole(0, 27),
    "overdispersion_minimum_clinics": _whole(2, 1000),
    "alert_tail": _number(0, 0.5),
    "alarm_tail": _number(0, 0.5),
}


def read_measures(path: Path) -> tuple[Row, list[Row]]:
    """The `[rules]` of measures.toml, and one row per measure in the order of the file.

    Raises DataFileError with every fault; each names file, measure and key.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataFileError([f"{path.name}: not readable as TOML: {error}"]) from None
    rules = content.pop("rules", {})
    faults = [f"{path.name}: rules: {fault}" for fault in _rule_faults(rules)]
    rows = []
    for position, (measure_id, entry) in enumerate(content.items(), start=1):
        faults += [f"{path.name}: {measure_id}: {fault}" for fault in _measure_faults(entry)]
        if isinstance(entry, dict):
            row = {"measure_id": measure_id, "position": position} | {key: entry.get(key) for key in KEYS}
            rows.append(row | {"kind": entry.get("kind", "proportion")})
    names = {row["measure_id"] for row in rows}
    faults += [
        f"{path.name}: {row['measure_id']}: starts_from: not a measure of this file"
        for row in rows
        if row["starts_from"] not in {None, *names}
    ]
    if faults:
        raise DataFileError(faults)
    return rules, rows


def _rule_faults(rules: Row) -> list[str]:
    faults = [f"{key}: unknown key" for key in rules if key not in RULES]
    faults += [f"{key}: missing" for key in RULES if key not in rules]
    return faults + [f"{key}: out of its range" for key, fits in RULES.items() if key in rules and not fits(rules[key])]


def _measure_faults(entry: Any) -> list[str]:
    if not isinstance(entry, dict):
        return ["not a table of keys"]
    faults = [f"{key}: unknown key; known are {', '.join(KEYS)}" for key in entry if key not in KEYS]
    faults += [
        f"{key}: missing; expected {words}"
        for key, (_, words) in KEYS.items()
        if key not in entry and key not in _OPTIONAL
    ]
    faults += [
        f"{key}: expected {words}" for key, (fits, words) in KEYS.items() if key in entry and not fits(entry[key])
    ]
    if faults:
        return faults
    kind = entry.get("kind", "proportion")
    if (kind == "survival") != ("reports" in entry):
        faults.append("reports: given for survival measures and for no other")
    if (entry["anchor"] == "response") != ("starts_from" in entry):
        faults.append("starts_from: given with the anchor response and with no other")
    if kind == "survival" and (entry["anchor"] not in ("first_infusion", "response") or entry["window_low"] != 0):
        faults.append("anchor: a survival measure counts from day 0 after first_infusion or response to window_high")
    if kind == "survival" and entry["outcome"] not in EVENTS:
        faults.append(f"outcome: a survival measure waits for one of {', '.join(EVENTS)}")
    if kind != "survival" and (entry["anchor"] == "response" or entry["outcome"] not in OUTCOMES):
        faults.append("kind: the anchor response and the outcome is_response_lost are for survival measures")
    if kind == "mean_change" and entry["outcome"] != "has_score":
        faults.append("outcome: a mean_change measure counts whoever has a score: has_score")
    if (entry["anchor"] == "infusion_k") != ("infusion_k" in entry):
        faults.append("infusion_k: given with the anchor infusion_k and with no other")
    if entry["window_high"] < entry["window_low"]:
        faults.append("window_high: before window_low")
    if entry["anchor"] == "baseline_score" and entry["baseline_minimum"] < 10:
        faults.append("baseline_minimum: 10 or more where the baseline score is the index")
    if entry["induction"] != "not_required" and entry["anchor"] != "last_induction_infusion":
        faults.append("induction: only measures anchored at the last induction infusion need one")
    if "is_item_9" in entry["outcome"] and entry["item_9"] == "not_needed":
        faults.append("item_9: known or present for an item-9 outcome")
    if not entry["higher_is_better"] and "delta_points" in entry:
        faults.append("delta_points: a harm has none: it is never consistent with a published rate")
    return faults
