"""The derived views agree with the rates and with each other, on a made-up network."""

from __future__ import annotations

import pytest

from outcomes.figures import figures
from outcomes.publishedcopy import opened
from outcomes.views import VIEWS
from tests.nightly import asked

# Name: a query that finds nothing where all is well.
NOTHING = {
    "attrition ends where it started": """
        SELECT measure_id, clinic_id FROM attrition GROUP BY ALL
        HAVING max(courses) FILTER (step = 0) <> sum(courses) FILTER (step > 0)""",
    "attrition's last step takes nothing out": """
        SELECT * FROM (SELECT *, lag(remaining) OVER (PARTITION BY measure_id, clinic_id ORDER BY step) AS before FROM attrition)
        WHERE status = 'in the result' AND remaining <> before""",
    "attrition ends with the rate's observed": """
        SELECT * FROM attrition AS a JOIN rate AS r USING (measure_id, clinic_id) WHERE a.status = 'in the result' AND a.remaining <> r.observed""",
    "every course has one status for every measure": """
        SELECT measure_id, count(*), count(DISTINCT (patient_no, course)) FROM course_status GROUP BY ALL
        HAVING count(*) <> (SELECT count(*) FROM course) OR count(*) <> count(DISTINCT (patient_no, course))""",
    "missing_outcome repeats the rate": """
        SELECT * FROM missing_outcome AS m JOIN rate AS r USING (measure_id, clinic_id)
        WHERE (m.due, m.observed, m.met) <> (r.due, r.observed, r.met) OR m.observed_rate IS DISTINCT FROM r.observed_rate""",
    "the weighted rate lies between worst and best case": """
        SELECT * FROM missing_outcome WHERE weighted_rate NOT BETWEEN everyone_rate - 1e-9 AND best_case_rate + 1e-9""",
    "Imbens-Manski limits lie outside the bounds and not past 1.96 errors": """
        SELECT * FROM missing_outcome WHERE imbens_manski_low > everyone_rate OR imbens_manski_high < best_case_rate
        OR imbens_manski_low < greatest(0, everyone_rate - 1.96 * sqrt(everyone_rate * (1 - everyone_rate) / due)) - 1e-9""",
    "bands add up to the rate": """
        SELECT measure_id, clinic_id FROM case_mix JOIN rate AS r USING (measure_id, clinic_id) WHERE band <> 'all' GROUP BY ALL
        HAVING sum(case_mix.due) <> any_value(r.due) OR sum(case_mix.met) <> any_value(r.met)""",
    "strata add up to the rate": """
        SELECT measure_id, clinic_id, dimension FROM stratum_rate AS s JOIN rate AS r USING (measure_id, clinic_id) GROUP BY ALL
        HAVING sum(s.due) <> any_value(r.due) OR sum(s.observed) <> any_value(r.observed) OR sum(s.met) <> any_value(r.met)""",
    "the available curve is the rate after infusion k": """
        SELECT * FROM infusion_curve AS c JOIN measure AS m ON m.infusion_k = c.k AND m.outcome = 'is_' || c.outcome
        JOIN rate AS r ON r.measure_id = m.measure_id AND r.clinic_id = c.clinic_id
        WHERE c.cohort = 'available' AND (c.due, c.observed, c.met) <> (r.due, r.observed, r.met)""",
    "the tally is the endpoints counted": """
        (FROM tally EXCEPT ALL FROM tallied('endpoint')) UNION ALL (FROM tallied('endpoint') EXCEPT ALL FROM tally)""",
    "the clock tally is the clocks counted": """
        WITH counted AS (
            SELECT measure_id, clinic_id, kept_out_as, NULL AS variant, NULL AS days, NULL AS is_event, count(*) AS courses
            FROM clock WHERE kept_out_as IS NOT NULL GROUP BY ALL
            UNION ALL SELECT measure_id, clinic_id, NULL, variant, days, is_event, count(*) FROM survival GROUP BY ALL)
        (FROM clock_tally EXCEPT ALL FROM counted) UNION ALL (FROM counted EXCEPT ALL FROM clock_tally)""",
    "the fixed cohort is part of the available one, and the same at every k": """
        SELECT * FROM infusion_curve AS f JOIN infusion_curve AS a USING (clinic_id, outcome, k)
        WHERE f.cohort = 'reached_last' AND a.cohort = 'available' AND f.due > a.due""",
    "a mean is of those the curve observes": """
        SELECT * FROM infusion_mean AS m JOIN infusion_curve AS c USING (clinic_id, k, cohort) WHERE c.outcome = 'response' AND m.n <> c.observed""",
    "the mean change is of the observed": """
        SELECT * FROM change AS c JOIN attrition AS a USING (measure_id, clinic_id) WHERE a.status = 'in the result' AND a.remaining <> c.n""",
    "item 9 agrees with its measures": """
        SELECT * FROM item_9_change AS i JOIN rate AS r USING (measure_id, clinic_id)
        WHERE (i.observed, i.increased) <> (r.observed, r.met) OR i.with_ideation + i.without_ideation <> i.observed""",
    "everybody at risk is followed": """
        SELECT measure_id, variant FROM survival_curve WHERE clinic_id = '*' GROUP BY ALL
        HAVING max(at_risk) <> sum(events) + sum(censored)""",
    "S only falls, and lies in its interval": """
        SELECT * FROM (SELECT *, lag(survival) OVER (PARTITION BY measure_id, clinic_id, variant ORDER BY day) AS before FROM survival_curve)
        WHERE survival > before OR survival NOT BETWEEN low AND high""",
    "without maintenance nobody is followed longer": """
        SELECT * FROM survival AS a JOIN survival AS u USING (measure_id, patient_no, course)
        WHERE a.variant = 'all' AND u.variant = 'until_maintenance' AND u.days > a.days""",
    "no estimate is shown where fewer than 10 are at risk": """
        SELECT * FROM survival_at WHERE (at_risk < 10) <> (survival IS NULL)""",
    "the funnel's clinics make its target": """
        SELECT measure_id FROM funnel GROUP BY ALL HAVING abs(sum(met) / sum(n) - any_value(target)) > 1e-12""",
    "exact tails overlap in the count itself": """
        SELECT * FROM funnel WHERE tail_low + tail_high < 1 - 1e-9""",
    "safety counts add up over clinics": """
        SELECT event FROM safety GROUP BY ALL
        HAVING sum(infusions) FILTER (clinic_id <> '*') <> sum(infusions) FILTER (clinic_id = '*')
        OR sum(happened) FILTER (clinic_id <> '*') <> sum(happened) FILTER (clinic_id = '*')""",
    "a verdict that stands on one case alone says so": """
        SELECT * FROM comparison WHERE depends_on_missing <> (verdict_observed <> verdict_everyone OR verdict_observed <> verdict_best_case)""",
}


@pytest.mark.parametrize("query", NOTHING.values(), ids=NOTHING)
def test_nothing_disagrees(after_later, query):
    assert asked(after_later, query) == []


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_rows_and_can_be_asked_for_one_clinic(after_later, view):
    with opened(after_later) as con:
        whole = figures(con, view, None, None)
        assert whole
        assert figures(con, view, None, None) == whole
        if "clinic_id" in whole[0]:
            one = whole[0]["clinic_id"]
            assert figures(con, view, one, None) == [row for row in whole if row["clinic_id"] == one]


def test_a_benchmark_of_every_kind_is_compared_or_says_why_not(after_later):
    query = """
        SELECT kind, count(*) FROM benchmark AS b WHERE NOT EXISTS (FROM comparison AS c WHERE c.benchmark_id = b.benchmark_id AND c.because <> '')
        GROUP BY kind"""
    assert asked(after_later, query) == []
