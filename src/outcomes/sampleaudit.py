"""Courses drawn for a person to check by hand, and how often that person found something else. No score is in what it says."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from outcomes import witnessing
from outcomes.auditsheets import Said, read_sheet
from outcomes.errors import OutcomesError, UsageError
from outcomes.frames import one
from outcomes.paths import Home
from outcomes.recomputing import Point, definitions_of, recomputed
from outcomes.releases import between_nights
from outcomes.signing import last_night, name_of, no_night, refuse_other_program, signed
from outcomes.store import reading
from outcomes.summary import Row, rows_of
from outcomes.witnessing import AUDITS

_OF = """
    FROM endpoint AS e
    WHERE ($measure IS NULL OR e.measure_id = $measure) AND ($clinic IS NULL OR e.clinic_id = $clinic)
"""
_SIZES = f"SELECT e.status::VARCHAR, count(*) {_OF} GROUP BY 1 ORDER BY 1"
# By the lot of each course: a hash of the seed and of what the course is called, which no later row changes.
_DRAWN = f"""
    WITH drawn AS (
        SELECT e.*, sha256(concat_ws('|', $seed, e.measure_id, e.clinic_id, e.patient_id, e.course)) AS lot {_OF}
        QUALIFY row_number() OVER (PARTITION BY e.status ORDER BY lot) <= $shares[list_position($statuses, e.status::VARCHAR)]
    )
    SELECT d.measure_id, d.clinic_id, d.patient_id, d.patient_no, d.course, c.first_day, d.status::VARCHAR AS status, d.class::VARCHAR AS class,
        d.baseline_total, d.endpoint_total, coalesce(d.endpoint_score_id, d.baseline_score_id) AS score_id
    FROM drawn AS d
    JOIN course AS c USING (patient_no, course)
    ORDER BY d.lot
"""
# The line that a disagreement is looked up at: of the endpoint, else of the baseline, else the course's first row.
_PLACE = """
    SELECT a.sha256, s.line
    FROM assigned_score AS s
    JOIN arrival AS a USING (arrival_no)
    WHERE s.patient_no = $patient_no
    ORDER BY s.score_id IS DISTINCT FROM $score_id, abs(s.days_since_first_infusion - $first_day), s.score_id
    LIMIT 1
"""
RESULTS = "SELECT * FROM sample_audit_result ORDER BY audit_no"


@dataclass(frozen=True)
class Wish:
    """What to draw: how many courses, by which seed, of which measure and clinic, or of all."""

    n: int
    seed: int
    measure: str | None = None
    clinic: str | None = None


@dataclass(frozen=True)
class Draw:
    """Courses drawn from a night, in the order of the sheet, with what the program says of each; and what they are called."""

    wish: Wish
    night: int
    courses: list[Row]
    drawn_from: int

    @property
    def name(self) -> str:
        """The wish, and a digest of the courses and of what the program says of them: it tells nothing of either."""
        said = json.dumps([[row[key] for key in sorted(row)] for row in self.courses])
        parts = (self.night, self.wish.seed, len(self.courses), self.wish.measure or "all", self.wish.clinic or "all")
        words = "night {}; seed {}; n {}; measure {}; clinic {}".format(*parts)
        return f"{words}; {hashlib.sha256(said.encode()).hexdigest()[:16]}"


def draw(con: duckdb.DuckDBPyConnection, wish: Wish) -> Draw:
    """Draw courses of a store's last night. Each status that there is has one at least, where n allows, and the rest by size.

    Raises UsageError where the measure has no endpoint, or there is no course to draw.
    """
    values = {"measure": wish.measure, "clinic": wish.clinic}
    sizes = dict(con.execute(_SIZES, values).fetchall())
    if not sizes:
        raise UsageError("There is no course to draw: of that clinic there is none, or the measure follows time to an event and has no endpoint.")  # fmt: skip
    shares = shared_out(sizes, wish.n)
    courses = rows_of(
        con, _DRAWN, values | {"seed": str(wish.seed), "statuses": list(shares), "shares": list(shares.values())}
    )
    return Draw(wish, int(one(con, "SELECT max(night) FROM night")), courses, sum(sizes.values()))


def shared_out(sizes: dict[str, int], n: int) -> dict[str, int]:
    """How many of n to draw from each status, by how many courses have it: one of each first, the largest before the others,
    then the rest in proportion, by the largest remainders."""
    n = min(n, sum(sizes.values()))
    order = sorted(sizes, key=lambda status: (-sizes[status], status))
    shares = {status: int(place < n) for place, status in enumerate(order)}
    left = n - sum(shares.values())
    open_sizes = {status: sizes[status] - shares[status] for status in order}
    whole = sum(open_sizes.values()) or 1
    # In whole numbers: a fraction would round otherwise on another machine.
    shares = {status: shares[status] + left * open_sizes[status] // whole for status in order}
    remainders = sorted(order, key=lambda status: (-(left * open_sizes[status] % whole), status))
    for status in remainders[: n - sum(shares.values())]:
        shares[status] += 1
    return shares


def record(home: Home, sheet: Path, by: str, on: dt.date | None = None) -> tuple[Row, list[Row]]:
    """Hold a filled sheet to what the program says of the same courses, and record it; returns the result and its courses.

    Raises UsageError where the sheet is not whole, is not of this home, or `by` has recorded it already; OutcomesError where
    the courses cannot be drawn again as they were; BusyError during a night.
    """
    name_of(by)  # before everything is derived again for it
    name, said = read_sheet(sheet)
    wish, night = _wish_of(name)
    if len(said) != wish.n:
        raise UsageError(f"The sheet has {len(said):,} courses, and {wish.n:,} were drawn: leave every line in it.")
    point, definitions = _point(home, night)
    with between_nights(home, "audit"), recomputed(home, point, None, definitions) as con:
        drawn = draw(con, wish)
        if drawn.name != name:
            raise OutcomesError("The courses of this sheet cannot be drawn again as they were: it is of another home, or the program or a definition has changed since. Draw anew.")  # fmt: skip
        parts = [_compared(con, number, course, said[number]) for number, course in enumerate(drawn.courses, start=1)]
    with signed(home, by) as (con, signer):
        refuse_other_program(con)
        if one(con, "SELECT count(*) FROM sample_audit WHERE draw = ? AND lower(recorded_by) = lower(?)", [name, signer]):  # fmt: skip
            raise UsageError(f"{signer} has recorded this sheet already.")
        now, last = last_night(home, con)
        row = {
            "night": night, "as_of": point.as_of, "arrival_no": point.arrival_no, "seed": wish.seed, "measure_id": wish.measure,
            "clinic_id": wish.clinic, "drawn_from": drawn.drawn_from, "n": len(parts), "disagreed": sum(1 for part in parts if part["differs"]),
            "draw": name, "recorded_by": signer, "recorded_on": on or last, "recorded_night": now,
        }  # fmt: skip
        number = witnessing.append(home, con, AUDITS, row, parts)
        (result,) = rows_of(con, "SELECT * FROM sample_audit_result WHERE audit_no = ?", [number])
    return result, parts


def _wish_of(name: str) -> tuple[Wish, int]:
    """What a sheet's draw says of itself. Raises UsageError."""
    try:
        said = dict(part.rsplit(" ", 1) for part in name.split("; ")[:5])
        measure, clinic = (None if said[key] == "all" else said[key] for key in ("measure", "clinic"))
        return Wish(int(said["n"]), int(said["seed"]), measure, clinic), int(said["night"])
    except (KeyError, ValueError):
        raise UsageError("The column draw of the sheet is not as it was written. Leave it as it is.") from None


def _point(home: Home, night: int) -> tuple[Point, list[Row]]:
    """Where a night lies in the ledger, and the definitions of the last night. Raises UsageError where there was none."""
    if not home.warehouse.exists():
        raise no_night(home)
    with between_nights(home, "audit"), reading(home) as con:
        found = con.execute(
            "SELECT n.as_of, max(a.arrival_no) FROM night AS n LEFT JOIN arrival AS a ON a.night <= n.night WHERE n.night = ? GROUP BY n.as_of",
            [night],
        ).fetchone()
        if found is None or found[1] is None:
            raise UsageError(f"This home has had no night {night}: the sheet is of another one.")
        return Point(found[0], found[1], night), definitions_of(con)


def _compared(con: duckdb.DuckDBPyConnection, number: int, course: Row, said: Said) -> Row:
    """A course as it is recorded: what differs, and the line to look at."""
    place = {key: course[key] for key in ("patient_no", "score_id", "first_day")}
    ((sha, line),) = con.execute(_PLACE, place).fetchall()
    return {
        "number": number, "measure_id": course["measure_id"], "class": course["class"], "differs": ", ".join(_differing(course, said)) or None,
        "sha256": sha, "line": line,
    }  # fmt: skip


def _differing(course: Row, said: Said) -> list[str]:
    """Which of the person's answers are not the program's. Where the class is another one, the rest is not asked."""
    if said.course_class != course["class"]:
        return ["class"]
    found = []
    if course["class"] in ("observed", "missing") and said.baseline != course["baseline_total"]:
        found.append("baseline")
    if course["class"] == "observed" and said.endpoint != course["endpoint_total"]:
        found.append("endpoint")
    if course["status"] in ("met", "not_met") and said.met is not (course["status"] == "met"):
        found.append("met")
    return found
