"""The reader group: it reads all that is published and nothing else, at every moment, and no longer once it is taken out."""

from __future__ import annotations

import grp
import os
import shutil
import stat

import pytest

from outcomes.errors import OutcomesError
from outcomes.nights import run_night
from outcomes.pages import writing
from outcomes.readers import let_in
from tests.conftest import FIRST, LATER, copied


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def group():
    """A group that the user of the tests may give files to, other than the one that files have by themselves."""
    own = os.getegid()
    names = [each.gr_name for each in grp.getgrall() if each.gr_gid != own and (os.geteuid() == 0 or each.gr_gid in os.getgroups())]  # fmt: skip
    return names[0] if names else grp.getgrgid(own).gr_name


def test_a_reader_group_reads_what_is_published_and_nothing_else(sample, after_first, tmp_path, group, monkeypatch):
    home = copied(after_first, tmp_path / "home")
    home.settings.write_text(f'reader_group = "{group}"\n')
    moments = []
    replace = os.replace

    def looked(source, target):
        replace(source, target)
        if str(target).startswith(str(home.published)) and str(target).endswith((".duckdb", ".html")):
            moments.append(mode(home.root / target))

    monkeypatch.setattr(os, "replace", looked)
    sample.run(LATER, home)
    assert set(moments) == {0o640}, "readable from the moment it is in place"
    number = grp.getgrnam(group).gr_gid
    for path in (home.published, *home.published.rglob("*")):
        assert (mode(path), path.stat().st_gid) == (0o750 if path.is_dir() else 0o640, number), path.name
    assert (mode(home.root), home.root.stat().st_gid) == (0o710, number)
    others = [path for path in home.root.rglob("*") if home.published not in (path, *path.parents)]
    assert [path.name for path in others if mode(path) & 0o077 and path not in (home.clinics, home.settings, home.inbox)] == []  # fmt: skip

    home.settings.unlink()
    let_in(home)
    assert [path for path in (home.root, home.published, *home.published.rglob("*")) if mode(path) & 0o077] == []


def test_pages_are_for_the_readers_also_where_one_of_them_could_not_be_made(sample, after_first, tmp_path, group, monkeypatch):  # fmt: skip
    home = copied(after_first, tmp_path / "home")
    home.settings.write_text(f'reader_group = "{group}"\n')
    shutil.rmtree(home.reports)
    blank_page = writing.blank_page

    def faulty(part, clinic):
        if clinic == "C02":
            raise ValueError
        return blank_page(part, clinic)

    monkeypatch.setattr(writing, "blank_page", faulty)
    with pytest.raises(OutcomesError, match="could not be made"):
        run_night(home, sample.as_of(FIRST))
    assert len(list(home.reports.iterdir())) == 3, "all but one"
    assert {mode(path) for path in home.reports.iterdir()} == {0o640}
    assert (mode(home.reports), home.reports.stat().st_gid) == (0o750, grp.getgrnam(group).gr_gid)


def test_a_group_that_is_none_stops_the_night_before_anything_is_judged(sample, after_first, tmp_path):
    home = copied(after_first, tmp_path / "home")
    home.settings.write_text('reader_group = "no-such-group-here"\n')
    sample.send(LATER, home)
    with pytest.raises(OutcomesError, match="reader_group: this machine has no such group"):
        run_night(home, sample.as_of(LATER))
    assert list(home.held.iterdir()) == []
    assert not home.manifest.exists()


def test_a_group_that_may_not_be_given_to_is_named(after_first, tmp_path, group, monkeypatch):
    home = copied(after_first, tmp_path / "home")
    home.settings.write_text(f'reader_group = "{group}"\n')

    def refused(*_):
        raise PermissionError

    monkeypatch.setattr(os, "chown", refused)
    monkeypatch.setattr(type(home.root), "chmod", refused)
    with pytest.raises(OutcomesError, match="Add the user to that group"):
        let_in(home)
