"""Ready questions to the published copy, a file each: NN_words.sql, numbered in the order of asking.

A file begins with `-- title`, `-- question` (which may go on over further comment lines) and holds one query. The first
TWELVE are those that an auditor asks first.
"""

from __future__ import annotations

from importlib import resources
from typing import NamedTuple

TWELVE = 12
# No query is longer, its own comments apart.
LONGEST = 14


class Recipe(NamedTuple):
    """One ready question: its number, a title, the question in a sentence, and the query that answers it."""

    number: int
    title: str
    question: str
    query: str

    @property
    def is_auditors(self) -> bool:
        return self.number <= TWELVE


def read_cookbook() -> list[Recipe]:
    """Every recipe, in order. Raises ValueError for a file without a title, a question or a query."""
    files = [path for path in resources.files(__name__).iterdir() if path.name.endswith(".sql")]
    return [_recipe(path.name, path.read_text("utf-8")) for path in sorted(files, key=lambda path: path.name)]


def _recipe(name: str, text: str) -> Recipe:
    lines = text.splitlines()
    head = [line.removeprefix("-- ") for line in lines if line.startswith("-- ")]
    query = "\n".join(lines[len(head) :]).strip()
    if len(head) < 2 or not query:
        raise ValueError(f"{name} must begin with a title and a question as comments, and hold a query")
    return Recipe(int(name.partition("_")[0]), head[0], " ".join(head[1:]), query)
