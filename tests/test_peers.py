"""What `make bench-peers` holds beside ours has our numbers, and its comparison can fail. The peers themselves run there."""

from __future__ import annotations

import csv
import json
import re
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from tests.conftest import FIRST, stored

ROOT = Path(__file__).parents[1]
PEERS = ROOT / "bench" / "peers"
MEASURES = tomllib.loads((ROOT / "data" / "measures.toml").read_text("utf-8"))


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules of the bench are found by their bare names, as where its script runs."""
    monkeypatch.syspath_prepend(str(PEERS))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


@pytest.fixture
def answers(beside: None) -> ModuleType:
    import answers

    return answers


def test_the_dbt_project_has_the_numbers_of_the_measures():
    given = yaml.safe_load((PEERS / "dbt_duckdb" / "dbt_project.yml").read_text("utf-8"))["vars"]
    numbers = {name: value for name, value in given.items() if name not in ("inbox", "clinics")}
    look_back = numbers.pop("baseline_look_back_days")
    assert numbers == {name: MEASURES["rules"][name] for name in numbers}
    with (PEERS / "dbt_duckdb" / "seeds" / "measures.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 3
    for row in rows:
        entry = MEASURES[row.pop("measure_id")]
        assert row == {name: str(entry[name]) for name in row}
        assert look_back == entry["baseline_look_back_days"]
        assert (entry["item_9"], entry["missing_items"], entry["course"]) == ("not_needed", "complete_only", "first")


@pytest.mark.parametrize("peer", ["pandas_sqlite", "dbt_duckdb", "ccbhc"])
def test_a_peer_is_pinned_with_hashes_and_names_no_index(peer):
    text = (PEERS / peer / "requirements.txt").read_text("utf-8")
    packages = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
    assert len(packages) > 3
    assert [package for package in packages if "--hash=sha256:" not in package] == []
    assert "://" not in text
    assert "index" not in text


def test_no_peer_is_installed_with_the_product():
    names = {line.partition("==")[0] for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines()}
    assert "polars" in names
    assert names.isdisjoint({"pandas", "pyarrow", "dbt-core", "ccbhc-measurements"})


def test_the_page_shows_the_last_run(beside):
    import shown

    line = json.loads((PEERS / "results.jsonl").read_text("utf-8").splitlines()[-1])
    page = shown.PAGE.read_text("utf-8")
    assert shown.in_page(page, line) == page
    line["tables"]["one clinic"]["median"]["outcomes"][0] *= 2
    assert shown.in_page(page, line) != page


def test_answers_of_a_home_are_what_it_stores_and_one_that_differs_is_told(answers, sample, after_first):
    ours = answers.of_ours(after_first.published_copy, sample.folder(FIRST))
    store = after_first.published_copy
    feed = "WHERE arrival_no IN (SELECT arrival_no FROM arrival WHERE feed = 'scores')"
    assert sum(rows for rows, _ in ours.accepted.values()) == stored(store, "SELECT count(*) FROM score")[0][0] > 0
    assert len(ours.quarantined) >= stored(store, f"SELECT count(*) FROM quarantine {feed}")[0][0] > 0
    assert set(ours.rates) == {
        (measure, clinic) for measure in answers.MEASURES for clinic in ("*", "C01", "C02", "C03")
    }
    assert ours.differences(ours) == []

    one = min(ours.quarantined, key=str)
    file, (rows, digest) = min(ours.accepted.items())
    key, counts = min(ours.rates.items())
    for other in (
        replace(ours, quarantined=ours.quarantined - {one}),
        replace(ours, accepted=ours.accepted | {file: (rows, digest[::-1])}),
        replace(ours, rates=ours.rates | {key: (counts[0] + 1, *counts[1:])}),
        replace(ours, statuses=(ours.statuses[0], "")),
        replace(ours, duplicates={}) if ours.duplicates else replace(ours, duplicates={file: 1}),
    ):
        assert len(ours.differences(other)) == len(other.differences(ours)) == 1


def test_what_no_definition_explains_stops_the_comparison_with_ccbhc(answers, after_first, tmp_path):
    given = tmp_path / "given.csv"
    assert answers.give_ccbhc(after_first.published_copy, given) > 0
    course = "clinic_id || '/' || patient_id, status::VARCHAR"
    ours = stored(after_first.published_copy, f"SELECT {course} FROM endpoint WHERE measure_id = 'remission_6_months' AND course = 1 AND class <> 'not eligible'")  # fmt: skip
    said = {"met": "Has Remission", "not_met": "No Remission"}
    reasons = {patient: said.get(status, "No PHQ-9 Follow Up") for patient, status in ours}
    found = answers.beside_ccbhc(after_first.published_copy, given, reasons)
    assert found["their_denominator"] == len(ours)
    assert found["same"] == found["due"] > 0
    someone = next(patient for patient, status in ours if status == "not_met")
    with pytest.raises(SystemExit, match="no difference of definition explains it"):
        answers.beside_ccbhc(after_first.published_copy, given, reasons | {someone: "No PHQ-9 Follow Up"})
