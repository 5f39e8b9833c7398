"""The contract of data/measures.toml: a fault names file, measure and key, and no default hides one."""

from __future__ import annotations

from pathlib import Path

import pytest

from outcomes.paths import data_folder
from schemas.errors import DataFileError
from schemas.measures import KEYS, RULES, read_measures

SHIPPED = (data_folder() / "measures.toml").read_text("utf-8")
RESPONSE, SUSTAINED, CHANGE = "response_post_induction", "sustained_response_4_weeks", "mean_change_post_induction"


def faults(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "measures.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(DataFileError) as error:
        read_measures(path)
    return error.value.faults


def with_line(measure: str, old: str, new: str) -> str:
    """The shipped file with one line of one measure changed."""
    head, start, rest = SHIPPED.partition(f"[{measure}]\n")
    part, end, tail = rest.partition("\n[") if "\n[" in rest else (rest, "", "")
    assert part.count(f"\n{old}\n") == 1
    return head + start + part.replace(f"\n{old}\n", f"\n{new}\n") + end + tail


def test_what_ships_is_read_whole():
    rules, measures = read_measures(data_folder() / "measures.toml")
    assert set(rules) == set(RULES)
    assert [(m["position"], set(m) - {"measure_id", "position"}) for m in measures] == [
        (place, set(KEYS)) for place in range(1, len(measures) + 1)
    ]
    assert {m["kind"] for m in measures} == {"proportion", "survival", "mean_change"}


@pytest.mark.parametrize(
    ("measure", "old", "new", "fault"),
    [
        (RESPONSE, 'drug = "ketamine_iv"', 'drug = "ketamine_iv"\ny-label = 1', "y-label: unknown key; known are "),
        (RESPONSE, 'drug = "ketamine_iv"', "", "drug: missing; expected a drug of the contract, or any"),
        (RESPONSE, 'drug = "ketamine_iv"', 'drug = "ketamine"', "drug: expected a drug of the contract, or any"),
        (RESPONSE, "window_low = 14", "window_low = 14.0", "window_low: expected whole days"),
        (RESPONSE, "window_low = 14", "window_low = true", "window_low: expected whole days"),
        (RESPONSE, "window_low = 14", "window_low = 32", "window_high: before window_low"),
        (RESPONSE, "review_by = 2027-11-01", 'review_by = "2027-11-01"', "review_by: expected a date"),
        (RESPONSE, 'outcome = "is_response"', 'outcome = "is_respons"', "outcome: expected the name of an outcome macro"),
        (RESPONSE, 'outcome = "is_response"', 'outcome = "is_item_9_lower"', "item_9: known or present for an item-9 outcome"),
        (RESPONSE, "higher_is_better = true", "higher_is_better = false", "delta_points: a harm has none"),
        (RESPONSE, 'anchor = "last_induction_infusion"', 'anchor = "infusion_k"', "infusion_k: given with the anchor infusion_k"),
        (RESPONSE, 'anchor = "last_induction_infusion"', 'anchor = "baseline_score"', "baseline_minimum: 10 or more"),
        (RESPONSE, 'anchor = "last_induction_infusion"', 'anchor = "first_infusion"', "induction: only measures anchored at"),
        (RESPONSE, 'anchor = "last_induction_infusion"', 'anchor = "response"', "starts_from: given with the anchor response"),
        (RESPONSE, 'outcome = "is_response"', 'outcome = "is_response_lost"', "kind: the anchor response and the outcome"),
        (RESPONSE, 'outcome = "is_response"', 'outcome = "is_response"\nreports = "event_share"', "reports: given for survival"),
        (SUSTAINED, 'reports = "event_free_share"', "", "reports: given for survival measures"),
        (SUSTAINED, 'reports = "event_free_share"', 'reports = "both"', "reports: expected event_share"),
        (SUSTAINED, "window_low = 0", "window_low = 1", "anchor: a survival measure counts from day 0"),
        (SUSTAINED, 'outcome = "is_response_lost"', 'outcome = "is_worsened"', "outcome: a survival measure waits for"),
        (SUSTAINED, 'starts_from = "response_post_induction"', 'starts_from = "responders"', "starts_from: not a measure of this file"),
        (CHANGE, 'outcome = "has_score"', 'outcome = "is_response"', "outcome: a mean_change measure counts whoever has a score"),
    ],
)  # fmt: skip
def test_a_fault_names_the_measure_and_the_key(tmp_path, measure, old, new, fault):
    found = faults(tmp_path, with_line(measure, old, new))
    assert [line for line in found if line.startswith(f"measures.toml: {measure}: {fault}")] != []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("alert_tail = 0.025", "alert_tail = 0.6", "rules: alert_tail: out of its range"),
        ("minimum_n = 30", "", "rules: minimum_n: missing"),
        ("minimum_n = 30", "minimum_n = 30\nminimum = 1", "rules: minimum: unknown key"),
    ],
)
def test_a_fault_of_the_rules_names_the_key(tmp_path, old, new, fault):
    assert f"measures.toml: {fault}" in faults(tmp_path, SHIPPED.replace(old, new, 1))


def test_a_file_that_is_no_toml_says_where(tmp_path):
    (said,) = faults(tmp_path, SHIPPED + "\n[x\n")
    assert said.startswith("measures.toml: not readable as TOML: ")


def test_two_faults_are_both_named(tmp_path):
    text = with_line(RESPONSE, "window_low = 14", "window_low = -1").replace("minimum_n = 30", "minimum_n = 0", 1)
    assert len(faults(tmp_path, text)) == 2
