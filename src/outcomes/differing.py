"""The store as it was at one standpoint, and then with one kind of change after the other let in, until it is as at another.

Made again in memory from the published copy alone, so that nothing of the home is written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from outcomes.movedfigures import keep_figures, lay_figured, settle_started
from outcomes.recomputing import COVERED, SETTLED, STORED, definitions_of, fill
from outcomes.standpoints import Said

Row = dict[str, Any]

# What may move a rate or a verdict, in the order in which it is let in. The rows that came since are let in kind by kind.
ROW_STEPS = ("retraction", "correction", "contradiction", "reading", "arrival")
STEPS = ("benchmark", "definition", "coverage", "identity", "time", *ROW_STEPS)
# The kinds of definitions that make a rate, and those that are only compared with one.
OF_RATES, OF_COMPARISONS = ("rules", "clinic", "measure"), ("benchmark", "claim")

# All rows and events of one key are of one kind, so that they are let in together. What has the key of a row of a file that
# was read again is of that; a key that was not known before came new, whatever became of it since.
_LATER = """
    CREATE TABLE reading AS
    SELECT arrival_no FROM warehouse.main.arrival WHERE arrival_no > (SELECT one FROM span) AND arrival_no <= (SELECT other FROM span) AND read_again_of IS NOT NULL;

    CREATE TABLE keyed AS
    SELECT score_id, arrival_no, status = 'entered_in_error' AS takes_back,
        score_key(patient_no, days_since_first_infusion, enum_code(timepoint), infusion_number) AS key
    FROM warehouse.main.score
    WHERE arrival_no <= (SELECT other FROM span);

    CREATE TABLE event AS
    SELECT k.key, e.event_id, e.reason_code
    FROM warehouse.main.score_event AS e
    JOIN keyed AS k USING (score_id)
    WHERE e.by_arrival_no > (SELECT one FROM span) AND e.by_arrival_no <= (SELECT other FROM span);

    CREATE TABLE kind_of_key AS
    SELECT key,
        CASE
            WHEN key IN (SELECT key FROM keyed SEMI JOIN reading USING (arrival_no))
                OR key IN (SELECT key FROM event WHERE reason_code IN ('read_again', 'reinstated')) THEN 'reading'
            WHEN key NOT IN (SELECT key FROM keyed WHERE arrival_no <= (SELECT one FROM span)) THEN 'arrival'
            WHEN key IN (SELECT key FROM event WHERE reason_code = 'contradiction') THEN 'contradiction'
            WHEN key IN (SELECT key FROM event WHERE reason_code = 'retracted')
                OR key IN (SELECT key FROM keyed WHERE arrival_no > (SELECT one FROM span) AND takes_back) THEN 'retraction'
            WHEN key IN (SELECT key FROM event WHERE reason_code = 'corrected') THEN 'correction'
            ELSE 'arrival'
        END AS kind
    FROM (SELECT key FROM keyed WHERE arrival_no > (SELECT one FROM span) UNION SELECT key FROM event);

    CREATE TABLE later AS
    SELECT score_id, kind FROM keyed JOIN kind_of_key USING (key) WHERE arrival_no > (SELECT one FROM span);

    CREATE TABLE later_event AS
    SELECT event_id, kind FROM event JOIN kind_of_key USING (key);

    -- Files that have no new row may say how far a patient was followed, or take the place of an earlier reading.
    CREATE TABLE later_kind AS
    SELECT kind FROM kind_of_key
    UNION
    SELECT 'reading' FROM reading
    UNION
    SELECT 'arrival' FROM warehouse.main.extract_day WHERE arrival_no > (SELECT one FROM span) AND arrival_no <= (SELECT other FROM span);
"""
# As STORED, with the later rows of the kinds that are let in.
_LET_IN = STORED | {
    "arrival": "arrival_no <= $arrival_no OR (arrival_no <= $last AND (arrival_no NOT IN (FROM reading) OR list_contains($kinds::VARCHAR[], 'reading')))",
    "score": "arrival_no <= $arrival_no OR score_id IN (SELECT score_id FROM later WHERE list_contains($kinds::VARCHAR[], kind))",
    "score_event": "by_arrival_no <= $arrival_no OR event_id IN (SELECT event_id FROM later_event WHERE list_contains($kinds::VARCHAR[], kind))",
    "extract_day": """arrival_no <= $arrival_no OR (arrival_no <= $last
        AND list_contains($kinds::VARCHAR[], CASE WHEN arrival_no IN (FROM reading) THEN 'reading' ELSE 'arrival' END))""",
}
# The courses that a release covers: those that had not been settled at the one a year before it.
_STATE = """
    INSERT INTO state
    SELECT $step, e.measure_id, e.clinic_id, e.patient_no, e.course, e.status, e.class
    FROM covered AS e
    SEMI JOIN (FROM measure WHERE kind = 'proportion') AS m ON m.measure_id = e.measure_id
"""


@dataclass(frozen=True)
class State:
    """A store as it would have been: cut at an arrival, with the later rows of some kinds, as of a date."""

    as_of: dt.date
    arrival_no: int
    night: int
    base: Row | None
    definitions: tuple[Row, ...]
    kinds: tuple[str, ...] = ()


def walked(con: duckdb.DuckDBPyConnection, one: Said, other: Said) -> list[str]:
    """Every state from the one to the other, kept by its number in the tables `state` (the status of each course that it
    covers), `compared` (its comparisons) and `figured` (its mean changes and survivals). Returns what made each state of the
    one before, the first being "start".

    `con` is a laid store with the published copy attached as `warehouse`.
    """
    con.execute("CREATE TABLE span AS SELECT ? AS one, ? AS other", [one.arrival_no, other.arrival_no])
    con.execute(_LATER)
    con.execute(
        """CREATE TABLE state (step INTEGER, measure_id VARCHAR, clinic_id VARCHAR, patient_no INTEGER, course INTEGER,
            status endpoint_status, class endpoint_class)"""
    )
    con.execute("CREATE TABLE compared AS SELECT 0 AS step, * FROM comparison LIMIT 0")
    con.execute(f"CREATE TABLE settled AS {SETTLED} LIMIT 0")
    con.execute(f"CREATE VIEW covered AS {COVERED.format(settled='settled')}")
    lay_figured(con, covers_a_part=one.base is not None or other.base is not None)
    steps: list[str] = []
    settled_at: tuple[Any, ...] | None = None
    defined_by: tuple[Row, ...] | None = None
    for step, state in _states(con, one, other):
        # Only what differs from the state before is made anew.
        definitions = None if state.definitions == defined_by else list(state.definitions)
        covered = (state.base, state.definitions, state.night)
        if covered != settled_at:
            _settle(con, state, definitions)
            settled_at = covered
            if state.base is not None:
                definitions = None
        _keep(con, len(steps), state, definitions, other.arrival_no)
        defined_by = state.definitions
        steps.append(step)
    return steps


def _states(con: duckdb.DuckDBPyConnection, one: Said, other: Said) -> Iterator[tuple[str, State]]:
    """Each state that differs from the one before, with what makes it differ."""
    theirs = tuple(definitions_of(con, "warehouse.main") if other.definitions is None else other.definitions)
    ours = theirs if one.definitions is None else tuple(one.definitions)
    state = State(one.as_of, one.arrival_no, one.night, one.base, ours)
    yield "start", state
    between = (*_of_kinds(ours, OF_RATES), *_of_kinds(theirs, OF_COMPARISONS))
    changes: dict[str, Row] = {
        "benchmark": {"definitions": between},
        "definition": {"definitions": theirs},
        "coverage": {"base": other.base},
        "identity": {"night": other.night},
        "time": {"as_of": other.as_of},
    }
    for step, change in changes.items():
        changed = replace(state, **change)
        if _made_of(changed) != _made_of(state) and (step != "identity" or _has_identity(con, one, other)):
            yield step, changed
        state = changed
    kinds = {row[0] for row in con.execute("FROM later_kind").fetchall()}
    for step in ROW_STEPS:
        if step in kinds:
            state = replace(state, kinds=(*state.kinds, step))
            yield step, state


def _of_kinds(definitions: tuple[Row, ...], kinds: tuple[str, ...]) -> tuple[Row, ...]:
    return tuple(row for row in definitions if row["kind"] in kinds)


def _made_of(state: State) -> Row:
    """What of a state can change a number, its rows apart."""
    decides = frozenset((row["kind"], row["id"], row["decides"]) for row in state.definitions)
    return vars(state) | {"definitions": decides}


def _has_identity(con: duckdb.DuckDBPyConnection, one: Said, other: Said) -> bool:
    nights = sorted((one.night, other.night))
    query = "SELECT count(*) > 0 FROM warehouse.main.identity_change WHERE night >= ? AND night < ?"
    return bool((con.execute(query, nights).fetchone() or (False,))[0])


def _settle(con: duckdb.DuckDBPyConnection, state: State, definitions: list[Row] | None) -> None:
    """The tables `settled` and `started`: what a release that starts from another one leaves out."""
    con.execute("DELETE FROM settled")
    con.execute("DELETE FROM started")
    if state.base is not None:
        fill(con, {**state.base, "night": state.night}, definitions)
        con.execute(f"INSERT INTO settled {SETTLED}")
        settle_started(con)


def _keep(con: duckdb.DuckDBPyConnection, step: int, state: State, definitions: list[Row] | None, last: int) -> None:
    point = {"as_of": state.as_of, "arrival_no": state.arrival_no, "night": state.night, "last": last, "kinds": list(state.kinds)}  # fmt: skip
    fill(con, point, definitions, _LET_IN)
    con.execute(_STATE, {"step": step})
    con.execute("INSERT INTO compared SELECT $step, * FROM comparison", {"step": step})
    keep_figures(con, step)
