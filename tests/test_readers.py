"""Readers in a loop while nights publish: none of them fails, waits, or sees anything but one whole night; some are killed."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from outcomes.paths import Home
from outcomes.publishedcopy import publish_copy
from tests.drawnnights import course, night

pytestmark = pytest.mark.usefixtures("no_pages_here")

ROOT = Path(__file__).parents[1]

# A reader of its own, as an auditor opens the copy: again and again, each time all of it by one connection. On its standard
# input it is told to end; it says how many nights it saw whole, or the first thing that was wrong.
READER = """
import json, select, sys
import duckdb
from outcomes.publishedcopy import HARDENED

reads, nights = 0, set()
while True:
    with duckdb.connect(sys.argv[1], read_only=True, config=HARDENED) as con:
        seen = con.execute('''
            SELECT max(night), (SELECT max(night) FROM arrival), (SELECT night FROM derived), (SELECT max(night) FROM rate_log),
                (SELECT count(*) FROM patient), (SELECT max(score_id) FROM score) // 7, (SELECT count(*) FROM course),
                (SELECT courses FROM rate WHERE measure_id = 'response_post_induction' AND clinic_id = '*'),
                (SELECT sum(courses) FROM tally WHERE measure_id = 'response_post_induction')
            FROM night
        ''').fetchone()
    reads += 1
    nights.add(seen[0])
    if len(set(seen)) != 1:
        sys.exit(f"a mixed night: {seen}")
    if reads == 1:
        print("reading", flush=True)
    if select.select([sys.stdin], [], [], 0)[0]:
        break
print(json.dumps({"reads": reads, "nights": sorted(nights)}))
"""


class Reader:
    """A reader in a process of its own."""

    def __init__(self, home: Home) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", READER, str(home.published_copy)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        )  # fmt: skip
        assert self.process.stdout
        assert self.process.stdout.readline() == "reading\n", "it reads before the next night is published"

    def killed(self) -> None:
        """In the middle of whatever it is reading."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()
        assert self.process.returncode == -signal.SIGKILL, "it was reading until it was killed"

    def ended(self) -> dict[str, list[int]]:
        out, err = self.process.communicate("end\n", timeout=120)
        assert (self.process.returncode, err) == (0, "")
        return json.loads(out)


def one_more(home: Home, number: int) -> None:
    """Night `number`: one patient with one course comes, so that every table tells which night it is."""
    as_of = dt.date(2026, 1, 31) + dt.timedelta(days=number)
    night(home, as_of.isoformat(), course(f"p{number}a", 8))


def read_while(home: Home, publish: list, kill_each: int) -> list[int]:
    """Publish one after the other under three readers, one of which is killed each so many times. The nights that were seen."""
    readers = [Reader(home), Reader(home), Reader(home)]
    for number, publish_one in enumerate(publish, 1):
        publish_one()
        if number % kill_each == 0:
            readers.pop(0).killed()
            readers.append(Reader(home))
    told = [reader.ended() for reader in readers]
    assert all(said["reads"] > 0 for said in told)
    assert not [path.name for path in home.published.iterdir() if path.name.endswith((".wal", ".tmp", ".new"))]
    return sorted({number for said in told for number in said["nights"]})


def test_readers_see_one_whole_night_while_fifty_are_published(tmp_path):
    """Three nights' closed warehouses, published fifty times in turn by the step of a night that does it, and then one more night."""
    home = Home(tmp_path / "home")
    closed = []
    for number in (1, 2, 3):
        one_more(home, number)
        closed.append(shutil.copyfile(home.warehouse, tmp_path / f"{number}.duckdb"))

    def published(warehouse: Path) -> None:
        shutil.copyfile(warehouse, home.warehouse)
        publish_copy(home)

    def publishing(number: int):
        return lambda: published(closed[number % 3])

    # Fifty, of which the last is night 3, and then a night as it is run.
    steps = [publishing(number) for number in range(1, 50)] + [publishing(2), lambda: one_more(home, 4)]
    assert read_while(home, steps, kill_each=17)[-1] == 4


@pytest.mark.nightly
def test_readers_see_one_whole_night_during_fifty_nights(tmp_path):
    home = Home(tmp_path / "home")
    one_more(home, 1)
    nights = [lambda number=number: one_more(home, number) for number in range(2, 52)]
    assert read_while(home, nights, kill_each=5)[-1] == 51
