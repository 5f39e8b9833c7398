"""What a night says: arrivals, rows by fate, rates and comparisons, as a value, as JSON and as text. No patient in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

Row = dict[str, Any]

# The rates printed at the end of a night; the rest are a command away.
SHOWN = ("response_post_induction", "remission_post_induction", "worsened_post_induction", "response_of_starters")


@dataclass(frozen=True)
class Summary:
    """A night in numbers. Every rate and verdict here is provisional.

    ended: what the night before it brought where that one was killed and said nothing itself, None where it was not.
    """

    night: int
    run_id: str
    as_of: str
    data_versions: str
    ledger_head: str | None
    files: Row
    rows: Row
    read_again: Row
    feeds: list[Row]
    reasons: list[Row]
    set_aside_by_course: list[Row]
    notes: list[Row]
    arrivals: list[Row]
    clinics: list[Row]
    rates: list[Row]
    comparisons: list[Row]
    unchecked: Row
    registered: list[str]
    nights_healed: int
    ended: Row | None
    store_upgraded_from: int | None
    provisional: bool = True

    def as_dict(self) -> Row:
        """For summary.json."""
        return dict(vars(self))


def rows_of(con: duckdb.DuckDBPyConnection, query: str, values: list[Any] | dict[str, Any] | None = None) -> list[Row]:
    """The rows of a query as dicts."""
    result = con.execute(query, values or [])
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


RATES = """
    SELECT r.measure_id, m.title, r.clinic_id, r.main_denominator, r.eligible, r.waiting, r.due, r.missing, r.observed, r.met,
        CASE r.main_denominator WHEN 'observed' THEN r.observed ELSE r.due END AS n,
        CASE r.main_denominator WHEN 'observed' THEN r.observed_rate ELSE r.everyone_rate END AS rate,
        CASE r.main_denominator WHEN 'observed' THEN r.observed_low ELSE r.everyone_low END AS low,
        CASE r.main_denominator WHEN 'observed' THEN r.observed_high ELSE r.everyone_high END AS high,
        r.everyone_rate, r.bound_low, r.bound_high, r.coverage, r.starters_analysed, c.is_signed
    FROM rate AS r
    JOIN measure AS m USING (measure_id)
    JOIN definition_check AS c ON c.kind = 'measure' AND c.id = r.measure_id
    WHERE ($clinic IS NULL OR r.clinic_id = $clinic) AND ($measure IS NULL OR r.measure_id = $measure)
    ORDER BY m.position, r.clinic_id
"""
COMPARISONS = """
    SELECT c.clinic_id, coalesce(c.benchmark_id, c.claim_id) AS benchmark_id, c.measure_id, c.outcome, c.because, c.met, c.our_n, c.our_rate, c.our_low, c.our_high,
        c.their_n, c.their_rate, c.their_low, c.their_high, c.difference, c.difference_low, c.difference_high, c.verdict,
        c.withheld_because, r.sentence AS withheld_in_words, c.depends_on_missing, c.is_theirs_inside, c.their_effect_size, c.our_d_z, c.our_d_pre, c.is_provisional,
        x.is_signed AND coalesce(y.is_signed, true) AS is_signed
    FROM comparison AS c
    LEFT JOIN definition_check AS x ON x.kind = 'benchmark' AND x.id = c.benchmark_id
    LEFT JOIN definition_check AS y ON y.kind = 'measure' AND y.id = c.measure_id
    LEFT JOIN benchmark AS b USING (benchmark_id)
    LEFT JOIN claim AS k USING (claim_id)
    LEFT JOIN reason AS r ON r.reason_code = c.withheld_because AND r.about = 'verdict'
    WHERE ($clinic IS NULL OR c.clinic_id = $clinic) AND ($measure IS NULL OR c.measure_id = $measure)
    ORDER BY c.claim_id IS NOT NULL, b.position, k.position, c.clinic_id
"""
# The rows of arrivals by fate.
_FATES = ", ".join(
    f"coalesce(sum(rows_{fate}), 0)::BIGINT AS {fate}"
    for fate in ("read", "accepted", "duplicate", "quarantined", "blank")
)
# How many definitions nobody has signed as they are.
UNCHECKED = """
    SELECT count(*) FILTER (kind = 'measure' AND NOT is_signed) AS measures, count(*) FILTER (kind = 'measure') AS of_measures,
        count(*) FILTER (kind = 'benchmark' AND NOT is_signed) AS benchmarks, count(*) FILTER (kind = 'benchmark') AS of_benchmarks,
        count(*) FILTER (kind = 'rules' AND NOT is_signed) AS rules
    FROM definition_check
"""


def summarise(
    con: duckdb.DuckDBPyConnection,
    *,
    registered: list[str],
    healed: int,
    ended: int | None,
    upgraded_from: int | None,
    left_alone: int,
    known_refused: int,
) -> Summary:
    """The last night of a store. `ended`: the number of the killed night that it did to its end first."""
    (night,) = rows_of(con, "SELECT * FROM night ORDER BY night DESC LIMIT 1")
    tonight = [night["night"]]
    (counts,) = rows_of(
        con,
        f"""SELECT {_FATES}, coalesce(sum(rows_noted), 0)::BIGINT AS cells_noted FROM arrival WHERE night = ?""",
        tonight,
    )
    (again,) = rows_of(
        con,
        f"""SELECT count(*) AS files, count(refused_because) AS refused, {_FATES},
            (SELECT count(*) FROM (SELECT night, reason_code FROM score_event UNION ALL SELECT night, reason_code FROM patient_row_event)
                WHERE night = $night AND reason_code = 'read_again') AS withdrawn
        FROM arrival WHERE night = $night AND read_again_of IS NOT NULL""",
        {"night": night["night"]},
    )
    (events,) = rows_of(
        con,
        """SELECT count(*) FILTER (reason_code = 'corrected') AS corrected, count(*) FILTER (reason_code = 'retracted') AS retracted
        FROM (SELECT night, current, reason_code FROM score_event UNION ALL SELECT night, current, reason_code FROM patient_row_event)
        WHERE night = ? AND NOT current""",
        tonight,
    )
    return Summary(
        night=night["night"],
        run_id=night["run_id"],
        as_of=night["as_of"].isoformat(),
        data_versions=night["data_versions"],
        ledger_head=(con.execute("SELECT arg_max(hash, arrival_no) FROM arrival").fetchone() or (None,))[0],
        files={
            "taken": night["files_taken"],
            "refused": night["files_refused"],
            "known": night["files_known"],
            "known_refused": known_refused,
            "left_alone": left_alone,
        },
        rows=counts | events,
        read_again=again,
        feeds=rows_of(
            con,
            f"""SELECT f.feed, count(a.feed) AS files, {_FATES}
            FROM (VALUES (1, 'scores'), (2, 'patients')) AS f (position, feed)
            LEFT JOIN arrival AS a ON a.feed = f.feed AND a.night = ? AND a.refused_because IS NULL
            GROUP BY f.position, f.feed ORDER BY f.position""",
            tonight,
        ),
        reasons=rows_of(
            con,
            """SELECT q.reason_code, any_value(r.sentence) AS sentence, count(*) AS rows FROM
            (SELECT DISTINCT arrival_no, line, reason_code FROM quarantine JOIN arrival USING (arrival_no) WHERE night = ?) AS q
            LEFT JOIN reason AS r USING (reason_code) GROUP BY q.reason_code ORDER BY rows DESC, q.reason_code""",
            tonight,
        ),
        set_aside_by_course=rows_of(
            con,
            """SELECT s.reason_code, any_value(r.sentence) AS sentence, count(*) AS rows FROM set_aside AS s LEFT JOIN reason AS r USING (reason_code)
            WHERE found_at = 'course' GROUP BY s.reason_code ORDER BY rows DESC, s.reason_code""",
        ),
        notes=rows_of(
            con,
            """SELECT note_code, any_value(r.sentence) AS sentence, sum(cells)::BIGINT AS cells FROM note JOIN arrival USING (arrival_no)
            LEFT JOIN reason AS r ON r.reason_code = note_code WHERE night = ? GROUP BY note_code ORDER BY note_code""",
            tonight,
        ),
        arrivals=rows_of(
            con,
            """SELECT a.arrival_no, a.sha256, a.read_again_of, a.feed, a.format, a.profile, a.refused_because, r.sentence AS refused_in_words, f.kind AS identifier_kind, f.column_no, f.line,
            a.rows_read, a.rows_accepted, a.rows_duplicate, a.rows_quarantined, a.rows_blank FROM arrival AS a LEFT JOIN refusal AS f USING (arrival_no)
            LEFT JOIN reason AS r ON r.reason_code = a.refused_because WHERE a.night = ? ORDER BY a.arrival_no""",
            tonight,
        ),
        clinics=rows_of(con, "SELECT * FROM clinic_group ORDER BY clinic_id"),
        rates=rows_of(con, RATES, {"clinic": None, "measure": None}),
        comparisons=rows_of(con, COMPARISONS, {"clinic": None, "measure": None}),
        unchecked=rows_of(con, UNCHECKED)[0],
        registered=registered,
        nights_healed=healed,
        ended=_ended(con, ended) if ended is not None else None,
        store_upgraded_from=upgraded_from,
    )


def _ended(con: duckdb.DuckDBPyConnection, night: int) -> Row:
    """What a night brought, in short: its files, the reasons why some were refused, and its rows by fate."""
    (said,) = rows_of(
        con,
        f"""SELECT n.night, n.as_of::VARCHAR AS as_of, count(a.night) AS files, count(a.refused_because) AS refused,
            {_FATES}
        FROM night AS n LEFT JOIN arrival AS a USING (night) WHERE n.night = ? GROUP BY n.night, n.as_of""",
        [night],
    )
    reasons = con.execute(
        "SELECT refused_because, count(*) FROM arrival WHERE night = ? AND refused_because IS NOT NULL GROUP BY ALL ORDER BY ALL",
        [night],
    ).fetchall()
    return said | {"refused_because": dict(reasons)}
