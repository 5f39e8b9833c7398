-- One row per course and measure, counted or not: its one status (R10), and the scores behind it. Nothing is dropped here.
CREATE OR REPLACE VIEW endpoint AS
WITH unrecorded AS (
    SELECT s.patient_no, s.course
    FROM main.score_place AS s
    JOIN main.course AS c USING (patient_no, course)
    WHERE s.timepoint = 'follow_up' AND s.infusion_number IS NOT NULL AND s.received > c.infusions
    GROUP BY ALL
),

-- What each measure asks, said once a measure and not once a course.
asked AS (
    SELECT
        k.pick_no, m.measure_id, m.kind, m.outcome, m.baseline_minimum, m.baseline_look_back_days AS look_back_days, m.missing_items,
        CASE WHEN m.drug <> 'any' THEN m.drug END::drug AS only_drug,
        m.course = 'first' AS is_of_first_course,
        m.item_9 <> 'not_needed' AS needs_item_9,
        m.item_9 = 'present' AS needs_ideation,
        m.induction <> 'not_required' AS needs_induction,
        m.induction = 'complete' AS refuses_extended,
        m.induction <> 'not_required' OR m.anchor = 'infusion_k' AS needs_infusions,
        r.reliable_change_points AS points
    FROM main.measure AS m
    JOIN main.pick AS k USING (measure_id)
    CROSS JOIN main.rules AS r
),

-- What each course has, said once a course and way of taking a baseline.
having_baseline AS (
    SELECT
        c.patient_no, c.clinic_id, c.patient_id, c.course, c.drug, c.first_maintenance_day, c.first_switch_day,
        c.induction = 'open' AS is_open, c.induction = 'incomplete' AS is_incomplete, c.induction = 'extended' AS is_extended,
        u.patient_no IS NOT NULL AS is_unrecorded,
        b.patient_no IS NOT NULL AS has_any_baseline,
        w.look_back_days, w.missing_items,
        b.day, b.total, b.item_9, b.score_id, coalesce(b.is_tie, false) AS is_tie,
        b.day_with_item_9, b.total_with_item_9, b.item_9_with_item_9, b.score_id_with_item_9, b.is_tie_with_item_9
    FROM main.course AS c
    CROSS JOIN (SELECT DISTINCT baseline_look_back_days AS look_back_days, missing_items FROM main.measure) AS w
    LEFT JOIN main.baseline AS b ON b.patient_no = c.patient_no AND b.course = c.course
        AND b.look_back_days = w.look_back_days AND b.missing_items = w.missing_items
    LEFT JOIN unrecorded AS u ON u.patient_no = c.patient_no AND u.course = c.course
),

facts AS (
    SELECT
        a.* EXCLUDE (pick_no, look_back_days, missing_items),
        c.patient_no, c.clinic_id, c.patient_id, c.course, c.drug, c.first_maintenance_day, c.first_switch_day,
        c.is_open, c.is_incomplete, c.is_extended, c.is_unrecorded, c.has_any_baseline,
        c.day IS NOT NULL AS has_baseline, c.total AS common_total, c.item_9_with_item_9,
        CASE WHEN a.needs_item_9 AND c.day_with_item_9 IS NOT NULL THEN c.day_with_item_9 ELSE c.day END AS baseline_day,
        CASE WHEN a.needs_item_9 AND c.day_with_item_9 IS NOT NULL THEN c.total_with_item_9 ELSE c.total END AS baseline_total,
        CASE WHEN a.needs_item_9 AND c.day_with_item_9 IS NOT NULL THEN c.item_9_with_item_9 ELSE c.item_9 END AS baseline_item_9,
        CASE WHEN a.needs_item_9 AND c.day_with_item_9 IS NOT NULL THEN c.score_id_with_item_9 ELSE c.score_id END AS baseline_score_id,
        CASE WHEN a.needs_item_9 AND c.day_with_item_9 IS NOT NULL THEN c.is_tie_with_item_9 ELSE c.is_tie END AS baseline_tie,
        key_day(p.key) AS day, endpoint_key_total(p.key) AS total, endpoint_key_item_9(p.key)::TINYINT AS item_9,
        key_score_id(p.key) AS score_id, endpoint_key_total(p.sensitivity_key) AS sensitivity_total,
        key_day(p.sensitivity_key) AS sensitivity_day, endpoint_key_item_9(p.sensitivity_key)::TINYINT AS sensitivity_item_9,
        p.* EXCLUDE (patient_no, course, pick_no, key, sensitivity_key)
    FROM main.course_pick AS p
    JOIN having_baseline AS c ON c.patient_no = p.patient_no AND c.course = p.course
    JOIN asked AS a ON a.pick_no = p.pick_no AND a.look_back_days = c.look_back_days AND a.missing_items = c.missing_items
),

judged AS (
    SELECT
        *,
        CASE
            WHEN is_of_first_course AND course > 1 THEN 'repeat_course'::endpoint_status
            WHEN drug <> only_drug THEN 'other_drug'::endpoint_status
            WHEN NOT has_any_baseline THEN 'no_baseline'::endpoint_status
            WHEN NOT has_baseline THEN 'baseline_too_old'::endpoint_status
            WHEN common_total < baseline_minimum THEN 'baseline_below_minimum'::endpoint_status
            WHEN needs_item_9 AND item_9_with_item_9 IS NULL THEN 'item_9_not_available'::endpoint_status
            WHEN needs_ideation AND item_9_with_item_9 = 0 THEN 'no_suicidal_ideation_at_baseline'::endpoint_status
            WHEN is_unrecorded AND needs_infusions THEN 'infusions_not_recorded'::endpoint_status
            WHEN needs_induction AND is_open THEN 'not_yet_due'::endpoint_status
            WHEN NOT is_reached AND NOT is_over THEN 'not_yet_due'::endpoint_status
            WHEN needs_induction AND is_incomplete THEN 'induction_incomplete'::endpoint_status
            WHEN refuses_extended AND is_extended THEN 'induction_extended'::endpoint_status
            WHEN NOT is_reached THEN 'infusion_not_reached'::endpoint_status
            WHEN NOT is_due THEN 'not_yet_due'::endpoint_status
            WHEN total IS NOT NULL AND kind = 'mean_change' THEN 'counted'::endpoint_status
            WHEN total IS NOT NULL AND outcome_met(outcome, baseline_total, total, baseline_item_9, item_9, points) THEN 'met'::endpoint_status
            WHEN total IS NOT NULL THEN 'not_met'::endpoint_status
            WHEN has_altered_recall THEN 'altered_recall'::endpoint_status
            WHEN has_incomplete_form THEN 'incomplete_form'::endpoint_status
            ELSE 'no_score_in_window'::endpoint_status
        END AS status
    FROM facts
)

SELECT
    measure_id, clinic_id, patient_id, patient_no, course, drug, status,
    status_class(status) AS class,
    baseline_day, baseline_total, baseline_item_9, baseline_score_id, baseline_tie,
    window_first_day, window_last_day,
    CASE WHEN status IN ('met', 'not_met', 'counted') THEN day END AS endpoint_day,
    CASE WHEN status IN ('met', 'not_met', 'counted') THEN total END AS endpoint_total,
    CASE WHEN status IN ('met', 'not_met', 'counted') THEN item_9 END AS endpoint_item_9,
    CASE WHEN status IN ('met', 'not_met', 'counted') THEN score_id END AS endpoint_score_id,
    CASE WHEN status IN ('met', 'not_met', 'counted') THEN is_tie END AS endpoint_tie,
    CASE WHEN status IN ('met', 'not_met', 'counted') THEN coalesce(first_maintenance_day < day, false) END AS maintenance_before_endpoint,
    CASE WHEN status IN ('met', 'not_met', 'counted') THEN coalesce(first_switch_day < day, false) END AS switched_before_endpoint,
    CASE WHEN status IN ('met', 'not_met', 'counted') THEN sensitivity_day END AS sensitivity_day,
    CASE WHEN status IN ('met', 'not_met', 'counted') THEN sensitivity_total END AS sensitivity_total,
    CASE WHEN status IN ('met', 'not_met', 'counted') AND sensitivity_total IS NOT NULL
        THEN outcome_met(outcome, baseline_total, sensitivity_total, baseline_item_9, sensitivity_item_9, points) END AS sensitivity_met,
    is_window_closed, is_follow_up_unknown
FROM judged;

COMMENT ON VIEW endpoint IS 'One row per course and measure: exactly one status (R10), and the baseline and endpoint behind it.';
COMMENT ON COLUMN endpoint.measure_id IS 'The measure.';
COMMENT ON COLUMN endpoint.clinic_id IS 'The clinic.';
COMMENT ON COLUMN endpoint.patient_id IS 'The clinic''s own pseudonym.';
COMMENT ON COLUMN endpoint.patient_no IS 'The patient.';
COMMENT ON COLUMN endpoint.course IS 'Course of the patient.';
COMMENT ON COLUMN endpoint.drug IS 'Drug of the course''s first infusion.';
COMMENT ON COLUMN endpoint.status IS 'The first true status of R10; table reason has its sentence.';
COMMENT ON COLUMN endpoint.class IS 'not eligible, waiting, observed or missing (R11).';
COMMENT ON COLUMN endpoint.baseline_day IS 'Day of the baseline; null where there is none in the look-back.';
COMMENT ON COLUMN endpoint.baseline_total IS 'PHQ-9 total at baseline, 0 to 27.';
COMMENT ON COLUMN endpoint.baseline_item_9 IS 'Item 9 at baseline.';
COMMENT ON COLUMN endpoint.baseline_score_id IS 'The score that is the baseline.';
COMMENT ON COLUMN endpoint.baseline_tie IS 'Whether several usable scores lay on the baseline''s day.';
COMMENT ON COLUMN endpoint.window_first_day IS 'First day of the measure''s window for this course.';
COMMENT ON COLUMN endpoint.window_last_day IS 'Last day of it.';
COMMENT ON COLUMN endpoint.endpoint_day IS 'Day of the endpoint; null unless observed.';
COMMENT ON COLUMN endpoint.endpoint_total IS 'PHQ-9 total of the endpoint.';
COMMENT ON COLUMN endpoint.endpoint_item_9 IS 'Item 9 of the endpoint.';
COMMENT ON COLUMN endpoint.endpoint_score_id IS 'The score that is the endpoint.';
COMMENT ON COLUMN endpoint.endpoint_tie IS 'Whether several usable scores lay on the endpoint''s day.';
COMMENT ON COLUMN endpoint.maintenance_before_endpoint IS 'Whether a maintenance infusion lay before the endpoint.';
COMMENT ON COLUMN endpoint.switched_before_endpoint IS 'Whether an infusion of another drug lay before the endpoint.';
COMMENT ON COLUMN endpoint.sensitivity_day IS 'Day of the endpoint when scores after the first maintenance infusion or switch are left out.';
COMMENT ON COLUMN endpoint.sensitivity_total IS 'Its PHQ-9 total.';
COMMENT ON COLUMN endpoint.sensitivity_met IS 'Whether the outcome is true of it.';
COMMENT ON COLUMN endpoint.is_window_closed IS 'Whether the window had closed, for the share of starters analysed.';
COMMENT ON COLUMN endpoint.is_follow_up_unknown IS 'Whether the first arrival already spanned more than the window, with no extract_day (R9).';
