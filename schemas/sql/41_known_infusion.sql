-- One row per known infusion (R1) and the gap before it. Not yet split in courses.
CREATE OR REPLACE VIEW known_infusion AS
WITH told AS MATERIALIZED (
    -- Numbers that simply rise: each is an infusion of the one run.
    SELECT patient_no, 1::SMALLINT AS run, infusion_number AS number, pre_day, post_day, drug
    FROM main.told_infusion
    ANTI JOIN (FROM main.renumbered WHERE in_scope(patient_no)) USING (patient_no)
    WHERE in_scope(patient_no)

    UNION ALL

    SELECT
        s.patient_no,
        r.run::SMALLINT AS run,
        s.infusion_number AS number,
        max(CASE WHEN s.timepoint = 'pre_infusion' THEN s.days_since_first_infusion END) AS pre_day,
        min(CASE WHEN s.timepoint = 'post_infusion' THEN s.days_since_first_infusion END) AS post_day,
        min(s.drug) AS drug
    FROM main.assigned_score AS s
    JOIN main.renumbered AS r USING (score_id)
    WHERE in_scope(r.patient_no) AND in_scope(s.patient_no) AND r.reason_code IS NULL
    GROUP BY s.patient_no, r.run, s.infusion_number
),

-- Infusion 1 of the first run was given on day 0, whether or not a row says so.
known AS (
    SELECT
        patient_no, run, number,
        CASE WHEN run = 1 AND number = 1 THEN 0 ELSE coalesce(pre_day, post_day) END::SMALLINT AS day,
        CASE WHEN post_day IS NOT NULL THEN coalesce(pre_day, post_day) END AS told_day,
        drug
    FROM told

    UNION ALL

    SELECT patient_no, 1, 1, 0, NULL, arg_min_null(drug, number)
    FROM told
    WHERE run = 1
    GROUP BY patient_no
    HAVING min(number) > 1
),

clinic_drug AS MATERIALIZED (
    SELECT p.patient_no, c.drug FROM main.patient AS p JOIN main.clinic AS c USING (clinic_id) WHERE in_scope(p.patient_no)
)

SELECT
    k.patient_no, k.run, k.number AS infusion_number, k.day, k.told_day,
    coalesce(k.drug, c.drug) AS drug,
    k.day - lag(k.day) OVER in_order AS days_before,
    CASE WHEN lag(k.run) OVER in_order = k.run THEN k.number - lag(k.number) OVER in_order ELSE 1 END AS steps_before,
    lag(k.run) OVER in_order AS run_before,
    lag(k.number) OVER in_order AS number_before
FROM known AS k
JOIN clinic_drug AS c USING (patient_no)
WINDOW in_order AS (PARTITION BY k.patient_no ORDER BY k.run, k.number);

COMMENT ON VIEW known_infusion IS 'One row per known infusion (R1) and the gap before it, not yet split in courses.';
COMMENT ON COLUMN known_infusion.patient_no IS 'The patient.';
COMMENT ON COLUMN known_infusion.run IS 'Numbering run of the patient, from 1.';
COMMENT ON COLUMN known_infusion.infusion_number IS 'Number as the clinic wrote it.';
COMMENT ON COLUMN known_infusion.day IS 'Patient''s day: the latest pre_infusion day, else the earliest post_infusion day; 0 for the very first.';
COMMENT ON COLUMN known_infusion.told_day IS 'Where it has a post_infusion row: its day by the same rule, for the very first too (R5).';
COMMENT ON COLUMN known_infusion.drug IS 'Drug of its rows (the first in alphabetical order), else the clinic''s.';
COMMENT ON COLUMN known_infusion.days_before IS 'Days since the patient''s infusion before; null for the first.';
COMMENT ON COLUMN known_infusion.steps_before IS 'Numbers since the infusion before in its run, 1 across runs: the gap is days_before / steps_before.';
COMMENT ON COLUMN known_infusion.run_before IS 'Run of the infusion before.';
COMMENT ON COLUMN known_infusion.number_before IS 'Number of the infusion before.';
