"""The parts of docs/auditing.md, and docs/data_dictionary.md, that are made from what a store says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import duckdb

from outcomes.laying import lay
from outcomes.publishedcopy import set_up
from outcomes.summary import rows_of
from schemas.cookbook import Recipe, read_cookbook
from schemas.glossary import WORDS

Row = dict[str, Any]

DICTIONARY_HEAD = """# What is in the published copy

Every table, view, type and macro of the published copy, with every column: what the view `data_dictionary` in it says.
`python -m outcomes.documents` writes this file. Each derived table is there a second time, in the schema `recomputed`, as
the view that makes it.
"""


def glossary_table() -> str:
    """One line a word, in the order of explaining."""
    return "| word | meaning |\n| --- | --- |\n" + "".join(
        f"| {word} | {meaning} |\n" for word, meaning in WORDS.items()
    )


def auditing_parts() -> dict[str, str]:
    """The marked parts of docs/auditing.md."""
    recipes = read_cookbook()
    return {
        "glossary": glossary_table(),
        "twelve questions": recipes_text([recipe for recipe in recipes if recipe.is_auditors]),
        "more questions": recipes_text([recipe for recipe in recipes if not recipe.is_auditors]),
    }


def recipes_text(recipes: Sequence[Recipe]) -> str:
    """Each recipe under its title: the question, and the query."""
    return "".join(
        f"### {recipe.number}. {recipe.title}\n\n{recipe.question}\n\n```sql\n{recipe.query}\n```\n\n"
        for recipe in recipes
    )


def dictionary_text() -> str:
    """The data dictionary of a store that is laid and empty, object by object."""
    with duckdb.connect() as con:
        set_up(con)
        lay(con)
        rows = rows_of(con, "FROM data_dictionary")
    parts = [DICTIONARY_HEAD]
    for title, kinds in (("Tables and views", ("table", "view")), ("Macros", ("macro",)), ("Types", ("type",))):
        parts.append(f"\n## {title}\n")
        for _, group in groupby(rows, lambda row: row["object"]):
            of_object = list(group)
            parts += [_object(row, of_object) for row in of_object if row["kind"] in kinds]
    return "".join(parts)


def _object(head: Row, rows: list[Row]) -> str:
    """A table or view with its columns; a macro or a type in a line."""
    if head["kind"] == "macro":
        return f"\n- `{head['object']}{head['type'].removeprefix('macro')}`: {head['comment']}"
    if head["kind"] == "type":
        return f"\n- `{head['object']}`: {head['comment']}"
    lines = "".join(
        f"| `{row['column_name']}` | {_short(row['type'])} | {_escaped(row['comment'])} |\n"
        for row in rows
        if row["kind"] == "column"
    )
    return f"\n### {head['object']}\n\nA {head['kind']}. {head['comment']}\n\n| column | type | what it is |\n| --- | --- | --- |\n{lines}"


def _short(type_: str) -> str:
    """A type in a word: the values of an enumeration are in its type's own line or in the comment."""
    return "one of its words" if type_.startswith("ENUM(") else type_


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
