"""Rates and comparisons as they are, or were, from a part of the ledger: in a scratch store, which is removed again.

A release and its replay both come from here, so that they are one computation.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from outcomes.deriving import derive
from outcomes.errors import OutcomesError
from outcomes.frames import literal, put_rows
from outcomes.laying import TABLES, sql_files
from outcomes.paths import Home
from outcomes.publishedcopy import set_up
from outcomes.store import config_of, make_store
from outcomes.summary import rows_of

Row = dict[str, Any]

# kind: the table, and the keys whose change can change a number or a verdict. The rest are words about it.
DECIDES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "rules": ("rules", "'rules'", (
        "course_gap_days", "reinduction_gap_days", "reinduction_infusions", "reinduction_days", "induction_days",
        "induction_gap_days", "induction_minimum_infusions", "induction_minimum_span_days", "induction_maximum_infusions",
        "extension_days", "entry_lag_days", "reliable_change_points", "minimum_n", "coverage_minimum",
        "extended_share_maximum", "confidence_z", "equivalence_z", "survival_minimum_at_risk",
    )),
    "clinic": ("clinic", "clinic_id", ("drug",)),
    "measure": ("measure", "measure_id", (
        "kind", "drug", "course", "induction", "anchor", "infusion_k", "window_low", "window_high", "baseline_look_back_days",
        "baseline_minimum", "item_9", "missing_items", "outcome", "starts_from", "reports", "main_denominator", "higher_is_better", "delta_points",
    )),
    "benchmark": ("benchmark", "benchmark_id", (
        "treatment_class", "instrument", "kind", "events", "n", "rate", "ci_low", "ci_high", "prediction_low",
        "prediction_high", "effect_size", "measure_id", "mismatch", "assumed", "is_primary", "retired_on",
    )),
    "claim": ("claim", "claim_id", ("low", "high")),
}  # fmt: skip

# Part of a digest only where it says something: definitions of an earlier version have none of it.
_UNSAID = ("retired_on",)

# Table: which of its rows a store at a point of the ledger holds. Cut at an arrival, and the pseudonyms as they stood on a
# night: courses and endpoints are made from it, and its ledger held to it.
STORED = {
    "patient": "true",
    "arrival": "arrival_no <= $arrival_no",
    "redigested": "arrival_no <= $arrival_no",
    "score": "arrival_no <= $arrival_no",
    "score_event": "by_arrival_no <= $arrival_no",
    "extract_day": "arrival_no <= $arrival_no",
    "patient_row": "arrival_no <= $arrival_no",
    "patient_row_event": "by_arrival_no <= $arrival_no",
    "identity_change": "night < $night",
}


# What a release leaves out that starts from another one: the courses settled there, and the clocks that had started.
SETTLED = "SELECT measure_id, patient_no, course, class FROM endpoint WHERE class <> 'waiting'"
STARTED = "SELECT measure_id, patient_no, course FROM {clocks} WHERE kept_out_as IS NULL"
# What it covers then: its own endpoints but for these, and its own clocks; one from a response that is covered.
COVERED = """
    SELECT e.* FROM endpoint AS e
    LEFT JOIN {settled} AS b USING (measure_id, patient_no, course)
    WHERE b.class IS NULL OR (b.class = 'not eligible' AND e.class <> 'not eligible')
"""
COVERED_CLOCKS = """
    SELECT k.* FROM {clocks} AS k
    JOIN measure AS m USING (measure_id)
    ANTI JOIN {started} AS b ON (b.measure_id, b.patient_no, b.course) = (k.measure_id, k.patient_no, k.course)
    WHERE m.starts_from IS NULL OR (m.starts_from, k.patient_no, k.course) IN (SELECT (measure_id, patient_no, course) FROM covered)
"""


@dataclass(frozen=True)
class Point:
    """A place in the ledger, seen as of a date; with the pseudonyms as they were joined and split on a night."""

    as_of: dt.date
    arrival_no: int
    night: int


def definitions_of(con: duckdb.DuckDBPyConnection, at: str = "main") -> list[Row]:
    """The definitions in a store, as rows of release_definition without its release."""
    found = []
    for kind, (table, key, decides) in DECIDES.items():
        for row in rows_of(con, f"SELECT {key} AS id, t AS row FROM {at}.{table} AS t ORDER BY ALL"):
            definition = row["row"]
            version = definition.get("version")
            said = [definition[name] for name in decides if name not in _UNSAID or definition[name] is not None]
            text = json.dumps([version, *said], default=str)
            found.append(
                {
                    "kind": kind,
                    "id": row["id"],
                    "version": version,
                    "decides": hashlib.sha256(text.encode()).hexdigest()[:12],
                    "definition": json.dumps(definition, default=str),
                }
            )
    return found


def first_row(con: duckdb.DuckDBPyConnection, query: str, values: list[Any] | None = None) -> Row | None:
    """The first row of a query; None where there is none."""
    return next(iter(rows_of(con, query, values)), None)


@contextmanager
def recomputed(
    home: Home, point: Point, base: Point | None, definitions: list[Row]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A store with rate and comparison as of `point`, by `definitions`, over the courses not yet due at `base`.

    Its table `covered` holds the endpoints that they are made from. It lies in the home, private, and is gone behind
    the block. The warehouse must not be open elsewhere.
    """
    clear_scratch(home)
    home.scratch.mkdir(mode=0o700)
    try:
        if base is not None:
            with _as_it_was(home, home.scratch / "base.duckdb", base, definitions) as con:
                con.execute(f"CREATE TABLE settled AS {SETTLED}")
                con.execute(f"CREATE TABLE started AS {STARTED.format(clocks='clock')}")
                con.execute("CREATE TABLE closed AS SELECT patient_no, course FROM course WHERE induction <> 'open'")
                con.execute("CHECKPOINT")
        with _as_it_was(home, home.scratch / "now.duckdb", point, definitions) as con:
            _cover(con, None if base is None else home.scratch / "base.duckdb")
            yield con
    finally:
        clear_scratch(home)


def clear_scratch(home: Home) -> None:
    """Remove what a killed release left."""
    shutil.rmtree(home.scratch, ignore_errors=True)


@contextmanager
def attached(con: duckdb.DuckDBPyConnection, path: Path, name: str, *, to_write: bool = False) -> Iterator[None]:
    """Another store under a name of its own, to read unless it says otherwise."""
    con.execute(f"ATTACH {literal(path)} AS {name} ({'READ_WRITE' if to_write else 'READ_ONLY'})")
    try:
        yield
    finally:
        con.execute(f"DETACH {name}")


@contextmanager
def _as_it_was(home: Home, path: Path, point: Point, definitions: list[Row]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A new store at `path`: the warehouse cut at `point`, with other definitions, and everything derived."""
    make_store(path)
    with duckdb.connect(str(path), config=config_of(home)) as con:
        set_up(con)
        with attached(con, home.warehouse, "warehouse"):
            fill(con, vars(point), definitions)
        yield con


def fill(
    con: duckdb.DuckDBPyConnection,
    point: dict[str, Any],
    definitions: list[Row] | None,
    stored: dict[str, str] = STORED,
) -> None:
    """What a laid store holds made anew: the rows of the attached `warehouse` that `stored` lets in at `point` (as_of,
    arrival_no, night, and what else its conditions name), with these definitions (None: those it has), and everything derived."""
    for table, condition in stored.items():
        values = {key: value for key, value in point.items() if f"${key}" in condition}
        con.execute(f"DELETE FROM {table}")
        con.execute(f"INSERT INTO {table} BY NAME FROM warehouse.main.{table} WHERE {condition}", values)
    con.execute("DELETE FROM night")
    con.execute(
        "INSERT INTO night VALUES (?, 'release', ?, '', '', 0, 0, 0, 0, '', '')", [point["night"], point["as_of"]]
    )
    if definitions is not None:
        _define(con, definitions)
    derive(con, whole=True)


def _define(con: duckdb.DuckDBPyConnection, definitions: list[Row]) -> None:
    for table, _, _ in DECIDES.values():
        con.execute(f"DELETE FROM {table}")
    for kind, (table, _, _) in DECIDES.items():
        rows = [json.loads(row["definition"]) for row in definitions if row["kind"] == kind]
        try:
            put_rows(con, table, rows)
        except (duckdb.Error, pl.exceptions.PolarsError, TypeError):
            raise OutcomesError(
                f"This version of the program cannot read the definitions of the kind {kind} as they were locked: replay with the version that locked it."
            ) from None


def _cover(con: duckdb.DuckDBPyConnection, base: Path | None) -> None:
    """Leave out what was settled at the base: courses due then, courses not eligible then and now, clocks started then.

    The extended share (clinic_group) is of the inductions closed since. This is the one place that knows that rates are
    made from endpoints counted (tallied), survival from the view clock, a clock from a response that is covered, and
    clinic_group from the courses of told_course.
    """
    if base is None:
        con.execute("CREATE TABLE covered AS FROM endpoint")
        return
    with attached(con, base, "base"):
        con.execute(f"CREATE TABLE covered AS {COVERED.format(settled='base.main.settled')}")
        con.execute("CREATE TABLE every_course AS FROM told_course")
        con.execute(
            "DELETE FROM told_course WHERE (patient_no, course) IN (SELECT (patient_no, course) FROM base.main.closed)"
        )
        _again(con, "clinic_group")
        con.execute("TRUNCATE told_course")
        con.execute("INSERT INTO told_course FROM every_course")
        con.execute("CREATE OR REPLACE VIEW main.endpoint AS FROM main.covered")
        clocks = COVERED_CLOCKS.format(clocks="clock", started="base.main.started")
        con.execute(f"CREATE TABLE covered_clock AS {clocks}")
        con.execute("CREATE OR REPLACE VIEW main.clock AS FROM main.covered_clock")
        for name in [name for name, _ in sql_files(71, 99) if name in TABLES]:
            _again(con, name, "tallied('main.covered')" if name == "tally" else None)


def _again(con: duckdb.DuckDBPyConnection, name: str, source: str | None = None) -> None:
    con.execute(f"TRUNCATE main.{name}")
    con.execute(f"INSERT INTO main.{name} FROM {source or f'recomputed.{name}'}")
