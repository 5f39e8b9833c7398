"""README.md stays true: its tables, commands, queries, folders and words are held to what the product says."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
import shutil
from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest

from outcomes.cli import _parser
from outcomes.datafiles import read_data_files
from outcomes.documents import (
    commands,
    commands_table,
    contract_table,
    example,
    marked,
    measures_table,
    rewritten,
    settings_table,
)
from outcomes.documents.speed import last_whole_run, speed_part, verdict
from outcomes.nights import run_night
from outcomes.paths import Home, data_folder
from outcomes.publishedcopy import opened
from outcomes.words import night_words
from schemas.feeds import FEEDS
from schemas.reasons import REASONS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
QUERIES = re.findall(r"```sql\n(.*?)```", README, re.S)
COMMANDS = commands(_parser())


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """A home after the night of `outcomes demo`, and the words of that night."""
    home = Home(tmp_path_factory.mktemp("documents") / "home")
    home.make()
    for path in (data_folder() / "sample" / "inbox").iterdir():
        shutil.copyfile(path, home.inbox / path.name)
    shutil.copyfile(data_folder() / "sample" / "clinics.toml", home.clinics)
    nights = json.loads((data_folder() / "sample" / "truth.json").read_text("utf-8"))["nights"]
    summary = run_night(home, dt.date.fromisoformat(nights["first"]["as_of"]))
    return home, night_words(asdict(summary), home)


def test_the_measures_are_those_of_the_data():
    assert marked(README, "measures") == measures_table(read_data_files(data_folder()).measures)


@pytest.mark.parametrize("feed", FEEDS)
def test_the_contract_is_the_one_that_is_checked(feed):
    assert marked(README, f"contract of {feed}") == contract_table(FEEDS[feed])


@pytest.mark.parametrize("feed", FEEDS)
def test_the_contract_names_every_column(feed):
    named = set(re.findall(r"^\| (.*?) \|", contract_table(FEEDS[feed]), re.M))
    assert {f"`{column}`" for column in FEEDS[feed].columns if not re.fullmatch("item_[1-9]", column)} <= named
    assert ("`item_1` .. `item_9`" in named) == (feed == "scores")


def test_the_commands_are_those_of_the_parser():
    assert marked(README, "commands") == commands_table(_parser())


def test_the_settings_are_those_of_the_contract():
    assert marked((ROOT / "docs" / "running.md").read_text("utf-8"), "settings") == settings_table()


def test_the_speeds_are_those_of_the_last_whole_run():
    assert marked(README, "speed") == speed_part(last_whole_run(ROOT / "bench" / "results.jsonl"))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (9.9, "NOT met"),
        (10, "met, and the aim"),
        (12, "met, and the aim"),
        (12.1, "met"),
        (20, "met"),
        (20.1, "NOT met"),
    ],
)
def test_a_speed_is_held_to_its_limits_on_both_sides(value, said):
    assert verdict({"value": value, "at_least": 10, "at_most": 20, "aim": 12}) == said


def test_a_speed_of_which_nothing_was_promised_has_no_verdict():
    assert verdict({"value": 1.0, "at_least": None, "at_most": None, "aim": None}) == ""


def test_a_short_run_is_not_shown(tmp_path):
    results = tmp_path / "results.jsonl"
    results.write_text('{"rows": 1000000}\n')
    with pytest.raises(ValueError, match="no run of 10,000,000 rows"):
        last_whole_run(results)
    results.write_text('{"rows": 10000000, "on": "first"}\n{"rows": 10000000, "on": "last"}\n{"rows": 1000000}\n')
    assert last_whole_run(results)["on"] == "last"


def test_an_unmarked_document_is_not_rewritten():
    with pytest.raises(ValueError, match="0 parts are marked measures"):
        rewritten("# no table\n", {"measures": "| a |\n"})


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_an_example_that_it_understands(name):
    """In its `--help` and in the README."""
    assert f"example:\n  outcomes {name}" in COMMANDS[name].format_help()
    assert f"`{example(COMMANDS[name])}`" in README
    _parser().parse_args(example(COMMANDS[name]).split()[1:])


def test_every_command_line_shown_is_understood():
    """The lines of ```sh blocks, comments apart."""
    text = README + (ROOT / "docs" / "signing.md").read_text("utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.splitlines()]
    ours = [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("outcomes ")]
    assert ours
    for words in ours:
        _parser().parse_args(words)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: " ".join(query.split())[:40])
def test_each_query_runs_on_the_published_copy(demo, query):
    """As an auditor opens it. Those that compare or look for a loss find nothing; the others find something."""
    with opened(demo[0]) as con:
        found = con.execute(query).fetchall()
    assert bool(found) != ("EXCEPT" in query or "HAVING" in query)


def test_a_verdict_by_hand_is_the_one_shown(demo):
    with opened(demo[0]) as con:
        assert con.execute("SELECT verdict(45, 60, 288, 537)").fetchall() == [("above",)]


def test_the_python_that_opens_the_published_copy_hardens_it(demo, tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    names: dict[str, duckdb.DuckDBPyConnection] = {}
    exec(code.replace("clinic-home/published/outcomes.duckdb", str(demo[0].published_copy)), names)
    with names["con"] as con:
        for refused in ("FROM read_text('/etc/hostname')", f"COPY (SELECT 1) TO '{tmp_path}/x'", "SET threads = 1"):
            with pytest.raises(duckdb.Error):
                con.execute(refused)


def test_the_excerpt_is_what_a_night_prints(demo):
    shown = [line for line in marked(README, "demo").splitlines() if line not in ("```text", "```", "...")]
    assert shown
    assert [line for line in shown if line not in demo[1].splitlines()] == []


def test_the_readme_names_every_place_of_a_home(demo):
    home = demo[0]
    places = [getattr(home, name) for name, value in vars(Home).items() if isinstance(value, property)]
    folders = {path.name for path in home.root.iterdir() if path.is_dir()} - {"published"}
    names = {path.name for path in places} | folders
    assert [name for name in sorted(names) if f"`{name}`" not in README and f"`{name}/`" not in README] == []


@pytest.mark.parametrize("about", ["status", "verdict"])
def test_the_readme_names_every_reason(about):
    """Every status of an endpoint, and every reason that withholds a verdict."""
    codes = [reason.code for reason in REASONS if reason.about == about]
    assert codes
    assert [code for code in codes if f"`{code}`" not in README] == []


def test_every_file_that_is_linked_is_there():
    for document in (
        "README.md",
        "CHANGELOG.md",
        "docs/sending.md",
        "docs/signing.md",
        "docs/running.md",
        "docs/pseudonyms.md",
    ):
        path = ROOT / document
        links = re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text("utf-8"))
        assert [link for link in links if not (path.parent / link).exists()] == []
