"""What the code's shape must be: who imports whom, who prints, who knows the time, how long a file may be."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from outcomes.datafiles import read_data_files
from outcomes.laying import TABLES, sql_files
from outcomes.paths import Home, data_folder
from tests.conftest import FIRST, made, stored

ROOT = Path(__file__).parents[1]
SQL = sorted((ROOT / "schemas" / "sql").glob("*.sql"))
MODULES = sorted(path for folder in ("src/outcomes", "schemas", "flows") for path in (ROOT / folder).rglob("*.py"))
CLI = ROOT / "src" / "outcomes" / "cli.py"
# Which of our own packages a package may import. The command line is above the flows, the rest of outcomes below.
BELOW = {"cli": {"flows", "outcomes", "schemas"}, "flows": {"flows", "outcomes", "schemas"}, "outcomes": {"outcomes", "schemas"}, "schemas": {"schemas"}}  # fmt: skip
OURS = {"flows", "outcomes", "schemas"}
NOT_INSTALLED = {"pandas", "numpy", "pyarrow", "scipy", "statsmodels", "lifelines"}


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def package(path: Path) -> str:
    if path == CLI:
        return "cli"
    return "outcomes" if "src" in path.relative_to(ROOT).parts else path.relative_to(ROOT).parts[0]


def imported(path: Path) -> Iterator[str]:
    """The dotted names of everything a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{short(path)}: a relative import"
            assert node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each call."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def test_all_modules_are_looked_at():
    assert {package(path) for path in MODULES} == set(BELOW)
    assert len(SQL) == len(list(sql_files(10, 99))) > 20


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_imports_go_one_way(path):
    """cli -> flows -> outcomes -> schemas."""
    found = {name.partition(".")[0] for name in imported(path)} & OURS
    assert found <= BELOW[package(path)]
    assert (
        "outcomes.cli" not in {".".join(name.split(".")[:2]) for name in imported(path)} or path.name == "__main__.py"
    )


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_prefect_is_in_the_flows_only(path):
    found = {name.partition(".")[0] for name in imported(path)}
    assert "prefect" not in found or package(path) in ("flows", "cli")


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_no_pandas_numpy_or_pyarrow(path):
    """None of them is installed with the product."""
    assert not {name.partition(".")[0] for name in imported(path)} & NOT_INSTALLED


WITHOUT = """
import datetime as dt
import sys
from pathlib import Path


class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[2:]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Hidden())
import flows.nightly
from outcomes.nights import run_night
from outcomes.paths import Home

run_night(Home(Path(sys.argv[1])), dt.date(2030, 1, 1))
"""


def test_a_night_runs_where_the_oracles_of_the_tests_are_not_installed(tmp_path):
    """scipy and numpy are installed here, and pandera looks for numpy, so they are hidden from a night of its own."""
    home = Home(tmp_path / "home")
    made(tmp_path / "sample", 1, 8, 1).send(FIRST, home)
    subprocess.run([sys.executable, "-c", WITHOUT, str(home.root), *sorted(NOT_INSTALLED)], check=True, timeout=120)
    assert stored(home.published_copy, "SELECT count(*) > 0 FROM score") == [(True,)]


@pytest.mark.parametrize("path", [*MODULES, *SQL], ids=short)
def test_no_file_is_longer_than_400_lines(path):
    assert len(path.read_text("utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_only_the_command_line_prints(path):
    """Its parts: cli.py and the themes of commands/."""
    found = [line for line, name in calls(path) if name in ("print", "sys.stdout.write", "logging.getLogger")]
    assert found == [] or path == CLI or path.parent.name == "commands"


def test_the_command_line_is_light_until_a_command_runs():
    """What it would import for --help is what every command waits for."""
    heavy = "{'duckdb', 'jinja2', 'pandera', 'polars', 'prefect', 'pydantic'}"
    said = f"import sys, outcomes.cli\nprint(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", said], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == []


CLOCK = re.compile(r"(.*\.)?(now|utcnow|today)|time\.(time|time_ns|monotonic|perf_counter|localtime|gmtime|strftime)")


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_nothing_knows_the_time(path):
    """The as-of date is given. The command line may ask for today's, the progress bar how long it has waited, a log both."""
    found = {name for _, name in calls(path) if CLOCK.fullmatch(name)}
    allowed = {
        CLI: {"dt.date.today"},
        CLI.with_name("tables.py"): {"time.monotonic"},
        # When a line of the log was written and how long a step took: for people, and nothing is made of either.
        CLI.with_name("logs.py"): {"dt.datetime.now", "time.monotonic"},
    }
    assert found <= allowed.get(path, set())


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_nothing_is_left_to_chance(path):
    """No hash() of text, no uuid and no unseeded random number: the same files give the same store.

    But for a patient's code in a clinic's crosswalk, which must follow from nothing."""
    allowed = {"secrets"} if path == CLI.with_name("codes.py") else set()
    assert not ({name.partition(".")[0] for name in imported(path)} & {"uuid", "secrets"}) - allowed
    found = {name for _, name in calls(path)}
    assert not found & {"hash", "random.random", "random.choice", "random.shuffle"}


@pytest.mark.parametrize("path", SQL, ids=short)
def test_sql_knows_no_clock(path):
    said = re.sub(r"--[^\n]*|'[^']*'", "", path.read_text("utf-8")).lower()
    assert not re.search(r"\b(now|today|current_date|current_timestamp|get_current_timestamp|random|uuid)\b", said)


def views(text: str) -> list[str]:
    return re.findall(r"^CREATE (?:OR REPLACE )?(?:RECURSIVE )?VIEW (\w+)", text, re.M)


def test_each_sql_file_from_30_makes_the_one_view_it_is_named_for():
    for name, text in sql_files(30, 99):
        assert views(text) == [name]


def test_sql_files_below_30_make_no_view():
    assert [name for name, text in sql_files(10, 29) if views(text)] == []


def test_every_table_that_is_derived_has_its_file():
    assert sorted(TABLES - {name for name, _ in sql_files(30, 99)}) == []


@pytest.mark.parametrize("path", SQL, ids=short)
def test_no_sql_file_names_a_measure_a_benchmark_or_a_clinic(path):
    """A rule that holds for one measure only is a key of the measure."""
    files = read_data_files(data_folder())
    names = {row["measure_id"] for row in files.measures} | set(files.benchmarks["benchmark_id"])
    text = path.read_text("utf-8")
    assert [name for name in sorted(names) if re.search(rf"\b{re.escape(name)}\b", text)] == []


def test_every_outcome_of_a_measure_has_its_macro():
    (text,) = [text for name, text in sql_files(20, 29) if name == "outcomes"]
    for row in read_data_files(data_folder()).measures:
        assert f"WHEN '{row['outcome']}' THEN" in text


def test_the_drugs_are_listed_in_alphabetical_order(macros):
    """R1 takes the first in alphabetical order; min() of the type takes the first listed."""
    (drugs,) = macros.execute("SELECT enum_range(NULL::drug)").fetchone()
    assert drugs == sorted(drugs)


def test_every_macro_view_and_derived_table_says_what_it_is(macros):
    """In the store itself: auditors do not read this folder. So do the columns of the derived tables."""
    silent = macros.execute(
        """
        SELECT 'view ' || view_name FROM duckdb_views() WHERE NOT internal AND schema_name = 'main' AND comment IS NULL
        UNION ALL SELECT 'macro ' || function_name FROM duckdb_functions()
            WHERE NOT internal AND function_type LIKE '%macro%' AND comment IS NULL
        UNION ALL SELECT 'table ' || table_name FROM duckdb_tables()
            WHERE schema_name = 'main' AND table_name IN (SELECT unnest($tables)) AND comment IS NULL
        UNION ALL SELECT 'column ' || table_name || '.' || column_name FROM duckdb_columns()
            WHERE schema_name = 'main' AND table_name IN (SELECT unnest($tables)) AND comment IS NULL
        """,
        {"tables": sorted(TABLES)},
    ).fetchall()
    assert [row[0] for row in silent] == []
