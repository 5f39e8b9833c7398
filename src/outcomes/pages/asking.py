"""What the pages say, asked of the published copy: one query a view, for every clinic at once. Nothing is computed here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import duckdb
from markupsafe import escape

from outcomes.freshness import NEW_FIRST, OVERDUE_FIRST
from outcomes.summary import Row, rows_of

RESPONSE, REMISSION, WORSENED = "response_post_induction", "remission_post_induction", "worsened_post_induction"
# As prominent as the published average, whose patients they are not (R12).
VETERANS = ("pfeiffer2024_response_w6", "pfeiffer2024_remission_w6")
IDEATION, STARTERS, CHANGE = "suicidal_ideation_increased_post_induction", "response_of_starters", "mean_change_post_induction"  # fmt: skip
LASTS = "sustained_response_8_weeks"
# The measures whose rates a page says, in its order; worsened and item 9 are never left out.
MEASURES = (RESPONSE, REMISSION, WORSENED, IDEATION, STARTERS)
NETWORK = "*"


class TracedRow(dict[str, Any]):
    """A row of a view that knows where it is from, so that a reader of the page can find each number again."""

    def __init__(self, row: Row, view: str, keys: Sequence[str]) -> None:
        super().__init__(row)
        self.view = view
        self.key = "; ".join(f"{name}={row[name]}" for name in keys)

    @cached_property
    def place(self) -> str:
        """View and key as attributes of an element, escaped: a row has many numbers."""
        return f'data-view="{self.view}" data-key="{escape(self.key)}"'


class Nothing(TracedRow):
    """The row that a view does not have: every column of it is empty."""

    def __missing__(self, column: str) -> None:
        return None


@dataclass(frozen=True)
class View:
    """How a view is asked: the columns that tell its rows apart, which of its rows, and their order."""

    keys: tuple[str, ...]
    where: str = "true"
    order: str = ""
    by: str = "clinic_id"
    # The text before the query, and the table macro that the view is asked from.
    before: str = ""
    source: str = ""

    def query(self, name: str) -> str:
        order = self.order or ", ".join(self.keys)
        return f"{self.before} SELECT * FROM {self.source or name} WHERE {self.where} ORDER BY {order}"


# A part of the view pick is named, so that the store goes through no other way of picking than the one asked for.
# What else shares it is not judged either.
_WAY = "WITH way AS (SELECT k.* FROM pick AS k JOIN measure AS m USING (measure_id) WHERE {}), asked_of AS (FROM asked SEMI JOIN way USING (measure_id))"


def _one_of(column: str, names: Sequence[str]) -> str:
    # One name as an equality: DuckDB takes that down into the view, and a list of one it does not.
    if len(names) == 1:
        return f"{column} = {names[0]!r}"
    return f"{column} IN ({', '.join(repr(name) for name in names)})"


_LAST_NIGHT = "night = (SELECT max(night) FROM night)"
_SHARED = View(("measure_id", "clinic_id"), _one_of("measure_id", MEASURES))
VIEWS: dict[str, View] = {
    "rate": _SHARED,
    "missing_outcome": View(("measure_id", "clinic_id"), before=f"WITH one AS (FROM measure WHERE measure_id = '{RESPONSE}')", source="missing_outcomes('one')"),
    "attrition": View(("measure_id", "clinic_id", "step"), _one_of("measure_id", (RESPONSE,))),
    "near_window": View(("measure_id", "clinic_id"), before=_WAY.format(f"measure_id = '{RESPONSE}'"), source="near_windows('way')"),
    "comparison": View(("clinic_id", "benchmark_id", "claim_id"), order="benchmark_id, claim_id, clinic_id"),
    "infusion_mean": View(("clinic_id", "k", "cohort"), "cohort = 'available'"),
    "infusion_curve": View(("clinic_id", "outcome", "k", "cohort"), "cohort = 'available'"),
    "infusion_worsened": View(("clinic_id", "k")),
    "survival_at": View(("measure_id", "clinic_id", "variant", "day"), _one_of("measure_id", (LASTS,))),
    "survival_curve": View(
        ("measure_id", "clinic_id", "variant", "day"), f"{_one_of('measure_id', (LASTS,))} AND variant = 'all'"
    ),
    "change": View(("measure_id", "clinic_id"), _one_of("measure_id", (CHANGE,))),
    "severity_change": View(("measure_id", "clinic_id", "baseline_band", "endpoint_band"), _one_of("measure_id", (CHANGE,))),
    "item_9_change": View(("measure_id", "clinic_id"), _one_of("measure_id", (IDEATION,))),
    "clinic_group": View(("clinic_id",)),
    "freshness": View(("clinic_id",), order=OVERDUE_FIRST),
    "volume_warning": View(("clinic_id", "night"), _LAST_NIGHT),
    "missingness_warning": View(("clinic_id", "night"), _LAST_NIGHT),
    # What is new first, as `outcomes status` says it.
    "rule_standing": View(("feed", "reason_code"), order=NEW_FIRST, by="standing"),
    "funnel": View(("measure_id", "clinic_id"), _one_of("measure_id", (RESPONSE, WORSENED)), "measure_id, n, clinic_id"),
    "funnel_measure": View(("measure_id",), _one_of("measure_id", (RESPONSE, WORSENED)), by="measure_id"),
    "rules": View((), order="version", by=""),
    "clinic": View(("clinic_id",)),
    "measure": View(("measure_id",), order="position", by="measure_id"),
    "definition_check": View(("kind", "id"), "kind = 'measure'", order="position", by="id"),
    "benchmark": View(("benchmark_id",), order="position", by="benchmark_id"),
    "claim": View(("claim_id",), order="position", by="claim_id"),
    "reason": View(("reason_code",), by="reason_code"),
    # In the order of their dates: the last row of a clinic and a benchmark is the verdict that stands.
    "release_verdict": View(("release_no", "clinic_id", "benchmark_id"), order="as_of, release_no, clinic_id, benchmark_id"),
    "night": View(("night",), _LAST_NIGHT, by=""),
    "shared_rate": _SHARED,
    "shared_comparison": View(("clinic_id", "benchmark_id", "claim_id"), order="benchmark_id, claim_id, clinic_id"),
    "shared_attrition": View(
        ("measure_id", "clinic_id", "class", "status"), _one_of("measure_id", (RESPONSE,)), "class, status NULLS FIRST"
    ),
}  # fmt: skip
# A page for outside the house is made of these and of what says nothing of patients.
SHARED = ("shared_rate", "shared_comparison", "shared_attrition", "clinic", "measure", "definition_check", "benchmark", "claim", "reason", "rules", "night")  # fmt: skip
# On the page of all clinics alone.
_OF_NETWORK = {"freshness", "volume_warning", "missingness_warning", "rule_standing", "funnel", "funnel_measure"}
INSIDE = tuple(name for name in VIEWS if not name.startswith("shared_"))

# Courses drawn one by one for a clinic; where it has more, every so many-th of them, in the order of patient and course.
MOST_LINES = 300
# A course by infusion, as behind the means: its baseline, the totals after infusions `ks`, and how many of these were of the
# induction: those come first.
# Which courses are drawn is settled first: those with a baseline and a score picked after an infusion.
_COURSES = f"""
    {_WAY.format("m.anchor = 'infusion_k' AND m.outcome = 'is_response'")},
    numbered AS (
        SELECT
            patient_no, course, count(*) OVER clinic AS courses,
            row_number() OVER (clinic ORDER BY patient_no, course) - 1 AS place
        FROM course
        SEMI JOIN baseline USING (patient_no, course)
        SEMI JOIN (FROM picked SEMI JOIN way USING (pick_no)) USING (patient_no, course)
        WINDOW clinic AS (PARTITION BY clinic_id)
    ),
    drawn AS MATERIALIZED (
        SELECT patient_no, course, ceil(courses / {MOST_LINES})::INTEGER AS every FROM numbered WHERE place % ceil(courses / {MOST_LINES}) = 0
    ),
    drawn_course AS (FROM course SEMI JOIN drawn USING (patient_no, course)),
    drawn_infusion AS (FROM infusion SEMI JOIN drawn USING (patient_no, course)),
    looked_at AS (FROM course_picks('way', courses := 'drawn_course', infused := 'drawn_infusion') WHERE total IS NOT NULL)
    SELECT
        e.clinic_id, any_value(d.every) AS every, arg_min(e.baseline_total, w.infusion_k) AS baseline_total,
        list(w.infusion_k ORDER BY w.infusion_k) AS ks, list(e.total ORDER BY w.infusion_k) AS totals,
        count(*) FILTER (w.infusion_k <= e.induction_infusions) AS induction
    FROM judged('looked_at', measures := 'asked_of') AS e
    JOIN drawn AS d ON d.patient_no = e.patient_no AND d.course = e.course
    JOIN way AS w USING (measure_id)
    WHERE status_class(e.status) = 'observed'
    GROUP BY e.clinic_id, e.patient_no, e.course
    ORDER BY e.clinic_id, e.patient_no, e.course
"""
# What came of a clinic: the files that hold a row of it. A file of several clinics counts for each of them.
_CAME = """
    SELECT f.clinic_id, count(*) AS files, max(a.received_on) AS last_received_on, sum(a.rows_read)::BIGINT AS rows_read,
        sum(a.rows_accepted)::BIGINT AS rows_accepted, sum(a.rows_duplicate)::BIGINT AS rows_duplicate, sum(a.rows_quarantined)::BIGINT AS rows_quarantined
    FROM (
        SELECT p.clinic_id, s.arrival_no FROM score AS s JOIN patient AS p USING (patient_no)
        UNION SELECT '*', arrival_no FROM score
    ) AS f
    JOIN arrival AS a USING (arrival_no)
    GROUP BY f.clinic_id
"""
# The head of the ledger's hash chain: with it, the store behind a page can be told from every other one.
_LEDGER = "SELECT max(arrival_no) AS entries, arg_max(hash, arrival_no) AS head FROM arrival"
_ASIDE = """
    SELECT count(*) FILTER (found_at = 'door') AS door, count(*) FILTER (found_at = 'course') AS course
    FROM (SELECT DISTINCT arrival_no, line, found_at FROM set_aside)
"""
# Rows of each kind that a review list writes out; a longer one says how to have the rest. `of` is how many there are.
MOST_LISTED = 500
REVIEW = """
    SELECT clinic_id, score_id, patient_id, kind, day_before, item_9_before, day, item_9, acknowledged_by, count(*) OVER alike AS of
    FROM item_9_review
    WINDOW alike AS (PARTITION BY clinic_id, acknowledged_by IS NULL)
    QUALIFY row_number() OVER (alike ORDER BY patient_id, day, score_id) <= {most}
    ORDER BY clinic_id, patient_id, day, score_id
"""
WORSE = f"""
    {_WAY.format(f"measure_id = '{WORSENED}'")},
    higher AS (SELECT * FROM course_picks('way') WHERE total > baseline_total)
    SELECT clinic_id, patient_id, course, baseline_day, baseline_total, day AS endpoint_day, total AS endpoint_total, count(*) OVER alike AS of
    FROM judged('higher', measures := 'asked_of') WHERE status = 'met'
    WINDOW alike AS (PARTITION BY clinic_id)
    QUALIFY row_number() OVER (alike ORDER BY patient_id, course) <= {{most}}
    ORDER BY clinic_id, patient_id, course
"""


@dataclass
class Book:
    """Everything that the pages of one night say: rows of each view by clinic (or by its own name), and the courses' lines."""

    views: dict[str, dict[str, list[TracedRow]]] = field(default_factory=dict)
    lines: dict[str, list[Row]] = field(default_factory=dict)
    came: dict[str, Row] = field(default_factory=dict)
    aside: Row = field(default_factory=dict)
    ledger: Row = field(default_factory=dict)
    reviews: dict[str, tuple[list[Row], list[Row]]] = field(default_factory=dict)
    # The release that the pages are of; none for those of a night.
    release: Row = field(default_factory=dict)
    # What many of its pages say alike, made once, whatever part of the book they are made of.
    alike: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def of(self, view: str, name: str, **wanted: Any) -> list[TracedRow]:
        """The rows of a view of one clinic (or of one name) that have the wanted values."""
        rows = self.views[view].get(name, [])
        return [row for row in rows if all(row[column] == value for column, value in wanted.items())]

    def one(self, view: str, name: str = "", **wanted: Any) -> TracedRow:
        """The one row. Where the view has none, an empty one: every number of it is not assessable."""
        found = self.of(view, name, **wanted)
        return found[0] if found else Nothing({}, view, ())

    @property
    def clinics(self) -> list[str]:
        """Every clinic that has a page: those registered, and those with scores."""
        return sorted({*self.views["clinic"], *self.views.get("clinic_group", {})} - {NETWORK})

    def of_page(self, clinic: str) -> Book:
        """All that the page of a clinic, or of all of them, may say, but its night and its ledger (making.Stamp).

        A page is made of this and of nothing else: where it is as it was, so is the page.
        """
        views = {view: rows for view, rows in self.views.items() if view != "night"}
        if clinic == NETWORK:
            return Book(views, came=self.came, aside=self.aside, release=self.release, alike=self.alike)
        for view in views.keys() & _OF_NETWORK:
            del views[view]
        for view in [view for view in views if VIEWS[view].by == "clinic_id"]:
            views[view] = {clinic: views[view][clinic]} if clinic in views[view] else {}
        for view in views.keys() & {"comparison", "shared_comparison"}:
            beside = self._beside(view, frozenset(row["benchmark_id"] for row in views[view].get(clinic, [])))
            views[view] = views[view] | {NETWORK: beside}
        if "release_verdict" in views:
            views["release_verdict"] |= {NETWORK: self.of("release_verdict", NETWORK)}
        return Book(
            views,
            {clinic: self.lines.get(clinic, [])},
            {clinic: self.came[clinic]} if clinic in self.came else {},
            release=self.release,
            alike=self.alike,
        )

    def of_review(self, clinic: str) -> Book:
        """All that the review list of a clinic may say, but its night."""
        names = {clinic: self.of("clinic", clinic)}
        return Book({"clinic": names}, reviews={clinic: self.reviews[clinic]})

    def _beside(self, view: str, own: frozenset[str]) -> list[TracedRow]:
        """Comparisons of no clinic, of what a clinic has no own of: the same rows for clinics that have the same ones."""
        if (view, own) not in self.alike:
            self.alike[view, own] = [row for row in self.of(view, NETWORK) if row["benchmark_id"] not in own]
        found: list[TracedRow] = self.alike[view, own]
        return found


def asked(con: duckdb.DuckDBPyConnection, names: Sequence[str] = INSIDE) -> Book:
    """The book of a store's last night; with the names of `SHARED`, nothing but what may be shared."""
    book = Book()
    for name in names:
        view = VIEWS[name]
        rows: dict[str, list[TracedRow]] = defaultdict(list)
        for row in rows_of(con, view.query(name)):
            rows[row[view.by] if view.by else ""].append(TracedRow(row, name, view.keys))
        book.views[name] = dict(rows)
    (book.ledger,) = rows_of(con, _LEDGER)
    if "rate" not in book.views:
        return book
    book.lines = _grouped(rows_of(con, _COURSES))
    book.came = {row["clinic_id"]: row for row in rows_of(con, _CAME)}
    (book.aside,) = rows_of(con, _ASIDE)
    higher, worse = (_grouped(rows_of(con, query.format(most=MOST_LISTED))) for query in (REVIEW, WORSE))
    book.reviews = {clinic: (higher.get(clinic, []), worse.get(clinic, [])) for clinic in book.clinics}
    return book


def _grouped(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["clinic_id"]].append(row)
    return dict(found)
