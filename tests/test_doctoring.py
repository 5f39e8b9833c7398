"""The doctor: well, a home has nothing wrong; each thing that can be wrong is found, with what to do."""

from __future__ import annotations

import json
import shutil
import subprocess

import duckdb
import pytest

from outcomes import doctoring
from outcomes.cli import main
from outcomes.doctoring import LOOK, OK, WRONG, examine
from outcomes.inbox import locked
from outcomes.paths import Home, locked_versions
from tests.conftest import copied


@pytest.fixture
def home(after_first, tmp_path, monkeypatch):
    """A home after a night, on a machine whose Prefect is not asked: that takes seconds, and has a test of its own."""
    monkeypatch.setattr(doctoring, "_of_machine", list)
    home = copied(after_first, tmp_path / "home")
    for folder in (home.root, home.inbox):
        folder.chmod(0o700)
    home.clinics.chmod(0o600)
    home.settings.touch(mode=0o600)
    return home


def states(home: Home) -> dict[str, str]:
    return {finding.check: finding.state for finding in examine(home)}


def test_a_home_that_is_well_has_nothing_wrong(home):
    found = examine(home)
    assert {finding.state for finding in found if finding.check not in ("disk", "backup")} <= {OK}
    assert {"lock", "rename and fsync", "modes", "clinics.toml", "last night", "store", "setting logs.level"} <= states(home).keys()  # fmt: skip
    assert all(finding.do for finding in found if finding.state != OK)
    assert [path.name for path in home.root.iterdir() if path.name.startswith(".doctor")] == []


def _no_lock(home, monkeypatch):
    done = subprocess.CompletedProcess([], 0)
    monkeypatch.setattr(doctoring.subprocess, "run", lambda *_, **__: done)


def _newer(home, monkeypatch):
    with duckdb.connect(str(home.published_copy)) as con:
        con.execute("UPDATE store_version SET version = 99")


def _older(home, monkeypatch):
    with duckdb.connect(str(home.published_copy)) as con:
        con.execute("UPDATE store_version SET version = 1")


def _full(home, monkeypatch):
    monkeypatch.setattr(doctoring.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 2**20))


def _read_only(home, monkeypatch):
    def refused(*_, **__):
        raise PermissionError

    monkeypatch.setattr(doctoring.Path, "mkdir", refused)


@pytest.mark.parametrize(
    ("harm", "check", "state"),
    [
        (lambda home, _: home.root.chmod(0o755), "home", WRONG),
        (lambda home, _: home.warehouse.chmod(0o644), "modes", LOOK),
        (lambda home, _: home.clinics.write_text("[clinics.C01]\ndrug = 'tea'\n"), "clinics.toml", WRONG),
        (lambda home, _: home.clinics.write_text("[clinics.C01]\n"), "clinics.toml", LOOK),
        (lambda home, _: home.clinics.unlink(), "clinics.toml", LOOK),
        (lambda home, _: home.settings.write_text("[logs]\nlevel = 3\n"), "settings", WRONG),
        (lambda home, _: home.manifest.write_text("{}"), "last night", LOOK),
        (lambda home, _: (home.held / "a").write_text(""), "last night", LOOK),
        (lambda home, _: home.warehouse.unlink(), "last night", LOOK),
        (lambda home, _: shutil.rmtree(home.published), "last night", LOOK),
        (lambda home, _: home.published_copy.write_bytes(b"x" * 9000), "store", WRONG),
        (lambda home, _: shutil.rmtree(home.root), "home", WRONG),
        (lambda home, patch: patch.setenv("OUTCOMES_LOG_LEVEL", "debug"), "settings", LOOK),
        (_no_lock, "lock", WRONG),
        (_newer, "store", WRONG),
        (_older, "store", LOOK),
        (_full, "disk", WRONG),
        (_read_only, "file system", WRONG),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found_with_what_to_do(harm, check, state, home, monkeypatch):
    harm(home, monkeypatch)
    (found,) = [finding for finding in examine(home) if finding.check == check]
    assert found.state == state
    assert found.do


def test_a_night_that_runs_is_no_fault_and_is_not_disturbed(home):
    with locked(home):
        assert states(home)["last night"] == LOOK
        assert WRONG not in states(home).values()


def test_each_setting_says_where_it_comes_from(home, monkeypatch):
    home.settings.write_text("[logs]\nfiles = 3\n")
    monkeypatch.setenv("OUTCOMES_LOGS_LEVEL", "error")
    said = {finding.check: finding.found for finding in examine(home)}
    assert said["setting logs.files"] == "3, by outcomes.toml"
    assert said["setting logs.level"] == "error, by the environment, OUTCOMES_LOGS_LEVEL"
    assert said["setting limits.memory"] == "empty, by default"


def test_notices_that_would_reach_nobody_are_found(home):
    assert "notices" not in states(home)
    home.settings.write_text('[notify]\non = ["failure"]\n')
    assert states(home)["notices"] == LOOK


def test_versions_are_held_to_the_lock(monkeypatch, tmp_path):
    assert {finding.state for finding in doctoring._versions()} == {OK}
    text = locked_versions().read_text()
    other = tmp_path / "requirements.lock"
    other.write_text(text.replace("duckdb==", "duckdb==9.").replace("jinja2==", "jinja2==9."))
    monkeypatch.setattr(doctoring, "locked_versions", lambda: other)
    assert {finding.check: finding.state for finding in doctoring._versions()} == {
        "Python": OK, "version of duckdb": WRONG, "version of jinja2": LOOK,
    }  # fmt: skip


@pytest.mark.parametrize(("tells", "state"), [("false", OK), ("true", WRONG)])
def test_prefect_is_asked_in_a_process_of_its_own(tells, state, monkeypatch, tmp_path):
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    monkeypatch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", tells)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    (found,) = doctoring._prefect()
    assert found.state == state, found


@pytest.mark.parametrize(("form", "code"), [("table", 0), ("json", 0), ("csv", 1)])
def test_the_command_says_one_line_a_check_and_exits_with_0_or_1(form, code, home, capsys):
    if code:
        home.root.chmod(0o755)
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--home", str(home.root), "--format", form])
    out = capsys.readouterr().out
    assert ended.value.code == code
    if form == "json":
        assert {row["state"] for row in json.loads(out)} <= {OK, LOOK}
    else:
        assert "setting logs.level" in out
