-- One row per course and measure, counted or not: its one status (R10), and the scores behind it. Nothing is dropped here.
CREATE OR REPLACE VIEW endpoint AS
WITH score_picked AS (
    SELECT
        patient_no, course, pick_no, is_tie, has_altered_recall, has_incomplete_form,
        key_day(key) AS day, endpoint_key_total(key) AS total, endpoint_key_item_9(key)::TINYINT AS item_9, key_score_id(key) AS score_id,
        key_day(sensitivity_key) AS sensitivity_day, endpoint_key_total(sensitivity_key) AS sensitivity_total,
        endpoint_key_item_9(sensitivity_key)::TINYINT AS sensitivity_item_9
    FROM main.picked
),

-- What each measure asks, said once a measure and not once a course.
asked AS (
    SELECT
        k.pick_no, m.measure_id, m.kind, m.outcome, m.baseline_minimum,
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

judged AS (
    SELECT
        w.*, a.measure_id, a.outcome, a.points,
        p.day, p.total, p.item_9, p.score_id, p.is_tie, p.sensitivity_day, p.sensitivity_total, p.sensitivity_item_9,
        CASE
            WHEN a.is_of_first_course AND w.course > 1 THEN 'repeat_course'::endpoint_status
            WHEN w.drug <> a.only_drug THEN 'other_drug'::endpoint_status
            WHEN NOT w.has_any_baseline THEN 'no_baseline'::endpoint_status
            WHEN NOT w.has_baseline THEN 'baseline_too_old'::endpoint_status
            WHEN w.common_total < a.baseline_minimum THEN 'baseline_below_minimum'::endpoint_status
            WHEN a.needs_item_9 AND w.item_9_with_item_9 IS NULL THEN 'item_9_not_available'::endpoint_status
            WHEN a.needs_ideation AND w.item_9_with_item_9 = 0 THEN 'no_suicidal_ideation_at_baseline'::endpoint_status
            WHEN w.is_unrecorded AND a.needs_infusions THEN 'infusions_not_recorded'::endpoint_status
            WHEN a.needs_induction AND w.is_open THEN 'not_yet_due'::endpoint_status
            WHEN NOT w.is_reached AND NOT w.is_over THEN 'not_yet_due'::endpoint_status
            WHEN a.needs_induction AND w.is_incomplete THEN 'induction_incomplete'::endpoint_status
            WHEN a.refuses_extended AND w.is_extended THEN 'induction_extended'::endpoint_status
            WHEN NOT w.is_reached THEN 'infusion_not_reached'::endpoint_status
            WHEN NOT w.is_due THEN 'not_yet_due'::endpoint_status
            WHEN p.total IS NOT NULL AND a.kind = 'mean_change' THEN 'counted'::endpoint_status
            WHEN p.total IS NOT NULL AND outcome_met(a.outcome, w.baseline_total, p.total, w.baseline_item_9, p.item_9, a.points)
                THEN 'met'::endpoint_status
            WHEN p.total IS NOT NULL THEN 'not_met'::endpoint_status
            WHEN p.has_altered_recall THEN 'altered_recall'::endpoint_status
            WHEN p.has_incomplete_form THEN 'incomplete_form'::endpoint_status
            ELSE 'no_score_in_window'::endpoint_status
        END AS status,
        status_class(status) = 'observed' AS is_observed
    FROM main.course_way AS w
    LEFT JOIN score_picked AS p ON p.patient_no = w.patient_no AND p.course = w.course AND p.pick_no = w.pick_no
    JOIN asked AS a ON a.pick_no = w.pick_no
)

SELECT
    measure_id, clinic_id, patient_id, patient_no, course, drug, induction_infusions, infusions_before_switch, status,
    status_class(status) AS class,
    baseline_day, baseline_total, baseline_item_9, baseline_score_id, baseline_tie,
    window_first_day, window_last_day,
    CASE WHEN is_observed THEN day END AS endpoint_day,
    CASE WHEN is_observed THEN total END AS endpoint_total,
    CASE WHEN is_observed THEN item_9 END AS endpoint_item_9,
    CASE WHEN is_observed THEN score_id END AS endpoint_score_id,
    CASE WHEN is_observed THEN is_tie END AS endpoint_tie,
    CASE WHEN is_observed THEN coalesce(first_maintenance_day < day, false) END AS maintenance_before_endpoint,
    CASE WHEN is_observed THEN coalesce(first_switch_day < day, false) END AS switched_before_endpoint,
    CASE WHEN is_observed THEN sensitivity_day END AS sensitivity_day,
    CASE WHEN is_observed THEN sensitivity_total END AS sensitivity_total,
    CASE WHEN is_observed AND sensitivity_total IS NOT NULL
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
COMMENT ON COLUMN endpoint.induction_infusions IS 'n: ordinal of the last induction infusion.';
COMMENT ON COLUMN endpoint.infusions_before_switch IS 'Infusions of the first drug before any of another.';
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
