"""All that pages are made of, as digests: a page of which each digest is as it was the last time would come out as it did then."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import platform
from functools import cache
from importlib.metadata import version
from typing import Any

import duckdb

from outcomes.digests import table_digest
from outcomes.laying import TABLES
from outcomes.pages.asking import Book, TracedRow
from outcomes.summary import Row
from outcomes.versions import program_digest

# Rows that an arrival brought: the hash of the ledger's last entry is one over what every entry says, and it over its rows.
BY_LEDGER = frozenset(
    {"arrival", "refusal", "patient", "score", "score_event", "extract_day", "quarantine", "note", "rule_count", "patient_row", "patient_row_event"}
)  # fmt: skip
# On no page; but for `night`, of which a page has what `_of_night` says and its stamp, and `derived`, of which it is asked
# from what all was derived, and not as of which night: one that brings nothing leaves all of it as it is.
UNREAD = frozenset(
    {"night", "derived", "rate_log", "definition_log", "release_endpoint", "shared_edition", "shared_cell", "shared_verdict", "contested"}
)  # fmt: skip
# Views that say something of the last night beside its date, all on the page of all clinics.
OF_NIGHT = ("freshness", "volume_warning", "missingness_warning")
# What else than stored rows those are made of: the dates that they look at, and whether the last night brought any file.
_OF_NIGHT = """
    SELECT arg_min(as_of, night)::VARCHAR, arg_max(as_of, night) FILTER (night < (SELECT max(night) FROM night))::VARCHAR,
        max(night) = (SELECT max(night) FROM arrival WHERE read_again_of IS NULL)
    FROM night
"""
# By what else than this program's own files numbers are summed, and pages written.
_LIBRARIES = ("duckdb", "jinja2", "markupsafe")


def state_of(con: duckdb.DuckDBPyConnection) -> str:
    """Of a store, what any page can say of it, whatever the night: the same digest, and the views give the same rows.

    Every table by its rows, but for those that say by few rows what many others hold: what came by the head of the ledger,
    and what was derived by the inputs of that (`derived`), with the number of rows of each.
    """
    tables = dict(
        con.execute(
            "SELECT table_name, estimated_size FROM duckdb_tables() WHERE schema_name = 'main' AND database_name = current_database() ORDER BY 1"
        ).fetchall()
    )
    by_few = BY_LEDGER | TABLES
    found: list[Any] = [program(), con.execute("SELECT current_setting('threads'), max(as_of)::VARCHAR FROM night WHERE night = (SELECT max(night) FROM night)").fetchone()]  # fmt: skip
    found.append(con.execute("SELECT count(*), arg_max(hash, arrival_no) FROM arrival").fetchone())
    found.append(con.execute("SELECT inputs FROM derived").fetchone())
    found += [(name, rows) for name, rows in tables.items() if name in by_few]
    found += [(name, table_digest(con, f'main."{name}"', exact=True)) for name in tables if name not in by_few | UNREAD]
    return digest(json.dumps(found).encode())


def of_night(con: duckdb.DuckDBPyConnection) -> str:
    """Of the last night, all that the views of OF_NIGHT are made of beside stored rows."""
    return json.dumps(con.execute(_OF_NIGHT).fetchone())


def nightly_of(book: Book) -> str:
    """What the views of OF_NIGHT say."""
    return Keys().of(Book({view: book.views[view] for view in OF_NIGHT}))


@cache
def program() -> str:
    """By what pages are made: this program's files, its templates among them, and what it stands on."""
    return " ".join([program_digest(), platform.python_version(), *map(version, _LIBRARIES)])


class Keys:
    """Digests of parts of one book. Rows that many parts have are digested once, and all of them stay as they are."""

    def __init__(self) -> None:
        # With the rows themselves, so that none made later is at the same place in memory.
        self._known: dict[int, tuple[list[TracedRow] | list[Row], str]] = {}

    def of(self, part: Book) -> str:
        """Of all that a part says, and of the program that would write it down."""
        rows = [(view, name, self._rows(rows)) for view, names in part.views.items() for name, rows in names.items()]
        rows += [("lines", name, self._rows(rows)) for name, rows in part.lines.items()]
        rows += [(f"review {place}", name, self._rows(rows)) for name, lists in part.reviews.items() for place, rows in enumerate(lists)]  # fmt: skip
        rows += [("came", name, digest(_pickled([row]))) for name, row in part.came.items()]
        return digest(json.dumps([program(), digest(_pickled([part.aside])), rows]).encode())

    def _rows(self, rows: list[TracedRow] | list[Row]) -> str:
        if id(rows) not in self._known:
            self._known[id(rows)] = rows, digest(_pickled(rows))
        return self._known[id(rows)][1]


def _pickled(rows: list[TracedRow] | list[Row]) -> bytes:
    """Columns and values of rows as bytes that are the same for the same values."""
    written = io.BytesIO()
    pickler = pickle.Pickler(written, 5)
    # Without notes of what it has seen already: which values are one object differs from one asking to the next.
    pickler.fast = True
    pickler.dump([list(rows[0]) if rows else [], [list(row.values()) for row in rows]])
    return written.getvalue()


def digest(data: bytes) -> str:
    """As pages.json has it of anything."""
    return hashlib.sha256(data).hexdigest()[:32]
