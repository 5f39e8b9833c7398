"""The published rates and the claims: what ships is whole, every fault is named, and RULES R12 sorts the rows."""

import csv
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from pandera.config import CONFIG

from schemas.benchmarks import Benchmarks, Claims, read_benchmarks, read_claims
from schemas.errors import DataFileError

DATA = Path(__file__).parent.parent / "data"
MEASURES = {key: table for key, table in tomllib.loads((DATA / "measures.toml").read_text()).items() if key != "rules"}
MEASURE_IDS = set(MEASURES)
RESPONSE = "mcinnes2022_response_d14_31"
REMISSION = "mcinnes2022_remission_d14_31"
POOLED = "alnefeesi2022_response"

Row = dict[str, str]


def shipped(name: str = "benchmarks.csv") -> list[Row]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def by_id() -> dict[str, Row]:
    return {row["benchmark_id"]: row for row in shipped()}


def edited(tmp_path: Path, row_id: str, name: str = "benchmarks.csv", **cells: str) -> Path:
    """A copy of a shipped file in which one row says something else."""
    rows = shipped(name)
    key = next(iter(rows[0]))
    (row,) = [row for row in rows if row[key] == row_id]
    assert cells.keys() <= row.keys()
    row.update(cells)
    return written(tmp_path / name, rows)


def written(path: Path, rows: list[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def faults(path: Path, measure_ids: set[str] = MEASURE_IDS) -> list[str]:
    with pytest.raises(DataFileError) as raised:
        read_benchmarks(path, measure_ids)
    assert str(raised.value) == "\n".join(raised.value.faults)
    return raised.value.faults


def claim_faults(path: Path) -> list[str]:
    with pytest.raises(DataFileError) as raised:
        read_claims(path)
    return raised.value.faults


# What ships


def test_the_shipped_benchmarks_keep_their_contract():
    read = read_benchmarks(DATA / "benchmarks.csv", MEASURE_IDS)
    assert read.columns == list(Benchmarks.to_schema().columns)
    assert read["benchmark_id"].to_list() == [row["benchmark_id"] for row in shipped()]


def test_the_shipped_claims_keep_their_contract():
    read = read_claims(DATA / "claims.csv")
    assert read.columns == list(Claims.to_schema().columns)
    assert read["claim_id"].to_list() == [row["claim_id"] for row in shipped("claims.csv")]


def test_the_one_primary_row_is_mcinnes_response():
    (row,) = [row for row in shipped() if row["primary"] == "yes"]
    assert (row["benchmark_id"], row["events"], row["n"], row["rate"]) == (RESPONSE, "288", "537", "0.536")


def test_rows_come_in_the_order_of_the_page():
    """McInnes first, then IV ketamine, other treatments and usual care by PHQ-9, then other instruments."""

    def group(row: Row) -> int:
        if row["benchmark_id"].startswith("mcinnes2022_"):
            return 0
        if row["instrument"] != "PHQ-9":
            return 4
        return {"ketamine_iv": 1, "usual_care": 3}.get(row["treatment_class"], 2)

    groups = [group(row) for row in shipped()]
    assert groups == sorted(groups)
    assert set(groups) == {0, 1, 2, 3, 4}


def test_a_row_without_a_mismatch_has_the_window_and_denominator_of_its_measure():
    checked = 0
    for row in shipped():
        if row["measure_id"] and not row["mismatch"]:
            measure = MEASURES[row["measure_id"]]
            ours = (measure["anchor"], measure["window_low"], measure["window_high"], measure["main_denominator"])
            denominator = {"observed": "observed", "everyone": "everyone_due"}[row["denominator_class"]]
            theirs = (row["window_anchor"], int(row["window_low"]), int(row["window_high"]), denominator)
            assert theirs == ours, row["benchmark_id"]
            checked += 1
    assert checked == 3  # response, remission and ideation reduced of McInnes


# RULES R12


def result(row: Row) -> str:
    """What R12 does with a benchmark row: its tests, in its order."""
    if row["instrument"] != "PHQ-9":
        return "refused"
    if row["treatment_class"] != "ketamine_iv":
        return "context"
    if row["mismatch"]:
        return "descriptive" if row["assumed"] else "refused"
    if row["kind"] in ("km_at_t", "rate_only"):
        return "descriptive"
    return "verdict" if row["primary"] == "yes" else "difference"


@pytest.mark.parametrize(
    ("benchmark_id", "measure_id", "expected"),
    [
        ("mcinnes2022_response_d14_31", "response_post_induction", "verdict"),
        ("mcinnes2022_remission_d14_31", "remission_post_induction", "difference"),
        ("mcinnes2022_deterioration_d14_31", "worsened_post_induction", "descriptive"),
        ("mcinnes2022_si_reduction_d14_31", "suicidal_ideation_reduced_post_induction", "descriptive"),
        ("mcinnes2022_si_worsening_d14_31", "suicidal_ideation_increased_post_induction", "descriptive"),
        ("pfeiffer2024_response_w6", "response_week_6", "descriptive"),
        ("pfeiffer2024_remission_w6", "remission_week_6_at_most_5", "descriptive"),
        ("juby2024_response_inf6", "response_after_six_strict", "descriptive"),
        ("juby2024_remission_inf6", "", "refused"),
        ("oliver2022_response_inf10", "", "refused"),
        ("oliver2022_remission_inf10", "", "refused"),
        ("zheng2019_response_inf6", "", "refused"),
        ("zheng2019_remission_inf6", "", "refused"),
        ("biok2023_response_inf3", "", "refused"),
        ("biok2023_remission_inf3", "", "refused"),
        ("hietamies2023_response_inf6", "", "refused"),
        ("hietamies2023_remission_inf6", "", "refused"),
        ("alnefeesi2022_response", "", "refused"),
        ("cms159_by2021_remission_mean", "remission_12_months", "context"),
        ("cms159_by2022_remission_mean", "remission_12_months", "context"),
        ("cms159_by2023_remission_mean", "remission_12_months", "context"),
        ("cms159_by2024_remission_mean", "remission_12_months", "context"),
        ("mncm_followup_m6", "follow_up_6_months", "context"),
        ("sliwa2024_esk_change6_d28", "drop_of_6_by_day_28", "context"),
        ("hull2022_response_w4", "", "context"),
        ("berger2024_ect_response", "", "context"),
    ],
)
def test_r12_sorts(benchmark_id: str, measure_id: str, expected: str):
    row = by_id()[benchmark_id]
    assert (row["measure_id"], result(row)) == (measure_id, expected)


@pytest.mark.parametrize(
    ("benchmark_id", "measure_id"),
    [
        ("mcinnes2022_sustained_response_w4", "sustained_response_4_weeks"),
        ("mcinnes2022_sustained_response_w8", "sustained_response_8_weeks"),
        ("oliver2022_response_w6", "first_response_by_6_weeks"),
        ("oliver2022_remission_w6", "first_remission_by_6_weeks"),
    ],
)
def test_a_kaplan_meier_row_is_beside_a_survival_measure_and_says_what_is_assumed(benchmark_id: str, measure_id: str):
    row = by_id()[benchmark_id]
    assert (row["kind"], row["measure_id"], result(row)) == ("km_at_t", measure_id, "descriptive")
    assert MEASURES[measure_id]["kind"] == "survival"
    assert "is assumed" in row["assumed"]


def test_ever_without_ideation_is_beside_no_measure():
    row = by_id()["oliver2022_si_remission_inf6"]
    assert (row["kind"], row["measure_id"], row["assumed"], result(row)) == ("km_at_t", "", "", "refused")


def test_a_d_without_its_standardiser_is_beside_the_mean_change():
    row = by_id()["mcinnes2022_effect_size_d14_31"]
    assert (row["kind"], row["effect_size"], row["rate"]) == ("effect_size", "1.5", "")
    assert (row["measure_id"], result(row)) == ("mean_change_post_induction", "descriptive")


@pytest.mark.parametrize("benchmark_id", ["mncm2014_remission_m6", "mncm2013_remission_m12", "mncm2017_response_m12"])
def test_minnesota_is_beside_no_measure_until_its_window_is_known(benchmark_id: str):
    """By its class it is context, and context is shown only beside the rate of its measure: it names none."""
    row = by_id()[benchmark_id]
    assert (row["treatment_class"], row["measure_id"], result(row)) == ("usual_care", "", "context")
    assert row["mismatch"].startswith("Not set beside ")


def test_how_many_rows_each_result_has():
    assert Counter(result(row) for row in shipped()) == {
        "verdict": 1,
        "difference": 1,
        "descriptive": 11,
        "refused": 59,
        "context": 35,
    }


# Faults: each names file, line, row and key


@pytest.mark.parametrize(
    ("row_id", "cells", "expected"),
    [
        (RESPONSE, {"citation": ""}, "citation: empty"),
        (RESPONSE, {"rate": ""}, "rate: empty, and only an effect_size has none"),
        (RESPONSE, {"effect_size": "1.5"}, "effect_size: given for the kind effect_size and for no other"),
        (RESPONSE, {"version": "0"}, "version: not 1 or more: 0"),
        (RESPONSE, {"version": "1.0"}, "version: not a whole number: 1.0"),
        (RESPONSE, {"year": "22"}, "year: not from 1950 to 2100: 22"),
        (RESPONSE, {"year": "\uff12022"}, "year: not a whole number: \uff12022"),
        (RESPONSE, {"doi": "doi:10.1016/x"}, "doi: not a DOI (10.1234/...): doi:10.1016/x"),
        (RESPONSE, {"pmid": "PMC1"}, "pmid: not 1 to 8 digits: PMC1"),
        (RESPONSE, {"rate": "53.6%"}, "rate: not a plain decimal number: 53.6%"),
        (RESPONSE, {"rate": "5e-1"}, "rate: not a plain decimal number: 5e-1"),
        (RESPONSE, {"rate": "nan"}, "rate: not a plain decimal number: nan"),
        (RESPONSE, {"rate": "0.537"}, "rate: 0.537 is not 288/537 to the digits printed"),
        (RESPONSE, {"rate": "0.5360"}, "rate: 0.5360 is not 288/537 to the digits printed"),
        (RESPONSE, {"events": ""}, "events: a count needs events and n"),
        (RESPONSE, {"n": ""}, "events: a count needs events and n"),
        (RESPONSE, {"kind": "rate_and_n"}, "events: given, so the kind must be count"),
        (RESPONSE, {"treatment_class": "ketamine"}, "treatment_class: not one of ketamine_iv, "),
        (RESPONSE, {"outcome": "remitted"}, "outcome: not one of response, "),
        (RESPONSE, {"window_anchor": "infusion"}, "window_anchor: not one of last_induction_infusion, "),
        (RESPONSE, {"denominator_class": "itt"}, "denominator_class: not one of observed, "),
        (RESPONSE, {"kind": "counts"}, "kind: not one of count, "),
        (RESPONSE, {"read": "blog"}, "read: not one of abstract, "),
        (RESPONSE, {"primary": "true"}, "primary: not one of yes, no: true"),
        (RESPONSE, {"window_high": ""}, "window_low: one end of the window without the other"),
        (RESPONSE, {"window_low": "40"}, "window_low: after window_high"),
        (RESPONSE, {"mean_baseline": "28"}, "mean_baseline: over 27, the top of the PHQ-9"),
        (RESPONSE, {"measure_id": "response"}, "measure_id: response is not a measure of measures.toml"),
        (RESPONSE, {"measure_id": ""}, "primary: a primary row needs a measure_id"),
        (RESPONSE, {"mismatch": "Another window"}, "primary: a primary row has no mismatch"),
        (RESPONSE, {"benchmark_id": "McInnes"}, "benchmark_id: not lower-case letters, digits and _: McInnes"),
        (RESPONSE, {"caveat": "two\nlines"}, "caveat: a blank at an end, a line break or an unprintable sign"),
        (RESPONSE, {"caveat": "blank "}, "caveat: a blank at an end, a line break or an unprintable sign"),
        (REMISSION, {"measure_id": ""}, "mismatch: empty, and no measure copies this row; say why none does"),
        (REMISSION, {"assumed": "The same"}, "assumed: only where a mismatch and a measure_id are given"),
        (REMISSION, {"ci_low": "0.2"}, "ci_low: one limit without the other"),
        (REMISSION, {"prediction_high": "0.9"}, "prediction_low: one limit without the other"),
        ("pfeiffer2024_response_w6", {"n": ""}, "n: rate_and_n needs n"),
        ("pfeiffer2024_response_w6", {"kind": "rate_only"}, "n: given, so the kind cannot be rate_only"),
        (POOLED, {"rate": "0.56"}, "rate: outside its own limits ci_low and ci_high"),
        (POOLED, {"rate": "0.34"}, "rate: outside its own limits ci_low and ci_high"),
        (POOLED, {"rate": "1.45", "ci_high": "1"}, "rate: not from 0 to 1: 1.45"),
        (POOLED, {"rate": "-0.45", "ci_low": "0"}, "rate: not from 0 to 1: -0.45"),
        (POOLED, {"ci_high": "1.55"}, "ci_high: not from 0 to 1: 1.55"),
        (POOLED, {"ci_low": "0.6"}, "ci_low: over ci_high"),
        (POOLED, {"ci_low": "", "ci_high": ""}, "ci_low: published_ci and pooled need both limits"),
        (
            POOLED,
            {"prediction_low": "0.5", "prediction_high": "0.6"},
            "rate: outside its own limits prediction_low and prediction_high",
        ),
        (POOLED, {"measure_id": "response_week_6"}, "measure_id: every measure is a PHQ-9 measure"),
    ],
)
def test_a_fault_names_file_line_row_and_key(tmp_path: Path, row_id: str, cells: Row, expected: str):
    line = 2 + [row["benchmark_id"] for row in shipped()].index(row_id)
    where = f"benchmarks.csv line {line} ({cells.get('benchmark_id', row_id)}) "
    said = faults(edited(tmp_path, row_id, **cells))
    assert [fault for fault in said if fault.startswith(where + expected)], said
    assert all(fault.startswith(where) for fault in said)


def test_events_over_n(tmp_path: Path):
    path = edited(tmp_path, REMISSION, events="538", rate="1")
    assert faults(path) == [f"benchmarks.csv line 3 ({REMISSION}) events: more than n"]


@pytest.mark.parametrize(("rate", "fits"), [("0.54", True), ("0.536", True), ("0.5363", True), ("0.53", False)])
def test_a_count_agrees_with_its_rate_to_the_digits_printed(tmp_path: Path, rate: str, fits: bool):
    """288/537 is 0.53631..."""
    path = edited(tmp_path, RESPONSE, rate=rate)
    if fits:
        read_benchmarks(path, MEASURE_IDS)
    else:
        assert faults(path) == [f"benchmarks.csv line 2 ({RESPONSE}) rate: {rate} is not 288/537 to the digits printed"]


def test_a_half_may_be_printed_either_way(tmp_path: Path):
    for rate in ("0.12", "0.13"):
        read_benchmarks(edited(tmp_path, REMISSION, events="1", n="8", rate=rate), MEASURE_IDS)


def test_two_primary_rows_for_one_outcome_are_both_named(tmp_path: Path):
    path = edited(tmp_path, REMISSION, outcome="response", primary="yes")
    assert faults(path) == [
        f"benchmarks.csv line 2 ({RESPONSE}) primary: yes more than once for this outcome",
        f"benchmarks.csv line 3 ({REMISSION}) primary: yes more than once for this outcome",
    ]


def test_one_primary_row_for_each_of_two_outcomes_is_allowed(tmp_path: Path):
    read_benchmarks(edited(tmp_path, REMISSION, primary="yes"), MEASURE_IDS)


def test_two_rows_with_one_id_are_both_named(tmp_path: Path):
    path = edited(tmp_path, REMISSION, benchmark_id=RESPONSE)
    assert faults(path) == [
        f"benchmarks.csv line 2 ({RESPONSE}) benchmark_id: not unique, another row has the same: {RESPONSE}",
        f"benchmarks.csv line 3 ({RESPONSE}) benchmark_id: not unique, another row has the same: {RESPONSE}",
    ]


def test_a_measure_that_measures_toml_no_longer_has_is_named(tmp_path: Path):
    assert faults(DATA / "benchmarks.csv", MEASURE_IDS - {"response_post_induction"}) == [
        f"benchmarks.csv line 2 ({RESPONSE}) measure_id: response_post_induction is not a measure of measures.toml"
    ]


def test_all_faults_are_told_at_once(tmp_path: Path):
    rows = shipped()
    rows[0]["citation"] = ""
    rows[1]["year"] = "soon"
    rows[2]["measure_id"] = "none"
    assert faults(written(tmp_path / "benchmarks.csv", rows)) == [
        f"benchmarks.csv line 3 ({REMISSION}) year: not a whole number: soon",
        f"benchmarks.csv line 2 ({RESPONSE}) citation: empty",
        "benchmarks.csv line 4 (mcinnes2022_deterioration_d14_31) measure_id: none is not a measure of measures.toml",
    ]


def test_the_line_is_the_one_an_editor_shows(tmp_path: Path):
    rows = shipped()
    rows[0]["caveat"] = "one\ntwo\nthree"
    rows[1]["citation"] = ""
    assert faults(written(tmp_path / "benchmarks.csv", rows))[1:] == [
        f"benchmarks.csv line 5 ({REMISSION}) citation: empty"
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda text: text.replace(",doi,", ",", 1), "benchmarks.csv line 1 doi: missing column"),
        (lambda text: text.replace(",doi,", ",doi_number,", 1), "benchmarks.csv line 1 doi_number: unknown column"),
        (lambda text: text.replace(",doi,pmid,", ",pmid,doi,", 1), "benchmarks.csv line 1: the columns must be, "),
        (lambda text: text.replace(",doi,", ",doi,doi,", 1), "benchmarks.csv line 1: the columns must be, "),
        (lambda text: "", "benchmarks.csv line 1 benchmark_id: missing column"),
        (lambda text: text.partition("\n")[0], "benchmarks.csv: no rows"),
        (lambda text: text + "a,b\n", f"benchmarks.csv line {len(shipped()) + 2} (a): 2 cells, and the header has 36"),
        (lambda text: text + "\n", f"benchmarks.csv line {len(shipped()) + 2} (empty): 0 cells, and the header has 36"),
        (lambda text: text + '"open', f"benchmarks.csv line {len(shipped()) + 2}: unexpected end of data"),
        (lambda text: text.replace("\n", "\r\n"), "benchmarks.csv: plain UTF-8 with line feeds only"),
        (lambda text: "\ufeff" + text, "benchmarks.csv: plain UTF-8 with line feeds only"),
    ],
)
def test_a_file_of_another_shape_is_a_fault(tmp_path: Path, change: Callable[[str], str], expected: str):
    path = tmp_path / "benchmarks.csv"
    path.write_bytes(change((DATA / "benchmarks.csv").read_text(encoding="utf-8")).encode())
    said = faults(path)
    assert [fault for fault in said if fault.startswith(expected)], said


def test_bytes_that_are_not_utf_8(tmp_path: Path):
    path = tmp_path / "benchmarks.csv"
    path.write_bytes(b"benchmark_id\n\xe9\n")
    assert faults(path) == ["benchmarks.csv: byte 14 is not UTF-8"]


def test_a_file_is_checked_whatever_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(CONFIG, "validation_enabled", False)
    assert faults(edited(tmp_path, RESPONSE, citation="")) == [f"benchmarks.csv line 2 ({RESPONSE}) citation: empty"]


# Claims


@pytest.mark.parametrize(
    ("row_id", "cells", "expected"),
    [
        ("klarity_response", {"source": ""}, "source: empty"),
        ("klarity_response", {"traces_to": ""}, "traces_to: empty"),
        ("klarity_response", {"outcome": "cure"}, "outcome: not one of response, "),
        ("klarity_response", {"low": "67%"}, "low: not a plain decimal number: 67%"),
        ("klarity_response", {"low": "0.8"}, "low: over high"),
        ("klarity_response", {"high": "75"}, "high: a share of patients is not over 1"),
        ("klarity_response", {"low": "67", "high": "75"}, "low: a share of patients is not over 1"),
        ("klarity_ratio", {"low": "-3"}, "low: not 0 or more: -3.0"),
        ("klarity_ratio", {"version": ""}, "version: empty"),
    ],
)
def test_a_fault_of_a_claim_names_file_line_row_and_key(tmp_path: Path, row_id: str, cells: Row, expected: str):
    line = 2 + [row["claim_id"] for row in shipped("claims.csv")].index(row_id)
    said = claim_faults(edited(tmp_path, row_id, "claims.csv", **cells))
    assert [fault for fault in said if fault.startswith(f"claims.csv line {line} ({row_id}) {expected}")], said


def test_two_claims_with_one_id_are_both_named(tmp_path: Path):
    path = edited(tmp_path, "klarity_ratio", "claims.csv", claim_id="klarity_response")
    expected = "(klarity_response) claim_id: not unique, another row has the same: klarity_response"
    assert claim_faults(path) == [f"claims.csv line 2 {expected}", f"claims.csv line 3 {expected}"]
