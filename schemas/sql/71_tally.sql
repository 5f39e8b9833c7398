-- Classes of infusions completed: 0-3, 4-5, 6 or more.
CREATE OR REPLACE MACRO main.infusions_class(infusions) AS CASE WHEN infusions <= 3 THEN 0 WHEN infusions <= 5 THEN 4 ELSE 6 END::TINYINT;
COMMENT ON MACRO main.infusions_class IS 'Infusions of an induction in classes: 0 for 0 to 3, 4 for 4 and 5, 6 for 6 and more.';

-- Courses that are alike in what some rate or figure asks for, counted: what all of those are made from that need no single
-- course. They are counted twice: once for each way of picking, by all that R10 and an outcome ask; and, with their status,
-- for each measure that picks that way. `FROM tallied('endpoint')` counts the rows of endpoint one by one, and gives the same.
CREATE OR REPLACE VIEW tally AS
WITH alike AS (
    SELECT
        c.pick_no, c.clinic_id,
        least(c.course, 2) AS course,
        c.drug, c.has_any_baseline, c.has_baseline, c.common_total, c.baseline_total,
        CASE WHEN c.needs_item_9 THEN c.item_9_with_item_9 END AS item_9_with_item_9,
        CASE WHEN c.needs_item_9 THEN c.baseline_item_9 END AS baseline_item_9,
        c.is_unrecorded, c.induction, c.is_reached, c.is_over, c.is_due,
        c.total, c.has_altered_recall, c.has_incomplete_form, c.sensitivity_total,
        CASE WHEN c.needs_item_9 THEN c.item_9 END AS item_9,
        CASE WHEN c.needs_item_9 THEN c.sensitivity_item_9 END AS sensitivity_item_9,
        infusions_class(c.induction_infusions) AS infusions_from,
        CASE WHEN c.is_after_k THEN c.infusions_before_switch >= r.fixed_cohort_infusions END AS has_reached_last,
        count(*) AS courses,
        count(*) FILTER (c.is_window_closed) AS window_closed,
        count(*) FILTER (c.is_follow_up_unknown) AS follow_up_unknown,
        count(*) FILTER (c.baseline_tie) AS baseline_ties,
        count(*) FILTER (c.is_tie) AS endpoint_ties,
        count(*) FILTER (c.first_maintenance_day < c.day) AS maintenance_before_endpoint,
        count(*) FILTER (c.first_switch_day < c.day) AS switched_before_endpoint
    FROM main.course_pick AS c
    CROSS JOIN main.rules AS r
    GROUP BY ALL
),

classed AS (
    SELECT *, status_class(status) AS class
    FROM main.judged('alike')
),

observed AS (
    SELECT
        *, class = 'observed'::endpoint_class AS is_observed,
        CASE WHEN class = 'observed'::endpoint_class AND sensitivity_total IS NOT NULL
            THEN outcome_met(outcome, baseline_total, sensitivity_total, baseline_item_9, sensitivity_item_9, points) END AS is_met_sensitively
    FROM classed
)

SELECT
    measure_id, clinic_id, status,
    CASE WHEN is_observed OR class = 'missing'::endpoint_class OR counts_all_baselines THEN baseline_total END AS baseline_total,
    CASE WHEN is_observed AND counts_endpoint_totals THEN total END AS endpoint_total,
    CASE WHEN is_observed AND counts_item_9 THEN baseline_item_9 END AS baseline_item_9,
    CASE WHEN is_observed AND counts_item_9 THEN item_9 END AS endpoint_item_9,
    CASE WHEN is_observed OR class = 'missing'::endpoint_class THEN infusions_from END AS infusions_from,
    has_reached_last,
    sum(courses)::INTEGER AS courses,
    sum(window_closed)::INTEGER AS window_closed,
    sum(follow_up_unknown)::INTEGER AS follow_up_unknown,
    sum(baseline_ties)::INTEGER AS baseline_ties,
    sum(CASE WHEN is_observed THEN endpoint_ties ELSE 0 END)::INTEGER AS endpoint_ties,
    sum(CASE WHEN is_observed THEN maintenance_before_endpoint ELSE 0 END)::INTEGER AS maintenance_before_endpoint,
    sum(CASE WHEN is_observed THEN switched_before_endpoint ELSE 0 END)::INTEGER AS switched_before_endpoint,
    sum(CASE WHEN is_met_sensitively IS NOT NULL THEN courses ELSE 0 END)::INTEGER AS sensitivity_observed,
    sum(CASE WHEN is_met_sensitively THEN courses ELSE 0 END)::INTEGER AS sensitivity_met
FROM observed
GROUP BY ALL;

COMMENT ON VIEW tally IS 'One row per measure, clinic, status and what else is alike of courses, with their number: every rate is a sum of it.';
COMMENT ON COLUMN tally.measure_id IS 'The measure: a proportion or a mean change.';
COMMENT ON COLUMN tally.clinic_id IS 'The clinic.';
COMMENT ON COLUMN tally.status IS 'The one status of these courses (R10).';
COMMENT ON COLUMN tally.baseline_total IS 'PHQ-9 total at baseline, 0 to 27, of those due, and of all where means are made of it (asked); null otherwise.';
COMMENT ON COLUMN tally.endpoint_total IS 'PHQ-9 total at the endpoint of those observed, where means are made of it (asked); null otherwise.';
COMMENT ON COLUMN tally.baseline_item_9 IS 'Item 9 at baseline of those observed, for measures of item 9 higher.';
COMMENT ON COLUMN tally.endpoint_item_9 IS 'Item 9 at the endpoint, likewise.';
COMMENT ON COLUMN tally.infusions_from IS 'Infusions of the induction, of those due: 0 for 0 to 3, 4 for 4 and 5, 6 for 6 and more.';
COMMENT ON COLUMN tally.has_reached_last IS 'For measures after infusion k: whether the course reached rules.fixed_cohort_infusions.';
COMMENT ON COLUMN tally.courses IS 'How many courses.';
COMMENT ON COLUMN tally.window_closed IS 'Those whose window had closed.';
COMMENT ON COLUMN tally.follow_up_unknown IS 'Those whose follow-up came all at once, with no extract_day (R9).';
COMMENT ON COLUMN tally.baseline_ties IS 'Those with several usable scores on the baseline''s day.';
COMMENT ON COLUMN tally.endpoint_ties IS 'Those with several usable scores on the endpoint''s day.';
COMMENT ON COLUMN tally.maintenance_before_endpoint IS 'Those with a maintenance infusion before the endpoint.';
COMMENT ON COLUMN tally.switched_before_endpoint IS 'Those with an infusion of another drug before the endpoint.';
COMMENT ON COLUMN tally.sensitivity_observed IS 'Those with an endpoint before the first maintenance infusion or switch.';
COMMENT ON COLUMN tally.sensitivity_met IS 'Those whose endpoint then has the outcome.';

-- The rows of endpoint, or of a part of it, counted as tally counts them: slower, and in one step.
CREATE OR REPLACE MACRO main.tallied(endpoints) AS TABLE
SELECT
    e.measure_id, e.clinic_id, e.status,
    CASE WHEN e.class IN ('observed', 'missing') OR a.counts_all_baselines THEN e.baseline_total END AS baseline_total,
    CASE WHEN a.counts_endpoint_totals THEN e.endpoint_total END AS endpoint_total,
    CASE WHEN e.class = 'observed' AND a.counts_item_9 THEN e.baseline_item_9 END AS baseline_item_9,
    CASE WHEN a.counts_item_9 THEN e.endpoint_item_9 END AS endpoint_item_9,
    CASE WHEN e.class IN ('observed', 'missing') THEN infusions_class(e.induction_infusions) END AS infusions_from,
    CASE WHEN m.anchor = 'infusion_k' THEN e.infusions_before_switch >= r.fixed_cohort_infusions END AS has_reached_last,
    count(*)::INTEGER AS courses,
    count(*) FILTER (e.is_window_closed)::INTEGER AS window_closed,
    count(*) FILTER (e.is_follow_up_unknown)::INTEGER AS follow_up_unknown,
    count(*) FILTER (e.baseline_tie)::INTEGER AS baseline_ties,
    count(*) FILTER (e.endpoint_tie)::INTEGER AS endpoint_ties,
    count(*) FILTER (e.maintenance_before_endpoint)::INTEGER AS maintenance_before_endpoint,
    count(*) FILTER (e.switched_before_endpoint)::INTEGER AS switched_before_endpoint,
    count(e.sensitivity_met)::INTEGER AS sensitivity_observed,
    count(*) FILTER (e.sensitivity_met)::INTEGER AS sensitivity_met
FROM query_table(endpoints) AS e
JOIN main.measure AS m USING (measure_id)
JOIN main.asked AS a USING (measure_id)
CROSS JOIN main.rules AS r
GROUP BY ALL;
COMMENT ON MACRO TABLE main.tallied IS 'Rows of endpoint counted as in tally: FROM tallied(''endpoint'') is tally.';
