-- One row per course (R3, R4), with all that a measure needs to know of it, as of the last night.
CREATE OR REPLACE VIEW course AS
WITH followed AS (
    SELECT c.*, followed_day(c.heard_day, c.heard_on, c.extract_day, d.as_of) AS followed_until
    FROM main.told_course AS c
    CROSS JOIN main.as_of AS d
)

SELECT
    patient_no, clinic_id, patient_id, course, first_day, drug, infusions, last_infusion_day,
    last_induction_day, induction_infusions, induction_span,
    CASE WHEN followed_until <= open_until THEN 'open'::induction ELSE induction_once_closed END AS induction,
    first_maintenance_day, first_switch_day, infusions_before_switch,
    next_first_day, last_day_of_course_before,
    followed_until, first_arrival_last_day, extract_day
FROM followed;

COMMENT ON VIEW course IS 'One row per course: a patient''s series of infusions, its induction and what followed (R3, R4).';
COMMENT ON COLUMN course.patient_no IS 'The patient.';
COMMENT ON COLUMN course.clinic_id IS 'The clinic.';
COMMENT ON COLUMN course.patient_id IS 'The clinic''s own pseudonym.';
COMMENT ON COLUMN course.course IS 'Course of the patient, from 1.';
COMMENT ON COLUMN course.first_day IS 'F: day of the first infusion.';
COMMENT ON COLUMN course.drug IS 'Drug of the first infusion.';
COMMENT ON COLUMN course.infusions IS 'Infusions given, skipped ones counted: the highest ordinal.';
COMMENT ON COLUMN course.last_infusion_day IS 'Day of the last known infusion.';
COMMENT ON COLUMN course.last_induction_day IS 'L: day of the last induction infusion.';
COMMENT ON COLUMN course.induction_infusions IS 'n: ordinal of the last induction infusion.';
COMMENT ON COLUMN course.induction_span IS 'L - F, in days.';
COMMENT ON COLUMN course.induction IS 'open, incomplete, extended or complete (R4).';
COMMENT ON COLUMN course.first_maintenance_day IS 'Day of the first infusion after induction; null where none.';
COMMENT ON COLUMN course.first_switch_day IS 'Day of the first infusion of another drug; null where none.';
COMMENT ON COLUMN course.infusions_before_switch IS 'Infusions of the first drug before any of another: what k counts.';
COMMENT ON COLUMN course.next_first_day IS 'F of the patient''s next course; null where none.';
COMMENT ON COLUMN course.last_day_of_course_before IS 'Day of the last infusion of the course before; null for the first.';
COMMENT ON COLUMN course.followed_until IS 'The patient''s day up to which scores would have arrived (R9).';
COMMENT ON COLUMN course.first_arrival_last_day IS 'The latest day in the arrivals that first carried the patient.';
COMMENT ON COLUMN course.extract_day IS 'The latest extract_day of the patient; null where none was given.';
