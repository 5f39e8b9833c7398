-- Every course has exactly one status for every measure, of whatever kind.
CREATE OR REPLACE VIEW course_status AS
SELECT measure_id, clinic_id, patient_id, patient_no, course, status, class
FROM main.endpoint

UNION ALL

SELECT measure_id, clinic_id, patient_id, patient_no, course, status, status_class(status)
FROM (
    SELECT
        k.*,
        CASE
            WHEN k.kept_out_as IS NOT NULL THEN k.kept_out_as
            WHEN s.is_event THEN 'event'::endpoint_status
            ELSE 'censored'::endpoint_status
        END AS status
    FROM main.clock AS k
    LEFT JOIN main.survival AS s ON s.measure_id = k.measure_id AND s.patient_no = k.patient_no AND s.course = k.course AND s.variant = 'all'
);

COMMENT ON VIEW course_status IS 'One row per course and measure of any kind: its one status (R10).';
COMMENT ON COLUMN course_status.measure_id IS 'The measure.';
COMMENT ON COLUMN course_status.clinic_id IS 'The clinic.';
COMMENT ON COLUMN course_status.patient_id IS 'The clinic''s own pseudonym.';
COMMENT ON COLUMN course_status.patient_no IS 'The patient.';
COMMENT ON COLUMN course_status.course IS 'Course of the patient.';
COMMENT ON COLUMN course_status.status IS 'The first true status of R10; table reason has its sentence.';
COMMENT ON COLUMN course_status.class IS 'not eligible, waiting, observed or missing (R11).';
