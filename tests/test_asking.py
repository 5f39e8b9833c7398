"""`outcomes sql`: questions are answered; whatever reads, writes or tells of anything else is refused in one line."""

from __future__ import annotations

import csv
import io
import json
import os
import socket
from contextlib import suppress

import duckdb
import pytest

from outcomes.cli import main
from outcomes.commands import auditors
from outcomes.errors import UsageError
from outcomes.querying import MEMORY, answers, is_whole, opened_to_ask
from tests.conftest import copied

OUTSIDE = "Only the published copy is read here"
QUESTIONS = "Only questions are answered here"

# What RELIABILITY asks to be refused, and what is like it. {file}: a file that is there; {new}: one that is not.
FORBIDDEN = {
    "INSERT INTO score SELECT * FROM score": QUESTIONS,
    "UPDATE score SET total = 0": QUESTIONS,
    "DELETE FROM score": QUESTIONS,
    "TRUNCATE score": QUESTIONS,
    "MERGE INTO night USING night AS n ON night.night = n.night WHEN MATCHED THEN DELETE": QUESTIONS,
    "DROP TABLE score": QUESTIONS,
    "ALTER TABLE score ADD COLUMN x INTEGER": QUESTIONS,
    "COMMENT ON TABLE score IS 'x'": QUESTIONS,
    "CREATE TABLE x (a INTEGER)": QUESTIONS,
    "CREATE TEMP TABLE x AS SELECT 1": QUESTIONS,
    "CREATE VIEW x AS SELECT 1": QUESTIONS,
    "CREATE TEMP MACRO x(a) AS a": QUESTIONS,
    "CREATE SECRET x (TYPE http)": QUESTIONS,
    "COPY score TO '{new}'": QUESTIONS,
    "COPY (SELECT 1) TO '{new}' (FORMAT parquet)": QUESTIONS,
    "COPY score FROM '{file}'": QUESTIONS,
    "EXPORT DATABASE '{new}'": QUESTIONS,
    "IMPORT DATABASE '{folder}'": QUESTIONS,
    "ATTACH '{new}'": QUESTIONS,
    "ATTACH '{warehouse}' AS w (READ_ONLY)": QUESTIONS,
    "ATTACH ':memory:' AS m": QUESTIONS,
    "DETACH outcomes": QUESTIONS,
    "USE memory": QUESTIONS,
    "INSTALL httpfs": QUESTIONS,
    "LOAD httpfs": QUESTIONS,
    "LOAD '{file}'": QUESTIONS,
    "SET threads = 1": QUESTIONS,
    "SET enable_external_access = true": QUESTIONS,
    "SET VARIABLE x = 1": QUESTIONS,
    "RESET lock_configuration": QUESTIONS,
    "PRAGMA database_list": QUESTIONS,
    "PRAGMA threads = 1": QUESTIONS,
    "PRAGMA enable_profiling": QUESTIONS,
    "PRAGMA enable_logging": QUESTIONS,
    "CALL pragma_version()": QUESTIONS,
    "CALL enable_logging()": QUESTIONS,
    "CHECKPOINT": QUESTIONS,
    "VACUUM": QUESTIONS,
    "BEGIN": QUESTIONS,
    "PREPARE q AS SELECT 1": QUESTIONS,
    "EXECUTE q": QUESTIONS,
    "EXPLAIN ANALYZE INSERT INTO score SELECT * FROM score": QUESTIONS,
    "EXPLAIN ANALYZE COPY score TO '{new}'": QUESTIONS,
    "EXPLAIN ANALYZE FROM read_text('{file}')": QUESTIONS,
    "EXPLAIN SELECT 1": QUESTIONS,
    "SELECT 1; COPY (SELECT 1) TO '{new}'": QUESTIONS,
    "FROM read_text('{file}')": OUTSIDE,
    "FROM read_blob('{file}')": OUTSIDE,
    "FROM READ_CSV('{file}')": OUTSIDE,
    "FROM \"read_csv_auto\"('{file}')": OUTSIDE,
    "FROM read_json('{file}')": OUTSIDE,
    "FROM read_parquet('{file}')": OUTSIDE,
    "FROM parquet_metadata('{file}')": OUTSIDE,
    "FROM read_duckdb('{warehouse}')": OUTSIDE,
    "FROM sniff_csv('{file}')": OUTSIDE,
    "FROM '{file}'": OUTSIDE,
    "SELECT * FROM score JOIN '{file}' ON true": OUTSIDE,
    "WITH x AS (FROM '{file}') SELECT 1": OUTSIDE,
    "SELECT (SELECT count(*) FROM read_text('{file}'))": OUTSIDE,
    "SELECT 1 /* */ UNION ALL FROM /* x */ read_text /**/ ('{file}')": OUTSIDE,
    "DESCRIBE '{file}'": OUTSIDE,
    "SUMMARIZE FROM read_csv('{file}')": OUTSIDE,
    "FROM query('FROM read_text(''{file}'')')": OUTSIDE,
    "FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))": OUTSIDE,
    "FROM arrow_scan(1, 2, 3)": OUTSIDE,
    "FROM pandas_scan(1)": OUTSIDE,
    "FROM glob('{folder}/*')": OUTSIDE,
    "FROM 'https://{host}/x.csv'": OUTSIDE,
    "FROM read_csv('http://{host}/x.csv')": OUTSIDE,
    "FROM 's3://bucket/x.parquet'": OUTSIDE,
    "SELECT getenv('HOME')": OUTSIDE,
    "SELECT ('HOME').getenv()": OUTSIDE,
    "SELECT current_setting('secret_directory')": OUTSIDE,
    "FROM duckdb_secrets()": OUTSIDE,
    "FROM which_secret('x', 'http')": OUTSIDE,
    "FROM duckdb_settings()": OUTSIDE,
    "FROM duckdb_databases()": OUTSIDE,
    "FROM duckdb_databases": OUTSIDE,
    "FROM pg_catalog.pg_settings": OUTSIDE,
    "FROM duckdb_extensions()": OUTSIDE,
    "FROM duckdb_logs": OUTSIDE,
    "SELECT write_log('x')": OUTSIDE,
    "FROM pragma_database_list": OUTSIDE,
    "FROM pragma_platform()": OUTSIDE,
}


@pytest.fixture(scope="module")
def places(after_later, tmp_path_factory):
    """A file and a folder that are there, and what is not to come of any of it."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "there.csv").write_text("secret\n4711\n")
    return {
        "file": str(folder / "there.csv"),
        "folder": str(folder),
        "new": str(folder / "made.csv"),
        "warehouse": str(after_later.warehouse),
        "host": "127.0.0.1:9",
    }


@pytest.fixture
def con(after_later):
    """Of one test: DuckDB opens a file but once in a process, and other tests open it otherwise."""
    with opened_to_ask(after_later) as opened:
        yield opened


def asked(con, text):
    return [answer.rows for answer in answers(con, text)]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_what_is_forbidden_is_refused_in_one_line_that_tells_nothing(con, places, statement):
    with pytest.raises(UsageError) as refused:
        asked(con, statement.format(**places))
    said = str(refused.value)
    assert said.startswith(FORBIDDEN[statement])
    assert "\n" not in said
    assert [
        word for word in (*places.values(), "4711", os.sep + "root", "extensions", socket.gethostname()) if word in said
    ] == []
    assert os.listdir(places["folder"]) == ["there.csv"]


@pytest.mark.parametrize("statement", [s for s in FORBIDDEN if FORBIDDEN[s] == QUESTIONS or "{" in s])
def test_the_wall_stands_without_the_look_that_gives_the_words(con, places, statement, monkeypatch):
    """DuckDB itself lets nothing of this reach a file or an address, or change what is stored."""
    monkeypatch.setattr("outcomes.querying._look_at", lambda con, text: None)
    before = asked(con, "SELECT count(*), sum(total) FROM score")
    try:
        said = asked(con, statement.format(**places))
    except UsageError as refused:
        said = str(refused)
    assert "4711" not in str(said)
    with suppress(duckdb.Error):
        con.execute("ROLLBACK")
    assert asked(con, "SELECT count(*), sum(total) FROM score") == before
    assert os.listdir(places["folder"]) == ["there.csv"]
    assert asked(
        con, "SELECT count(*) AS n FROM duckdb_tables() WHERE database_name NOT IN ('outcomes', 'temp', 'system')"
    ) == [[{"n": 0}]]


def test_what_is_a_question_is_answered(con):
    for text, rows in (
        ("SELECT 1 AS a", [{"a": 1}]),
        ("FROM (VALUES (1, ';')) AS t (a, b)", [{"a": 1, "b": ";"}]),
        ("WITH x AS (SELECT 2 AS a) FROM x", [{"a": 2}]),
        ("SELECT 1 AS a, 2 AS a, 3 AS a", [{"a": 1, "a_2": 2, "a_3": 3}]),
        ("SELECT count(*) > 0 AS a FROM rate SEMI JOIN measure USING (measure_id)", [{"a": True}]),
        ("SELECT wilson_low(5, 10) < 0.5 AS a", [{"a": True}]),
        ("SELECT unnest(range(2)) AS a", [{"a": 0}, {"a": 1}]),
        ("SELECT count(*) = (SELECT sum(courses) FROM tally) AS a FROM endpoint", [{"a": True}]),
    ):  # fmt: skip
        assert asked(con, text) == [rows]
    assert len(asked(con, "DESCRIBE rate")[0]) == len(asked(con, "SUMMARIZE rate")[0]) > 20
    assert {"name": "rate"} in asked(con, "SHOW TABLES")[0]
    assert {
        row["measure_id"] for row in asked(con, "FROM course_picks('pick') SELECT DISTINCT 'x' AS measure_id")[0]
    } == {"x"}
    assert [len(rows) for rows in asked(con, "SELECT 1; SELECT 1 WHERE false; VALUES (1), (2)")] == [1, 0, 2]


def test_an_error_carries_no_value_of_a_row(con):
    ((first, *_),) = asked(con, "SELECT patient_id FROM patient ORDER BY ALL")
    for text in ("SELECT patient_id::INTEGER FROM patient", "SELECT patient_id::DATE FROM patient", "SELECT error(patient_id) FROM patient"):  # fmt: skip
        with pytest.raises(UsageError) as refused:
            asked(con, text)
        assert first["patient_id"] not in str(refused.value)
        assert first["patient_id"][:3] not in str(refused.value)


def test_a_wrong_name_is_answered_with_a_near_one(con):
    with pytest.raises(UsageError, match='Did you mean "rate"'):
        asked(con, "FROM rates")
    with pytest.raises(UsageError, match='"observed_rate"'):
        asked(con, "SELECT observedrate FROM rate")
    with pytest.raises(UsageError, match="syntax error"):
        asked(con, "SELEC 1")
    with pytest.raises(UsageError, match="Nothing was asked"):
        asked(con, "-- nothing")


def test_memory_is_bounded_and_nothing_is_spilled(con, after_later):
    settings = dict(con.execute("SELECT name, value FROM duckdb_settings() WHERE name IN ('memory_limit', 'temp_directory', 'max_temp_directory_size', 'allow_persistent_secrets')").fetchall())  # fmt: skip
    assert settings == {"memory_limit": "1.8 GiB", "temp_directory": "", "max_temp_directory_size": "0 bytes", "allow_persistent_secrets": "false"}  # fmt: skip
    assert MEMORY == "2GB"
    assert not [name for name in os.listdir(after_later.published) if name.endswith((".tmp", ".wal"))]


def test_a_statement_ends_with_a_semicolon_that_is_no_part_of_a_text(con):
    assert [is_whole(con, text) for text in ("SELECT 1", "SELECT 1;", "SELECT ';", "SELECT ';';", "/* ;", "SELEC;", ";")] == [
        False, True, False, True, False, True, True,
    ]  # fmt: skip


def said(capsys, monkeypatch, home, *arguments, typed="", is_prompt=False):
    """Exit code, standard output and standard error of `outcomes sql`."""
    stdin = io.StringIO(typed)
    stdin.isatty = lambda: is_prompt
    monkeypatch.setattr("sys.stdin", stdin)
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main(["sql", *arguments, "--home", str(home.root)])
    return int(ended.value.code or 0), *capsys.readouterr()


def test_one_question_as_a_table_csv_and_json(after_later, capsys, monkeypatch):
    query = "SELECT clinic_id, met FROM rate WHERE measure_id = 'response_of_starters' ORDER BY 1"
    code, out, _ = said(capsys, monkeypatch, after_later, query, "--format", "json")
    rows = json.loads(out)
    assert (code, [row["clinic_id"] for row in rows]) == (0, ["*", "C01", "C02", "C03"])
    _, out, _ = said(capsys, monkeypatch, after_later, query, "--format", "csv")
    assert [dict(row, met=int(row["met"])) for row in csv.DictReader(io.StringIO(out))] == rows
    _, out, _ = said(capsys, monkeypatch, after_later, query)
    assert [line.split() for line in out.splitlines()[2:]] == [[row["clinic_id"], str(row["met"])] for row in rows]


def test_questions_are_read_line_by_line_up_to_a_semicolon(after_later, capsys, monkeypatch):
    typed = "SELECT 1 AS a,\n ';' AS b\n;\n\nFROM nowhere;\nSELECT 2 AS a;\n"
    code, out, err = said(capsys, monkeypatch, after_later, typed=typed)
    assert (code, out.split(), err.count("\n")) == (64, ["a", "b", "-", "-", "1", ";"], 1)
    code, out, err = said(capsys, monkeypatch, after_later, typed=typed, is_prompt=True)
    assert (code, err.count("\n")) == (0, 1), "a prompt goes on after an error"
    assert out.split()[-2:] == ["2", "outcomes>"]
    code, out, _ = said(capsys, monkeypatch, after_later, typed="SELECT 3 AS a")
    assert (code, out.split()) == (0, ["a", "-", "3"])


def test_a_long_answer_says_how_much_of_it_is_shown(after_later, capsys, monkeypatch):
    monkeypatch.setattr(auditors, "_MOST_ROWS", 2)
    _, out, _ = said(capsys, monkeypatch, after_later, "SELECT unnest(range(5)) AS a")
    assert out.splitlines()[2:] == ["0", "1", "2 of 5 rows. All of them: --format csv"]


def test_without_a_published_copy_it_says_what_to_do(after_later, tmp_path, capsys, monkeypatch):
    home = copied(after_later, tmp_path / "home")
    home.published_copy.unlink()
    code, out, err = said(capsys, monkeypatch, home, "SELECT 1")
    assert (code, out) == (64, "")
    assert "has no published copy yet" in err


def test_a_long_answer_is_made_whole_before_it_is_handed_over(after_first):
    """DuckDB 1.5 hands an answer over while it is made, and waits for ever on a long one of two parts on few threads."""
    with opened_to_ask(after_first) as con:
        (size,) = con.execute("SELECT current_setting('streaming_buffer_size')").fetchone()
    assert size == "931.3 GiB"
