"""Reads drawn tables, runs an engine on them and compares what it says with what is drawn.

An engine is a function `(scores, clinics, as_of) -> {table name: [row, ...]}`; rows are dicts. Days are
whole numbers; `received` and `as_of` are days of one calendar, so `as_of - received` is the time that
has passed since a row arrived. `clinic` '*' is all clinics together.

score    clinic patient day timepoint number items total drug recall received extract
clinic   clinic drug sends_every_infusion
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.spec.duckdb_engine import engine as duckdb_engine
from tests.spec.reference import engine as reference

Row = dict[str, Any]
Engine = Callable[[list[Row], list[Row], int], dict[str, list[Row]]]

ENGINES: dict[str, Engine] = {"duckdb": duckdb_engine, "reference": reference}

SHORT = {
    "base": "baseline", "pre": "pre_infusion", "post": "post_infusion", "fu": "follow_up", "esketamine": "esketamine_nasal",
}  # fmt: skip
WORDS = {"": None, "T": True, "F": False}
TEXT = {
    "clinic",
    "patient",
    "timepoint",
    "items",
    "drug",
    "recall",
    "status",
    "measure",
    "reason",
    "phase",
    "induction",
}


def table(drawn: str) -> list[Row]:
    """Rows of a drawn table: header, a line of dashes, then one line a row; cells between bars."""
    lines = [line.strip() for line in drawn.strip().splitlines() if line.strip()]
    header = [cell.strip() for cell in lines[0].split("|")]
    rows = []
    for line in lines[2:]:
        cells = [cell.strip() for cell in line.split("|")]
        assert len(cells) == len(header), f"a cell too many or too few: {line}"
        rows.append({name: _cell(name, cell) for name, cell in zip(header, cells, strict=True)})
    return rows


def _cell(name: str, cell: str) -> Any:
    if cell in WORDS:
        return WORDS[cell]
    if name in TEXT:
        return SHORT.get(cell, cell) if name in ("timepoint", "drug") else cell
    return float(cell) if "." in cell else int(cell)


def score(drawn: Row) -> Row:
    """A whole score from a drawn row. `items` is nine characters, `.` for one not answered; without it, `total`
    alone is a form with a total only, unless `item_9` is drawn: then the other items are made up to fit."""
    row = {
        "clinic": "c1", "patient": "ann", "number": None, "items": (None,) * 9, "total": None, "drug": None,
        "recall": "two_weeks", "received": 0, "extract": None,
    } | {k: v for k, v in drawn.items() if v is not None}  # fmt: skip
    if isinstance(row["items"], str):
        row["items"] = tuple(None if c == "." else int(c) for c in row["items"])
    if "item_9" in row:
        nine, rest = row.pop("item_9"), row["total"]
        rest -= nine
        assert 0 <= rest <= 24, "no eight items make up this total"
        row["items"] = (*(min(3, max(0, rest - 3 * i)) for i in range(8)), nine)
    if None not in row["items"]:
        row["total"] = sum(row["items"])
    return row


def check(
    engine: Engine, *, scores: str, as_of: int = 1000, clinics: str = "", measure: str = "", **expected: str
) -> None:
    """Assert that each expected table holds exactly the rows drawn, in the columns drawn."""
    given = [score(row) for row in table(scores)]
    named = {row["clinic"]: row for row in table(clinics)} if clinics else {}
    ids = sorted({row["clinic"] for row in given} | set(named))
    full = [{"clinic": c, "drug": "ketamine_iv", "sends_every_infusion": True} | named.get(c, {}) for c in ids]
    said = engine(given, full, as_of)
    for name, drawn in expected.items():
        want = table(drawn)
        columns = [cell.strip() for cell in drawn.strip().splitlines()[0].split("|")]
        rows = [r for r in said[name] if not measure or "measure" not in r or r["measure"] == measure]
        if name == "rates" and "clinic" not in columns:
            rows = [r for r in rows if r["clinic"] == "*"]
        got = [{c: r[c] for c in columns} for r in rows]

        def order(r: Row) -> list[str]:
            return [f"{v:>8}" if isinstance(v, int) else str(v) for v in r.values()]

        assert sorted(got, key=order) == sorted(({c: r[c] for c in columns} for r in want), key=order), name
