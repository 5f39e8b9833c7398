"""What each of them answered of the same files, in one shape, so that any difference is seen."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import duckdb

MEASURES = ("response_post_induction", "remission_post_induction", "remission_6_months")
COUNTS = ("courses", "not_eligible", "waiting", "due", "missing", "observed", "met")
LIMITS = ("observed_low", "observed_high", "everyone_low", "everyone_high")
_OF_MEASURES = f"measure_id IN {MEASURES}"
_RATE = f"measure_id, clinic_id, {', '.join(COUNTS)}, {', '.join(LIMITS)}"
_STATUS = "measure_id, clinic_id, patient_id, course, status"


@dataclass(frozen=True)
class Answers:
    """accepted: file -> rows kept, and a digest of their lines. quarantined: (file, line, column, reason).

    duplicates: file -> rows. rates: (measure, clinic) -> counts and Wilson limits, to nine decimals. statuses: a digest of
    the status of every course for every measure.
    """

    accepted: dict[str, tuple[int, str]]
    quarantined: frozenset[tuple[str, int, str | None, str]]
    duplicates: dict[str, int]
    rates: dict[tuple[str, str], tuple[Any, ...]]
    statuses: tuple[int, str]

    def counts(self) -> dict[str, int]:
        """How much there is to differ in."""
        return {
            "accepted": sum(rows for rows, _ in self.accepted.values()),
            "duplicate": sum(self.duplicates.values()),
            "quarantined": len({(file, line) for file, line, _, _ in self.quarantined}),
            "reasons": len(self.quarantined),
            "rates": len(self.rates),
            "statuses": self.statuses[0],
        }

    def differences(self, other: Answers) -> list[str]:
        """Where another one's answers are not the same: none where all are."""
        return [
            f"{field.name}: {_apart(getattr(self, field.name), getattr(other, field.name))}"
            for field in fields(self)
            if getattr(self, field.name) != getattr(other, field.name)
        ]


def _apart(ours: Any, theirs: Any) -> str:
    if isinstance(ours, frozenset):
        return f"{len(ours - theirs)} only ours, {len(theirs - ours)} only theirs; {sorted(ours ^ theirs, key=str)[:5]}"
    if isinstance(ours, dict):
        keys = sorted(key for key in {*ours, *theirs} if ours.get(key) != theirs.get(key))
        return f"{len(keys)} of {len(ours)}; {[(key, ours.get(key), theirs.get(key)) for key in keys[:3]]}"
    return f"{ours} and {theirs}"


def _digest(rows: Iterable[tuple[Any, ...]]) -> tuple[int, str]:
    """How many rows there are, and a digest of them in their order."""
    digest, count = hashlib.sha256(), 0
    for row in rows:
        digest.update(repr(row).encode())
        count += 1
    return count, digest.hexdigest()


def _rates(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[str, str], tuple[Any, ...]]:
    return {row[:2]: tuple(None if value is None else round(value, 9) for value in row[2:]) for row in rows}


def _lines(con: Any, table: str) -> dict[str, tuple[int, str]]:
    names = [row[0] for row in con.execute(f"SELECT DISTINCT file FROM {table}").fetchall()]
    return {
        name: _digest(_stream(con.execute(f"SELECT line FROM {table} WHERE file = ? ORDER BY line", [name])))
        for name in names
    }


def _stream(cursor: Any) -> Iterable[tuple[Any, ...]]:
    while rows := cursor.fetchmany(100_000):
        yield from rows


def of_pandas(database: Path) -> Answers:
    """Of the script with pandas, pandera and SQLite."""
    con = sqlite3.connect(database)
    try:
        return Answers(
            _lines(con, "score"),
            frozenset(con.execute("SELECT file, line, column_name, reason_code FROM quarantine")),
            dict(con.execute("SELECT file, duplicate FROM file WHERE duplicate > 0")),
            _rates(con.execute(f"SELECT {_RATE} FROM rate")),
            _digest(con.execute(f"SELECT {_STATUS} FROM endpoint ORDER BY 1, 2, 3, 4")),
        )
    finally:
        con.close()


def of_dbt(database: Path) -> Answers:
    """Of the dbt project."""
    with duckdb.connect(str(database), read_only=True) as con:
        return Answers(
            _lines(con, "scores"),
            frozenset(con.execute("SELECT file, line, column_name, reason_code FROM quarantine").fetchall()),
            dict(con.execute("SELECT file, duplicate FROM files WHERE duplicate > 0").fetchall()),
            _rates(con.execute(f"SELECT {_RATE} FROM rates").fetchall()),
            _digest(_stream(con.execute(f"SELECT {_STATUS} FROM endpoints ORDER BY 1, 2, 3, 4"))),
        )


def of_ours(published: Path, inbox: Path) -> Answers:
    """Of the product: its files are known by their hash, so the inbox says their names (the first, of the same bytes)."""
    names: dict[str, str] = {}
    for path in sorted(inbox.iterdir()):
        names.setdefault(hashlib.sha256(path.read_bytes()).hexdigest(), path.name)
    with duckdb.connect(str(published), read_only=True) as con:
        con.execute("CREATE TEMP TABLE named AS SELECT unnest($1::VARCHAR[]) AS sha256, unnest($2::VARCHAR[]) AS file", [list(names), list(names.values())])  # fmt: skip
        con.execute("CREATE TEMP VIEW stored AS SELECT file, line FROM score JOIN arrival USING (arrival_no) JOIN named USING (sha256)")  # fmt: skip
        return Answers(
            _lines(con, "stored"),
            frozenset(con.execute("SELECT file, line, column_name, reason_code FROM quarantine JOIN arrival USING (arrival_no) JOIN named USING (sha256)").fetchall()),
            dict(con.execute("SELECT file, rows_duplicate FROM arrival JOIN named USING (sha256) WHERE rows_duplicate > 0").fetchall()),
            _rates(con.execute(f"SELECT {_RATE} FROM rate WHERE {_OF_MEASURES}").fetchall()),
            _digest(_stream(con.execute(f"SELECT measure_id, clinic_id, patient_id, course, status::VARCHAR FROM endpoint WHERE {_OF_MEASURES} ORDER BY 1, 2, 3, 4"))),
        )  # fmt: skip


# Usable scores from the baseline on, of the courses that the measure counts: what the package is given.
_GIVEN = """
SELECT e.clinic_id || '/' || e.patient_id AS patient, s.day - e.baseline_day AS day, s.phq9_total AS total
FROM endpoint AS e
JOIN score_place AS s USING (patient_no)
WHERE e.measure_id = 'remission_6_months' AND e.course = 1 AND e.class <> 'not eligible'
    AND s.is_two_weeks AND NOT s.is_on_infusion_day AND s.phq9_total IS NOT NULL
    AND (s.score_id = e.baseline_score_id OR s.day > greatest(e.baseline_day, 0))
ORDER BY ALL
"""
_OURS = """
SELECT e.clinic_id || '/' || e.patient_id AS patient, e.status::VARCHAR AS status,
    bool_or(s.total < 5 AND s.day BETWEEN 123 AND 243) AS has_any_below_5
FROM endpoint AS e
JOIN given AS s ON s.patient = e.clinic_id || '/' || e.patient_id
WHERE e.measure_id = 'remission_6_months' AND e.course = 1 AND e.class <> 'not eligible'
GROUP BY ALL
"""


def give_ccbhc(published: Path, target: Path) -> int:
    """Write the scores for the CCBHC package; returns how many."""
    with duckdb.connect(str(published), read_only=True) as con:
        con.execute(f"COPY ({_GIVEN}) TO '{target}' (HEADER)")
        return con.execute(f"SELECT count(*) FROM '{target}'").fetchall()[0][0]


# What the package may say of a course with one of our statuses. Where it has remission and we have not, the score that we
# take is the last one of the window, and there was a lower one before.
_AGREE = {
    "met": {"Has Remission"},
    "not_met": {"No Remission"},
    "no_score_in_window": {"No PHQ-9 Follow Up"},
    "altered_recall": {"No PHQ-9 Follow Up"},
    "incomplete_form": {"No PHQ-9 Follow Up"},
}


def beside_ccbhc(published: Path, given: Path, reasons: dict[str, str]) -> dict[str, int]:
    """How the package's answers of the same scores lie beside ours. Raises SystemExit for one that the definitions do not explain."""
    with duckdb.connect(str(published), read_only=True) as con:
        con.execute(f"CREATE TEMP VIEW given AS FROM '{given}'")
        ours = con.execute(_OURS).fetchall()
    found: Counter[str] = Counter(dict.fromkeys(("due", "met", "their_denominator", "their_numerator", "same", "a_lower_score_before_the_last", "not_yet_due"), 0))  # fmt: skip
    for patient, status, has_any_below_5 in ours:
        reason = reasons.get(patient)
        found["their_denominator"] += reason is not None
        found["their_numerator"] += reason == "Has Remission"
        if status == "not_yet_due":
            found["not_yet_due"] += 1
            continue
        found["due"] += 1
        found["met"] += status == "met"
        if reason in _AGREE[status]:
            found["same"] += 1
        elif status == "not_met" and reason == "Has Remission" and has_any_below_5:
            found["a_lower_score_before_the_last"] += 1
        else:
            raise SystemExit(f"ccbhc: {status} here is {reason} there, and no difference of definition explains it")
    if found["their_denominator"] != len(reasons):
        raise SystemExit(
            f"ccbhc: {len(reasons)} index scores of 2025, and {found['their_denominator']} courses of ours"
        )
    return dict(found)
