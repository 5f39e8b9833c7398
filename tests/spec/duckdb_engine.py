"""The product's SQL as an engine of the spec: drawn scores in, its derived tables out."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from functools import cache
from typing import Any
from unittest.mock import patch

import duckdb
import polars as pl

from outcomes import deriving
from outcomes.datafiles import put_data_files, read_data_files
from outcomes.deriving import derive
from outcomes.frames import given
from outcomes.laying import TABLES, lay, sql_files
from outcomes.paths import data_folder

Row = dict[str, Any]
EPOCH = dt.date(2026, 1, 1)

# Drawn table: the query that fills it, in the words of tests/spec/drawing.py.
QUERIES = {
    "infusions": """SELECT p.clinic_id AS clinic, p.patient_id AS patient, run, infusion_number AS number, day, course, ordinal,
        drug::VARCHAR AS drug FROM infusion JOIN patient AS p USING (patient_no)""",
    "set_aside": """SELECT p.clinic_id AS clinic, p.patient_id AS patient, days_since_first_infusion AS day, timepoint::VARCHAR AS timepoint,
        infusion_number AS number, a.reason_code AS reason FROM set_aside AS a JOIN assigned_score AS s USING (arrival_no, line)
        JOIN patient AS p USING (patient_no)""",
    "courses": """SELECT clinic_id AS clinic, patient_id AS patient, course, first_day, drug::VARCHAR AS drug, last_induction_day,
        induction_infusions, induction_span AS span, induction, followed_until, infusions FROM course""",
    "not_started": """SELECT p.clinic_id AS clinic, p.patient_id AS patient FROM followed AS f JOIN patient AS p USING (patient_no)
        ANTI JOIN course AS c ON c.patient_no = f.patient_no""",
    "received": """SELECT p.clinic_id AS clinic, p.patient_id AS patient, day, timepoint::VARCHAR AS timepoint, infusion_number AS number,
        course, received, phase FROM score_place JOIN patient AS p USING (patient_no)""",
    "endpoints": """SELECT clinic_id AS clinic, patient_id AS patient, course, measure_id AS measure, status::VARCHAR AS status, baseline_day, baseline_total,
        baseline_item_9, baseline_tie, endpoint_day, endpoint_total, endpoint_item_9, endpoint_tie, maintenance_before_endpoint,
        switched_before_endpoint, sensitivity_day, sensitivity_total, is_follow_up_unknown AS follow_up_unknown FROM endpoint""",
    "rates": """SELECT clinic_id AS clinic, measure_id AS measure, met, not_met, observed, missing, due, waiting, eligible, not_eligible,
        courses, observed_rate, everyone_rate, coverage, first_courses_of_drug, window_closed, with_baseline, follow_up_unknown FROM rate""",
}  # fmt: skip

# What is said of the order of rows (R14), likewise; no other rule leans on it.
ORDER_QUERIES = {
    "order_warning": """SELECT s.clinic_id AS clinic, s.patient_id AS patient, days_since_first_infusion AS day, timepoint::VARCHAR AS timepoint,
        infusion_number AS number, w.reason_code AS reason FROM order_warning AS w JOIN current_score AS s USING (arrival_no, line)""",
}  # fmt: skip

# The tables of step 2, likewise.
STEP_2_QUERIES = {
    "statuses": """SELECT p.clinic_id AS clinic, p.patient_id AS patient, course, measure_id AS measure, status::VARCHAR AS status
        FROM course_status JOIN patient AS p USING (patient_no)""",
    "survival": """SELECT measure_id AS measure, clinic_id AS clinic, patient_id AS patient, course, variant::VARCHAR AS variant, start_day,
        days, is_event FROM survival""",
    "survival_curve": """SELECT measure_id AS measure, clinic_id AS clinic, variant::VARCHAR AS variant, day, at_risk, events, censored, survival,
        greenwood, low, high FROM survival_curve""",
    "survival_at": """SELECT measure_id AS measure, clinic_id AS clinic, variant::VARCHAR AS variant, day, at_risk, survival, low, high, is_shown
        FROM survival_at""",
    "infusion_curve": "SELECT clinic_id AS clinic, outcome, k, cohort, due, observed, met, rate, low, high FROM infusion_curve",
    "infusion_mean": """SELECT clinic_id AS clinic, k, cohort, n, mean_total, sd_total, low, high, mean_change, sd_change, change_low,
        change_high FROM infusion_mean""",
    "week_curve": """SELECT clinic_id AS clinic, week, cohort, due, observed, responded, response_rate, response_low, response_high, remitted,
        remission_rate, remission_low, remission_high, mean_total, sd_total, low, high FROM week_curve""",
    "early_response": "SELECT clinic_id AS clinic, k, early::VARCHAR AS early, courses, later_met, rate, low, high FROM early_response",
    "missing_outcome": """SELECT measure_id AS measure, clinic_id AS clinic, due, observed, missing, met, observed_rate, everyone_rate,
        best_case_rate, envelope_low, envelope_high, imbens_manski_low, imbens_manski_high, weighted_rate, borrowed FROM missing_outcome""",
    "attrition": "SELECT measure_id AS measure, clinic_id AS clinic, step, status::VARCHAR AS status, courses, remaining FROM attrition",
    "case_mix": """SELECT measure_id AS measure, clinic_id AS clinic, band, due, observed, met, rate, low, high, mean_baseline, sd_baseline
        FROM case_mix""",
    "stratum": """SELECT p.clinic_id AS clinic, p.patient_id AS patient, course, dimension, stratum FROM stratum JOIN patient AS p USING (patient_no)
        WHERE dimension IN ('drug', 'infusions_completed')""",
    "stratum_rate": """SELECT measure_id AS measure, clinic_id AS clinic, dimension, stratum, due, observed, missing, met, observed_rate, observed_low,
        observed_high, everyone_rate, everyone_low, everyone_high FROM stratum_rate
        WHERE dimension IN ('drug', 'infusions_completed', 'baseline_severity')""",
    "change": """SELECT measure_id AS measure, clinic_id AS clinic, n, mean_baseline, sd_baseline, mean_endpoint, sd_endpoint, mean_change, sd_change,
        low, high, d_z, d_pre, improved, deteriorated, responded, expected_regression FROM change""",
    "item_9_change": """SELECT clinic_id AS clinic, observed, with_ideation, without_ideation, reduced, reduced_rate, reduced_low, reduced_high,
        resolved, resolved_rate, resolved_low, resolved_high, new, new_rate, new_low, new_high, increased, increased_rate, increased_low,
        increased_high FROM item_9_change""",
    "item_9_review": """SELECT score_id, clinic_id AS clinic, patient_id AS patient, kind, day_before, item_9_before, day,
        timepoint::VARCHAR AS timepoint, item_9 FROM item_9_review""",
    "safety": "SELECT clinic_id AS clinic, event, infusions, answered, happened, share, low, high FROM safety",
    "funnel_measure": "SELECT measure_id AS measure, clinics, target, phi, tau_squared, method FROM funnel_measure",
    "funnel": """SELECT measure_id AS measure, clinic_id AS clinic, met, n, rate, target, tail_low, tail_high, low95, high95, low998, high998,
        flag FROM funnel""",
}  # fmt: skip

ALL_QUERIES = QUERIES | STEP_2_QUERIES | ORDER_QUERIES

SCORE_SCHEMA = {
    "score_id": pl.Int64, "arrival_no": pl.Int32, "line": pl.Int32, "clinic_id": pl.String, "patient_id": pl.String,
    "infusion_number": pl.Int16, "days_since_first_infusion": pl.Int16, "timepoint": pl.String,
    **{f"item_{i}": pl.Int8 for i in range(1, 10)}, "total": pl.Int8, "items_answered": pl.Int8, "items_sum": pl.Int8,
    "phq9_total": pl.Int8, "drug": pl.String, "recall_period": pl.String, "status": pl.String,
    **dict.fromkeys(("dissociation", "nausea", "blood_pressure_raised", "serious_adverse_event"), pl.Boolean),
}  # fmt: skip


@cache
def _store() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("SET threads = 1")
    lay(con)
    put_data_files(con, read_data_files(data_folder()))
    return con


# What a query reads stands behind one of these words, in quotes (as what a macro is to read), or before a bracket.
_READ = re.compile(r"(?:\b(?:FROM|JOIN)\s+(?:main\.)?|\bmain\.|'(?:main\.)?)(\w+)|\b(\w+)\(")


def _read(code: str) -> set[str]:
    return {name for pair in _READ.findall(code) for name in pair if name}


@cache
def _reads() -> dict[str, set[str]]:
    """Each view and macro of the SQL files -> what the file that makes it reads, and names that are none of theirs."""
    made: dict[str, set[str]] = {}
    for _, text in sql_files(20, 99):
        code = re.sub(r"--.*|^COMMENT ON .*$", "", text, flags=re.M)
        for name in re.findall(r"^CREATE OR REPLACE (?:VIEW|MACRO) (?:main\.)?(\w+)", code, re.M):
            made.setdefault(name, set()).update(_read(code))
    return made


@cache
def steps_of(tables: tuple[str, ...]) -> frozenset[str]:
    """The kept steps that drawn tables are made from: a derivation of all of them costs twice that of most."""
    ahead = {name for table in tables for name in _read(ALL_QUERIES[table])}
    found: set[str] = set()
    while ahead:
        name = ahead.pop()
        if name not in found and name in _reads():
            found.add(name)
            ahead |= _reads()[name]
    return TABLES & found


def engine(
    scores: list[Row],
    clinics: list[Row],
    as_of: int,
    tables: tuple[str, ...] = tuple(QUERIES),
    identity: Sequence[Row] = (),
    *,
    steps: frozenset[str] | None = None,
) -> dict[str, list[Row]]:
    """The derived tables asked for, of the product for drawn scores; see tests/spec/drawing.py.

    Derived are the kept steps that they are made from, or `steps`; the others are empty.
    """
    con = _store()
    for table in ("score", "score_event", "patient", "arrival", "night", "extract_day", "clinic", "identity_change"):
        con.execute(f"DELETE FROM {table}")
    con.execute("INSERT INTO night VALUES (1, 'spec', ?, '', '', 0, 0, 0, 0, '', '')", [EPOCH + dt.timedelta(as_of)])
    for row in clinics:
        con.execute(
            "INSERT INTO clinic VALUES (?, '', ?, ?, true, false)",
            [row["clinic"], row["drug"], row["sends_every_infusion"]],
        )
    arrivals = {
        received: number for number, received in enumerate(sorted({row["received"] for row in scores}), start=1)
    }
    came = pl.DataFrame(
        [(number, EPOCH + dt.timedelta(received)) for received, number in arrivals.items()],
        schema={"number": pl.Int32, "day": pl.Date},
        orient="row",
    )
    with given(con, "came", came):
        con.execute(
            "INSERT INTO arrival SELECT number, number::VARCHAR, NULL, 1, day, 'scores', 'csv', '', 0, NULL, 0, 0, 0, 0, 0, 0, '', '', '' FROM came"
        )
    frame = pl.DataFrame([_stored(i, row, arrivals) for i, row in enumerate(scores)], schema=SCORE_SCHEMA)
    extracts = pl.DataFrame(
        [
            {
                "arrival_no": arrivals[r["received"]],
                "clinic_id": r["clinic"],
                "patient_id": r["patient"],
                "extract_day": r["extract"],
            }
            for r in scores
        ],
        schema={"arrival_no": pl.Int32, "clinic_id": pl.String, "patient_id": pl.String, "extract_day": pl.Int16},
    ).drop_nulls("extract_day")
    with given(con, "drawn", frame), given(con, "extracts", extracts):
        con.execute(
            "INSERT INTO patient SELECT row_number() OVER (ORDER BY clinic_id, patient_id), * FROM (SELECT DISTINCT clinic_id, patient_id FROM drawn)"
        )
        con.execute(
            "INSERT INTO score BY NAME SELECT d.* EXCLUDE (clinic_id, patient_id), p.patient_no FROM drawn AS d JOIN patient AS p USING (clinic_id, patient_id)"
        )
        con.execute(
            "INSERT INTO extract_day SELECT arrival_no, patient_no, extract_day FROM extracts JOIN patient USING (clinic_id, patient_id)"
        )
    for number, row in enumerate(identity, start=1):
        _change(con, number, row, arrivals)
    needed = steps_of(tables) if steps is None else steps
    for name in sorted(TABLES - needed):
        con.execute(f"TRUNCATE main.{name}")
    with patch.object(deriving, "TABLES", needed):
        derive(con, whole=True)
    said = {}
    for name in tables:
        result = con.execute(ALL_QUERIES[name])
        columns = [c[0] for c in result.description or []]
        said[name] = [dict(zip(columns, values, strict=True)) for values in result.fetchall()]
    return said


def _stored(score_id: int, row: Row, arrivals: dict[int, int]) -> Row:
    answered = [item for item in row["items"] if item is not None]
    whole = len(answered) == 9 or (not answered and row["total"] is not None)
    return {
        "score_id": score_id, "arrival_no": arrivals[row["received"]], "line": score_id, "clinic_id": row["clinic"], "patient_id": row["patient"],
        "infusion_number": row["number"], "days_since_first_infusion": row["day"], "timepoint": row["timepoint"],
        **{f"item_{i}": item for i, item in enumerate(row["items"], start=1)}, "total": row["total"],
        "items_answered": len(answered), "items_sum": sum(answered) if answered else None,
        "phq9_total": (sum(answered) if answered else row["total"]) if whole else None,
        "drug": row["drug"], "recall_period": row["recall"], "status": "final",
        **{event: row[event] for event in ("dissociation", "nausea", "blood_pressure_raised", "serious_adverse_event")},
    }  # fmt: skip


def _change(con: duckdb.DuckDBPyConnection, number: int, row: Row, arrivals: dict[int, int]) -> None:
    """A drawn join or split, made before the night."""
    if row["into"] is None:
        con.execute(
            "INSERT INTO patient SELECT ?, clinic_id, patient_id || '/' || ? FROM patient WHERE (clinic_id, patient_id) = (?, ?)",
            [-number, str(number), row["clinic"], row["from"]],
        )
    con.execute(
        """INSERT INTO identity_change
        SELECT $number, $kind, $clinic, f.patient_no, coalesce(i.patient_no, -$number), $days, $arrival, $from_day, NULL, 'spec', 0
        FROM patient AS f LEFT JOIN patient AS i ON i.clinic_id = $clinic AND i.patient_id = $into
        WHERE f.clinic_id = $clinic AND f.patient_id = $from""",
        row | {"number": number, "arrival": arrivals.get(row["arrival"])},
    )
