-- One row per known infusion with its course (R3) and ordinal.
CREATE OR REPLACE VIEW infusion AS
WITH first_infusion AS (
    SELECT patient_no, drug FROM main.known_infusion WHERE in_scope(patient_no) AND run = 1 AND infusion_number = 1
),

several AS MATERIALIZED (
    SELECT patient_no FROM main.restarted WHERE in_scope(patient_no)
    UNION
    SELECT patient_no FROM main.known_infusion WHERE in_scope(patient_no) AND run > 1
),

-- Patients with one run and one course: ordinals are the numbers, and day 0 is the course's.
simple AS (
    SELECT
        i.patient_no, 1 AS course, i.run, i.infusion_number, i.infusion_number AS ordinal, 0 AS shift,
        i.day, i.told_day, i.drug, 0 AS first_day, f.drug AS first_drug,
        i.days_before, i.steps_before, i.infusion_number - i.steps_before AS ordinal_before
    FROM main.known_infusion AS i
    JOIN first_infusion AS f USING (patient_no)
    ANTI JOIN several USING (patient_no)
    WHERE in_scope(i.patient_no)
),

-- The others, patient by patient in the order of runs and numbers.
started AS (
    SELECT i.*, i.days_before IS NULL OR s.patient_no IS NOT NULL AS starts_course
    FROM main.known_infusion AS i
    LEFT JOIN main.restarted AS s USING (patient_no, run, infusion_number)
    SEMI JOIN several USING (patient_no)
    WHERE in_scope(i.patient_no)
),

coursed AS (
    SELECT
        *,
        sum(starts_course::INTEGER) OVER (PARTITION BY patient_no ORDER BY run, infusion_number) AS course,
        -- What the ordinals shift by from here on: less the number before where a course starts inside a run, plus
        -- the number before where a run starts inside a course.
        CASE
            WHEN starts_course AND run_before = run THEN -number_before
            WHEN NOT starts_course AND run_before <> run THEN number_before
            ELSE 0
        END AS shifts_by
    FROM started
),

shifted AS (
    SELECT
        *,
        sum(shifts_by) OVER in_course AS shift,
        first_value(day) OVER in_course AS first_day,
        first_value(drug) OVER in_course AS first_drug
    FROM coursed
    WINDOW in_course AS (PARTITION BY patient_no, course ORDER BY run, infusion_number)
),

placed AS (
    FROM simple
    UNION ALL
    SELECT
        patient_no, course, run, infusion_number, infusion_number + shift AS ordinal, shift, day, told_day, drug, first_day, first_drug,
        CASE WHEN NOT starts_course THEN days_before END AS days_before, steps_before,
        -- Across runs of one course the shift is the ordinal before.
        CASE WHEN run = run_before THEN infusion_number + shift - steps_before ELSE shift END AS ordinal_before
    FROM shifted
)

SELECT
    patient_no, course::SMALLINT AS course, run, infusion_number, ordinal::SMALLINT AS ordinal, shift::SMALLINT AS shift, day, told_day, drug,
    first_day::SMALLINT AS first_day, first_drug, days_before, steps_before,
    CASE WHEN days_before IS NOT NULL THEN ordinal_before END::SMALLINT AS ordinal_before,
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
