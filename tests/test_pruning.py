"""Pruning: what may go goes, what must stay stays, and a dry run says the same and does nothing."""

from __future__ import annotations

import pytest

from outcomes.errors import BusyError, UsageError
from outcomes.inbox import locked
from outcomes.paths import Home
from outcomes.pruning import prune
from tests.conftest import copied


@pytest.fixture
def home(after_first, tmp_path):
    """A home with more of everything than its settings keep."""
    home = copied(after_first, tmp_path / "home")
    home.settings.write_text("[logs]\nfiles = 2\n[prune]\nsent_nights = 2\nupgrade_copies = 1\n")
    home.backup.mkdir()
    for number in range(1, 5):
        (home.logs / f"outcomes.{number}.jsonl").write_text("x" * 10)
        (home.sent / f"night-{number}.txt").write_text("x")
        (home.sent / f"night-{number}.jsonl").write_text("x")
        (home.backup / f"warehouse-version-{number}-night-{number}.duckdb").write_text("x" * 100)
    home.floor.write_text("x")
    (home.published / ".outcomes.duckdb.new").write_text("x" * 7)
    (home.root / "warehouse.duckdb.new").write_text("x" * 3)
    home.exports.mkdir()
    (home.exports / ".edition-001.new").mkdir()
    (home.exports / ".edition-001.new" / "rates.csv").write_text("x")
    return home


def test_what_is_over_the_settings_goes_and_nothing_else(home):
    before = set(home.root.rglob("*"))
    dry = prune(home, dry_run=True)
    assert set(home.root.rglob("*")) == before
    assert prune(home, dry_run=False) == dry
    gone = {path.relative_to(home.root).as_posix() for path in before if not path.exists()}
    assert gone == {
        "logs/outcomes.3.jsonl", "logs/outcomes.4.jsonl",
        *(f"receipts/sent/night-{number}.{form}" for number in (1, 2) for form in ("txt", "jsonl")),
        *(f"backup/warehouse-version-{number}-night-{number}.duckdb" for number in (1, 2, 3)),
        "published/.outcomes.duckdb.new", "warehouse.duckdb.new", "published/exports/.edition-001.new", "published/exports/.edition-001.new/rates.csv",
    }  # fmt: skip
    assert tuple(dry[0][key] for key in ("what", "files", "bytes")) == ("logs", 2, 20)
    assert [row["files"] for row in prune(home, dry_run=False)] == [0, 0, 0, 0]


def test_what_a_killed_night_put_aside_is_left_to_the_next(home):
    home.manifest.write_text("{}")
    assert [row["files"] for row in prune(home, dry_run=False)][-1] == 0
    assert (home.published / ".outcomes.duckdb.new").exists()


def test_nothing_is_pruned_during_a_night_or_where_none_was(home, tmp_path):
    with locked(home), pytest.raises(BusyError):
        prune(home, dry_run=False)
    with pytest.raises(UsageError, match="nothing to prune"):
        prune(Home(tmp_path / "none"), dry_run=False)
