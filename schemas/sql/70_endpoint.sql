-- One row per course and measure, counted or not: its one status (R10), and the scores behind it. Nothing is dropped here.
CREATE OR REPLACE VIEW endpoint AS
WITH unrecorded AS (
    SELECT s.patient_no, s.course
    FROM main.score_place AS s
    JOIN main.course AS c USING (patient_no, course)
    WHERE s.timepoint = 'follow_up' AND s.infusion_number IS NOT NULL AND s.received > c.infusions
    GROUP BY ALL
),

facts AS (
    SELECT
        m.measure_id, m.outcome, m.drug AS measure_drug, m.course AS measure_course, m.induction AS measure_induction,
        m.anchor, m.baseline_minimum, m.item_9 AS measure_item_9,
        c.patient_no, c.clinic_id, c.patient_id, c.course, c.drug, c.induction, c.first_maintenance_day, c.first_switch_day,
        u.patient_no IS NOT NULL AS is_unrecorded,
        b.day IS NOT NULL AS has_baseline, b.patient_no IS NOT NULL AS has_any_baseline, b.total AS common_total,
        b.item_9_with_item_9,
        CASE WHEN m.item_9 <> 'not_needed' AND b.day_with_item_9 IS NOT NULL THEN b.day_with_item_9 ELSE b.day END AS baseline_day,
        CASE WHEN m.item_9 <> 'not_needed' AND b.day_with_item_9 IS NOT NULL THEN b.total_with_item_9 ELSE b.total END AS baseline_total,
        CASE WHEN m.item_9 <> 'not_needed' AND b.day_with_item_9 IS NOT NULL THEN b.item_9_with_item_9 ELSE b.item_9 END AS baseline_item_9,
        CASE WHEN m.item_9 <> 'not_needed' AND b.day_with_item_9 IS NOT NULL THEN b.score_id_with_item_9 ELSE b.score_id END AS baseline_score_id,
        CASE WHEN m.item_9 <> 'not_needed' AND b.day_with_item_9 IS NOT NULL THEN b.is_tie_with_item_9
            ELSE coalesce(b.is_tie, false) END AS baseline_tie,
        key_day(p.key) AS day, endpoint_key_total(p.key) AS total, endpoint_key_item_9(p.key)::TINYINT AS item_9,
        key_score_id(p.key) AS score_id, endpoint_key_total(p.sensitivity_key) AS sensitivity_total,
        key_day(p.sensitivity_key) AS sensitivity_day, endpoint_key_item_9(p.sensitivity_key)::TINYINT AS sensitivity_item_9,
        p.* EXCLUDE (patient_no, course, pick_no, key, sensitivity_key)
    FROM main.course_pick AS p
    JOIN main.course AS c USING (patient_no, course)
    JOIN main.pick AS k USING (pick_no)
    JOIN main.measure AS m USING (measure_id)
    LEFT JOIN main.baseline AS b ON b.patient_no = c.patient_no AND b.course = c.course
        AND b.look_back_days = m.baseline_look_back_days AND b.missing_items = m.missing_items
    LEFT JOIN unrecorded AS u ON u.patient_no = c.patient_no AND u.course = c.course
),

judged AS (
    SELECT
        f.*,
        r.reliable_change_points AS points,
        CASE
            WHEN measure_course = 'first' AND course > 1 THEN 'repeat_course'
            WHEN measure_drug <> 'any' AND drug::VARCHAR <> measure_drug THEN 'other_drug'
            WHEN NOT has_any_baseline THEN 'no_baseline'
            WHEN NOT has_baseline THEN 'baseline_too_old'
            WHEN common_total < baseline_minimum THEN 'baseline_below_minimum'
            WHEN measure_item_9 <> 'not_needed' AND item_9_with_item_9 IS NULL THEN 'item_9_not_available'
            WHEN measure_item_9 = 'present' AND item_9_with_item_9 = 0 THEN 'no_suicidal_ideation_at_baseline'
            WHEN is_unrecorded AND (measure_induction <> 'not_required' OR anchor = 'infusion_k') THEN 'infusions_not_recorded'
            WHEN measure_induction <> 'not_required' AND induction = 'open' THEN 'not_yet_due'
            WHEN NOT is_reached AND NOT is_over THEN 'not_yet_due'
            WHEN measure_induction <> 'not_required' AND induction = 'incomplete' THEN 'induction_incomplete'
            WHEN measure_induction = 'complete' AND induction = 'extended' THEN 'induction_extended'
            WHEN NOT is_reached THEN 'infusion_not_reached'
            WHEN NOT is_due THEN 'not_yet_due'
            WHEN total IS NOT NULL
                THEN CASE WHEN outcome_met(outcome, baseline_total, total, baseline_item_9, item_9, r.reliable_change_points)
                    THEN 'met' ELSE 'not_met' END
            WHEN has_altered_recall THEN 'altered_recall'
            WHEN has_incomplete_form THEN 'incomplete_form'
            ELSE 'no_score_in_window'
        END AS status
    FROM facts AS f
    CROSS JOIN main.rules AS r
)

SELECT
    measure_id, clinic_id, patient_id, patient_no, course, drug, status,
    status_class(status) AS class,
    baseline_day, baseline_total, baseline_item_9, baseline_score_id, baseline_tie,
    window_first_day, window_last_day,
    CASE WHEN status IN ('met', 'not_met') THEN day END AS endpoint_day,
    CASE WHEN status IN ('met', 'not_met') THEN total END AS endpoint_total,
    CASE WHEN status IN ('met', 'not_met') THEN item_9 END AS endpoint_item_9,
    CASE WHEN status IN ('met', 'not_met') THEN score_id END AS endpoint_score_id,
    CASE WHEN status IN ('met', 'not_met') THEN is_tie END AS endpoint_tie,
    CASE WHEN status IN ('met', 'not_met') THEN coalesce(first_maintenance_day < day, false) END AS maintenance_before_endpoint,
    CASE WHEN status IN ('met', 'not_met') THEN coalesce(first_switch_day < day, false) END AS switched_before_endpoint,
    CASE WHEN status IN ('met', 'not_met') THEN sensitivity_day END AS sensitivity_day,
    CASE WHEN status IN ('met', 'not_met') THEN sensitivity_total END AS sensitivity_total,
    CASE WHEN status IN ('met', 'not_met') AND sensitivity_total IS NOT NULL
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
COMMENT ON COLUMN endpoint.status IS 'The first true status of R10; table status has its sentence.';
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
