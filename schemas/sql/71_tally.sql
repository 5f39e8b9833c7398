-- Courses that are alike, counted: what every rate and figure that needs no single course is made from.
CREATE OR REPLACE VIEW tally AS
SELECT
    e.measure_id, e.clinic_id, e.status, e.baseline_total, e.endpoint_total,
    CASE WHEN m.item_9 <> 'not_needed' THEN e.baseline_item_9 END AS baseline_item_9,
    CASE WHEN m.item_9 <> 'not_needed' THEN e.endpoint_item_9 END AS endpoint_item_9,
    -- Classes of infusions completed for those who are due: 0-3, 4-5, 6 or more.
    CASE WHEN e.class IN ('observed', 'missing') THEN CASE WHEN e.induction_infusions <= 3 THEN 0 WHEN e.induction_infusions <= 5 THEN 4 ELSE 6 END END::TINYINT AS infusions_from,
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
FROM main.endpoint AS e
JOIN main.measure AS m USING (measure_id)
CROSS JOIN main.rules AS r
GROUP BY ALL;

COMMENT ON VIEW tally IS 'One row per measure, clinic, status and what else is alike of courses, with their number: every rate is a sum of it.';
COMMENT ON COLUMN tally.measure_id IS 'The measure: a proportion or a mean change.';
COMMENT ON COLUMN tally.clinic_id IS 'The clinic.';
COMMENT ON COLUMN tally.status IS 'The one status of these courses (R10).';
COMMENT ON COLUMN tally.baseline_total IS 'PHQ-9 total at baseline, 0 to 27; null where there is none.';
COMMENT ON COLUMN tally.endpoint_total IS 'PHQ-9 total at the endpoint; null unless observed.';
COMMENT ON COLUMN tally.baseline_item_9 IS 'Item 9 at baseline, for item-9 measures.';
COMMENT ON COLUMN tally.endpoint_item_9 IS 'Item 9 at the endpoint, for item-9 measures.';
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
