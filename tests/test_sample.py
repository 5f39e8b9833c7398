"""The sample generator: repeatable, added up, and the bundled files are what it makes."""

from __future__ import annotations

import gzip
import json
import tomllib
from pathlib import Path

import polars as pl
import pytest

from outcomes.sample import Truth, make_sample
from outcomes.sample.bad import FAULTS
from outcomes.sample.files import Fate
from outcomes.sample.patients import FAULTS as PATIENT_FAULTS

ROOT = Path(__file__).parents[1]
BUNDLED = ROOT / "data" / "sample"
SIZES = [(1, 5), (3, 60), (12, 300)]


def files(folder: Path) -> list[Path]:
    """All files under a folder, by their path in it."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def assert_same(one: Path, other: Path) -> None:
    """Both folders hold the same bytes; a Parquet file the same frame, as its bytes depend on the polars version."""
    assert files(one) == files(other)
    for path in files(one):
        if path.suffix == ".parquet":
            assert pl.read_parquet(one / path).equals(pl.read_parquet(other / path)), path
        else:
            assert (one / path).read_bytes() == (other / path).read_bytes(), path


def physical_rows(path: Path) -> int:
    """Lines after the heading, or rows of a Parquet file."""
    if path.suffix == ".parquet":
        return pl.read_parquet(path).height
    content = path.read_bytes()
    lines = (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines()
    return len(lines) - 1


def every_file(folder: Path, truth: Truth) -> list[tuple[Path, Fate]]:
    nights = (truth.first, truth.later)
    return [(folder / night.folder / name, fate) for night in nights for name, fate in night.files.items()]


@pytest.fixture(scope="module", params=SIZES, ids=str)
def sample(request, tmp_path_factory):
    clinics, courses = request.param
    folder = tmp_path_factory.mktemp("sample")
    return folder, make_sample(folder, clinics=clinics, courses=courses, seed=3)


def test_same_arguments_make_the_same_bytes(tmp_path):
    for name in ("one", "other"):
        make_sample(tmp_path / name, clinics=4, courses=80, seed=5, files_per_clinic=2)
    assert_same(tmp_path / "one", tmp_path / "other")


def test_other_seeds_make_other_people(tmp_path):
    for seed in (1, 2):
        make_sample(tmp_path / str(seed), clinics=1, courses=20, seed=seed)
    assert files(tmp_path / "1") == files(tmp_path / "2")
    first = Path("inbox/C01_january.csv")
    assert (tmp_path / "1" / first).read_bytes() != (tmp_path / "2" / first).read_bytes()


def test_the_bundled_sample_is_what_the_generator_makes(tmp_path):
    make_sample(tmp_path, clinics=6, courses=420, seed=7)
    assert_same(BUNDLED, tmp_path)


def test_the_bundled_sample_is_under_a_megabyte():
    assert sum((BUNDLED / path).stat().st_size for path in files(BUNDLED)) < 1_000_000


def test_rows_of_every_file_add_up(sample):
    folder, truth = sample
    for path, fate in every_file(folder, truth):
        assert fate.rows_read == fate.accepted + fate.duplicate + fate.quarantined, path
        assert fate.quarantined == sum(fate.reasons.values()), path
        assert (fate.fate == "refused") == (fate.refused is not None), path
        assert fate.rows_read == (physical_rows(path) if fate.fate == "taken" else 0), path


def test_truth_names_every_file_and_no_other(sample):
    folder, truth = sample
    assert {path for path, _ in every_file(folder, truth)} == {
        folder / path for path in files(folder) if path.parent.name in ("inbox", "later")
    }


def test_classes_add_up_to_the_courses(sample):
    _, truth = sample
    for night in (truth.first, truth.later):
        for clinic, measures in night.rates.items():
            for name, n in measures.items():
                assert 0 <= n["met"] <= n["observed"], (clinic, name)
                classes = n["observed"] + n["missing"] + n["waiting"] + n["not_eligible"]
                assert classes == night.people[clinic]["courses"], (clinic, name)


def test_strata_add_up_to_the_courses(sample):
    _, truth = sample
    for night in (truth.first, truth.later):
        for clinic, dimensions in night.strata.items():
            for dimension, sizes in dimensions.items():
                assert sum(sizes.values()) == night.people[clinic]["courses"], (clinic, dimension)


def test_the_network_is_the_sum_of_its_clinics(sample):
    _, truth = sample
    for night in (truth.first, truth.later):
        for name, network in night.rates["*"].items():
            parts = [measures[name] for clinic, measures in night.rates.items() if clinic != "*"]
            assert network == {key: sum(part[key] for part in parts) for key in network}


def test_truth_covers_every_proportion(sample):
    _, truth = sample
    measures = tomllib.loads((ROOT / "data" / "measures.toml").read_text("utf-8"))
    measures.pop("rules")
    assert list(truth.first.rates["*"]) == [
        name for name, one in measures.items() if one.get("kind", "proportion") == "proportion"
    ]


def test_the_written_truth_is_the_returned_one(sample):
    folder, truth = sample
    assert json.loads((folder / "truth.json").read_text("utf-8")) == truth.as_dict()


def test_without_bad_nothing_is_set_aside(tmp_path):
    truth = make_sample(tmp_path, clinics=4, courses=80, seed=2, bad=False)
    assert {fate.fate for _, fate in every_file(tmp_path, truth)} == {"taken"}
    assert not any(fate.quarantined for _, fate in every_file(tmp_path, truth))


def test_bad_rows_and_files_change_no_rate(tmp_path):
    with_bad = make_sample(tmp_path / "bad", clinics=4, courses=80, seed=2)
    without = make_sample(tmp_path / "good", clinics=4, courses=80, seed=2, bad=False)
    assert (with_bad.first.rates, with_bad.later.rates) == (without.first.rates, without.later.rates)


def test_several_files_a_clinic_hold_the_same_people(tmp_path):
    whole = make_sample(tmp_path / "whole", clinics=2, courses=60, seed=4)
    parts = make_sample(tmp_path / "parts", clinics=2, courses=60, seed=4, files_per_clinic=3)
    assert len(parts.first.files) == 7, "and the patients of the first clinic"
    assert (parts.first.rates, parts.later.rates) == (whole.first.rates, whole.later.rates)


def test_the_network_shows_every_kind_of_fault(tmp_path):
    truth = make_sample(tmp_path, clinics=12, courses=1200, seed=1)
    seen = {reason for _, fate in every_file(tmp_path, truth) for reason in fate.reasons}
    assert seen == {fault.reason for fault in (*FAULTS, *PATIENT_FAULTS)} | {"contradiction"}
    refused = {fate.refused for _, fate in every_file(tmp_path, truth) if fate.refused}
    assert refused >= {"unknown_column", "missing_column", "not_utf8", "empty_file", "truncated", "identifier"}
    assert sum(fate.fate == "known" for fate in truth.first.files.values()) == 1


def test_the_clinics_differ_as_they_should(tmp_path):
    """C02 is above, C03 below, C06 small, C07 poorly covered; C05 does not send every infusion."""
    truth = make_sample(tmp_path, clinics=12, courses=6000, seed=1)
    by_clinic = {clinic: measures["response_post_induction"] for clinic, measures in truth.first.rates.items()}

    def share(clinic: str) -> float:
        return by_clinic[clinic]["met"] / by_clinic[clinic]["observed"]

    def coverage(clinic: str) -> float:
        return by_clinic[clinic]["observed"] / (by_clinic[clinic]["observed"] + by_clinic[clinic]["missing"])

    assert 0.45 < share("*") < 0.58
    assert share("C02") - share("*") > 0.12
    assert share("*") - share("C03") > 0.08
    assert coverage("C07") < 0.8 < coverage("C01")
    assert truth.first.people["C06"]["courses"] < 30
    clinics = tomllib.loads((tmp_path / "clinics.toml").read_text("utf-8"))["clinics"]
    assert [name for name, one in clinics.items() if not one["sends_every_infusion"]] == ["C05"]
    assert "extract_day" not in (tmp_path / "inbox" / "C04_january.csv").read_text("utf-8").splitlines()[0]


def test_progress_is_told_to_the_end(tmp_path):
    told = []
    make_sample(tmp_path, clinics=1, courses=2500, seed=1, bad=False, progress=lambda n, of: told.append((n, of)))
    assert told == [(1000, 2500), (2000, 2500), (2500, 2500)]


def test_a_folder_with_files_is_left_alone(tmp_path):
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "real.csv").write_text("real")
    with pytest.raises(FileExistsError, match="inbox"):
        make_sample(tmp_path, clinics=1, courses=5)
    assert files(tmp_path) == [Path("inbox/real.csv")]


def test_a_sample_of_nothing_is_refused(tmp_path):
    with pytest.raises(ValueError, match="a course for each"):
        make_sample(tmp_path, clinics=3, courses=2)
