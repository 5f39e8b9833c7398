"""Questions in SQL to the published copy: SELECT and nothing else. No error has a word of the machine or of a row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from outcomes.errors import UsageError
from outcomes.paths import Home
from outcomes.publishedcopy import Config, opened

# Beside HARDENED: a question may use so much memory, spills to no disk, and sees neither the variables of this program nor
# secrets kept on the machine.
MEMORY = "2GB"
ASKING: Config = {
    "memory_limit": MEMORY,
    "temp_directory": "",
    "max_temp_directory_size": "0B",
    "allow_persistent_secrets": "false",
    "python_enable_replacements": "false",
}

# Table functions that make rows of nothing else than the store and the question. The store's own macros are let in too.
_TABLE_FUNCTIONS = frozenset(
    {
        "duckdb_columns", "duckdb_constraints", "duckdb_functions", "duckdb_keywords", "duckdb_schemas", "duckdb_tables",
        "duckdb_types", "duckdb_views", "generate_series", "histogram", "histogram_values", "json_each", "json_tree",
        "pragma_table_info", "query_table", "range", "repeat", "unnest",
    }
)  # fmt: skip
# Scalar functions and views that tell of the machine, or leave a trace on it.
_NOT_ANSWERED = re.compile(
    r"getenv|current_setting|write_log|duckdb_(databases|logs?|settings|secrets)|pg_settings|pragma_(?!table_info).*|.*database_list"
)
# What is no plain name in place of a table is a file or an address. SHOW TABLES puts one of its own there.
_NAME = re.compile(r'[a-z_][a-z0-9_]*|"[a-z_]+"')
_ONLY_QUESTIONS = (
    "Only questions are answered here: SELECT, FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW. "
    "Nothing is written, attached, loaded or set."
)
_ONLY_THIS_FILE = "Only the published copy is read here: no other file, no address, nothing else of the machine."


@dataclass(frozen=True)
class Answer:
    """The columns of an answer, each name once, and its rows."""

    columns: list[str]
    rows: list[dict[str, Any]]


@contextmanager
def opened_to_ask(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published copy, opened so that SQL of anybody can be run on it. Raises UsageError where there is none."""
    with opened(home, ASKING) as con:
        yield con


def answers(con: duckdb.DuckDBPyConnection, text: str) -> Iterator[Answer]:
    """The answer to each statement of `text`. Raises UsageError before the first where one of them is no question.

    `con` is of opened_to_ask(): that is the wall. What is looked at here gives the refusals their words, and leaves out
    what DuckDB itself would tell of the machine.
    """
    _look_at(con, text)
    try:
        for statement in con.extract_statements(text):
            result = con.execute(statement)
            columns = _each_once([column[0] for column in result.description or []])
            yield Answer(columns, [dict(zip(columns, row, strict=True)) for row in result.fetchall()])
    except duckdb.Error as error:
        raise UsageError(_words(error)) from None


def is_whole(con: duckdb.DuckDBPyConnection, text: str) -> bool:
    """Whether what was typed so far ends a statement: with a semicolon that is not in a quote or comment still open."""
    return text.rstrip().endswith(";") and "unterminated" not in str(_parsed(con, text).get("error_message"))


def _look_at(con: duckdb.DuckDBPyConnection, text: str) -> None:
    """Raise UsageError unless `text` is questions about the store alone. Nothing of it is run."""
    said = _parsed(con, text)
    if said.get("error"):
        if said.get("error_type") == "parser":
            raise UsageError(f"DuckDB cannot read this: {_one_line(said['error_message'])}")
        raise UsageError(_ONLY_QUESTIONS)
    own = {row[0] for row in con.execute("SELECT function_name FROM duckdb_functions() WHERE NOT internal").fetchall()}
    if not said["statements"]:
        raise UsageError(f"Nothing was asked. {_ONLY_QUESTIONS}")
    for kind, name in _named(said["statements"]):
        is_let_in = (
            name in _TABLE_FUNCTIONS | own if kind == "table function" else kind != "table" or _NAME.fullmatch(name)
        )
        if _NOT_ANSWERED.fullmatch(name) or not is_let_in:
            raise UsageError(_ONLY_THIS_FILE)


def _parsed(con: duckdb.DuckDBPyConnection, text: str) -> dict[str, Any]:
    """What DuckDB's parser makes of a text, without looking at a file as its other parser does for IMPORT DATABASE."""
    (said,) = con.execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchone() or ("{}",)
    parsed: dict[str, Any] = json.loads(said)
    return parsed


def _named(node: Any) -> Iterator[tuple[str, str]]:
    """Every function and table that a parsed statement names: what it is, and its name in small letters."""
    if isinstance(node, list):
        for part in node:
            yield from _named(part)
    elif isinstance(node, dict):
        if node.get("type") == "TABLE_FUNCTION":
            yield "table function", str(node.get("function", {}).get("function_name", "")).lower()
        for key, kind in (("function_name", "function"), ("table_name", "table")):
            if node.get(key):
                yield kind, str(node[key]).lower()
        for part in node.values():
            yield from _named(part)


def _words(error: duckdb.Error) -> str:
    """An error in words of our own, but where DuckDB's are of names alone: it says them before it has read a row."""
    if isinstance(error, duckdb.PermissionException):
        return _ONLY_THIS_FILE
    if isinstance(error, duckdb.CatalogException | duckdb.BinderException | duckdb.ParserException):
        return f"{_one_line(str(error))} What there is: SELECT * FROM data_dictionary"
    if isinstance(error, duckdb.OutOfMemoryException):
        return f"The question needs more than {MEMORY} of memory. Ask for fewer rows or columns at a time."
    if isinstance(error, duckdb.ConversionException | duckdb.OutOfRangeException):
        return "A value does not fit the type that it is cast to (it is not shown). TRY_CAST gives NULL in its place."
    return f"DuckDB could not answer this ({type(error).__name__}). Ask it in another way."


def _one_line(text: str) -> str:
    """The first sentence of a message with what DuckDB would have expected: neither the question nor a mark under it."""
    lines = [line.strip() for line in text.partition("LINE 1:")[0].splitlines() if line.strip()]
    said = re.sub(r"\s+", " ", " ".join(lines))
    return said if said.endswith(("?", "!", ".")) else f"{said}."


def _each_once(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
    if max(seen.values(), default=0) < 2:
        return names
    count: dict[str, int] = {}
    said = []
    for name in names:
        count[name] = count.get(name, 0) + 1
        said.append(name if count[name] == 1 else f"{name}_{count[name]}")
    return said
