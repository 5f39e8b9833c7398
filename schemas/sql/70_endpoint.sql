-- One row per course and measure, counted or not: its one status (R10), and the scores behind it. Nothing is dropped here.
CREATE OR REPLACE VIEW endpoint AS
WITH classed AS (
    SELECT *, status_class(status) AS class, status_class(status) = 'observed'::endpoint_class AS is_observed
    FROM main.judged('main.course_pick')
)

SELECT
    measure_id, clinic_id, patient_id, patient_no, course, drug, induction_infusions, infusions_before_switch, status,
    class,
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
FROM classed;

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
