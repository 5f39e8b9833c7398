"""Logs: a line a step with its run, its counts and its seconds; nothing of a patient; and no night that a log ends."""

from __future__ import annotations

import json
import os
import re
import shutil

import pytest

from outcomes import logs, nights
from outcomes.errors import OutcomesError
from outcomes.logs import LOG, aside, heard_by, write
from outcomes.nights import run_night
from outcomes.paths import Home
from outcomes.settings import options
from tests.conftest import LATER, copied, stored


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path / "home")
    home.make()
    return home


def lines(home: Home, number: int = 0) -> list[dict]:
    return [json.loads(line) for line in aside(home.logs / LOG, number).read_text().splitlines()]


def test_a_night_leaves_a_line_a_step_with_its_run_its_counts_and_its_seconds(after_first):
    found = lines(after_first)
    assert [(line["event"], line["step"]) for line in found] == [
        ("step_ended", step.replace(" ", "_")) for step, _ in nights.STEPS
    ]
    ((run_id, night, as_of, taken),) = stored(after_first.warehouse, "SELECT run_id, night, as_of::VARCHAR, files_taken + files_refused FROM night")  # fmt: skip
    for line in found:
        # heal and look come before the night has its manifest.
        run = (run_id, night, as_of) if line["step"] not in ("heal", "look") else (None, None, None)
        assert (line["run_id"], line["night"], line["as_of"]) == run
        assert line["level"] == "info"
        assert line["seconds"] >= 0
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", line["at"])
    of = {line["step"]: line for line in found}
    store = of["store"]
    assert (of["hold"]["files_new"], store["files"]) == (taken, taken)
    assert (of["heal"]["nights_healed"], of["derive"]["nothing_new"]) == (0, False)
    ((read, accepted),) = stored(after_first.warehouse, "SELECT sum(rows_read), sum(rows_accepted) FROM arrival")
    assert (store["rows_read"], store["rows_accepted"]) == (read, accepted)


def test_no_patient_and_no_name_of_a_file_is_in_a_log(sample, after_first):
    text = (after_first.logs / LOG).read_text()
    codes = [code for (code,) in stored(after_first.warehouse, "SELECT patient_id FROM patient")]
    names = [path.name for path in sample.folder("first").iterdir()]
    assert len(codes) > 20
    assert [word for word in [*codes, *names] if word in text] == []


def test_what_is_no_word_of_the_program_is_withheld(home):
    write(home, "info", "tried", step="two words", where="loading.py:12", kind="a@b.example", files=3)
    (line,) = lines(home)
    assert {key: line[key] for key in ("step", "where", "kind", "files", "run_id")} == {
        "step": "withheld", "where": "loading.py:12", "kind": "withheld", "files": 3, "run_id": None,
    }  # fmt: skip


def test_a_step_that_breaks_says_where_and_never_what(sample, after_first, tmp_path, monkeypatch):
    home = copied(after_first, tmp_path / "home")
    (home.logs / LOG).unlink()

    def broken(*_):
        raise ValueError("secret-4711")

    monkeypatch.setattr(nights.inbox, "look", broken)
    with pytest.raises(OutcomesError):
        run_night(home, sample.as_of(LATER))
    healed, line = lines(home)
    assert (healed["event"], healed["step"]) == ("step_ended", "heal")
    assert {key: line[key] for key in ("level", "event", "step", "reason_code", "kind")} == {
        "level": "error", "event": "step_failed", "step": "look", "reason_code": "could_not_finish", "kind": "ValueError",
    }  # fmt: skip
    assert re.fullmatch(r"nights\.py:\d+", line["where"])
    assert "secret" not in (home.logs / LOG).read_text()


def test_levels_keep_and_leave_out(home):
    home.settings.write_text('[logs]\nlevel = "warning"\n')
    for level in logs.LEVELS:
        write(home, level, "tried")
    assert [line["level"] for line in lines(home)] == ["warning", "error"]
    with options({"logs.level": "debug"}):
        write(home, "debug", "tried")
    assert lines(home)[-1]["level"] == "debug"


def test_logs_are_put_aside_by_size_and_the_oldest_go(home, monkeypatch):
    home.settings.write_text("[logs]\nfiles = 2\n")
    monkeypatch.setattr(logs, "settings_of", lambda of: _Few())
    for number in range(10):
        write(home, "info", "tried", files=number)
    kept = [[line["files"] for line in lines(home, number)] for number in range(3)]
    assert kept == [[8, 9], [6, 7], [4, 5]]
    assert len(list(home.logs.iterdir())) == 3


class _Few:
    class logs:
        level, file_bytes, files = "info", 200, 2


def test_a_line_that_was_cut_costs_no_other(home):
    home.logs.mkdir()
    (home.logs / LOG).write_text('{"event": "cu')
    write(home, "info", "tried")
    cut, whole = (home.logs / LOG).read_text().splitlines()
    assert cut == '{"event": "cu'
    assert json.loads(whole)["event"] == "tried"


@pytest.mark.parametrize("how", ["a file in its place", "full disk", "wrong settings"])
def test_nothing_ends_by_its_log(home, how, monkeypatch):
    if how == "a file in its place":
        home.logs.write_text("")
    elif how == "full disk":
        monkeypatch.setattr(logs.os, "write", lambda *_: _raise(OSError(28, "No space left on device")))
    else:
        home.settings.write_text("[logs]\nlevel = 3")
    write(home, "error", "tried")


def _raise(error):
    raise error


def test_a_listener_hears_each_line_that_is_kept(home):
    heard = []
    with heard_by(heard.append):
        write(home, "debug", "tried")
        write(home, "info", "tried", {"run_id": "ab12", "night": 3, "as_of": "2026-01-31"}, seconds=0.5)
    write(home, "info", "tried")
    (line,) = heard
    assert logs.in_words(line | {"at": "T"}) == "T info tried run_id=ab12 night=3 seconds=0.5"


def test_logs_are_private(home):
    before = os.umask(0)
    write(home, "info", "tried")
    os.umask(before)
    assert [path.stat().st_mode & 0o077 for path in (home.logs, home.logs / LOG)] == [0, 0]
    shutil.rmtree(home.logs)
