"""The early warning between releases: since when a course is due, and the CUSUM in that order."""

from __future__ import annotations

import datetime as dt
import hashlib
import math

import duckdb
import pytest
from hypothesis import given as generated
from hypothesis import settings
from hypothesis import strategies as st

from outcomes.datafiles import put_data_files, read_data_files
from outcomes.laying import lay
from outcomes.paths import Home, data_folder
from outcomes.recomputing import Point, definitions_of, recomputed
from outcomes.releases import run_release
from schemas.cusum import read_cusum
from schemas.errors import DataFileError
from tests.conftest import stored
from tests.drawnnights import course, courses, day, night, people

pytestmark = pytest.mark.usefixtures("no_pages_here")

FILES = read_data_files(data_folder())
RULE = FILES.cusum
P0 = 249 / 537


# Weights and limits


@pytest.mark.parametrize(
    ("parsonnet", "failed", "printed"),
    [(0, False, -0.024), (0, True, 0.67), (50, False, -0.43), (50, True, 0.26)],
)
def test_weights_are_those_printed_by_steiner(macros, parsonnet, failed, printed):
    """Steiner et al. 2000, Biostatistics 1:441, page 446: logit of the risk is -3.68 + 0.077 * Parsonnet score, odds doubled."""
    risk = 1 / (1 + math.exp(3.68 - 0.077 * parsonnet))
    ((weight,),) = macros.execute("SELECT cusum_weight(?, ?, 2)", [failed, risk]).fetchall()
    digits = 3 if printed == -0.024 else 2
    assert weight == pytest.approx(printed, abs=0.51 * 10**-digits)


def test_the_expected_rate_is_the_primary_benchmark_frozen():
    primary = FILES.benchmarks.filter(FILES.benchmarks["primary"] == "yes")
    assert primary.select("measure_id", "events", "n").rows() == [
        (RULE["measure_id"], RULE["reference_events"], RULE["reference_n"])
    ]


def false_signals(limit: float, patients: int, odds: float = 1.0) -> float:
    """The chance of a signal within so many patients, by following every value that the sum can have."""
    down, up = -math.log(1 + P0), math.log(2) - math.log(1 + P0)
    fails = odds * P0 / (1 - P0 + odds * P0)
    sums, signalled = {0.0: 1.0}, 0.0
    for _ in range(patients):
        after: dict[float, float] = {}
        for value, chance in sums.items():
            for weight, of in ((down, 1 - fails), (up, fails)):
                new = round(max(0.0, value + weight), 4)
                if new >= limit:
                    signalled += chance * of
                else:
                    after[new] = after.get(new, 0.0) + chance * of
        sums = after
    return signalled


def test_the_limit_gives_five_percent_false_signals_over_its_horizon():
    """And the other two that cusum.toml tells of; doubled odds are then found in 19 of 20."""
    for patients, limit in ((78, 3.85), (RULE["horizon"], RULE["signal_limit"]), (312, 5.48)):
        assert false_signals(limit, patients) == pytest.approx(0.05, abs=0.003)
    assert false_signals(RULE["signal_limit"], 312) == pytest.approx(0.11, abs=0.005)
    assert false_signals(RULE["signal_limit"], RULE["horizon"], odds=2) > 0.95


# The sum


@pytest.fixture(scope="module")
def drawn():
    """A store whose endpoints and due dates are drawn: the view cusum reads them."""
    with duckdb.connect() as con:
        lay(con)
        put_data_files(con, FILES)
        con.execute(
            """CREATE TABLE drawn (measure_id VARCHAR, clinic_id VARCHAR, patient_id VARCHAR, patient_no INTEGER,
            course INTEGER, status endpoint_status, class endpoint_class, due_on DATE)"""
        )
        con.execute("CREATE OR REPLACE VIEW main.endpoint AS FROM main.drawn")
        con.execute(
            "CREATE OR REPLACE VIEW main.became_due AS SELECT measure_id, patient_no, course, due_on FROM main.drawn"
        )
        yield con


def by_loop(rows, releases):
    """clinic, patient_no -> step and sum: Steiner's recursion, restarted at each release."""
    found = {}
    for clinic in {row[0] for row in rows}:
        ordered = sorted(
            (due, hashlib.sha256(f"{clinic} {name}".encode()).hexdigest(), number, failed)
            for number, (of, name, due, failed) in enumerate(rows)
            if of == clinic
        )
        last, total, step = None, 0.0, 0
        for due, _, number, failed in ordered:
            since = max((r for r in releases if r < due), default=None)
            if since != last:
                last, total, step = since, 0.0, 0
            weight = (math.log(2) if failed else 0) - math.log(1 - P0 + 2 * P0)
            total, step = max(0.0, total + weight), step + 1
            found[clinic, number] = (step, pytest.approx(total, abs=1e-9))
    return found


EPOCH = dt.date(2026, 1, 1)
DATES = st.integers(0, 40).map(lambda n: EPOCH + dt.timedelta(n))
PATIENTS = st.lists(
    st.tuples(st.sampled_from(["C01", "C02"]), st.integers(0, 10**6).map(lambda n: f"p{n}"), DATES, st.booleans()),
    min_size=1, max_size=60, unique_by=lambda row: row[:2],
)  # fmt: skip


@settings(max_examples=60, derandomize=True, deadline=None, database=None)
@generated(rows=PATIENTS, releases=st.lists(DATES, max_size=3, unique=True).map(sorted))
def test_the_closed_form_is_the_loop(drawn, rows, releases):
    drawn.execute("DELETE FROM drawn")
    drawn.execute("DELETE FROM release")
    values = [
        [RULE["measure_id"], clinic, name, number, 1, "not_met" if failed else "met", "observed", due]
        for number, (clinic, name, due, failed) in enumerate(rows)
    ]
    drawn.executemany("INSERT INTO drawn VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
    for number, released in enumerate(releases, 1):
        drawn.execute(
            "INSERT INTO release VALUES (?, ?, ?, 1, '', 1, NULL, '', '', '', NULL)", [number, str(number), released]
        )
    found = drawn.execute("SELECT clinic_id, patient_no, step, cusum, signals, signal_limit FROM cusum").fetchall()
    assert {(clinic, number): (step, total) for clinic, number, step, total, _, _ in found} == by_loop(rows, releases)
    assert all(signals == (total >= limit) for _, _, _, total, signals, limit in found)


def test_eleven_failures_in_a_row_signal_and_one_more_patient_in_order_of_a_hash(tmp_path):
    """ln 2 - ln(1 + 249/537) is 0.3122 a failure: 14 are 4.37, 15 are 4.68 and over the limit of 4.68."""
    home = Home(tmp_path / "home")
    night(home, "2026-03-31", courses(people("ann", 15), met=0))
    steps = stored(home.published_copy, "SELECT step, round(cusum, 2), signals FROM cusum ORDER BY step")
    assert steps[0] == (1, 0.31, False)
    assert steps[13:] == [(14, 4.37, False), (15, 4.68, True)]
    order = stored(home.published_copy, "SELECT patient_id FROM cusum JOIN patient USING (patient_no) ORDER BY step")
    names = people("ann", 15)
    assert [name for (name,) in order] == sorted(names, key=lambda n: hashlib.sha256(f"C01 {n}".encode()).hexdigest())
    run_release(home, "Q1")
    night(home, "2026-04-30", courses(people("bob", 2), met=1))
    last = "SELECT since_release_no, count(*), max(step) FROM cusum GROUP BY 1 ORDER BY 1 NULLS FIRST"
    assert stored(home.published_copy, last) == [(None, 15, 15), (1, 2, 2)]


# Since when a course is due


def test_a_course_is_due_from_the_first_date_on_which_a_derivation_finds_it_due(tmp_path):
    """The window ends on day 48, so that it is due on day 55.

    ann   received on 1 January up to day 37: on 19 January
    bob   the same, and on 10 January an extract_day of 60: on that day
    cy    received on 1 January up to day 17, and up to day 37 on 5 January: on 23 January, not on 8 February
    dee   received on 1 January up to day 90: at once
    """
    home = Home(tmp_path / "home")
    first = [row for name in ("ann1", "bob1") for row in course(name, 8, extract=None)] + course("cy1", None, extract=None)  # fmt: skip
    night(home, "2026-01-01", [*first, *course("dee1", 8, extract=None), "C01,dee1,,90,follow_up,9,,"])
    night(home, "2026-01-05", ["C01,cy1,,37,follow_up,8,,"])
    night(home, "2026-01-10", ["C01,bob1,,37,follow_up,8,,60"])
    night(home, "2026-03-31")
    measure = RULE["measure_id"]
    query = f"SELECT patient_id, due_on FROM became_due JOIN patient USING (patient_no) WHERE measure_id = '{measure}' ORDER BY 1"
    due = dict(stored(home.published_copy, query))
    drawn = {"ann1": "2026-01-19", "bob1": "2026-01-10", "cy1": "2026-01-23", "dee1": "2026-01-01"}
    assert due == {name: day(text) for name, text in drawn.items()}
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        definitions = definitions_of(con)
        arrivals = con.execute("SELECT received_on, max(arrival_no) FROM arrival GROUP BY 1").fetchall()
    for as_of in {day(text) + dt.timedelta(shift) for text in drawn.values() for shift in (-1, 0)} - {
        day("2025-12-31")
    }:
        point = Point(as_of, max(number for received, number in arrivals if received <= as_of), 1)
        with recomputed(home, point, None, definitions) as con:
            found = con.execute(
                f"SELECT patient_id FROM endpoint WHERE measure_id = '{measure}' AND class IN ('observed', 'missing')"
            ).fetchall()
        assert {name for (name,) in found} == {name for name, since in due.items() if since <= as_of}, as_of


def test_every_due_course_of_a_measure_with_a_window_has_the_day_since_when(after_later):
    """And none after the as-of date, none before its first row was received."""
    path = after_later.published_copy
    missing = """SELECT count(*) FROM endpoint AS e JOIN measure AS m USING (measure_id)
        ANTI JOIN became_due AS d ON (d.measure_id, d.patient_no, d.course) = (e.measure_id, e.patient_no, e.course)
        WHERE e.class IN ('observed', 'missing') AND m.anchor <> 'infusion_k'"""
    assert stored(path, missing) == [(0,)]
    bounds = "SELECT min(due_on) >= (SELECT min(received_on) FROM arrival), max(due_on) <= (SELECT as_of FROM as_of), count(*) > 100 FROM became_due"
    assert stored(path, bounds) == [(True, True, True)]


# The rule's contract


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version = 1", "version = 0", "version: expected a whole number from 1"),
        ("horizon", "horizons", "horizons: unknown key"),
        ("odds_ratio = 2", "odds_ratio = 1", "odds_ratio: expected a number over 1"),
        ("response_post_induction", "worsened_post_induction", "measure_id: expected a measure of measures.toml whose outcome is good"),
        ("reference_n = 537", "reference_n = 288", "reference_n: expected a whole number over reference_events"),
        ("signal_limit = 4.68", "signal_limit", "not readable as TOML"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_named_by_its_key(tmp_path, old, new, said):
    text = (data_folder() / "cusum.toml").read_text()
    path = tmp_path / "cusum.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(DataFileError) as caught:
        read_cusum(path, {"response_post_induction"})
    assert any(fault.startswith(f"cusum.toml: {said}") for fault in caught.value.faults)
