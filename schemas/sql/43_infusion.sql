-- One row per known infusion with its course (R3) and ordinal.
CREATE OR REPLACE VIEW infusion AS
WITH first_infusion AS (
    SELECT patient_no, drug FROM main.known_infusion WHERE run = 1 AND infusion_number = 1
),

placed AS (
    SELECT
        i.patient_no, coalesce(s.course, 1)::SMALLINT AS course, i.run, i.infusion_number,
        (i.infusion_number + coalesce(s.shift, 0))::SMALLINT AS ordinal, coalesce(s.shift, 0)::SMALLINT AS shift,
        i.day, i.told_day, i.drug,
        coalesce(s.first_day, 0)::SMALLINT AS first_day, coalesce(s.first_drug, f.drug) AS first_drug,
        CASE WHEN NOT coalesce(s.starts_course, i.days_before IS NULL) THEN i.days_before END AS days_before,
        i.steps_before, i.run = i.run_before AS is_same_run
    FROM main.known_infusion AS i
    SEMI JOIN main.scope USING (patient_no)
    JOIN first_infusion AS f USING (patient_no)
    LEFT JOIN main.restarted AS s USING (patient_no, run, infusion_number)
)

SELECT
    * EXCLUDE (is_same_run),
    -- Across runs of one course the shift is the ordinal before.
    CASE WHEN days_before IS NULL THEN NULL WHEN is_same_run THEN ordinal - steps_before ELSE shift END::SMALLINT AS ordinal_before,
    (day - days_before)::SMALLINT AS day_before
FROM placed;

COMMENT ON VIEW infusion IS 'One row per known infusion (R1): its numbering run, its course (R3) and its place in it.';
COMMENT ON COLUMN infusion.patient_no IS 'The patient.';
COMMENT ON COLUMN infusion.course IS 'Course of the patient, from 1.';
COMMENT ON COLUMN infusion.run IS 'Numbering run of the patient, from 1.';
COMMENT ON COLUMN infusion.infusion_number IS 'Number as the clinic wrote it.';
COMMENT ON COLUMN infusion.ordinal IS 'Which infusion of its course it is, skipped ones counted.';
COMMENT ON COLUMN infusion.shift IS 'ordinal - infusion_number.';
COMMENT ON COLUMN infusion.day IS 'Patient''s day: the latest pre_infusion day, else the earliest post_infusion day; 0 for the very first.';
COMMENT ON COLUMN infusion.told_day IS 'Where it has a post_infusion row: its day by the same rule, for the very first too (R5).';
COMMENT ON COLUMN infusion.drug IS 'Drug of its rows (the first in alphabetical order), else the clinic''s.';
COMMENT ON COLUMN infusion.first_day IS 'F: day of the first infusion of the course.';
COMMENT ON COLUMN infusion.first_drug IS 'Drug of the first infusion of the course.';
COMMENT ON COLUMN infusion.days_before IS 'Days since the infusion before in the course; null for the first.';
COMMENT ON COLUMN infusion.steps_before IS 'Numbers since the infusion before in its run: the gap is days_before / steps_before.';
COMMENT ON COLUMN infusion.ordinal_before IS 'Ordinal of the known infusion before in the course.';
COMMENT ON COLUMN infusion.day_before IS 'Day of the known infusion before in the course.';
