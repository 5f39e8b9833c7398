"""What moved mean change and survival between two standpoints: by how much each kind of change, let in after those before it.

They are no counts, so that what a course adds depends on the others: what is said of a kind of change is what the figure
was behind it less what it was before. These add up to the whole change.
"""

from __future__ import annotations

from typing import Any

import duckdb

from outcomes.digests import DECIMALS
from outcomes.recomputing import COVERED_CLOCKS, STARTED
from outcomes.summary import rows_of

Row = dict[str, Any]

# courses: those whose scores are paired, or who are followed. events: those until the day of the value. value: mean fall in
# points, or the share without the event at the end of the measure's window; null where too few are at risk to show it.
SAID = ("courses", "events", "value")

_FIGURED = """
    CREATE TABLE figured (step INTEGER, measure_id VARCHAR, clinic_id VARCHAR, kind VARCHAR, courses INTEGER, events INTEGER, value DOUBLE);

    -- Empty, and the view as it is, unless a release starts from another one: then what had started there is left out.
    CREATE TABLE started AS SELECT measure_id, patient_no, course FROM clock LIMIT 0;
"""
# As recomputing leaves them out of a release, for each state anew: of `started` and `settled` as they then are.
_COVERED_CLOCK = f"""
    ALTER VIEW clock RENAME TO every_clock;

    CREATE VIEW clock AS {COVERED_CLOCKS.format(clocks="every_clock", started="started")};
"""
_KEEP = f"""
    INSERT INTO figured
    SELECT
        $step, measure_id, CASE WHEN grouping(clinic_id) = 1 THEN '*' ELSE clinic_id END, 'mean_change',
        count(*), NULL, round(sum(baseline_total - endpoint_total) / count(*), {DECIMALS})
    FROM covered
    WHERE status = 'counted'
    GROUP BY GROUPING SETS ((measure_id, clinic_id), (measure_id))

    UNION ALL

    SELECT
        $step, a.measure_id, a.clinic_id, 'survival', any_value(c.at_risk) FILTER (c.day = 0),
        coalesce(sum(c.events) FILTER (c.day <= a.day), 0), round(any_value(a.survival), {DECIMALS})
    FROM survival_at AS a
    JOIN measure AS m ON m.measure_id = a.measure_id AND m.window_high = a.day
    JOIN survival_curve AS c ON c.measure_id = a.measure_id AND c.clinic_id = a.clinic_id AND c.variant = a.variant
    WHERE a.variant = 'all'
    GROUP BY a.measure_id, a.clinic_id
"""


def lay_figured(con: duckdb.DuckDBPyConnection, *, covers_a_part: bool) -> None:
    """The tables that the walk keeps figures in, in a store with a view `covered`. `covers_a_part`: whether one of its states starts from another release."""
    con.execute(_FIGURED)
    if covers_a_part:
        con.execute(_COVERED_CLOCK)


def settle_started(con: duckdb.DuckDBPyConnection) -> None:
    """The table `started`: the clocks that had started where a release begins."""
    con.execute(f"INSERT INTO started {STARTED.format(clocks='every_clock')}")


def keep_figures(con: duckdb.DuckDBPyConnection, step: int) -> None:
    """The figures of the state that the store is in, under the number of its step."""
    con.execute(_KEEP, {"step": step})


def moved_figures(con: duckdb.DuckDBPyConnection, steps: list[str]) -> tuple[list[Row], list[Row]]:
    """Each figure that is not as it was: measure_id, clinic_id, kind, each of SAID as it was (was_value) and is (value); and
    what moved it: the same place, the step, and by how much each of SAID changed, None where there was or is none."""
    found: dict[tuple[str, str, str], dict[int, Row]] = {}
    for row in rows_of(con, "FROM figured ORDER BY measure_id, clinic_id, step"):
        found.setdefault((row["measure_id"], row["clinic_id"], row["kind"]), {})[row["step"]] = row
    none: Row = {"courses": 0, "events": None, "value": None}
    figures, moved = [], []
    for (measure, clinic, kind), by_step in found.items():
        states = [by_step.get(step, none) for step in range(len(steps))]
        place = {"measure_id": measure, "clinic_id": clinic, "kind": kind}
        was, now = states[0], states[-1]
        changes = [
            place | {"step": name} | {key: _less(after[key], before[key]) for key in SAID}
            for name, before, after in zip(steps[1:], states, states[1:], strict=False)
            if any(before[key] != after[key] for key in SAID)
        ]
        if any(was[key] != now[key] for key in SAID):
            figures.append(place | {f"was_{key}": was[key] for key in SAID} | {key: now[key] for key in SAID})
            moved += changes
    return figures, moved


def _less(after: Any, before: Any) -> Any:
    return None if after is None or before is None else after - before
