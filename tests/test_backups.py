"""Backups: of a home with history, at any moment of a night, link by link; and homes made from them, which go on."""

from __future__ import annotations

import json
import os
import shutil
import stat

import duckdb
import pytest

from outcomes import backups, nights
from outcomes.backups import MANIFEST, backup, restore
from outcomes.destroying import DESTROYED, destroy, erase
from outcomes.errors import BusyError, OutcomesError, UsageError
from outcomes.inbox import locked
from outcomes.merging import Wanted, change
from outcomes.nights import run_night
from outcomes.paths import Home
from outcomes.publishedcopy import opened
from outcomes.releases import run_release
from outcomes.requeueing import files_to_read_again, request
from tests.conftest import answers, copied, differing, stored
from tests.test_quarantine_life import DAYS, ODD, A, B, file, line, register, run, sha

LEDGER = "SELECT arrival_no, sha256, read_again_of, hash FROM arrival ORDER BY arrival_no"
SCORES = "SELECT * FROM score ORDER BY score_id"
GIVEN = file(line("C01", "p1", 20), line("C01", "p8", 20))
TAKEN_BACK = file(line("C01", "p8", 20, status="entered_in_error"), line("C01", "p1", 20, status="entered_in_error"))
MORE = file(line("C01", "p3", 17), line("C01", "p4", 9), line("C02", "p5", 11))


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A home with history: files refused and destroyed, taken and erased, read again; pseudonyms joined; a release."""
    home = Home(tmp_path_factory.mktemp("lived") / "home")
    register(home, "C01")
    run(home, 1, A, B, ODD, GIVEN)
    register(home, "C01", "C02")
    with opened(home) as con:
        request(home, files_to_read_again(home, con, [], "unknown_clinic"))
    run(home, 2, TAKEN_BACK, MORE)
    destroy(home, sha(ODD), "R.Meyer", None)
    erase(home, sha(GIVEN), "R.Meyer", "sent_by_mistake", None)
    change(home, [Wanted("C01", "p3", "p4", 0)], "R.Meyer")
    run_release(home, "2026-01")
    return home


@pytest.fixture(scope="module")
def kept(lived, tmp_path_factory):
    """The folder of its backups, with one in it."""
    to = tmp_path_factory.mktemp("kept") / "backups"
    made = backup(lived, to)
    assert (made.damaged, made.missing, made.linked) == (0, 0, 0)
    return to


def in_home(home: Home) -> dict[str, bytes]:
    """Every file that is the home's own record, but for its logs, its lock and receipts to send."""
    return {
        path.relative_to(home.root).as_posix(): path.read_bytes()
        for path in home.root.rglob("*")
        if path.is_file() and not {home.logs, home.sent} & {*path.parents} and path != home.lock
    }


def test_a_home_comes_back_as_it_was_and_goes_on(lived, kept, tmp_path):
    home, other = Home(tmp_path / "new"), copied(lived, tmp_path / "lived")
    restore(kept, home)
    assert in_home(home) == in_home(lived)
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.root.rglob("*") if path.is_file()} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (home.root, *home.root.rglob("*")) if path.is_dir()} == {
        0o700
    }
    for each in (home, other):
        run(each, 3, file(line("C01", "p6", 13)))
    assert differing(home.published_copy, other.published_copy) == {}
    queries = (LEDGER, SCORES, "FROM destroyed", "FROM release", "FROM identity_change")
    assert answers(home.warehouse, *queries) == answers(other.warehouse, *queries)

    # And what it has is enough to lose its database, too.
    home.warehouse.unlink()
    run_night(home, DAYS[3])
    assert stored(home.warehouse, LEDGER) == stored(other.warehouse, LEDGER)


def test_the_next_backup_links_what_never_changes(lived, kept, tmp_path):
    to = tmp_path / "backups"
    shutil.copytree(kept, to)
    made = backup(lived, to)
    archived = [path.name for path in lived.archive.iterdir()]
    assert made.linked == len(archived) > 2
    first, second = (to / f"backup-00000{number}" / "home" / "archive" for number in (1, 2))
    assert all((first / name).stat().st_ino == (second / name).stat().st_ino for name in archived)
    assert json.loads((made.folder / MANIFEST).read_text())["files"] == json.loads((kept / "backup-000001" / MANIFEST).read_text())["files"]  # fmt: skip
    home = Home(tmp_path / "new")
    restore(to, home)
    assert in_home(home) == in_home(lived)


LATE = file(line("C01", "p7", 13), line("C01", "p3", 5, day=7))


@pytest.fixture(scope="module")
def went_on(lived, tmp_path_factory):
    """The home after one more night, undisturbed."""
    home = copied(lived, tmp_path_factory.mktemp("went_on") / "home")
    run(home, 3, LATE)
    return home


@pytest.fixture(scope="module")
def cuts(lived, tmp_path_factory):
    """How many steps of that night were done -> the backup taken then, with the lock held by the night."""
    folder = tmp_path_factory.mktemp("cuts")
    cut = copied(lived, folder / "cut")
    (cut.inbox / "Zebulon Quartermain.csv").write_bytes(LATE)
    value, made = nights.Night(cut, DAYS[2]), {}
    with locked(cut):
        for done, (_, step) in enumerate(nights.STEPS[:-1], 1):
            value = step(value, None)
            made[done] = backup(cut, folder / f"to-{done}")
    return made


@pytest.mark.usefixtures("no_pages")
@pytest.mark.parametrize("done", range(1, len(nights.STEPS)))
def test_a_backup_while_a_night_runs_makes_a_home_that_the_next_night_heals(done, cuts, went_on, tmp_path):
    """Taken between two steps."""
    made = cuts[done]
    assert (made.damaged, made.missing) == (0, 0)
    assert not [path for path in made.folder.parent.rglob("*") if "Zebulon" in path.name]
    assert "Zebulon" not in (made.folder / MANIFEST).read_text()
    home = Home(tmp_path / "new")
    restore(made.folder, home)
    run_night(home, DAYS[2])
    assert answers(home.warehouse, LEDGER, SCORES) == answers(went_on.warehouse, LEDGER, SCORES)
    assert list(home.inbox.iterdir()) == []


def test_files_that_move_on_while_they_are_looked_for_are_in_the_backup(lived, tmp_path, monkeypatch):
    """A night publishes, and moves its bytes to the archive, just before held/ is looked at; and a new file comes."""
    home = copied(lived, tmp_path / "home")
    late = file(line("C01", "p7", 13))
    (home.inbox / "1.csv").write_bytes(late)
    value = nights.Night(home, DAYS[2])
    for name, step in nights.STEPS:
        if name == "publish":
            break
        value = step(value, None)
    real = backups._told

    def moved(to):
        nights.put_away(nights.say(nights.publish(value)))
        (home.archive / ("f" * 64)).write_bytes(b"of a night that began since")
        return real(to)

    monkeypatch.setattr(backups, "_told", moved)
    made = backup(home, tmp_path / "to")
    assert f"archive/{sha(late)}" in made.files
    assert f"archive/{'f' * 64}" not in made.files
    assert made.missing == 0
    new = Home(tmp_path / "new")
    restore(made.folder, new)
    run_night(new, DAYS[2])
    assert stored(new.warehouse, "SELECT hash FROM arrival") == stored(home.warehouse, "SELECT hash FROM arrival")


def test_small_files_are_of_one_moment(lived, tmp_path, monkeypatch):
    """Receipts that a night writes while they are copied are copied again; a home that never rests is not half kept."""
    home = copied(lived, tmp_path / "home")
    real, times = backups._take, [0]

    def written_meanwhile(path, *given, **more):
        if path.parent == home.receipts and times[0]:
            times[0] -= 1
            touched = home.receipts / DESTROYED
            os.utime(touched, ns=(0, touched.stat().st_mtime_ns + 1_000_000))
        return real(path, *given, **more)

    monkeypatch.setattr(backups, "_take", written_meanwhile)
    times[0] = 3
    made = backup(home, tmp_path / "to")
    assert (made.folder / "home" / "receipts" / DESTROYED).read_bytes() == (home.receipts / DESTROYED).read_bytes()
    times[0] = 10_000
    with pytest.raises(OutcomesError, match="changes all the time"):
        backup(home, tmp_path / "to")
    assert [path.name for path in (tmp_path / "to").glob("backup-*")] == [made.folder.name]


def test_nothing_is_left_of_a_backup_of_a_later_program(kept, tmp_path):
    to = tmp_path / "backups"
    shutil.copytree(kept, to)
    folder = to / "backup-000001"
    with duckdb.connect(str(folder / "home" / "warehouse.duckdb")) as con:
        con.execute("UPDATE store_version SET version = version + 1")
    said = json.loads((folder / MANIFEST).read_text())
    said["files"]["warehouse.duckdb"] = sha((folder / "home" / "warehouse.duckdb").read_bytes())
    (folder / MANIFEST).write_text(json.dumps(said))
    with pytest.raises(OutcomesError, match="made by a later one"):
        restore(to, Home(tmp_path / "new"))
    assert [path.name for path in tmp_path.iterdir()] == ["backups"]


@pytest.mark.parametrize("harm", ["changed", "gone", "manifest", "outside"])
def test_nothing_is_restored_from_a_backup_that_is_not_as_it_was_written(harm, kept, tmp_path):
    to = tmp_path / "backups"
    shutil.copytree(kept, to)
    folder = to / "backup-000001"
    (archived, *_) = (folder / "home" / "archive").iterdir()
    if harm == "changed":
        archived.write_bytes(archived.read_bytes().replace(b"1", b"2", 1))
    elif harm == "gone":
        archived.unlink()
    elif harm == "manifest":
        (folder / MANIFEST).write_text((folder / MANIFEST).read_text()[:200])
    else:
        said = json.loads((folder / MANIFEST).read_text())
        (tmp_path / "elsewhere").write_bytes(b"")
        said["files"]["../../../elsewhere"] = sha(b"")
        (folder / MANIFEST).write_text(json.dumps(said))
    home = Home(tmp_path / "new")
    with pytest.raises(OutcomesError, match="manifest"):
        restore(to, home)
    assert not home.root.exists()
    assert [path.name for path in tmp_path.iterdir() if "restoring" in path.name] == []


def test_a_damaged_archive_is_said_and_kept_as_it_is(lived, tmp_path):
    home = copied(lived, tmp_path / "home")
    first, second, *_ = sorted(home.archive.iterdir())
    first.write_bytes(b"something else")
    second.unlink()
    made = backup(home, tmp_path / "to")
    assert (made.damaged, made.missing) == (1, 1)


def test_what_somebody_put_beside_the_backups_is_none_of_them(tmp_path):
    """A copy made by hand was taken for the last one, and no later backup could be written."""
    for name in (
        "backup-000002",
        "backup-1000000",
        "backup-999999",
        "backup-000002 (copy)",
        "backup-old",
        "backup-000003",
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / MANIFEST).write_text("{}")
    (tmp_path / "backup-000003" / MANIFEST).unlink()
    assert [path.name for path in backups.backups_in(tmp_path)] == ["backup-000002", "backup-999999", "backup-1000000"]
    assert backups.backups_in(tmp_path / "none") == []


def test_a_home_is_not_written_over_and_a_backup_needs_one(lived, kept, tmp_path):
    with pytest.raises(UsageError, match="not empty"):
        restore(kept, lived)
    with pytest.raises(UsageError, match="no backup, and no folder of backups"):
        restore(tmp_path, Home(tmp_path / "new"))
    with pytest.raises(UsageError, match="nothing to keep"):
        backup(Home(tmp_path / "none"), tmp_path / "to")
    with locked(Home(kept)), pytest.raises(BusyError, match="Another backup"):
        backup(lived, kept)
    empty = Home(tmp_path / "empty")
    empty.root.mkdir()
    assert restore(kept / "backup-000001", empty) > 10
    assert os.listdir(empty.inbox) == []
