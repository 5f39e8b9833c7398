-- The known infusions that start a course, other than the patient's first (R3).
CREATE OR REPLACE VIEW restarted AS
WITH gap AS MATERIALIZED (
    SELECT i.patient_no, i.run, i.infusion_number, i.day, i.days_before > r.course_gap_days * i.steps_before AS is_long
    FROM main.known_infusion AS i
    CROSS JOIN main.rules AS r
    WHERE in_scope(i.patient_no) AND i.days_before > r.reinduction_gap_days * i.steps_before
),

-- A gap over 28 and not over 90 days starts a course only where infusions crowd behind it.
crowded AS (
    SELECT g.patient_no, g.run, g.infusion_number
    FROM gap AS g
    CROSS JOIN main.rules AS r
    JOIN (FROM main.known_infusion WHERE in_scope(patient_no)) AS i ON i.patient_no = g.patient_no AND i.day BETWEEN g.day AND g.day + r.reinduction_days
    WHERE NOT g.is_long
    GROUP BY ALL
    HAVING count(*) >= any_value(r.reinduction_infusions)
)

SELECT patient_no, run, infusion_number FROM gap WHERE is_long
UNION ALL
FROM crowded;

COMMENT ON VIEW restarted IS 'One row per known infusion that starts a course, other than the patient''s first (R3).';
COMMENT ON COLUMN restarted.patient_no IS 'The patient.';
COMMENT ON COLUMN restarted.run IS 'Numbering run of the patient, from 1.';
COMMENT ON COLUMN restarted.infusion_number IS 'Number as the clinic wrote it.';
