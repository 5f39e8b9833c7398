-- From a rate to its courses: every course with its status for every measure of any kind, what that means in words, and
-- whether it is counted. Nothing is left out, so that the courses of a rate add up to all there are.
CREATE OR REPLACE VIEW trace_course AS
WITH told AS (
    SELECT measure_id, clinic_id, patient_no, course, status, class, window_first_day, window_last_day, is_follow_up_unknown
    FROM main.endpoint

    UNION ALL

    SELECT measure_id, clinic_id, patient_no, course, status, class, NULL, NULL, NULL
    FROM main.course_status
    SEMI JOIN (FROM main.measure WHERE kind = 'survival') USING (measure_id)
)

SELECT
    t.measure_id, t.clinic_id, t.patient_no, t.course, t.status, t.class, r.sentence AS because,
    t.class = 'observed' OR (t.class = 'missing' AND m.main_denominator = 'everyone_due') AS is_in_denominator,
    t.status IN ('met', 'event') AS is_in_numerator,
    t.window_first_day, t.window_last_day, t.is_follow_up_unknown
FROM told AS t
JOIN main.measure AS m USING (measure_id)
LEFT JOIN main.reason AS r ON r.about = 'status' AND r.reason_code = t.status::VARCHAR;

COMMENT ON VIEW trace_course IS 'One row per course and measure of any kind: its one status (R10) in words, and whether the measure''s main figure counts it. The scores behind it are in trace_score.';
COMMENT ON COLUMN trace_course.measure_id IS 'The measure.';
COMMENT ON COLUMN trace_course.clinic_id IS 'The clinic of the course.';
COMMENT ON COLUMN trace_course.patient_no IS 'The patient; table patient has the pseudonym.';
COMMENT ON COLUMN trace_course.course IS 'Number of the course, from 1, of the patient.';
COMMENT ON COLUMN trace_course.status IS 'The one status of the course for the measure.';
COMMENT ON COLUMN trace_course.class IS 'Class of the status: not eligible, waiting, observed or missing (R11).';
COMMENT ON COLUMN trace_course.because IS 'What the status means, in words.';
COMMENT ON COLUMN trace_course.is_in_denominator IS 'Whether the measure''s main rate has it in its denominator (observed, or everyone due); for survival and mean change, whether it is followed or counted.';
COMMENT ON COLUMN trace_course.is_in_numerator IS 'Whether the outcome was met, or for a survival measure the event seen; a mean change has no numerator.';
COMMENT ON COLUMN trace_course.window_first_day IS 'First day of the window for the endpoint; null for survival measures, which have none.';
COMMENT ON COLUMN trace_course.window_last_day IS 'Last day of that window.';
COMMENT ON COLUMN trace_course.is_follow_up_unknown IS 'Whether its follow-up came all at once, with no extract_day (R9); null for survival measures.';
