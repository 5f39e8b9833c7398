"""Who has checked what: a signature is of the exact definition. And the benchmarks that a home adds and retires."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import shlex
import shutil
from pathlib import Path

import duckdb
import pytest

from outcomes.cli import _parser, main
from outcomes.datafiles import put_data_files, read_data_files
from outcomes.documents import commands, example
from outcomes.errors import BusyError, OutcomesError, UsageError
from outcomes.inbox import locked
from outcomes.laying import lay
from outcomes.nights import run_night
from outcomes.ownbenchmarks import add, listed, retire
from outcomes.paths import Home, data_folder
from outcomes.publishedcopy import opened
from outcomes.releases import run_release, run_replay
from outcomes.signatures import sign
from outcomes.summary import UNCHECKED, rows_of
from outcomes.witnessing import differing
from outcomes.words import unchecked_words
from schemas.errors import DataFileError
from schemas.ownbenchmarks import read_cells
from tests.conftest import FIRST, copied, stored

pytestmark = pytest.mark.usefixtures("no_pages_here")

RESPONSE, PRIMARY, OWN = "response_post_induction", "mcinnes2022_response_d14_31", "own_smith2026_response"
STANDING = "SELECT is_signed, signed_by, earlier_signatures FROM definition_check WHERE kind = 'measure' AND id = '{}'"


@pytest.fixture
def home(after_first, tmp_path) -> Home:
    return copied(after_first, tmp_path / "home")


@pytest.fixture(scope="module")
def laid():
    """A store in memory with the data files, and one measure, one benchmark and the rules signed."""
    with duckdb.connect() as con:
        lay(con)
        put_data_files(con, read_data_files(data_folder()))
        con.execute("INSERT INTO main.definition_digest FROM recomputed.definition_digest")
        con.execute(
            f"""INSERT INTO signature SELECT row_number() OVER (), kind, id, version, digest, '', 'R. Meyer', DATE '2026-01-31', NULL, 1, 0
            FROM definition_check WHERE id IN ('rules', '{RESPONSE}', '{PRIMARY}')"""
        )
        yield con


def standing(home: Home, measure: str = RESPONSE) -> tuple[bool, str | None, int]:
    (row,) = stored(home.published_copy, STANDING.format(measure))
    return row


def said(capsys, *words: str, code: int = 0) -> str:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    out = capsys.readouterr()
    assert ended.value.code == code, out.err
    return out.out + out.err


# Signatures


@pytest.mark.parametrize("verb", ["measures", "benchmarks"])
def test_each_verb_under_a_verb_has_an_example_that_it_understands(verb):
    for name, parser in commands(commands(_parser())[verb]).items():
        assert example(parser).startswith(f"outcomes {verb} {name} ")
        _parser().parse_args(shlex.split(example(parser))[1:])


def test_nothing_that_ships_is_signed_and_every_list_says_so(after_first, capsys):
    with opened(after_first) as con:
        (counts,) = rows_of(con, UNCHECKED)
    files = read_data_files(data_folder())
    m, b = len(files.measures), files.benchmarks.height
    line = f"{m} of {m} measures and {b} of {b} benchmarks are unchecked by a clinician, and so are the rules (outcomes measures list)."
    assert unchecked_words(counts) == line
    at = ("--home", str(after_first.root))
    for words in (("rates", "--measure", RESPONSE), ("compare", "--measure", RESPONSE)):
        text = said(capsys, *words, *at)
        assert text.rstrip().endswith(line)
        assert "unchecked\n" in text
    assert f"checked by{' ' * 13}unchecked\n" in said(capsys, "explain", RESPONSE, *at)
    assert json.loads(after_first.summary.read_text())["unchecked"]["measures"] == m
    rows = json.loads(said(capsys, "rates", "--measure", RESPONSE, "--format", "json", *at))
    assert {row["is_signed"] for row in rows} == {False}


def test_a_signature_is_on_the_published_copy_at_once_and_in_a_receipt(home, capsys):
    at = ("--home", str(home.root))
    words = ("measures", "sign", RESPONSE, "--version", "1", "--note", "Against the paper.")
    assert "version 1, by R. Meyer on 2026-" in said(capsys, *words, "--by", " R.  Meyer", *at)
    sign(home, "measure", RESPONSE, "A. Osei", None, None, dt.date(2030, 1, 1))
    assert standing(home) == (True, "R. Meyer, A. Osei", 0)
    first, second = map(json.loads, (home.receipts / "signatures.jsonl").read_text().splitlines())
    assert (first["signed_by"], first["remark"], first["version"], second["signed_on"]) == ("R. Meyer", "Against the paper.", 1, "2030-01-01")  # fmt: skip
    assert "R. Meyer, A. Osei, last on 2030-01-01" in said(capsys, "explain", RESPONSE, *at)
    assert f"{RESPONSE},1,Response after induction,True,\"R. Meyer, A. Osei\"" in said(capsys, "measures", "list", "--format", "csv", *at)  # fmt: skip
    assert "signed\n" in said(capsys, "rates", "--measure", RESPONSE, *at)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "respons_post"}, "has no measure"), ({"version": 2}, "is version 1 in this home, not 2"),
        ({"on": dt.date(2020, 1, 1)}, "Give that date or a later one"), ({"by": "x"}, "2 to 80"), ({"remark": "x"}, "2 to 300"),
        ({"remark": "as for {patient}."}, "holds a patient's code"), ({"by": "{patient}"}, "not a patient's code"),
    ],
)  # fmt: skip
def test_what_cannot_be_signed_is_refused(after_first, change, words):
    ((patient,),) = stored(after_first.published_copy, "SELECT min(patient_id) FROM patient")
    given = {"name": RESPONSE, "by": "R. Meyer", "version": None, "remark": None} | change
    given = {key: value.format(patient=patient) if isinstance(value, str) else value for key, value in given.items()}
    with pytest.raises(UsageError, match=words):
        sign(after_first, "measure", **given)
    assert not (after_first.receipts / "signatures.jsonl").exists()


def test_nobody_signs_the_same_twice_nor_during_a_night(home):
    sign(home, "benchmark", PRIMARY, "R. Meyer", 1, None)
    with pytest.raises(UsageError, match="has signed mcinnes2022_response_d14_31 as it is already"):
        sign(home, "benchmark", PRIMARY, "r. meyer", None, None)
    with locked(home), pytest.raises(BusyError):
        sign(home, "measure", RESPONSE, "R. Meyer", None, None)
    with duckdb.connect(str(home.warehouse)) as con:
        con.execute("UPDATE laid SET sql_digest = 'older'")
    with pytest.raises(OutcomesError, match="The program has changed"):
        sign(home, "measure", RESPONSE, "R. Meyer", None, None)


_WORDS = {
    "rules": set(),
    "measure": {"position", "checked_by"},
    "benchmark": {"position", "retired_on", "retired_because"},
}


@pytest.mark.parametrize("kind", _WORDS)
def test_a_change_of_any_word_makes_a_definition_unchecked_and_its_change_back_signed(laid, kind):
    """But its place in the file, what the file says of who checked it, and whether this home has retired it."""
    name = {"rules": "rules", "measure": RESPONSE, "benchmark": PRIMARY}[kind]
    key = "true" if kind == "rules" else f"{kind}_id = '{name}'"
    query = f"SELECT is_signed, earlier_signatures FROM definition_check WHERE kind = '{kind}' AND id = '{name}'"
    columns = [row[:2] for row in laid.execute(f"DESCRIBE {kind}").fetchall() if row[0] != f"{kind}_id"]
    assert len(columns) > 20
    derived_again = (
        "TRUNCATE main.definition_digest; INSERT INTO main.definition_digest FROM recomputed.definition_digest"
    )
    for column, of in columns:
        (before,) = laid.execute(f"SELECT {column} FROM {kind} WHERE {key}").fetchone()
        other = {"VARCHAR": f"coalesce({column}, '') || '.'", "BOOLEAN": f"NOT {column}", "DATE": f"coalesce({column}, DATE '2026-01-01') + 1"}.get(of, f"coalesce({column}, 0) + 1")  # fmt: skip
        laid.execute(f"UPDATE {kind} SET {column} = {other} WHERE {key}; {derived_again}")
        found = laid.execute(query).fetchone()
        laid.execute(f"UPDATE {kind} SET {column} = ? WHERE {key}", [before])
        laid.execute(derived_again)
        assert found == ((True, 0) if column in _WORDS[kind] else (False, 1)), column
        assert laid.execute(query).fetchone() == (True, 0)


# Benchmarks of a home


def row(**cells: str) -> dict[str, str]:
    """A row as the CSV has it: that of the primary benchmark under another name, or what the cells say."""
    with (data_folder() / "benchmarks.csv").open(encoding="utf-8", newline="") as file:
        (shipped,) = [line for line in csv.DictReader(file) if line["benchmark_id"] == PRIMARY]
    return shipped | {"benchmark_id": OWN, "events": "30", "n": "60", "rate": "0.50", "primary": "no"} | cells


def written(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_no_shipped_benchmark_has_a_name_of_a_homes_own():
    assert not [name for name in read_data_files(data_folder()).benchmarks["benchmark_id"] if name.startswith("own_")]


def test_csv_and_toml_say_the_same(tmp_path):
    """Digits as printed: 0.50 has two."""
    cells = row()
    lines = [f"{key} = {value if key in ('rate', 'n') else json.dumps(value)}" for key, value in cells.items() if value and key != "benchmark_id"]  # fmt: skip
    (tmp_path / "b.toml").write_text("\n".join([f"[{OWN}]", *lines]))
    assert read_cells(tmp_path / "b.toml") == read_cells(written(tmp_path / "b.csv", cells))
    assert read_cells(tmp_path / "b.toml")[0]["rate"] == "0.50"
    for text, fault in (("own_x = 1", "not a table"), ("[own_x]\nfoo = 1", "foo: unknown key"), ("[own_x]\nn = true", "n: expected"), ("[own_x]\nbenchmark_id = 'own_y'", "benchmark_id: unknown key"), ("", "no benchmark"), ("[", "not readable")):  # fmt: skip
        (tmp_path / "bad.toml").write_text(text)
        with pytest.raises(DataFileError, match=fault):
            read_cells(tmp_path / "bad.toml")


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"benchmark_id": "smith2026"}, "is called own_ and more"), ({"rate": "0.51"}, "is not 30/60 to the digits printed"), ({"events": "61"}, "more than n"),
        ({"measure_id": "nothing"}, "not a measure"), ({"primary": "yes"}, "more than one primary"), ({"caveat": "one of {patient}"}, "holds a patient's code"),
    ],
)  # fmt: skip
def test_a_row_that_breaks_the_contract_is_refused_and_nothing_is_recorded(after_first, tmp_path, cells, words):
    ((patient,),) = stored(after_first.published_copy, "SELECT min(patient_id) FROM patient")
    cells = {key: value.format(patient=patient) for key, value in cells.items()}
    with pytest.raises(UsageError, match=words):
        add(after_first, written(tmp_path / "b.csv", row(**cells)), "R. Meyer")
    assert not (after_first.receipts / "benchmarks.jsonl").exists()


def test_another_file_given_by_mistake_is_refused_without_its_name_or_a_cell(after_first, tmp_path):
    for name in ("Jane_Doe.csv", "Jane_Doe.toml"):
        (tmp_path / name).write_text("clinic_id,patient_id,total\nC01,JD-1,27\n")
        with pytest.raises(UsageError) as refused:
            add(after_first, tmp_path / name, "R. Meyer")
        assert not [word for word in ("Jane", "JD-1", "27") if word in str(refused.value)]
    # Without a header its first line is somebody's.
    for name, text in (
        ("Jane_Doe.csv", "C01,JD-1,27,Jane Doe\n"),
        ("Jane_Doe.toml", '"JD-1" = 27\n["Jane Doe"]\n"Jane D" = 27\n'),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(UsageError, match="unknown") as refused:
            add(after_first, tmp_path / name, "R. Meyer")
        assert not [word for word in ("Jane", "JD-1", "27") if word in str(refused.value)]


def test_what_cannot_be_retired_or_added_again_is_refused(home, tmp_path):
    path = written(tmp_path / "b.csv", row())
    with pytest.raises(UsageError, match="There is no benchmark own_"):
        retire(home, OWN, None, "Retracted", "R. Meyer")
    with pytest.raises(UsageError, match="two rows of one benchmark_id"):
        add(home, written(tmp_path / "twice.csv", row(), row()), "R. Meyer")
    assert add(home, path, "R. Meyer") == [OWN]
    with pytest.raises(UsageError, match="raise the version"):
        add(home, path, "R. Meyer")
    retire(home, OWN, None, "Retracted", "R. Meyer")
    with pytest.raises(UsageError, match="is retired already"):
        retire(home, OWN, None, "Retracted", "R. Meyer")
    assert add(home, written(path, row(version="2")), "R. Meyer") == [OWN]
    with opened(home) as con:
        last = listed(con)[-1]
    assert (last["benchmark_id"], last["version"], last["changes_next_night"]) == (OWN, 2, True)


def test_an_own_benchmark_takes_the_place_of_a_retired_one_and_a_release_keeps_it(home, sample, tmp_path, capsys):
    """Compared from the next night on; what was locked before replays as it was; a lost database has all of it back."""
    as_of = sample.as_of(FIRST)
    run_release(home, "Q1")
    verdicts = "SELECT benchmark_id, outcome FROM comparison WHERE clinic_id = 'C01' AND benchmark_id IN ({}) ORDER BY 1".format(f"'{PRIMARY}', '{OWN}'")  # fmt: skip
    retire(home, PRIMARY, as_of + dt.timedelta(days=1), "Replaced by our own", "R. Meyer")
    add(home, written(tmp_path / "b.csv", row(primary="yes")), "A. Osei", dt.date(2030, 1, 1))
    assert stored(home.published_copy, verdicts) == [(PRIMARY, "verdict")], "in force from the next night on"
    with pytest.raises(OutcomesError, match="data files have changed"):
        run_release(home, "Q2")

    run_night(home, as_of + dt.timedelta(days=1))
    assert stored(home.published_copy, verdicts) == [(PRIMARY, "refused"), (OWN, "verdict")]
    because = f"SELECT DISTINCT because, difference FROM comparison WHERE benchmark_id = '{PRIMARY}'"
    assert stored(home.published_copy, because) == [(f"Retired from {as_of + dt.timedelta(days=1)}: Replaced by our own", None)]  # fmt: skip
    for view in ("baseline_beside", "observed_expected"):
        assert stored(home.published_copy, f"SELECT count(*) FROM {view} WHERE benchmark_id = '{PRIMARY}'") == [(0,)]
    assert (
        "receipts/benchmarks.jsonl:"
        in stored(home.published_copy, "SELECT arg_max(data_versions, night) FROM night")[0][0]
    )
    text = said(capsys, "benchmarks", "list", "--home", str(home.root))
    assert f"retired from {as_of + dt.timedelta(days=1)}" in text

    assert run_replay(home, "Q1")["equal"]
    run_release(home, "Q2")
    locked_then = "SELECT release_no, outcome, verdict IS NULL AND withheld_because IS NULL FROM release_comparison WHERE benchmark_id = '{}' AND clinic_id = 'C01' ORDER BY 1"
    assert stored(home.published_copy, locked_then.format(PRIMARY)) == [(1, "verdict", False), (2, "refused", True)]
    assert stored(home.published_copy, locked_then.format(OWN)) == [(2, "verdict", False)]
    assert run_replay(home, "Q2")["equal"]

    before = stored(home.published_copy, "SELECT * FROM benchmark ORDER BY ALL"), stored(home.published_copy, "FROM benchmark_change ORDER BY ALL")  # fmt: skip
    os.unlink(home.warehouse)
    run_night(home, as_of + dt.timedelta(days=1))
    after = stored(home.published_copy, "SELECT * FROM benchmark ORDER BY ALL"), stored(home.published_copy, "FROM benchmark_change ORDER BY ALL")  # fmt: skip
    assert after == before
    with opened(home) as con:
        assert differing(home, con) == []


def test_signatures_of_a_lost_database_come_back_and_a_line_that_was_cut_is_written_again(home, sample):
    sign(home, "measure", RESPONSE, "R. Meyer", None, None)
    sign(home, "measure", "rules", "A. Osei", None, None)
    query = "FROM signature ORDER BY signature_no"
    before = stored(home.published_copy, query)
    path = home.receipts / "signatures.jsonl"
    whole = path.read_text()
    path.write_text(whole[:-20])
    with duckdb.connect(str(home.warehouse)) as con:
        assert differing(home, con) == ["signature"]
    run_night(home, sample.as_of(FIRST))
    assert path.read_text() == whole
    os.unlink(home.warehouse)
    run_night(home, sample.as_of(FIRST))
    assert stored(home.published_copy, query) == before
    assert [row[1:3] for row in before] == [("measure", RESPONSE), ("rules", "rules")]


def test_an_own_benchmark_whose_measure_is_no_more_stops_the_night_until_it_is_retired(tmp_path):
    """A program of another version has other measures: a person says what becomes of what was added for them."""
    change = {
        "kind": "add",
        "benchmark_id": OWN,
        "cells": json.dumps({key: value or None for key, value in row().items()}),
    }
    shutil.copytree(data_folder(), tmp_path / "data")
    text = (tmp_path / "data" / "benchmarks.csv").read_text()
    head, *lines = text.splitlines(keepends=True)
    (tmp_path / "data" / "benchmarks.csv").write_text(
        "".join([head, *(line for line in lines if f",{RESPONSE}," not in line)])
    )
    measures = (tmp_path / "data" / "measures.toml").read_text()
    (tmp_path / "data" / "measures.toml").write_text(measures.replace(f"[{RESPONSE}]", "[response_otherwise]").replace(f'"{RESPONSE}"', '"response_otherwise"'))  # fmt: skip
    cusum = tmp_path / "data" / "cusum.toml"
    cusum.write_text(cusum.read_text().replace(RESPONSE, "response_otherwise"))
    with pytest.raises(DataFileError, match=f"{RESPONSE} is not a measure"):
        read_data_files(tmp_path / "data", [change])
    gone = {"kind": "retire", "benchmark_id": OWN, "retired_on": "2026-01-31", "because": "Its measure is no more"}
    found = read_data_files(tmp_path / "data", [change, gone]).benchmarks.row(-1, named=True)
    assert (found["benchmark_id"], found["retired_on"]) == (OWN, dt.date(2026, 1, 31))


def test_a_store_of_an_earlier_version_has_all_of_it_after_its_next_night(home, sample, capsys):
    for path in (home.warehouse, home.published_copy):
        with duckdb.connect(str(path)) as con:
            for view in ("definition_check", "release_check", "sample_audit_result"):
                con.execute(f"DROP VIEW {view}")
            for table in ("signature", "benchmark_change", "sample_audit", "sample_audit_course"):
                con.execute(f"DROP TABLE {table}")
            for column in ("retired_on", "retired_because"):
                con.execute(f"ALTER TABLE benchmark DROP COLUMN {column}")
            con.execute("UPDATE laid SET sql_digest = 'older'")
    assert "Another program made the published copy: run outcomes nightly." in said(capsys, "measures", "list", "--home", str(home.root), code=1)  # fmt: skip
    run_night(home, sample.as_of(FIRST))
    sign(home, "measure", RESPONSE, "R. Meyer", None, None)
    assert standing(home) == (True, "R. Meyer", 0)
    assert stored(home.published_copy, "SELECT count(*) FROM benchmark WHERE retired_on IS NULL")[0][0] > 100
