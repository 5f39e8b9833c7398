-- The strata of each course: one row per course and dimension. What is not known is a stratum of its own. What the patients
-- feed says is said of the patient, and holds for all courses; but the year is that of the first infusion, and so of the
-- first course only.
CREATE OR REPLACE VIEW stratum AS
WITH first_dose AS (
    -- An infusion's rows: before it one fewer has been received.
    SELECT p.patient_no, p.course, arg_max_null(s.dose_mg_per_kg, s.score_id) FILTER (s.dose_mg_per_kg IS NOT NULL) AS dose
    FROM main.score_place AS p
    JOIN main.score AS s USING (score_id)
    WHERE (p.timepoint = 'pre_infusion' AND p.received = 0) OR (p.timepoint = 'post_infusion' AND p.received = 1)
    GROUP BY p.patient_no, p.course
),

wide AS (
    SELECT
        c.patient_no, c.course,
        c.drug::VARCHAR AS drug,
        CASE
            WHEN d.dose < 0.45 THEN 'under 0.45 mg/kg'
            WHEN d.dose <= 0.55 THEN '0.45-0.55 mg/kg'
            WHEN d.dose > 0.55 THEN 'over 0.55 mg/kg'
            ELSE 'unknown'
        END AS first_dose,
        CASE WHEN c.induction_infusions <= 3 THEN '1-3' WHEN c.induction_infusions <= 5 THEN '4-5' WHEN c.induction_infusions <= 8 THEN '6-8' ELSE '9 or more' END AS infusions_completed,
        coalesce(p.sex::VARCHAR, 'unknown') AS sex,
        age_band(p.age_years) AS age_band,
        trials_band(p.failed_antidepressant_trials) AS failed_trials,
        coalesce(p.indication::VARCHAR, 'unknown') AS indication,
        coalesce(p.bipolar::VARCHAR, 'unknown') AS bipolar,
        coalesce(p.chronic_pain::VARCHAR, 'unknown') AS chronic_pain,
        coalesce(p.concurrent_psychotherapy::VARCHAR, 'unknown') AS concurrent_psychotherapy,
        CASE WHEN c.course = 1 AND p.first_infusion_year IS NOT NULL THEN p.first_infusion_year::VARCHAR ELSE 'unknown' END AS treatment_year
    FROM main.course AS c
    LEFT JOIN first_dose AS d USING (patient_no, course)
    LEFT JOIN main.current_patient AS p USING (patient_no)
)

SELECT patient_no, course, dimension, stratum
FROM wide
UNPIVOT (
    stratum FOR dimension IN (
        drug, first_dose, infusions_completed, sex, age_band, failed_trials, indication, bipolar, chronic_pain, concurrent_psychotherapy,
        treatment_year
    )
);

COMMENT ON VIEW stratum IS 'One row per course and dimension by which rates can be split; unknown is a stratum.';
COMMENT ON COLUMN stratum.patient_no IS 'The patient.';
COMMENT ON COLUMN stratum.course IS 'Course of the patient.';
COMMENT ON COLUMN stratum.dimension IS 'drug, first_dose or infusions_completed; of the patients feed sex, age_band, failed_trials, indication, bipolar, chronic_pain, concurrent_psychotherapy, or treatment_year (of first courses).';
COMMENT ON COLUMN stratum.stratum IS 'The stratum, in words; unknown where nothing says.';
