-- Courses and ordinals (R3) of the patients with more than one run, or a gap that could start a course: one row per
-- infusion of theirs. Everyone else has one course and ordinals equal to the numbers, and is not here.
CREATE OR REPLACE VIEW restarted AS
WITH split AS MATERIALIZED (
    SELECT i.*
    FROM main.known_infusion AS i
    SEMI JOIN main.scope USING (patient_no)
    SEMI JOIN (
        SELECT patient_no
        FROM main.known_infusion
        WHERE run > 1 OR days_before > (SELECT reinduction_gap_days FROM main.rules) * steps_before
    ) AS p USING (patient_no)
),

-- A gap over 28 and not over 90 days starts a course only where infusions crowd behind it.
crowded AS (
    SELECT s.patient_no, s.run, s.infusion_number
    FROM split AS s
    CROSS JOIN main.rules AS r
    JOIN split AS i ON i.patient_no = s.patient_no AND i.day BETWEEN s.day AND s.day + r.reinduction_days
    WHERE s.days_before > r.reinduction_gap_days * s.steps_before
    GROUP BY ALL
    HAVING count(*) >= any_value(r.reinduction_infusions)
),

started AS (
    SELECT
        s.*,
        s.days_before IS NULL OR s.days_before > r.course_gap_days * s.steps_before OR c.patient_no IS NOT NULL AS starts_course
    FROM split AS s
    CROSS JOIN main.rules AS r
    LEFT JOIN crowded AS c USING (patient_no, run, infusion_number)
),

coursed AS (
    SELECT
        *,
        sum(starts_course::INTEGER) OVER (PARTITION BY patient_no ORDER BY run, infusion_number)::SMALLINT AS course,
        -- What the ordinals shift by from here on: less the number before where a course starts inside a run, plus
        -- the number before where a run starts inside a course.
        CASE
            WHEN starts_course AND run_before = run THEN -number_before
            WHEN NOT starts_course AND run_before <> run THEN number_before
            ELSE 0
        END AS shifts_by
    FROM started
)

SELECT
    patient_no, run, infusion_number, course, starts_course,
    (sum(shifts_by) OVER in_course)::INTEGER AS shift,
    (first_value(day) OVER in_course)::SMALLINT AS first_day,
    first_value(drug) OVER in_course AS first_drug
FROM coursed
WINDOW in_course AS (PARTITION BY patient_no, course ORDER BY run, infusion_number);

COMMENT ON VIEW restarted IS 'One row per infusion of a patient who could have a second course or run: its course and the shift of its ordinal (R3).';
COMMENT ON COLUMN restarted.patient_no IS 'The patient.';
COMMENT ON COLUMN restarted.run IS 'Numbering run of the patient, from 1.';
COMMENT ON COLUMN restarted.infusion_number IS 'Number as the clinic wrote it.';
COMMENT ON COLUMN restarted.course IS 'Course of the patient, from 1.';
COMMENT ON COLUMN restarted.starts_course IS 'Whether it is the first of its course.';
COMMENT ON COLUMN restarted.shift IS 'What to add to infusion_number to get the ordinal in the course.';
COMMENT ON COLUMN restarted.first_day IS 'F: day of the first infusion of the course.';
COMMENT ON COLUMN restarted.first_drug IS 'Drug of the first infusion of the course.';
