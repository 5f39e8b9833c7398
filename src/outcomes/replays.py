"""A locked release recomputed: equal, or what moved and why. No patient is in what this says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from outcomes.errors import UsageError
from outcomes.frames import one
from outcomes.laying import sql_digest
from outcomes.ledger import ENTRY, NO_HASH, entry_hash
from outcomes.merging import is_identity_as_in_receipts
from outcomes.paths import Home
from outcomes.recomputing import Point, attached, first_row, recomputed
from outcomes.releasereceipts import is_as_in_receipt
from outcomes.store import reading
from outcomes.summary import rows_of

Row = dict[str, Any]

# Locked numbers and recomputed ones may differ by this much: another machine's last digit is no difference.
TOLERANCE = 1e-9
# Locked table: the recomputed one, and its key.
_TABLES = {
    "rate": ("release_rate", ("measure_id", "clinic_id")),
    "comparison": ("release_comparison", ("clinic_id", "benchmark_id", "claim_id", "measure_id")),
}
_COURSES = """
    SELECT measure_id, clinic_id, locked, now, count(*) AS courses
    FROM (
        SELECT measure_id, p.clinic_id, coalesce(l.status::VARCHAR, 'not in it') AS locked, coalesce(n.status::VARCHAR, 'not in it') AS now,
            (l.baseline_score_id, l.endpoint_score_id) IS DISTINCT FROM (n.baseline_score_id, n.endpoint_score_id) AS other_scores
        FROM (FROM warehouse.main.release_endpoint WHERE release_no = $release_no) AS l
        FULL JOIN (FROM covered WHERE class IN ('observed', 'missing')) AS n USING (measure_id, patient_no, course)
        LEFT JOIN patient AS p USING (patient_no)
    )
    WHERE locked <> now OR other_scores
    GROUP BY ALL
    ORDER BY ALL
"""
# rows_digest is over what was sent; what was made of it is made again here.
_OTHER_ROWS = """
    WITH made AS (
        SELECT *, [item_1, item_2, item_3, item_4, item_5, item_6, item_7, item_8, item_9] AS items FROM score
    ),
    found AS (
        SELECT arrival_no, sum(row_digest(s))::BIGINT::VARCHAR AS digest, count(*) AS rows,
            bool_and(
                items_answered = list_count(items) AND items_sum IS NOT DISTINCT FROM list_sum(items)
                AND phq9_total IS NOT DISTINCT FROM CASE items_answered WHEN 9 THEN list_sum(items) WHEN 0 THEN total END
            ) AS adds_up
        FROM made AS s
        GROUP BY arrival_no

        UNION ALL

        SELECT arrival_no, sum(patient_row_digest(p))::BIGINT::VARCHAR, count(*), true
        FROM patient_row AS p
        GROUP BY arrival_no
    )
    SELECT arrival_no
    FROM arrival AS a
    -- Rows of an arrival that the ledger has not are not told of either.
    FULL JOIN found AS f USING (arrival_no)
    LEFT JOIN redigested AS r USING (arrival_no)
    WHERE (coalesce(r.rows_digest, a.rows_digest), a.rows_accepted, true) IS DISTINCT FROM (coalesce(f.digest, '0'), coalesce(f.rows, 0), coalesce(f.adds_up, true))
    ORDER BY arrival_no
"""


@contextmanager
def as_locked(home: Home, name: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, Row]]:
    """A locked release recomputed in a scratch store, with the warehouse beside it, and its row. The lock must be held.

    Raises UsageError for a name that is none, OutcomesError where this version cannot read its definitions.
    """
    with reading(home) as con:
        release = first_row(con, "SELECT * FROM release WHERE name = ?", [name])
        if release is None:
            names = ", ".join(row[0] for row in con.execute("SELECT name FROM release ORDER BY release_no").fetchall())
            raise UsageError(f"There is no release {name}. There are: {names or 'none'}.")
        values = [release["release_no"]]
        definitions = rows_of(con, "SELECT * EXCLUDE (release_no) FROM release_definition WHERE release_no = ?", values)
        base = con.execute(
            "SELECT as_of, arrival_no FROM release WHERE release_no = ?", [release["base_release_no"]]
        ).fetchone()
    night = release["night"]
    point = Point(release["as_of"], release["arrival_no"], night)
    with (
        recomputed(home, point, Point(base[0], base[1], night) if base else None, definitions) as con,
        attached(con, home.warehouse, "warehouse"),
    ):
        yield con, release


def replayed(home: Home, name: str) -> Row:
    """What differs between a locked release and what is recomputed of it, as in compared_with_locked()."""
    with as_locked(home, name) as (con, release):
        return compared_with_locked(home, con, release)


def compared_with_locked(home: Home, con: duckdb.DuckDBPyConnection, release: Row) -> Row:
    """equal; moved: rows with what, measure_id, clinic_id, benchmark_id, column, locked and now; courses: how many changed
    from which status to which; why: sentences. Of what as_locked() gives.
    """
    moved = [row for what in _TABLES for row in _moved(con, release["release_no"], what)]
    courses = rows_of(con, _COURSES, {"release_no": release["release_no"]})
    why = _damage(home, con, release)
    if (moved or courses) and release["sql_digest"] != sql_digest():
        why.append(
            f"It was locked by program {release['program_version']} with SQL {release['sql_digest']}, and recomputed with SQL {sql_digest()}."
        )
    if (moved or courses) and not why:
        why.append(
            "Neither the ledger, the stored rows, the receipt nor the program explains it: compare score_event, extract_day, patient and identity_change with a backup."
        )
    return {
        "name": release["name"],
        "equal": not (moved or courses or why),
        "moved": moved,
        "courses": courses,
        "why": why,
    }


def _moved(con: duckdb.DuckDBPyConnection, release_no: int, what: str) -> list[Row]:
    table, key = _TABLES[what]
    locked = rows_of(
        con, f"SELECT * EXCLUDE (release_no) FROM warehouse.main.{table} WHERE release_no = ?", [release_no]
    )
    columns = [row[0] for row in con.execute(f"DESCRIBE warehouse.main.{table}").fetchall() if row[0] != "release_no"]
    now = rows_of(con, f"SELECT {', '.join(columns)} FROM {what}")
    then_by, now_by = ({tuple(row[k] for k in key): row for row in rows} for rows in (locked, now))
    moved = []
    for place in sorted({*then_by, *now_by}, key=lambda place: tuple(part or "" for part in place)):
        named = {"what": what, "benchmark_id": None, **dict(zip(key, place, strict=True))}
        named["benchmark_id"] = named["benchmark_id"] or named.pop("claim_id", None)
        if place not in now_by or place not in then_by:
            said = "in it" if place in then_by else "not in it", "in it" if place in now_by else "not in it"
            moved.append(named | {"column": None, "locked": said[0], "now": said[1]})
            continue
        for column in columns:
            one_side, other = then_by[place][column], now_by[place][column]
            if not _same(one_side, other):
                moved.append(named | {"column": column, "locked": one_side, "now": other})
    return moved


def _same(one_side: Any, other: Any) -> bool:
    if isinstance(one_side, float) and isinstance(other, float):
        return abs(one_side - other) <= TOLERANCE
    return bool(one_side == other)


def _damage(home: Home, con: duckdb.DuckDBPyConnection, release: Row) -> list[str]:
    """What is not as it was stored and locked, a sentence each."""
    said = []
    if not is_as_in_receipt(home, con, release["release_no"], "warehouse.main"):
        said.append("The locked rows are not those of the release's receipt.")
    if not is_identity_as_in_receipts(home, con):
        said.append("The joined and split pseudonyms are not those of their receipts.")
    if one(con, "SELECT arg_max(hash, arrival_no) FROM arrival") != release["arrival_hash"]:
        said.append("The ledger is not the one that the release was locked on.")
    return said + damage_of_store(con)


def damage_of_store(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Where a store's ledger is broken, or its rows are not those that the ledger tells of; a sentence each."""
    said = []
    if (broken := ledger_broken_at(con)) is not None:
        said.append(f"The ledger is broken at arrival {broken}.")
    if other := arrivals_with_other_rows(con):
        numbers = ", ".join(map(str, other))
        said.append(f"The stored rows of arrival {numbers} are not those that the ledger tells of.")
    return said


def ledger_broken_at(con: duckdb.DuckDBPyConnection) -> int | None:
    """The first arrival whose entry does not have its hash, or that of the one before; None where the chain holds."""
    previous = NO_HASH
    for entry in rows_of(con, "SELECT * FROM arrival ORDER BY arrival_no"):
        written = entry | {"received_on": entry["received_on"].isoformat()}
        if entry["previous_hash"] != previous or entry_hash({key: written[key] for key in ENTRY}) != entry["hash"]:
            return int(entry["arrival_no"])
        previous = entry["hash"]
    return None


def arrivals_with_other_rows(con: duckdb.DuckDBPyConnection) -> list[int]:
    """The arrivals whose stored rows are not those that the ledger tells of, by digest and number."""
    return [row[0] for row in con.execute(_OTHER_ROWS).fetchall()]
