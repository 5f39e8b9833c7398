"""What moved each rate, figure and verdict between two standpoints. What moved a rate adds up to its change.

A course that changed with one kind of change alone was moved by that; one that changed with several was moved by them
together, and that is what is said of it.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import duckdb

from outcomes.differing import STEPS, walked
from outcomes.laying import lay, sql_digest
from outcomes.movedfigures import moved_figures
from outcomes.paths import Home
from outcomes.publishedcopy import opened, set_up
from outcomes.recomputing import attached
from outcomes.standpoints import COUNTS, Said, in_order, said_at
from outcomes.store import config_of
from outcomes.summary import rows_of

Row = dict[str, Any]
Place = tuple[str, str]

IN_WORDS = {
    "benchmark": "new or changed benchmark",
    "definition": "definition changed",
    "coverage": "the release covers other courses",
    "identity": "pseudonyms joined or split",
    "time": "time alone",
    "retraction": "score taken back",
    "correction": "score corrected",
    "contradiction": "score contradicted",
    "reading": "file read again",
    # Of a figure, where late arrivals, new courses and further scores are not told apart.
    "arrival": "scores and courses that came since",
    "late arrival": "late arrival",
    "new course": "new course",
    "further scores": "further scores",
}
PROGRAM = "another version of the program"
NOT_KEPT = "definitions that are not kept any more, or another version of the program"
UNEXPLAINED = "nothing that is stored: a restored database, or damage"

_MOVED = """
    WITH changed AS (
        SELECT measure_id, patient_no, course, any_value(clinic_id) AS clinic_id
        FROM state
        GROUP BY measure_id, patient_no, course
        HAVING count(DISTINCT status) > 1 OR count(*) < $states
    ),

    path AS (
        SELECT c.measure_id, c.clinic_id, c.patient_no, c.course, n.step, s.status, s.class,
            s.status IS DISTINCT FROM lag(s.status) OVER in_order AS is_moved, lag(s.class) OVER in_order AS class_before
        FROM changed AS c
        CROSS JOIN (SELECT unnest(range($states))::INTEGER AS step) AS n
        LEFT JOIN state AS s USING (measure_id, patient_no, course, step)
        WINDOW in_order AS (PARTITION BY c.measure_id, c.patient_no, c.course ORDER BY n.step)
    ),

    ended AS (
        SELECT measure_id, clinic_id, patient_no, course,
            any_value(status) FILTER (step = 0) AS was, any_value(class) FILTER (step = 0) AS class_was,
            any_value(status) FILTER (step = $states - 1) AS "is", any_value(class) FILTER (step = $states - 1) AS class_is,
            list(step ORDER BY step) FILTER (step > 0 AND is_moved) AS steps,
            any_value(class_before) FILTER (step = $states - 1) AS class_before_last
        FROM path
        GROUP BY ALL
    )

    SELECT measure_id, clinic_id, steps,
        CASE WHEN was IS NULL THEN 'new course' WHEN class_before_last IN ('observed', 'missing') THEN 'late arrival' ELSE 'further scores' END AS arrived_as,
        coalesce(was::VARCHAR, 'not in it') AS was, coalesce("is"::VARCHAR, 'not in it') AS "is",
        class_was::VARCHAR AS class_was, class_is::VARCHAR AS class_is, count(*) AS changed
    FROM ended
    WHERE was IS DISTINCT FROM "is"
    GROUP BY ALL
    ORDER BY ALL
"""
_COUNTED = """
    SELECT measure_id, CASE WHEN grouping(clinic_id) = 1 THEN '*' ELSE clinic_id END AS clinic_id, count(*) AS courses,
        count(*) FILTER (class <> 'not eligible') AS eligible, count(*) FILTER (class IN ('observed', 'missing')) AS due,
        count(*) FILTER (class = 'observed') AS observed, count(*) FILTER (status = 'met') AS met
    FROM state
    WHERE step = $step
    GROUP BY GROUPING SETS ((measure_id, clinic_id), (measure_id))
"""
_SAYS = ("outcome", "verdict", "withheld_because")


@dataclass(frozen=True)
class Difference:
    """What two standpoints say otherwise. `rates`: each rate that changed, its counts before and after. `moved`: what moved
    it, from which status to which, and by how much; these add up. `figures`: each mean change and survival that changed, made
    again at both; `figures_moved`: by how much each kind of change moved it. `verdicts`, and `definitions` that changed, likewise."""

    one: Said
    other: Said
    rates: list[Row]
    moved: list[Row]
    figures: list[Row]
    figures_moved: list[Row]
    verdicts: list[Row]
    definitions: list[Row]


def difference(home: Home, first: str, second: str) -> Difference:
    """What moved between two releases or dates. Raises UsageError where one is not there, or they are the wrong way round."""
    with opened(home) as con:
        one, other = said_at(con, first), said_at(con, second)
        in_order(one, other)
    definitions = changed_definitions(one, other)
    # In memory: what is made again here is seen by nobody else, and gone at the end.
    with tempfile.TemporaryDirectory(prefix="outcomes-") as spill, duckdb.connect(config=config_of(home) | {"temp_directory": spill}) as con:  # fmt: skip
        set_up(con)
        lay(con)
        with attached(con, home.published_copy, "warehouse"):
            steps = walked(con, one, other)
            moved = _moved(con, one, other, steps)
            figures, figures_moved = moved_figures(con, steps)
            verdicts = _verdicts(con, one, other, steps, moved, definitions)
    rates = changed_rates(one, other)
    places = {(row["measure_id"], row["clinic_id"]) for row in rates}
    return Difference(
        one, other, rates, [row for row in moved if (row["measure_id"], row["clinic_id"]) in places],
        figures, [row | {"because": IN_WORDS[row["step"]]} for row in figures_moved], verdicts, definitions,
    )  # fmt: skip


def changed_rates(one: Said, other: Said) -> list[Row]:
    """Each rate whose counts are not the same: measure_id, clinic_id, and each count as it was (was_met) and is (met)."""
    rows = []
    for place in sorted({*one.rates, *other.rates}):
        was, now = (said.rates.get(place, {}) for said in (one, other))
        if was != now:
            counts = {f"was_{key}": was.get(key) for key in COUNTS} | {key: now.get(key) for key in COUNTS}
            rows.append({"measure_id": place[0], "clinic_id": place[1], **counts})
    return rows


def changed_definitions(one: Said, other: Said) -> list[Row]:
    """Each definition that is another one, or new, or no more: kind, id, the versions, and the keys that changed."""
    if one.definitions is None or other.definitions is None:
        return []
    was, now = ({(row["kind"], row["id"]): row for row in said.definitions or []} for said in (one, other))
    rows = []
    for key in sorted({*was, *now}):
        before, after = was.get(key), now.get(key)
        if before is not None and after is not None and before["definition"] == after["definition"]:
            continue
        old, new = (json.loads(row["definition"]) if row else {} for row in (before, after))
        rows.append(
            {
                "kind": key[0],
                "id": key[1],
                "was_version": before["version"] if before else None,
                "version": after["version"] if after else None,
                "changed": ", ".join(sorted(name for name in {*old, *new} if old.get(name) != new.get(name)))
                if before and after
                else "new" if after else "no more",
                "can_move_a_number": before is None or after is None or before["decides"] != after["decides"],
            }
        )  # fmt: skip
    return rows


def _moved(con: duckdb.DuckDBPyConnection, one: Said, other: Said, steps: list[str]) -> list[Row]:
    """What moved each rate: measure_id, clinic_id, because, was, is (statuses), changed (courses), and by how much each count.

    Also what no kind of change explains, so that all of it adds up to what was said at the two.
    """
    rows = []
    totals: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for row in rows_of(con, _MOVED, {"states": len(steps)}):
        names = [row["arrived_as"] if steps[step] == "arrival" else steps[step] for step in row["steps"]]
        counts = Counter({"changed": row["changed"]})
        counts.update({key: row["changed"] * by for key, by in _weight(row).items()})
        for clinic in (row["clinic_id"], "*"):
            totals[(row["measure_id"], clinic, in_words(names), tuple(names), row["was"], row["is"])].update(counts)
    for (measure, clinic, because, names, was, now), counts in totals.items():
        told = {key: counts[key] for key in ("changed", *COUNTS)}
        rows.append({"measure_id": measure, "clinic_id": clinic, "because": because, "steps": names, "was": was, "is": now, **told})  # fmt: skip
    rows += _unexplained(con, one, other, len(steps))
    return sorted(
        rows, key=lambda row: (row["measure_id"], row["clinic_id"], _place(row["steps"]), row["was"], row["is"])
    )


def _place(names: tuple[str, ...]) -> tuple[int, ...]:
    order = [name for step in STEPS for name in (("late arrival", "further scores", "new course") if step == "arrival" else (step,))]  # fmt: skip
    return (len(names), *(order.index(name) for name in names))


def in_words(names: list[str]) -> str:
    """What moved something, in words; several together are said so."""
    words = [IN_WORDS[name] for name in names]
    return words[0] if len(words) == 1 else f"several together: {', '.join(words).replace('time alone', 'time')}"


def _weight(row: Row) -> dict[str, int]:
    """By how much one course that went from one status to the other changed each count."""
    was, now = (_counts(row[status], row[kind]) for status, kind in (("was", "class_was"), ("is", "class_is")))
    return {key: now[key] - was[key] for key in COUNTS}


def _counts(status: str, kind: str | None) -> dict[str, int]:
    is_due = kind in ("observed", "missing")
    values = (kind is not None, is_due or kind == "waiting", is_due, kind == "observed", status == "met")
    return {key: int(value) for key, value in zip(COUNTS, values, strict=True)}


def _unexplained(con: duckdb.DuckDBPyConnection, one: Said, other: Said, states: int) -> list[Row]:
    """What the first and the last state are not of what was said, by the reason that there can be."""
    rows = []
    for said, step, sign in ((one, 0, 1), (other, states - 1, -1)):
        found = {
            (row["measure_id"], row["clinic_id"]): {key: row[key] for key in COUNTS}
            for row in rows_of(con, _COUNTED, {"step": step})
        }
        because = NOT_KEPT if said.definitions is None else UNEXPLAINED if said.program == sql_digest() else PROGRAM
        for place in sorted({*found, *said.rates}):
            by = {
                key: sign * (found.get(place, {}).get(key, 0) - said.rates.get(place, {}).get(key, 0)) for key in COUNTS
            }
            if any(by.values()):
                rows.append(
                    {"measure_id": place[0], "clinic_id": place[1], "because": because, "steps": (), "was": "", "is": "", "changed": None, **by}
                )  # fmt: skip
    return rows


def _verdicts(
    con: duckdb.DuckDBPyConnection,
    one: Said,
    other: Said,
    steps: list[str],
    moved: list[Row],
    definitions: list[Row],
) -> list[Row]:
    """Comparisons that say another thing, what they said and say, and because of what."""
    was, now = _said_of(con, one, 0), _said_of(con, other, len(steps) - 1)
    rows = []
    for key in sorted({*was, *now}):
        before, after = was.get(key, {}), now.get(key, {})
        if [before.get(name) for name in _SAYS] == [after.get(name) for name in _SAYS]:
            continue
        measure = (after or before)["measure_id"]
        because = {row["because"] for row in moved if (row["measure_id"], row["clinic_id"]) == (measure, key[1])}
        because |= {
            f"{row['kind']} {row['id']}: {row['changed']}"
            for row in definitions
            if row["can_move_a_number"] and (row["kind"], row["id"]) in {("benchmark", key[0]), ("claim", key[0]), ("measure", measure), ("rules", "rules"), ("clinic", key[1])}
        }  # fmt: skip
        rows.append(
            {
                "benchmark_id": key[0],
                "clinic_id": key[1],
                "was": _said_in_words(before),
                "is": _said_in_words(after),
                "because": "; ".join(sorted(because)) or "what withholds verdicts changed: schedule, follow-up, declarations",
            }
        )  # fmt: skip
    return rows


def _said_of(con: duckdb.DuckDBPyConnection, said: Said, step: int) -> dict[Place, Row]:
    columns = f"coalesce(benchmark_id, claim_id) AS benchmark_id, clinic_id, measure_id, {', '.join(_SAYS)}"
    if said.release_no is not None:
        query = f"SELECT {columns} FROM warehouse.main.release_comparison WHERE release_no = ?"
        found = rows_of(con, query, [said.release_no])
    else:
        found = rows_of(con, f"SELECT {columns} FROM compared WHERE step = ?", [step])
    return {(row["benchmark_id"], row["clinic_id"]): row for row in found}


def _said_in_words(row: Row) -> str:
    if not row:
        return "not in it"
    if row["withheld_because"]:
        return f"no verdict: {row['withheld_because']}"
    return str(row["verdict"] or row["outcome"])
