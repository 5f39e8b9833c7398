-- What each measure that picks an endpoint asks of a course, as judged() takes it: said once a measure, not once a course.
CREATE OR REPLACE VIEW asked AS
SELECT
    k.pick_no, m.measure_id,
    m.course = 'first' AS is_of_first_course,
    CASE WHEN m.drug <> 'any' THEN m.drug END::drug AS only_drug,
    m.baseline_minimum,
    m.item_9 <> 'not_needed' AS needs_item_9,
    m.item_9 = 'present' AS needs_ideation,
    m.induction <> 'not_required' OR m.anchor = 'infusion_k' AS needs_infusions,
    m.induction <> 'not_required' AS needs_induction,
    m.induction = 'complete' AS refuses_extended,
    m.kind = 'mean_change' AS is_mean,
    m.kind = 'mean_change' OR (m.anchor = 'infusion_k' AND m.outcome = 'is_response') AS counts_endpoint_totals,
    m.kind = 'mean_change' OR (m.anchor = 'infusion_k' AND m.outcome = 'is_response' AND m.infusion_k = min(m.infusion_k) OVER of_outcome) AS counts_all_baselines,
    m.outcome = 'is_item_9_higher' AS counts_item_9,
    m.outcome,
    r.reliable_change_points AS points
FROM main.measure AS m
JOIN main.pick AS k USING (measure_id)
CROSS JOIN main.rules AS r
WINDOW of_outcome AS (PARTITION BY m.anchor, m.outcome);

COMMENT ON VIEW asked IS 'One row per measure that picks an endpoint: what it asks of a course, as judged() takes it.';
COMMENT ON COLUMN asked.pick_no IS 'The way of picking; see pick.';
COMMENT ON COLUMN asked.measure_id IS 'The measure.';
COMMENT ON COLUMN asked.is_of_first_course IS 'Whether only the first course of a patient counts.';
COMMENT ON COLUMN asked.only_drug IS 'The one drug that it takes; null for any.';
COMMENT ON COLUMN asked.baseline_minimum IS 'Lowest PHQ-9 total at baseline that it takes.';
COMMENT ON COLUMN asked.needs_item_9 IS 'Whether baseline and endpoint must have item 9.';
COMMENT ON COLUMN asked.needs_ideation IS 'Whether item 9 must be over 0 at baseline.';
COMMENT ON COLUMN asked.needs_infusions IS 'Whether all infusions must be on record.';
COMMENT ON COLUMN asked.needs_induction IS 'Whether the induction must be closed and not incomplete (R4).';
COMMENT ON COLUMN asked.refuses_extended IS 'Whether it must not be extended either.';
COMMENT ON COLUMN asked.is_mean IS 'Whether it is a mean change: it has no outcome to be met.';
COMMENT ON COLUMN asked.counts_endpoint_totals IS 'Whether tally counts its courses by the endpoint''s total too: means are made of it.';
COMMENT ON COLUMN asked.counts_all_baselines IS 'Whether tally counts them by the baseline''s total whatever their status: means of everybody who came are made of it.';
COMMENT ON COLUMN asked.counts_item_9 IS 'Whether tally counts them by item 9 at baseline and endpoint.';
COMMENT ON COLUMN asked.outcome IS 'The outcome, by its name in outcome_met().';
COMMENT ON COLUMN asked.points IS 'Points of reliable change.';

-- The one status of each course for each measure (R10): the first that is true. `courses` names a view of rows with what
-- R10 asks of a course by a way of picking: course_pick, or a part of it, or alike. `measures` names the view asked, or a part of it.
CREATE OR REPLACE MACRO main.judged(courses, measures := 'main.asked') AS TABLE
SELECT
    c.*, a.measure_id, a.outcome, a.points, a.counts_endpoint_totals, a.counts_all_baselines, a.counts_item_9,
    CASE
        WHEN a.is_of_first_course AND c.course > 1 THEN 'repeat_course'::endpoint_status
        WHEN c.drug <> a.only_drug THEN 'other_drug'::endpoint_status
        WHEN NOT c.has_any_baseline THEN 'no_baseline'::endpoint_status
        WHEN NOT c.has_baseline THEN 'baseline_too_old'::endpoint_status
        WHEN c.common_total < a.baseline_minimum THEN 'baseline_below_minimum'::endpoint_status
        WHEN a.needs_item_9 AND c.item_9_with_item_9 IS NULL THEN 'item_9_not_available'::endpoint_status
        WHEN a.needs_ideation AND c.item_9_with_item_9 = 0 THEN 'no_suicidal_ideation_at_baseline'::endpoint_status
        WHEN c.is_unrecorded AND a.needs_infusions THEN 'infusions_not_recorded'::endpoint_status
        WHEN a.needs_induction AND c.induction = 'open' THEN 'not_yet_due'::endpoint_status
        WHEN NOT c.is_reached AND NOT c.is_over THEN 'not_yet_due'::endpoint_status
        WHEN a.needs_induction AND c.induction = 'incomplete' THEN 'induction_incomplete'::endpoint_status
        WHEN a.refuses_extended AND c.induction = 'extended' THEN 'induction_extended'::endpoint_status
        WHEN NOT c.is_reached THEN 'infusion_not_reached'::endpoint_status
        WHEN NOT c.is_due THEN 'not_yet_due'::endpoint_status
        WHEN c.total IS NOT NULL AND a.is_mean THEN 'counted'::endpoint_status
        WHEN c.total IS NOT NULL AND outcome_met(a.outcome, c.baseline_total, c.total, c.baseline_item_9, c.item_9, a.points)
            THEN 'met'::endpoint_status
        WHEN c.total IS NOT NULL THEN 'not_met'::endpoint_status
        WHEN c.has_altered_recall THEN 'altered_recall'::endpoint_status
        WHEN c.has_incomplete_form THEN 'incomplete_form'::endpoint_status
        ELSE 'no_score_in_window'::endpoint_status
    END AS status
FROM query_table(courses) AS c
JOIN query_table(measures) AS a USING (pick_no);
COMMENT ON MACRO TABLE main.judged IS 'Courses, as rows of course_pick, by measure, with their one status (R10).';
