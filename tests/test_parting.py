"""A batch judged in parts is the batch judged at once: to the order of its rows, and to the last reason."""

from __future__ import annotations

import random
from dataclasses import fields, replace

import polars as pl
import pytest

from outcomes import parting
from outcomes.checking import Judged, judge
from outcomes.errors import MayPassError, OutcomesError
from outcomes.parting import joined, judge_part, part_of
from schemas.clinics import read_clinics
from tests.conftest import FIRST, LATER, Made
from tests.test_door import FILES


@pytest.fixture(scope="module")
def files(sample: Made) -> list[bytes]:
    """Both nights of the sample and the door's own: formats, headers, separators, both feeds, and files that are refused."""
    paths = [path for night in (FIRST, LATER) for path in sorted(sample.folder(night).iterdir())]
    return [path.read_bytes() for path in paths] + [data for data, _ in FILES.values()]


def assert_same(one: Judged, other: Judged) -> None:
    for field in fields(Judged):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if field.name == "refused":
            assert {file: vars(error) for file, error in a.items()} == {file: vars(error) for file, error in b.items()}
        elif field.name == "good":
            assert list(a) == list(b)
            assert all(
                a[feed].frame().equals(b[feed].frame(), null_equal=True) and a[feed].schema == b[feed].schema
                for feed in a
            )
        elif isinstance(a, pl.DataFrame):
            assert a.schema == b.schema, field.name
            assert a.equals(b, null_equal=True), field.name
        else:
            assert a == b, field.name


@pytest.mark.parametrize("seed", range(4))
def test_parts_joined_are_the_whole(files, sample, seed):
    """However the files lie and wherever they are cut; the first of them in the order of the night."""
    clinics = read_clinics(sample.root / "clinics.toml") if seed % 2 else None
    drawn = random.Random(seed)
    mixed = drawn.sample(files, len(files)) if seed else files
    cuts = sorted(drawn.sample(range(1, len(mixed)), 5))
    parts = [mixed[start:end] for start, end in zip([0, *cuts], [*cuts, len(mixed)], strict=True)]
    whole = judge(mixed, clinics)
    assert len(whole.good) == 2
    assert len(set(whole.layouts)) > 3, "files of several layouts, so that their order is put to the test"
    assert whole.refused
    assert_same(joined([judge(part, clinics) for part in parts]), whole)


def test_a_part_is_read_where_the_home_has_it_and_says_nothing_of_itself(after_first, sample):
    (sha, *_) = sorted(path.name for path in after_first.archive.iterdir())
    part = part_of(after_first, [sha], None)
    assert_same(judge_part(part), judge([(after_first.archive / sha).read_bytes()], None))
    assert sha not in repr(part)


def test_what_breaks_in_a_part_carries_no_word_of_a_cell(after_first, monkeypatch):
    def broken(*given):
        raise ValueError("could not parse 4711-secret-cell")

    part = part_of(after_first, [], None)
    monkeypatch.setattr(parting, "judge", broken)
    with pytest.raises(OutcomesError, match=r"could not be checked \(ValueError at parting\.py:\d+\)") as caught:
        judge_part(part)
    assert caught.value.__cause__ is None
    assert not isinstance(caught.value, MayPassError)
    monkeypatch.undo()
    with pytest.raises(OutcomesError, match="FileNotFoundError") as gone:
        judge_part(part_of(after_first, ["0" * 64], None))
    assert "0000" not in str(gone.value)


def test_another_program_judges_nothing(after_first):
    """A worker's rules would decide what is stored, and nobody would see by which."""
    part = replace(part_of(after_first, [], None), program=("0" * 16, "none"))
    with pytest.raises(OutcomesError, match="another version of the program"):
        judge_part(part)
