-- The courses that the curves are drawn from: those the measures after infusion k take, and their baseline.
CREATE OR REPLACE VIEW curve_course AS
SELECT
    c.clinic_id, c.patient_no, c.course, c.first_day, c.next_first_day, c.followed_until,
    b.total AS baseline_total, c.infusions_before_switch >= r.fixed_cohort_infusions AS has_reached_last
FROM (
    FROM main.measure WHERE anchor = 'infusion_k' AND outcome = 'is_response' ORDER BY infusion_k LIMIT 1
) AS m
CROSS JOIN main.rules AS r
JOIN main.course AS c ON c.course = 1 AND c.drug::VARCHAR = m.drug
JOIN main.baseline AS b ON b.patient_no = c.patient_no AND b.course = c.course
    AND b.look_back_days = m.baseline_look_back_days AND b.missing_items = m.missing_items AND b.total >= m.baseline_minimum;

COMMENT ON VIEW curve_course IS 'One row per course that the curves by infusion and by week are drawn from, with its baseline.';
COMMENT ON COLUMN curve_course.clinic_id IS 'The clinic.';
COMMENT ON COLUMN curve_course.patient_no IS 'The patient.';
COMMENT ON COLUMN curve_course.course IS 'Course of the patient.';
COMMENT ON COLUMN curve_course.first_day IS 'F: day of the first infusion.';
COMMENT ON COLUMN curve_course.next_first_day IS 'F of the patient''s next course; null where none.';
COMMENT ON COLUMN curve_course.followed_until IS 'The patient''s day up to which scores would have arrived (R9).';
COMMENT ON COLUMN curve_course.baseline_total IS 'PHQ-9 total at baseline, 0 to 27.';
COMMENT ON COLUMN curve_course.has_reached_last IS 'Whether it reached the infusion that makes the fixed cohort (rules.fixed_cohort_infusions).';
