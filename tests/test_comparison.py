"""R12: what may be said beside a published rate, and the reason where nothing may. The counts are given, not computed."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pytest

from outcomes.datafiles import put_data_files, read_data_files
from outcomes.laying import TABLES, lay
from outcomes.paths import data_folder
from tests.spec import duckdb_engine
from tests.spec.drawing import score

Row = dict[str, Any]
PRIMARY, MEASURE = "mcinnes2022_response_d14_31", "response_post_induction"
FEW = "too few patients to tell"
# A clinic about which a verdict may be given: 48 of 89 is consistent with 288 of 537.
CLINIC = {
    "clinic_id": "C01", "patients": 200, "courses": 200, "closed_inductions": 100, "extended_inductions": 0, "extended_share": 0.0,
    "sends_every_infusion": True, "confirmed": True,
}  # fmt: skip
Compare = Callable[..., Row]


@pytest.fixture(scope="module")
def laid() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        lay(con)
        put_data_files(con, read_data_files(data_folder()))
        yield con


def insert(con: duckdb.DuckDBPyConnection, table: str, row: Row) -> None:
    names = ", ".join(row)
    con.execute(f"INSERT INTO main.{table} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def rate(measure: str, met: int, observed: int, missing: int, follow_up_unknown: int = 0, clinic: str = "C01") -> Row:
    due = observed + missing
    return {
        "clinic_id": clinic, "measure_id": measure, "measure_version": 1, "main_denominator": "observed", "met": met,
        "observed": observed, "not_met": observed - met, "missing": missing, "due": due,
        "coverage": observed / due if due else None, "follow_up_unknown": follow_up_unknown,
    }  # fmt: skip


@pytest.fixture
def compare(laid: duckdb.DuckDBPyConnection) -> Iterator[Compare]:
    """One row of `comparison` for given counts of one clinic; undone behind the test.

    Keywords: met, observed, missing, follow_up_unknown and main_denominator of the rate; clinic, benchmark and measure
    are what is changed in those rows.
    """
    laid.execute("BEGIN")

    def run(
        met: int = 48, observed: int = 89, missing: int = 0, *, follow_up_unknown: int = 0, main_denominator: str = "observed",
        clinic: Row | None = None, benchmark: Row | None = None, measure: Row | None = None, about: str = PRIMARY,
    ) -> Row:  # fmt: skip
        for table, key, value, changed in (
            ("benchmark", "benchmark_id", about, benchmark),
            ("measure", "measure_id", MEASURE, measure),
        ):
            for name, new in (changed or {}).items():
                laid.execute(f"UPDATE main.{table} SET {name} = ? WHERE {key} = ?", [new, value])
        (measure_id,) = laid.execute("SELECT measure_id FROM benchmark WHERE benchmark_id = ?", [about]).fetchone()
        laid.execute("DELETE FROM main.rate")
        laid.execute("DELETE FROM main.clinic_group")
        insert(laid, "clinic_group", CLINIC | (clinic or {}))
        if measure_id:
            given = rate(measure_id, met, observed, missing, follow_up_unknown) | {"main_denominator": main_denominator}
            insert(laid, "rate", given)
        return one(laid, about)

    yield run
    laid.execute("ROLLBACK")


def one(con: duckdb.DuckDBPyConnection, benchmark_id: str) -> Row:
    result = con.execute("FROM recomputed.comparison WHERE benchmark_id = ?", [benchmark_id])
    names = [column[0] for column in result.description]
    (row,) = result.fetchall()
    return dict(zip(names, row, strict=True))


def said(row: Row) -> tuple[str | None, str | None]:
    return row["verdict"], row["withheld_because"]


# The four verdicts


@pytest.mark.parametrize(
    ("met", "observed", "verdict"),
    [
        (48, 89, "consistent with"), (75, 100, "above"), (30, 100, "below"), (60, 100, FEW), (16, 30, FEW), (27, 30, "above"),
        (26, 29, FEW), (29, 29, FEW), (0, 30, "below"), (0, 29, FEW), (0, 0, FEW),
    ],
)  # fmt: skip
def test_the_verdict_on_counts(compare, met, observed, verdict):
    """Fewer than 30 is too few, however far off; nobody at all too."""
    row = compare(met, observed)
    assert (row["outcome"], *said(row)) == ("verdict", verdict, None)
    assert row["is_provisional"]


def test_the_difference_is_shown_with_every_limit_the_verdict_rests_on(compare, laid):
    row = compare(45, 60)
    counts = "45, 60, 288, 537"
    limits = laid.execute(
        f"SELECT difference_low({counts}), difference_high({counts}), "
        f"difference_low({counts}, z := z90()), difference_high({counts}, z := z90())"
    ).fetchone()
    names = ("difference_low", "difference_high", "difference_low90", "difference_high90")
    assert [row[name] for name in names] == pytest.approx(limits, abs=1e-12)
    assert (row["met"], row["our_n"], row["their_events"], row["their_n"]) == (45, 60, 288, 537)
    assert (row["our_rate"], row["their_rate"]) == (0.75, 288 / 537)
    shown = [round(100 * row[key], 1) for key in ("difference", "difference_low", "difference_high")]
    assert shown == [21.4, 8.4, 31.5]
    assert row["difference_low"] < row["difference_low90"] < row["difference_high90"] < row["difference_high"]
    assert (row["delta"], row["not_worse"], row["coverage"]) == (0.10, True, 1.0)


def test_not_worse_is_said_where_the_lower_90_limit_is_above_the_margin(compare):
    """55 of 95 cannot be told from 53.6%, but it is not more than 10 points below; 40 of 80 may be."""
    assert said(compare(55, 95)) == (FEW, None)
    assert compare(55, 95)["not_worse"] is True
    assert said(compare(40, 80)) == (FEW, None)
    assert compare(40, 80)["not_worse"] is False


def test_without_a_margin_nothing_is_consistent_with(compare):
    row = compare(48, 89, measure={"delta_points": None})
    assert (*said(row), row["delta"], row["not_worse"]) == (FEW, None, None, None)
    assert compare(75, 100, measure={"delta_points": None})["verdict"] == "above"


def test_no_harm_and_no_rate_under_20_percent_has_a_margin(laid):
    rows = laid.execute(
        "SELECT m.measure_id FROM measure AS m LEFT JOIN benchmark AS b USING (measure_id) "
        "WHERE m.delta_points IS NOT NULL AND (NOT m.higher_is_better OR b.rate < 0.20)"
    ).fetchall()
    assert rows == []


def test_there_is_one_primary_row(laid):
    rows = laid.execute("SELECT benchmark_id, events, n FROM benchmark WHERE is_primary").fetchall()
    assert rows == [(PRIMARY, 288, 537)]


def test_the_main_denominator_of_the_measure_is_ours(compare):
    """60 of 80 with a score, and 20 without: of everyone due it is 60 of 100."""
    row = compare(60, 80, 20, main_denominator="everyone_due")
    assert (row["met"], row["our_n"], row["our_rate"]) == (60, 100, 0.6)
    assert compare(60, 80, 20)["our_n"] == 80


# What withholds a verdict, in order


def test_the_first_reason_is_named_and_the_difference_is_still_shown(compare):
    """All four hold at first; each is mended in turn, and the next one is named."""
    everything = {"sends_every_infusion": False, "extended_share": 0.5}
    counts = {"met": 40, "observed": 79, "missing": 21}
    steps = [
        (compare(**counts, follow_up_unknown=1, clinic=everything), "follow_up_unknown"),
        (compare(**counts, clinic=everything), "infusions_not_declared_complete"),
        (compare(**counts, clinic={"extended_share": 0.5}), "schedule_differs"),
        (compare(**counts), "coverage_too_low"),
    ]
    for row, reason in steps:
        assert (row["outcome"], *said(row)) == ("verdict", None, reason)
        assert None not in (row["difference"], row["difference_low"], row["difference_high"], row["our_low"])
    assert said(compare(48, 89)) == ("consistent with", None)


def test_every_reason_that_withholds_has_its_sentence(laid):
    names = {row[0] for row in laid.execute("SELECT reason_code FROM reason WHERE about = 'verdict'").fetchall()}
    assert names == {
        "follow_up_unknown", "infusions_not_declared_complete", "schedule_differs", "coverage_too_low",
    }  # fmt: skip


def test_a_withheld_verdict_is_never_called_too_few(compare):
    """Three patients of ten: withheld for the coverage, which is the first reason."""
    assert said(compare(2, 3, 7)) == (None, "coverage_too_low")


@pytest.mark.parametrize(
    ("share", "reason"), [(None, None), (0.0, None), (0.20, None), (0.2001, "schedule_differs"), (1.0, "schedule_differs")]
)  # fmt: skip
def test_over_a_fifth_extended_is_another_schedule(compare, share, reason):
    assert compare(clinic={"extended_share": share})["withheld_because"] == reason


def test_a_measure_that_takes_extended_inductions_does_not_mind_them(compare):
    kept = {"induction": "complete_or_extended"}
    assert compare(measure=kept, clinic={"extended_share": 0.5})["withheld_because"] is None
    undeclared = compare(measure=kept, clinic={"sends_every_infusion": False})
    assert undeclared["withheld_because"] == "infusions_not_declared_complete"


@pytest.mark.parametrize(
    ("measure", "reason"),
    [
        ({"induction": "not_required", "anchor": "first_infusion"}, None),
        ({"induction": "not_required", "anchor": "infusion_k"}, "infusions_not_declared_complete"),
        ({"induction": "complete", "anchor": "last_induction_infusion"}, "infusions_not_declared_complete"),
    ],
)
def test_only_a_measure_that_needs_every_infusion_asks_for_them(compare, measure, reason):
    assert compare(measure=measure, clinic={"sends_every_infusion": False})["withheld_because"] == reason


def test_a_measure_without_an_induction_minds_no_schedule(compare):
    loose = {"induction": "not_required", "anchor": "infusion_k"}
    assert compare(measure=loose, clinic={"extended_share": 0.9})["withheld_because"] is None


@pytest.mark.parametrize(
    ("observed", "missing", "reason"),
    [(80, 20, None), (24, 6, None), (79, 21, "coverage_too_low"), (799, 201, "coverage_too_low"), (800, 200, None)],
)
def test_coverage_of_80_percent_is_enough_and_just_under_is_not(compare, observed, missing, reason):
    assert compare(round(observed * 0.536), observed, missing)["withheld_because"] == reason


def test_low_coverage_that_can_change_nothing_withholds_nothing(compare):
    """95 of 100, with 50 missing: above the published 53.6% even if none of the 50 responded (95 of 150)."""
    assert said(compare(97, 100, 50)) == ("above", None)
    assert said(compare(5, 100, 30)) == ("below", None)


@pytest.mark.parametrize(
    ("met", "observed", "missing", "why"),
    [
        (80, 100, 50, "everyone's rate, 80 of 150, is not above"),
        (20, 100, 50, "the best case, 70 of 150, is not below"),
        (27, 29, 8, "29 with a score are too few, though 27 of 37 is above"),
        (54, 100, 30, "all three agree only on too few to tell"),
    ],
)
def test_unless_all_three_rates_say_the_same_low_coverage_withholds(compare, met, observed, missing, why):
    assert said(compare(met, observed, missing)) == (None, "coverage_too_low"), why


def test_all_three_alike_do_not_help_against_another_reason(compare):
    assert said(compare(97, 100, 50, follow_up_unknown=1)) == (None, "follow_up_unknown")


def test_nobody_due_is_no_low_coverage(compare):
    assert said(compare(0, 0, 0)) == (FEW, None)


# What may be done with a benchmark, in the order of the tests


def test_the_outcomes_in_the_order_of_the_rule(compare):
    """A row that is everything at once is refused for its instrument; mended step by step it ends with a verdict."""
    mended: Row = {
        "instrument": "MADRS", "treatment_class": "esketamine", "treatment": "nasal spray", "mismatch": "Another window",
        "assumed": None, "kind": "rate_only", "is_primary": False,
    }  # fmt: skip
    steps = [
        ({}, "refused", "Measured with MADRS, not the PHQ-9"),
        ({"instrument": "PHQ-9"}, "context", "Another treatment (nasal spray)"),
        ({"treatment_class": "usual_care"}, "context", "A figure of a usual-care programme"),
        ({"treatment_class": "ketamine_iv"}, "refused", "Another window"),
        ({"assumed": "the same window"}, "descriptive", "Assumed: the same window"),
        ({"mismatch": None, "assumed": None, "kind": "km_at_t"}, "descriptive", "A Kaplan-Meier value"),
        ({"kind": "rate_only"}, "descriptive", "Only a rate was printed"),
        ({"kind": "rate_and_n"}, "difference", "Not the primary benchmark"),
        ({"kind": "count"}, "difference", "Not the primary benchmark"),
        ({"is_primary": True}, "verdict", "The primary benchmark"),
    ]
    for change, outcome, because in steps:
        row = compare(75, 100, benchmark=mended | change)
        mended |= change
        assert (row["outcome"], row["because"].startswith(because)) == (outcome, True), (change, row["because"])
        assert (row["verdict"] is not None) == (outcome == "verdict")
        assert row["withheld_because"] is None
        assert (row["difference"] is None) == (outcome in ("refused", "context"))
        assert outcome in ("difference", "verdict") or row["difference_low"] is row["difference_high"] is None


def test_a_benchmark_that_no_measure_copies_has_one_row_without_ours(compare, laid):
    laid.execute("UPDATE benchmark SET measure_id = NULL WHERE benchmark_id = ?", [PRIMARY])
    row = compare()
    assert (row["clinic_id"], row["outcome"], row["because"]) == ("*", "refused", "No measure copies its definition.")
    assert row["our_n"] is row["difference"] is row["verdict"] is row["withheld_because"] is None


@pytest.mark.parametrize("missing", ["follow_up_unknown", "sends_every_infusion"])
def test_only_a_verdict_is_withheld(compare, missing):
    """A difference is shown whatever the clinic declares."""
    row = compare(
        follow_up_unknown=int(missing == "follow_up_unknown"),
        clinic={"sends_every_infusion": missing != "sends_every_infusion"},
        benchmark={"is_primary": False},
    )
    assert (row["outcome"], *said(row)) == ("difference", None, None)
    assert None not in (row["difference"], row["difference_low"], row["difference_high"])


def test_a_pooled_benchmark_is_compared_through_its_printed_limits(compare):
    """45 of 60 against 0.45 (0.38-0.52); inside a prediction interval of 0.21-0.90 whatever the verdict."""
    pooled = {
        "kind": "pooled", "events": None, "n": None, "rate": 0.45, "ci_low": 0.38, "ci_high": 0.52, "prediction_low": 0.21,
        "prediction_high": 0.90,
    }  # fmt: skip
    assert compare(45, 60)["is_within_prediction"] is None, "none was printed"
    row = compare(45, 60, benchmark=pooled)
    low = (0.75 + 1.959963984540054**2 / 120 - 1.959963984540054 * math.sqrt(0.1875 / 60 + 1.959963984540054**2 / 14400)) / (
        1 + 1.959963984540054**2 / 60
    )  # fmt: skip
    assert row["difference_low"] == pytest.approx(0.30 - math.hypot(0.75 - low, 0.07), abs=1e-12)
    assert (row["their_low"], row["their_high"], row["their_rate"]) == (0.38, 0.52, 0.45)
    assert (row["verdict"], row["is_within_prediction"]) == ("above", True)
    assert compare(55, 60, benchmark=pooled)["is_within_prediction"] is False
    assert compare(54, 60, benchmark=pooled)["is_within_prediction"] is True, "0.90 itself is inside"
    assert compare(0, 0, benchmark=pooled)["is_within_prediction"] is None


def test_a_published_interval_gives_90_percent_limits_inside_it(compare):
    printed = {"kind": "published_ci", "events": None, "n": None, "rate": 0.5, "ci_low": 0.45, "ci_high": 0.55}
    row = compare(100, 200, benchmark=printed)
    assert row["difference_low"] < row["difference_low90"] < 0 < row["difference_high90"] < row["difference_high"]
    assert row["verdict"] == "consistent with"


def test_a_rate_with_its_n_and_no_count_has_a_difference_and_no_interval(compare):
    """26% of 215 fits several counts, so no limits are made up for it."""
    row = compare(45, 60, benchmark={"kind": "rate_and_n", "events": None, "n": 215, "rate": 0.26})
    assert (row["outcome"], row["their_rate"], row["their_n"], round(row["difference"], 2)) == (
        "difference",
        0.26,
        215,
        0.49,
    )
    assert row["difference_low"] is row["difference_high"] is row["their_low"] is row["verdict"] is None


# The shipped benchmarks and claims


def test_every_shipped_benchmark_and_claim_has_a_row_with_its_reason(after_later):
    """A home of three clinics: one row a group where a measure copies it, else one row."""
    with duckdb.connect(str(after_later.published_copy), read_only=True) as con:
        rows = con.execute(
            "SELECT benchmark_id, claim_id, clinic_id, measure_id, outcome, because FROM comparison"
        ).fetchall()
        groups = {row[0] for row in con.execute("SELECT clinic_id FROM clinic_group").fetchall()}
    assert all(because.strip() and outcome for *_, outcome, because in rows)
    assert "*" in groups
    for name, key, position in (("benchmarks.csv", "benchmark_id", 0), ("claims.csv", "claim_id", 1)):
        with (data_folder() / name).open(encoding="utf-8", newline="") as lines:
            for shipped in csv.DictReader(lines):
                found = [row[2] for row in rows if row[position] == shipped[key]]
                expected = groups if shipped.get("measure_id") else {"*"}
                assert sorted(found) == sorted(expected), shipped[key]


def test_a_claim_is_compared_with_nothing(laid):
    rows = laid.execute("FROM recomputed.comparison WHERE claim_id IS NOT NULL").fetchall()
    names = [column[0] for column in laid.description]
    assert len(rows) == laid.execute("SELECT count(*) FROM claim").fetchone()[0] > 0
    for values in rows:
        row = dict(zip(names, values, strict=True))
        assert (row["outcome"], row["clinic_id"], row["benchmark_id"], row["measure_id"]) == ("claim", "*", None, None)
        assert row["difference"] is row["verdict"] is row["our_rate"] is row["their_rate"] is None
        assert row["because"].startswith("A claim without instrument, denominator or n")
        assert row["is_provisional"] is True


def test_a_published_rate_is_its_count_where_one_is_known(laid):
    """As the comment on `their_rate` says, for every row of a count."""
    rows = laid.execute(
        "SELECT benchmark_id FROM recomputed.comparison WHERE their_events IS NOT NULL AND their_n IS NOT NULL AND their_rate <> their_events / their_n::DOUBLE"
    ).fetchall()
    assert rows == []


# From scores to the verdict


def clinic_of(responders: int, others: int, **changed: Any) -> list[Row]:
    """Scores of patients with four infusions in nine days, and a form 20 days after the last one."""
    scores = []
    for i in range(responders + others):
        days = [("pre_infusion", day, n, 20) for n, day in enumerate((0, 3, 6, 9), start=1)]
        days.append(("follow_up", 29, None, 10 if i < responders else 11))
        for timepoint, day, number, total in days:
            drawn = {
                "patient": f"p{i}", "timepoint": timepoint, "day": day, "number": number, "total": total, "extract": 60,
            } | changed  # fmt: skip
            scores.append(score(drawn))
    return scores


@pytest.mark.parametrize(
    ("scores", "declares", "expected"),
    [
        (clinic_of(27, 3), True, ("above", None, 30)),
        (clinic_of(27, 2), True, (FEW, None, 29)),
        (clinic_of(27, 3), False, (None, "infusions_not_declared_complete", 30)),
        (clinic_of(27, 3, extract=None), True, ("above", None, 30)),
    ],
)
def test_from_scores_to_the_verdict(scores, declares, expected):
    """A response is 20 to 10 and not 20 to 11. With no extract_day the forms tell on day 29 that the window, which
    ends on day 40, was not yet over when they came."""
    clinics = [{"clinic": "c1", "drug": "ketamine_iv", "sends_every_infusion": declares}]
    duckdb_engine.engine(scores, clinics, 1000, steps=TABLES)
    rows = duckdb_engine._store().execute(
        "SELECT verdict, withheld_because, our_n FROM comparison WHERE benchmark_id = ? ORDER BY clinic_id", [PRIMARY]
    ).fetchall()  # fmt: skip
    assert rows == [expected, expected], "for the clinic and for all clinics"


def test_from_scores_that_came_all_at_once_to_no_verdict():
    """A form on day 50 in the first arrival, past the window's end, and no extract_day: who left cannot be told."""
    scores = clinic_of(27, 3, extract=None)
    scores += [score({"patient": "p0", "timepoint": "follow_up", "day": 50, "total": 12})]
    duckdb_engine.engine(
        scores, [{"clinic": "c1", "drug": "ketamine_iv", "sends_every_infusion": True}], 1000, steps=TABLES
    )
    rows = duckdb_engine._store().execute(
        "SELECT verdict, withheld_because, our_n FROM comparison WHERE benchmark_id = ?", [PRIMARY]
    ).fetchall()  # fmt: skip
    assert rows == [(None, "follow_up_unknown", 30)] * 2
