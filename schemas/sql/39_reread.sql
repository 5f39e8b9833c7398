-- The infusion rows of the patients whose numbers do not simply rise, in the order of reading (R1).
CREATE OR REPLACE VIEW reread AS
WITH rising AS (
    SELECT patient_no, first_day >= lag(last_day) OVER (PARTITION BY patient_no ORDER BY infusion_number) AS is_rising
    FROM main.told_infusion
    WHERE in_scope(patient_no)
),

-- Whose rows, in the order of reading, could do anything but rise. Wide on purpose: a patient who is here
-- without need gets run 1 throughout.
irregular AS MATERIALIZED (
    SELECT patient_no FROM rising WHERE NOT is_rising
    UNION
    SELECT patient_no
    FROM main.told_infusion
    CROSS JOIN main.rules AS r
    WHERE in_scope(patient_no)
        AND (pre_day - first_pre_day > r.reinduction_gap_days OR post_day < pre_day OR (infusion_number = 1 AND pre_day > 0))
),

told AS (
    SELECT score_id, patient_no, infusion_number AS number, days_since_first_infusion AS day, timepoint = 'pre_infusion' AS is_pre
    FROM main.assigned_score
    SEMI JOIN irregular USING (patient_no)
    ANTI JOIN main.superseded USING (score_id)
    WHERE in_scope(patient_no) AND timepoint IN ('pre_infusion', 'post_infusion') AND status <> 'entered_in_error'
)

SELECT
    patient_no,
    row_number() OVER (PARTITION BY patient_no ORDER BY day, number, is_pre DESC, score_id)::INTEGER AS place,
    score_id, number, day, is_pre
FROM told;

COMMENT ON VIEW reread IS 'One row per infusion row of a patient whose infusion numbers do not simply rise, in the order of reading (R1).';
COMMENT ON COLUMN reread.patient_no IS 'The patient.';
COMMENT ON COLUMN reread.place IS 'Place in the order of reading, from 1: day, infusion_number, pre before post.';
COMMENT ON COLUMN reread.score_id IS 'The row.';
COMMENT ON COLUMN reread.number IS 'Infusion number of the row.';
COMMENT ON COLUMN reread.day IS 'Day of the row.';
COMMENT ON COLUMN reread.is_pre IS 'Whether it is a pre_infusion row.';
