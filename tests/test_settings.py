"""Settings: options beat the environment, which beats outcomes.toml; what is wrong is named, never said."""

from __future__ import annotations

import subprocess
import sys

import duckdb
import pytest

from outcomes import store
from outcomes.errors import OutcomesError
from outcomes.inbox import listed, look
from outcomes.paths import Home
from outcomes.publishedcopy import opened, publish_copy
from outcomes.settings import options, settings_of, told, unknown_variables
from outcomes.store import warehouse
from schemas.settings import KNOWN, SECTIONS, Settings


@pytest.fixture
def home(tmp_path, monkeypatch):
    for known in KNOWN.values():
        monkeypatch.delenv(known.variable, raising=False)
    home = Home(tmp_path / "home")
    home.make()
    return home


def sources(home: Home) -> dict[str, str]:
    return {each.known.name: each.source for each in told(home)}


def test_what_nobody_says_is_the_default(home):
    assert settings_of(home) == Settings()
    assert set(sources(home).values()) == {"default"}


def test_an_option_beats_the_environment_which_beats_the_file(home, monkeypatch):
    home.settings.write_text('reader_group = "auditors"\n[logs]\nlevel = "error"\nfiles = 3\nfile_megabytes = 4\n')
    monkeypatch.setenv("OUTCOMES_LOGS_LEVEL", "warning")
    monkeypatch.setenv("OUTCOMES_LOGS_FILES", "5")
    with options({"logs.level": "debug"}):
        found, said = settings_of(home), sources(home)
    assert (found.logs.level, found.logs.files, found.logs.file_megabytes) == ("debug", 5, 4)
    assert found.reader_group == "auditors"
    assert said["logs.level"] == "the command line"
    assert said["logs.files"] == "the environment, OUTCOMES_LOGS_FILES"
    assert (said["logs.file_megabytes"], said["limits.threads"]) == ("outcomes.toml", "default")
    assert settings_of(home).logs.level == "warning", "an option ends with its command"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[logs]\nlevel = 'Zebulon'", "logs.level: expected debug, info, warning or error"),
        ("[logs]\nfiles = '3'", "logs.files: expected a whole number from 1 to 1,000"),
        ("[logs]\nfiles = true", "logs.files: expected a whole number"),
        ("[logs]\nfile = 3", "logs.file: unknown key; known are level, file_megabytes, files"),
        ("[log]\nfiles = 3", "log: unknown key; known are reader_group, limits, logs"),
        ("logs = 3", "logs: expected a table, [logs]"),
        ("'Zebulon Quartermain' = 3", "a key that is no plain word: unknown key"),
        ("reader_group = 'two words'", "reader_group: expected the name of a group"),
        ("[backup]\nfolder = 'there'", "backup.folder: expected a path from the root, or empty"),
        ("[limits]\nmemory = '2 GB'", "limits.memory: expected a size as 2GB or 512MB, or empty"),
        ("[notify]\non = ['failure', 'Zebulon']", "notify.on: expected a list of failure, refusals, overdue, verify"),
        ("[notify]\non = [1]", "notify.on: expected a list of"),
        ("[notify]\nurl = 'ftp://Zebulon'", "notify.url: expected an http or https address, or empty"),
        ("[logs]\nfiles = Zebulon", "not readable as TOML, at line 2, column 9"),
        ("[Zebulon", "not readable as TOML, at end of document"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_accepted_and_never_said(home, text, words):
    home.settings.write_text(text)
    with pytest.raises(OutcomesError) as caught:
        settings_of(home)
    assert str(caught.value).startswith("outcomes.toml: ")
    assert words in str(caught.value)
    assert "Zebulon" not in str(caught.value)


def test_a_list_is_words_with_commas_in_the_environment(home, monkeypatch):
    home.settings.write_text("[notify]\non = ['failure']\n")
    assert settings_of(home).notify.on == ("failure",)
    monkeypatch.setenv("OUTCOMES_NOTIFY_ON", "overdue,verify")
    assert settings_of(home).notify.on == ("overdue", "verify")


def test_the_environment_is_held_to_the_same_contract(home, monkeypatch):
    monkeypatch.setenv("OUTCOMES_LIMITS_THREADS", "0")
    with pytest.raises(
        OutcomesError, match=r"OUTCOMES_LIMITS_THREADS: limits\.threads: expected a whole number from 1 to 256"
    ):
        settings_of(home)


def test_a_variable_that_is_no_setting_is_seen(monkeypatch):
    monkeypatch.setenv("OUTCOMES_LOG_LEVEL", "debug")
    assert "OUTCOMES_LOG_LEVEL" in unknown_variables()
    assert not {known.variable for known in KNOWN.values()} & set(unknown_variables())


def test_every_setting_has_a_meaning_and_a_default_that_is_accepted():
    assert {known.section for known in KNOWN.values()} <= {"", *SECTIONS}
    assert [
        name for name, known in KNOWN.items() if known.fault(known.default) or not known.meaning.endswith(".")
    ] == []


def test_settings_cost_a_command_next_to_nothing():
    """Nothing of a settings library, nor anything else that takes its time."""
    code = "import sys, outcomes.settings; print([m for m in ('pydantic', 'polars', 'duckdb', 'pandera', 'prefect') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_memory_and_threads_reach_the_warehouse_and_the_published_copy(home):
    home.settings.write_text('[limits]\nthreads = 2\nmemory = "1GB"\n')
    said = "SELECT current_setting('threads'), current_setting('memory_limit')"
    with warehouse(home.warehouse) as con:
        assert con.execute(said).fetchone() == (2, "953.6 MiB")
    publish_copy(home)
    with opened(home) as con:
        assert con.execute("SELECT current_setting('memory_limit')").fetchone() == ("953.6 MiB",)


def test_a_night_keeps_to_a_memory_of_the_size_of_its_warehouse(home, monkeypatch):
    """And to DuckDB's own limit where that is lower."""
    said = "SELECT current_setting('memory_limit')"
    with warehouse(home.warehouse) as con:
        assert con.execute(said).fetchone() == ("858.3 MiB",)
        monkeypatch.setattr(store, "LEAST_MEMORY", 2**20)
    size = home.warehouse.stat().st_size
    with warehouse(home.warehouse) as con:
        assert con.execute(said).fetchone() == (f"{2 * size / 2**20:.1f} MiB",)
        monkeypatch.setattr(store, "LEAST_MEMORY", 2**60)
    with warehouse(home.warehouse) as con, duckdb.connect() as other:
        assert con.execute(said).fetchone() == other.execute(said).fetchone()


def test_a_file_over_the_limit_is_left_alone(home):
    home.settings.write_text("[limits]\nfile_megabytes = 1\n")
    for name, size in (("small.csv", 2**20), ("large.csv", 2**20 + 1)):
        (home.inbox / name).write_bytes(b"a" * size)
    found = look(home, listed(home), set())
    assert (found.left_alone, list(found.sizes.values())) == (1, [2**20])
