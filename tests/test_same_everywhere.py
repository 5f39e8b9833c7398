"""Whole nights in processes of their own: one digest whatever the time zone, the locale, the hash seed and the threads."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FIRST, LATER, Made, made

# East of every date line, west of it, off the hour, and over the night in which clocks change; `said` is its offset on that day.
ZONES = {"UTC": "+0000", "Pacific/Kiritimati": "+1400", "America/St_Johns": "-0330", "Pacific/Pago_Pago": "-1100"}
# With Python's own repair of it taken away, POSIX has ASCII alone. tr_TR lower-cases I otherwise, where it is installed.
LOCALES = ("C.UTF-8", "POSIX", "tr_TR.UTF-8")
SEEDS = ("0", "1", "4294967295")
THREADS = (1, 2)

NIGHTS = """
import datetime as dt, hashlib, json, locale, shutil, sys, time
from pathlib import Path

import duckdb
from outcomes.digests import store_digests
from outcomes.nights import run_night
from outcomes.paths import Home
from outcomes.publishedcopy import opened
from outcomes.settings import settings_of
from outcomes.words import night_words

home, nights = Home(Path("home")), json.loads(sys.argv[1])
with __import__("contextlib").suppress(locale.Error):
    locale.setlocale(locale.LC_ALL, "")
words = []
for folder, as_of in nights:
    for path in sorted(Path(folder).iterdir()):
        shutil.copyfile(path, home.inbox / path.name)
    words.append(night_words(run_night(home, dt.date.fromisoformat(as_of)).as_dict(), home))
found = {"words": words}
with opened(home) as con:
    found["tables"] = store_digests(con, exact=True)
    # To the last digit, also of what is computed when it is asked for.
    for view in ("rate", "comparison", "endpoint", "rate_log", "arrival", "score", "patient_row", "quarantine"):
        rows = con.execute(f"SELECT * FROM {view} ORDER BY ALL").fetchall()
        found[view] = hashlib.sha256("\\n".join(map(repr, rows)).encode()).hexdigest()
files = [path for folder in (home.published, home.receipts, home.review) for path in sorted(folder.rglob("*"))]
found["files"] = {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file() and path.suffix != ".duckdb"}
here = {"zone": time.strftime("%z", time.localtime(1769817600)), "encoding": locale.getpreferredencoding(False), "hash": hash("outcomes"), "threads": settings_of(home).limits.threads}
print(json.dumps({"found": found, "here": here}))
"""


@dataclass(frozen=True)
class Place:
    """Where a night runs."""

    zone: str = "UTC"
    locale: str = "C.UTF-8"
    seed: str = "0"
    threads: int = 1

    def environment(self) -> dict[str, str]:
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "OUTCOMES_", "PYTHONUTF8", "PYTHONIO"))
        }  # fmt: skip
        return kept | {
            "TZ": self.zone, "LC_ALL": self.locale, "PYTHONHASHSEED": self.seed, "OUTCOMES_LIMITS_THREADS": str(self.threads),
            "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0",
        }  # fmt: skip


ORDINARY = Place()
# Each axis by itself in its last value, then several at once.
FEW = (
    Place("Pacific/Pago_Pago", "POSIX", "4294967295", 2),
    Place("Pacific/Kiritimati", "tr_TR.UTF-8", "1", 2),
    Place("America/St_Johns", "POSIX", "1", 1),
)
ALL = [Place(*values) for values in itertools.product(ZONES, LOCALES, SEEDS, THREADS)]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two clinics with bad rows and bad files, as small as a sample can be."""
    return made(tmp_path_factory.mktemp("tiny") / "s", 2, 10, 7)


def nights_at(place: Place, tiny: Made, folder: Path) -> dict[str, Any]:
    """What two nights there leave. Each is in a folder of its own, and called the same."""
    home = folder / "home"
    (home / "inbox").mkdir(parents=True)
    shutil.copyfile(tiny.root / "clinics.toml", home / "clinics.toml")
    nights = [(str(tiny.folder(night)), tiny.as_of(night).isoformat()) for night in (FIRST, LATER)]
    command = [sys.executable, "-c", NIGHTS, json.dumps(nights)]
    ended = subprocess.run(command, env=place.environment(), cwd=folder, capture_output=True, text=True, timeout=300, check=False)  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    shutil.rmtree(folder)
    said: dict[str, Any] = json.loads(ended.stdout)
    # It is another place, as far as the machine can tell.
    assert said["here"]["zone"] == ZONES[place.zone]
    assert said["here"]["threads"] == place.threads
    if place.locale == "POSIX":
        assert "UTF" not in said["here"]["encoding"].upper()
    return said


@pytest.fixture(scope="module")
def ordinary(tiny: Made, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    said = nights_at(ORDINARY, tiny, tmp_path_factory.mktemp("ordinary") / "f")
    assert len(said["found"]["files"]) > 8, "pages, lists, summary and receipts"
    return said


def assert_same(said: dict[str, Any], ordinary: dict[str, Any]) -> None:
    for key, of in ordinary["found"].items():
        assert said["found"][key] == of, key


@pytest.mark.parametrize("place", FEW, ids=lambda place: "-".join(map(str, vars(place).values())).replace("/", "."))
def test_one_digest_wherever_a_night_runs(place, tiny, ordinary, tmp_path):
    """Every stored and derived row, the rates and comparisons to the last digit, and each byte of pages, summary and receipts."""
    said = nights_at(place, tiny, tmp_path / "f")
    assert said["here"]["hash"] != ordinary["here"]["hash"], "sets of words go another way round"
    assert_same(said, ordinary)


@pytest.mark.nightly
def test_one_digest_in_every_time_zone_locale_hash_seed_and_number_of_threads(tiny, ordinary, tmp_path):
    assert len(ALL) == 4 * 3 * 3 * 2
    for number, place in enumerate(ALL):
        assert_same(nights_at(place, tiny, tmp_path / str(number)), ordinary)


def test_a_command_prints_what_a_terminal_cannot_show(after_first):
    """A study's title has signs that ASCII has not."""
    command = [str(Path(sys.executable).with_name("outcomes")), "benchmarks", "list", "--home", str(after_first.root)]
    ended = subprocess.run(command, env=Place(locale="POSIX").environment(), capture_output=True, text=True, check=False)  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.isascii()
    assert "\\u2026" in ended.stdout
