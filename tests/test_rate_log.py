"""The rate log: each nightly change of a rate, with the run that made it, once."""

from __future__ import annotations

import duckdb
import pytest

from outcomes import nights
from outcomes.paths import Home
from outcomes.ratelog import log_rates
from outcomes.releases import run_release
from tests.conftest import copied, stored
from tests.drawnnights import course, courses, night, people

pytestmark = pytest.mark.usefixtures("no_pages_here")

RESPONSE = "response_post_induction"
LOG = f"SELECT night, courses, eligible, due, observed, met FROM rate_log WHERE measure_id = '{RESPONSE}' AND clinic_id = 'C01' ORDER BY entry"
# Rates that are not as they were last logged.
UNLOGGED = """
    SELECT measure_id, clinic_id, measure_version, courses, eligible, due, observed, met FROM rate
    EXCEPT SELECT * FROM (
        SELECT measure_id, clinic_id, measure_version, courses, eligible, due, observed, met FROM rate_log
        QUALIFY row_number() OVER (PARTITION BY measure_id, clinic_id ORDER BY entry DESC) = 1
    )
"""


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def test_each_change_of_a_rate_is_one_row_with_its_run(home):
    """night  what                                   courses  eligible  due  observed  met
    1     two due, one of them without a score      3        3         2    1         1
          and one whose window is open
    2     nothing came, but the window closed       3        3         3    2         1
    3     nothing at all                            -
    4     the score that was missing                3        3         3    3         2
    5     taken back                                3        3         3    2         1
    """
    night(home, "2026-01-01", course("ann1", 8) + course("bob1", None) + course("cy1", 18, extract=None))
    night(home, "2026-01-31")
    night(home, "2026-01-31")
    night(home, "2026-02-28", ["C01,bob1,,37,follow_up,8,,60"])
    night(home, "2026-03-31", ["C01,bob1,,37,follow_up,8,entered_in_error,60"])
    assert stored(home.published_copy, LOG) == [
        (1, 3, 3, 2, 1, 1), (2, 3, 3, 3, 2, 1), (4, 3, 3, 3, 3, 2), (5, 3, 3, 3, 2, 1),
    ]  # fmt: skip
    runs = "SELECT count(*) FROM rate_log AS l JOIN night AS n ON (n.night, n.run_id) = (l.night, l.run_id)"
    entries = stored(home.published_copy, "SELECT count(*), count(DISTINCT entry), max(entry) FROM rate_log")
    assert [(*stored(home.published_copy, runs)[0],) * 3] == entries


def test_the_log_ends_with_the_rates_as_they_are(after_later):
    assert stored(after_later.published_copy, UNLOGGED) == []
    per_night = "SELECT night, count(*) FROM rate_log GROUP BY night ORDER BY night"
    rates = stored(after_later.published_copy, "SELECT count(*) FROM rate")[0][0]
    (first, second) = stored(after_later.published_copy, per_night)
    assert first == (1, rates)
    assert 0 < second[1] < rates, "not all of them changed"


def test_logging_again_logs_nothing(after_later, tmp_path):
    home = copied(after_later, tmp_path / "home")
    before = stored(home.warehouse, "SELECT count(*) FROM rate_log")
    with duckdb.connect(str(home.warehouse)) as con:
        log_rates(con)
    assert stored(home.warehouse, "SELECT count(*) FROM rate_log") == before


def test_a_release_logs_nothing(home):
    night(home, "2026-01-31", courses(people("ann", 3), met=1))
    before = stored(home.warehouse, "FROM rate_log")
    run_release(home, "Q1")
    assert stored(home.warehouse, "FROM rate_log") == before


@pytest.mark.parametrize("at", ["derive", "log_rates"])
def test_a_night_killed_around_its_logging_is_logged_once_when_it_is_healed(home, monkeypatch, at):
    night(home, "2026-01-01", course("ann1", 8))

    def killed(con):
        real(con)
        raise KeyboardInterrupt

    real = getattr(nights, at)
    with monkeypatch.context() as patched:
        patched.setattr(nights, at, killed)
        with pytest.raises(KeyboardInterrupt):
            night(home, "2026-01-31", course("bob1", 18))
    night(home, "2026-02-28")
    assert stored(home.published_copy, LOG) == [(1, 1, 1, 1, 1, 1), (2, 2, 2, 2, 2, 1)]


def test_a_rate_that_is_no_more_is_logged_with_nulls(home):
    night(home, "2026-01-01", course("ann1", 8) + course("bob1", 8, clinic="C02"))
    rows = [",".join([*row.split(",")[:5], "8", "entered_in_error", "60"]) for row in course("ann1", 8)]
    night(home, "2026-01-31", rows)
    assert stored(home.published_copy, LOG) == [(1, 1, 1, 1, 1, 1), (2, None, None, None, None, None)]
    night(home, "2026-02-28")
    assert len(stored(home.published_copy, LOG)) == 2
