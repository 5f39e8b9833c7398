"""Reads drawn tables, runs an engine on them and compares what it says with what is drawn.

An engine is a function `(scores, clinics, as_of, tables, identity) -> {table name: [row, ...]}`; rows are dicts. Days are
whole numbers; `received` and `as_of` are days of one calendar, so `as_of - received` is the time that
has passed since a row arrived. `clinic` '*' is all clinics together.

score    clinic patient day timepoint number items total drug recall received extract
         dissociation nausea blood_pressure_raised serious_adverse_event
clinic   clinic drug sends_every_infusion
identity clinic kind (join or split) from into days arrival (a `received`) from_day: joins and splits of pseudonyms, in order
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.spec.duckdb_engine import engine as duckdb_engine
from tests.spec.reference_engine import STEP_2
from tests.spec.reference_engine import engine as reference

Row = dict[str, Any]
Engine = Callable[..., dict[str, list[Row]]]

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
    "variant",
    "cohort",
    "outcome",
    "early",
    "band",
    "event",
    "kind",
    "from",
    "into",
    "dimension",
    "stratum",
    "method",
    "flag",
}
SAFETY = ("dissociation", "nausea", "blood_pressure_raised", "serious_adverse_event")
# Tables with a row for each clinic and one for all together: drawn without a clinic, the row of all is meant.
GROUPED = {"rates", *STEP_2} - {"statuses", "survival", "item_9_review", "stratum", "funnel", "funnel_measure"}
# What must be over 0 for a row to be drawn: no picture shows a row about nobody.
OF_SOMEBODY = {
    "infusion_curve": "due", "infusion_mean": "n", "week_curve": "due", "early_response": "courses", "missing_outcome": "due",
    "case_mix": "due", "stratum_rate": "due", "change": "n", "item_9_change": "observed",
    "safety": "infusions",
}  # fmt: skip


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
        **dict.fromkeys(SAFETY),
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


def change(drawn: Row) -> Row:
    """A whole join or split of pseudonyms from a drawn row."""
    row = {"clinic": "c1", "kind": "join", "into": None, "days": 0, "arrival": None, "from_day": None}
    return row | {k: v for k, v in drawn.items() if v is not None}


def populated(name: str, rows: list[Row]) -> list[Row]:
    """The rows of a table that are about somebody; only survival measures ask who responded."""
    if name == "attrition":
        return [row for row in rows if row["courses"] or row["status"] != "not_a_responder"]
    return [row for row in rows if row[OF_SOMEBODY[name]]] if name in OF_SOMEBODY else rows


def full_clinics(scores: list[Row], clinics: list[Row]) -> list[Row]:
    """Every clinic of the scores and those drawn, with what a clinic is where nothing is drawn."""
    named = {row["clinic"]: row for row in clinics}
    ids = sorted({row["clinic"] for row in scores} | set(named))
    return [{"clinic": c, "drug": "ketamine_iv", "sends_every_infusion": True} | named.get(c, {}) for c in ids]


def check(
    engine: Engine,
    *,
    scores: str,
    as_of: int = 1000,
    clinics: str = "",
    identity: str = "",
    measure: str = "",
    only: Row | None = None,
    **expected: str,
) -> None:
    """Assert that each expected table holds exactly the rows drawn, in the columns drawn.

    `measure` and `only` choose the rows that are looked at (a tuple: any of these). A number of a step-2 table is drawn
    rounded.
    """
    given = [score(row) for row in table(scores)]
    changes = [change(row) for row in table(identity)] if identity else []
    said = engine(given, full_clinics(given, table(clinics) if clinics else []), as_of, tuple(expected), changes)
    for name, drawn in expected.items():
        want = table(drawn)
        columns = [cell.strip() for cell in drawn.strip().splitlines()[0].split("|")]
        chosen = (only or {}) | ({"measure": measure} if measure else {})
        if name in GROUPED and "clinic" not in columns:
            chosen["clinic"] = "*"
        rows = [r for r in populated(name, said[name]) if is_chosen(r, chosen)]
        places = decimals(drawn) if name in STEP_2 else {}
        got = [{c: rounded(r[c], places.get(c)) for c in columns} for r in rows]

        def order(r: Row) -> list[str]:
            return [f"{v:>8}" if isinstance(v, int) else str(v) for v in r.values()]

        assert sorted(got, key=order) == sorted(({c: r[c] for c in columns} for r in want), key=order), name


def is_chosen(row: Row, chosen: Row) -> bool:
    allowed = {k: v if isinstance(v, tuple) else (v,) for k, v in chosen.items() if k in row}
    return all(row[k] in values for k, values in allowed.items())


def decimals(drawn: str) -> dict[str, int]:
    """Column -> to how many decimals it is drawn."""
    header, _, *lines = [[cell.strip() for cell in line.split("|")] for line in drawn.strip().splitlines()]
    cells = {name: [line[place] for line in lines if len(line) > place] for place, name in enumerate(header)}
    return {
        name: max((len(c.partition(".")[2]) for c in some), default=0)
        for name, some in cells.items()
        if name not in TEXT
    }


def rounded(value: Any, places: int | None) -> Any:
    return round(value, places) if isinstance(value, float) and places is not None else value
