"""Everything an auditor meets in the published copy says what it is: auditors read the store, not this checkout."""

from __future__ import annotations

import re

import pytest

from tests.conftest import stored

# What there is -> the query that lists each one with its comment.
ALL = {
    "table": "SELECT table_name, comment FROM duckdb_tables() WHERE NOT internal",
    "view": "SELECT schema_name || '.' || view_name, comment FROM duckdb_views() WHERE NOT internal",
    "column": """SELECT c.table_name || '.' || c.column_name, c.comment FROM duckdb_columns() AS c
        WHERE NOT c.internal AND c.schema_name = 'main'""",
    "recomputed column": """SELECT c.table_name || '.' || c.column_name, c.comment FROM duckdb_columns() AS c
        WHERE NOT c.internal AND c.schema_name = 'recomputed'""",
    "type": "SELECT type_name, comment FROM duckdb_types() WHERE NOT internal AND schema_name = 'main'",
    "macro": "SELECT function_name, comment FROM duckdb_functions() WHERE NOT internal AND schema_name = 'main'",
}


@pytest.mark.parametrize("what", ALL)
def test_each_one_has_a_comment_after_a_night(after_first, what):
    """A step kept as a table takes its comments from the view that made it."""
    found = stored(after_first.published_copy, ALL[what])
    assert len(found) > 4
    assert [name for name, comment in found if not comment] == []


@pytest.mark.parametrize("what", ALL)
def test_each_comment_is_a_sentence_on_one_line(after_first, what):
    found = stored(after_first.published_copy, ALL[what])
    assert [name for name, comment in found if not re.fullmatch(r"[^\n]+\.", comment or "")] == []


def test_a_comment_names_no_table_that_is_not_there(after_first):
    """`table reason has the sentence`: there must be one of that name."""
    tables = {
        name for (name,) in stored(after_first.published_copy, "SELECT table_name FROM information_schema.tables")
    }
    said = " ".join(comment for query in ALL.values() for _, comment in stored(after_first.published_copy, query))
    named = set(re.findall(r"\b(?:table|view) ([a-z_]+) has\b", said))
    assert named
    assert named <= tables
