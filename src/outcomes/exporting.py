"""Shares an edition outside the house: reads the store, asks `sharing` what may be told, keeps it, has the files written."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import polars as pl

from outcomes import inbox, lasting
from outcomes.cells import ALL, Courses, Rung, Shown, Table
from outcomes.errors import OutcomesError, UsageError
from outcomes.frames import asked, at_once, one, put_rows
from outcomes.paths import Home
from outcomes.publishedcopy import publish_copy
from outcomes.sharedfiles import write_files
from outcomes.sharing import shared
from outcomes.signing import refuse_other_program
from outcomes.store import warehouse
from outcomes.summary import Row, rows_of

# A witness outside the database, as the receipts are: what was once shared stays known where the store is restored.
WITNESS = "shared.jsonl"
SHARED_TABLES = ("shared_edition", "shared_cell", "shared_verdict")
_COURSES = """
    SELECT clinic_id, statuses, count(*)::INTEGER AS courses
    FROM (
        SELECT e.clinic_id, list(e.status::VARCHAR ORDER BY m.position) AS statuses
        FROM endpoint AS e JOIN measure AS m USING (measure_id)
        WHERE m.kind = 'proportion'
        GROUP BY e.clinic_id, e.patient_no, e.course
    )
    GROUP BY ALL
    ORDER BY ALL
"""


_VERDICTS = """
    SELECT benchmark_id, clinic_id, measure_id, verdict, withheld_because
    FROM comparison WHERE outcome = 'verdict' ORDER BY benchmark_id, clinic_id
"""


def export(home: Home, to: Path | None = None, name: str | None = None) -> Path:
    """Share the last night's numbers as an edition, and write it to a new folder of `to`. Returns the folder.

    The same night shared again is the same edition, with the same bytes. Raises UsageError where no night has been, or
    where the folder holds another edition; OutcomesError where a night is left undone; BusyError while one runs.
    """
    if not home.published_copy.exists():
        raise UsageError(
            f"{home.root} has had no night yet. Put files into {home.inbox} and run: outcomes nightly --home {home.root}"
        )
    os.umask(0o077)
    with inbox.locked(home):
        if home.manifest.exists():
            raise OutcomesError(
                f"The last night was not done to its end. Run the night again first: outcomes nightly --home {home.root}"
            )
        with warehouse(home.warehouse) as con:
            edition = next_edition(home, con)
            as_of = one(con, "SELECT as_of FROM shared_edition WHERE edition = ?", [edition])
            folder = (to or home.exports) / (name or f"edition-{edition:03}-{as_of}")
            write_files(con, edition, folder)
        publish_copy(home)
    return folder


def next_edition(home: Home, con: duckdb.DuckDBPyConnection) -> int:
    """The number of the edition that tells the last night: made, witnessed and stored where it is not there yet."""
    refuse_other_program(con)
    restore_editions(home, con)
    (night,) = rows_of(
        con,
        """SELECT night, as_of, data_versions, (SELECT arg_max(hash, arrival_no) FROM arrival) AS ledger_head,
        (SELECT sql_digest FROM laid) AS sql_digest,
        (SELECT list(clinic_id ORDER BY clinic_id) FROM clinic_group WHERE clinic_id <> '*') AS clinics FROM night ORDER BY night DESC LIMIT 1""",
    )
    last = rows_of(con, "SELECT * FROM shared_edition ORDER BY edition DESC LIMIT 1")
    if last and {key: last[0][key] for key in night} == night:
        return int(last[0]["edition"])
    edition = {"edition": (last[0]["edition"] if last else 0) + 1} | night | {"as_of": night["as_of"].isoformat()}
    tables = tables_of(con)
    told = shared(tables, read_courses(con), _earlier(con, tables))
    cells = [
        {
            "edition": edition["edition"], "table_name": shown.table.name, "table_key": shown.table.key, "rung": shown.rung,
            "clinic_id": clinic, "cell": cell, "courses": n,
        }
        for shown in told for clinic, block in sorted(shown.counts.items()) for cell, n in block.items()
    ]  # fmt: skip
    # A verdict rests on coverage, so that it goes with the missing.
    whole = {(s.table.key, clinic) for s in told if s.rung == "with_missing" for clinic in s.counts}
    verdicts = [
        {"edition": edition["edition"]} | {key: row[key] for key in row if key != "measure_id"}
        for row in rows_of(con, _VERDICTS)
        if (row["measure_id"], row["clinic_id"]) in whole
    ]
    entry = {"shared_edition": [edition], "shared_cell": cells, "shared_verdict": verdicts}
    lasting.append(home.receipts / WITNESS, [entry])
    _keep(con, entry)
    return int(edition["edition"])


def restore_editions(home: Home, con: duckdb.DuckDBPyConnection) -> None:
    """Editions that the witness knows and the store does not: the store is older than they are."""
    known = one(con, "SELECT max(edition) FROM shared_edition") or 0
    # A last line cut while it was written is left out: nothing of that edition has left the house.
    for entry in lasting.read_lines(home.receipts / WITNESS):
        if entry["shared_edition"][0]["edition"] > known:
            _keep(con, entry)


def _keep(con: duckdb.DuckDBPyConnection, entry: dict[str, list[Row]]) -> None:
    with at_once(con):
        for table in SHARED_TABLES:
            put_rows(con, table, entry[table])


def _earlier(con: duckdb.DuckDBPyConnection, tables: list[Table]) -> list[Shown]:
    """Every table that an edition told anew, as it told it. Measures that are no more are left out."""
    known = {table.id: table for table in tables}
    among = dict(con.execute("SELECT edition, clinics FROM shared_edition").fetchall())
    told: dict[tuple[int, str, str, str], dict[str, dict[str, int]]] = {}
    for edition, name, key, rung, clinic, cell, n in con.execute(
        "SELECT edition, table_name, table_key, rung, clinic_id, cell, courses FROM shared_cell ORDER BY ALL"
    ).fetchall():
        told.setdefault((edition, name, key, rung), {}).setdefault(clinic, {})[cell] = n
    return [
        Shown(known[name, key], rung, counts, edition, tuple(among[edition]))
        for (edition, name, key, rung), counts in told.items()
        if (name, key) in known
    ]


def tables_of(con: duckdb.DuckDBPyConnection) -> list[Table]:
    """The tables that are shared: every proportion's rate, then its courses by status, in the measures' order.

    Another table is one more `Table` here, with a column of atoms in `read_courses`, and a view that prints what was told.
    """
    classes: dict[str, str] = dict(
        con.execute(
            "SELECT status::VARCHAR, status_class(status)::VARCHAR FROM (SELECT unnest(enum_range(NULL::endpoint_status)) AS status)"
        ).fetchall()
    )
    measures = con.execute(
        "SELECT measure_id, main_denominator FROM measure WHERE kind = 'proportion' ORDER BY position"
    ).fetchall()
    return [Table("rates", measure, rate_rungs(classes, main)) for measure, main in measures] + [
        Table("attrition", measure, attrition_rungs(classes)) for measure, _ in measures
    ]


def rate_rungs(classes: dict[str, str], main_denominator: str) -> tuple[Rung, ...]:
    """The main rate with the missing beside it; else the main rate alone. Everyone else is one cell."""
    outcome = {"met": "met", "not_met": "not_met"}
    split = {status: outcome.get(status, "missing" if of == "missing" else "others") for status, of in classes.items()}
    if main_denominator == "observed":
        alone, sides = {s: cell if cell in outcome else "others" for s, cell in split.items()}, ("met", "not_met")
    else:
        joined = {"not_met": "not_met_or_missing", "missing": "not_met_or_missing"}
        alone, sides = {s: joined.get(cell, cell) for s, cell in split.items()}, ("met", "not_met_or_missing")
    return Rung("with_missing", split, ("met", "not_met")), Rung("rate", alone, sides)


def attrition_rungs(classes: dict[str, str]) -> tuple[Rung, ...]:
    """Courses by status, met or not being one; else by class."""
    by_status = {status: "observed" if of == "observed" else status for status, of in classes.items()}
    return Rung("status", by_status), Rung("class", dict(classes))


def read_courses(con: duckdb.DuckDBPyConnection) -> Courses:
    """Every course with its status for each measure, those that are alike together."""
    measures = [
        row[0]
        for row in con.execute("SELECT measure_id FROM measure WHERE kind = 'proportion' ORDER BY position").fetchall()
    ]
    frame = asked(con, _COURSES)
    wide = frame.select(
        "clinic_id",
        "courses",
        *(pl.col("statuses").list.get(i, null_on_oob=True).alias(measure) for i, measure in enumerate(measures)),
    )
    return Courses(
        wide, [row[0] for row in con.execute("SELECT clinic_id FROM clinic_group").fetchall() if row[0] != ALL]
    )
