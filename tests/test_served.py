"""`outcomes schedule` for real: it makes the runs it should, listens on loopback alone, and gets over a power cut by itself."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import LATER, copied, stored
from tests.test_flow import environment, may_be_alone, open_to_others

HERE = Path(__file__).parent
is_alone = pytest.mark.skipif(not may_be_alone(), reason="this machine lets nobody have a network of its own")


def served(home: Path, as_of: str, how: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What tests/served.py saw, and what tests/alone.py saw of it."""
    command = [sys.executable, str(HERE / "served.py"), str(home), as_of, how]
    ended = subprocess.run(
        ["unshare", "-rn", sys.executable, str(HERE / "alone.py"), str(home), "alone", *command],
        env=environment(home / ".prefect"), cwd=home.parent, capture_output=True, text=True, timeout=600, check=False, umask=0,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    assert seen["code"] == 0, seen["err"]
    return json.loads(seen["out"]), seen


@is_alone
def test_a_schedule_makes_its_runs_and_listens_on_loopback_alone(tmp_path):
    """A home that had no night yet: nothing but the server's files is in it."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    said, seen = served(home, "2026-01-31", "left alone")
    zone = ZoneInfo("Europe/Berlin")
    at = [dt.datetime.fromisoformat(time).astimezone(zone) for time in said["planned"]]
    assert {(time.hour, time.minute) for time in at} == {(2, 30)}
    assert {later.date() - sooner.date() for sooner, later in itertools.pairwise(at)} <= {dt.timedelta(days=1)}
    assert {address.rpartition(":")[0] for address in seen["listeners"]} == {"0100007F"}
    assert seen["left"] == [], "nothing goes on behind it"
    assert open_to_others(home) == []


@pytest.mark.nightly
@is_alone
def test_a_schedule_that_lost_its_power_in_a_night_goes_on_with_the_next(sample, after_first, after_later, tmp_path):
    """The night that was killed is Crashed, and its slot is free: the next run is not cancelled, and heals what was left."""
    home = copied(after_first, tmp_path / "home")
    sample.send(LATER, home)
    said, seen = served(home.root, sample.truth[LATER]["as_of"], "killed")
    assert (said["killed"], said["next"]) == ("Crashed", "Completed")
    assert seen["left"] == []
    scores = "SELECT * FROM score ORDER BY score_id"
    assert stored(home.published_copy, scores) == stored(after_later.published_copy, scores)
    assert not home.manifest.exists()
