"""Nights that are killed or whose disk fails: whatever happens, the next one ends well with nothing lost and nothing doubled."""

from __future__ import annotations

import datetime as dt
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from outcomes.dating import by_clock
from outcomes.errors import OutcomesError
from outcomes.nights import run_night
from outcomes.paths import Home
from tests import faults
from tests.conftest import FIRST, LATER, Made, copied, made

needs_strace = pytest.mark.skipif(faults.strace() is None, reason="strace is not installed, or may not trace here")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two clinics with bad rows and bad files, as small as a sample can be."""
    return made(tmp_path_factory.mktemp("small") / "s", 2, 12, 5)


@pytest.fixture(scope="module")
def before(small: Made, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home after one night, with the files of the next one in its inbox."""
    home = Home(tmp_path_factory.mktemp("before") / "home")
    small.run(FIRST, home)
    small.send(LATER, home)
    return home


@pytest.fixture(scope="module")
def after(small: Made, before: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same home after an undisturbed night."""
    home = copied(before, tmp_path_factory.mktemp("after") / "home")
    run_night(home, small.as_of(LATER))
    return home


@pytest.fixture(scope="module")
def calls(small: Made, before: Home, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """How often such a night makes each call that changes a disk."""
    home = copied(before, tmp_path_factory.mktemp("calls") / "home")
    return dict(faults.calls_of(home, small.as_of(LATER).isoformat()))


@pytest.fixture
def home(before: Home, tmp_path: Path) -> Iterator[Home]:
    """A copy to disturb."""
    yield copied(before, tmp_path / "home")
    shutil.rmtree(tmp_path / "home")


def assert_heals(home: Home, small: Made, after: Home) -> None:
    """What is published is whole at once; the next night ends well, and all is as if nothing had happened."""
    assert faults.torn(home, {1, 2}) == []
    assert faults.left_running(home) == []
    run_night(home, small.as_of(LATER))
    assert faults.held(home, after) == []


# A moment in every part of the night: taking, storing, deriving, publishing, putting away.
@needs_strace
@pytest.mark.parametrize(("call", "share"), [("fsync", 0.4), ("rename", 0.3), ("rename", 0.7), ("unlink", 0.5), ("pwrite64", 0.9)])  # fmt: skip
def test_a_night_killed_at_a_call_is_healed_by_the_next(call, share, small, calls, home, after):
    nth = max(1, round(share * calls[call]))
    assert faults.run_killed(home, small.as_of(LATER).isoformat(), at_call=(call, nth)) != 0
    assert_heals(home, small, after)


def assert_said_in_one_line(ended: faults.Ended) -> None:
    assert ended.code == 1
    assert len(ended.said) == 1, "one line, no traceback"
    assert ended.said[0].startswith("outcomes: ")


@needs_strace
@pytest.mark.parametrize(("call", "share"), [("pwrite64", 0.2), ("fsync", 0.9), ("rename", 0.5)])
def test_a_disk_that_is_full_or_fails_is_said_in_one_line_and_healed(call, share, small, calls, home, after):
    nth = max(1, round(share * calls[call]))
    assert_said_in_one_line(faults.run_with_error(home, small.as_of(LATER).isoformat(), call, nth))
    assert_heals(home, small, after)


@needs_strace
@pytest.mark.parametrize("path", ["published/.outcomes.duckdb.new"])
def test_a_folder_that_may_not_be_written_is_said_in_one_line_and_healed(path, small, home, after):
    assert_said_in_one_line(faults.run_unwritable(home, small.as_of(LATER).isoformat(), path))
    assert_heals(home, small, after)


def test_files_that_may_not_grow_are_said_in_one_line_and_healed(small, home, after):
    assert_said_in_one_line(faults.run_limited(home, small.as_of(LATER).isoformat(), 60_000))
    assert_heals(home, small, after)


def _spread(times: int, most: int) -> list[int]:
    """The numbers 1 to `times`, or `most` of them from end to end."""
    return sorted({round(1 + k * (times - 1) / (most - 1)) for k in range(most)}) if times > most else list(range(1, times + 1))  # fmt: skip


@pytest.mark.parametrize(("days", "fits"), [(-4000, True), (0, True), (366, True), (367, False), (4000, False)])
def test_a_clock_that_is_years_ahead_gives_no_night_its_date(days, fits, small, after):
    """One that is behind is refused by the night itself: its date is before the last night's."""
    today = small.as_of(LATER) + dt.timedelta(days=days)
    if fits:
        assert by_clock(after, today) == today
    else:
        with pytest.raises(OutcomesError, match=f"The clock says {today}, over a year after"):
            by_clock(after, today)


def test_a_first_night_has_the_clock_s_date(tmp_path):
    assert by_clock(Home(tmp_path), dt.date(2040, 1, 1)) == dt.date(2040, 1, 1)


@pytest.mark.parametrize("text", ["", "{}", '{"as_of": null}', '{"as_of": "soon"}'])
def test_a_date_that_cannot_be_read_is_asked_for(text, tmp_path):
    home = Home(tmp_path)
    home.published.mkdir()
    home.summary.write_text(text)
    with pytest.raises(OutcomesError, match="--as-of 2026-01-31"):
        by_clock(home, dt.date(2026, 1, 31))


@pytest.mark.nightly
@needs_strace
def test_two_hundred_kills_lose_and_double_nothing(small, calls, before, after, tmp_path):
    """At moments spread over the night, and at the calls that change a disk: all of the rare ones, the frequent ones spread."""
    as_of = small.as_of(LATER).isoformat()
    at: list[dict[str, Any]] = [{"at_call": (call, nth)} for call in calls for nth in _spread(calls[call], 30)]
    began = time.monotonic()
    run_night(copied(before, tmp_path / "timed"), small.as_of(LATER))
    takes, drawn = time.monotonic() - began, random.Random(1)
    at += [{"after": drawn.uniform(0, takes)} for _ in range(max(60, 200 - len(at)))]
    wrong = []
    for number, moment in enumerate(at):
        home = copied(before, tmp_path / f"home{number}")
        faults.run_killed(home, as_of, **moment)
        found = faults.torn(home, {1, 2}) + [f"process {pid}" for pid in faults.left_running(home)]
        run_night(home, small.as_of(LATER))
        wrong += [(moment, each) for each in found + faults.held(home, after)]
        shutil.rmtree(home.root)
    assert len(at) >= 200
    assert wrong == []


@pytest.mark.nightly
@needs_strace
def test_every_kind_of_fault_is_said_in_one_line_and_healed(small, calls, before, after, tmp_path):
    as_of = small.as_of(LATER).isoformat()
    at = [(faults.run_with_error, (call, nth)) for call in faults.FAILING for nth in _spread(calls.get(call, 0), 8)]
    at += [(faults.run_limited, (most,)) for most in (0, 100, 20_000, 300_000, 2_000_000, 5_000_000)]
    at += [(faults.run_unwritable, (path,)) for path in ("manifest.json", ".manifest.json.new", "warehouse.duckdb", "receipts/receipts.jsonl", "published/.summary.json.new")]  # fmt: skip
    wrong: list[Any] = []
    for number, (disturbed, how) in enumerate(at):
        home = copied(before, tmp_path / f"home{number}")
        ended = disturbed(home, as_of, *how)
        # Where the calls of one thread ran out before the nth, nothing failed.
        if ended.code != 0 and (ended.code, len(ended.said)) != (1, 1):
            wrong.append((how, ended.code, len(ended.said)))
        found = faults.torn(home, {1, 2})
        run_night(home, small.as_of(LATER))
        wrong += [(how, each) for each in found + faults.held(home, after)]
        shutil.rmtree(home.root)
    assert wrong == []
