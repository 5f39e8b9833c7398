-- What the pre_ and post_infusion rows that stand say of each infusion number of a patient. Where the numbers simply rise
-- each number is one infusion; where they do not, the rows are read one by one (reread, renumbered).
CREATE OR REPLACE VIEW told_infusion AS
SELECT
    patient_no,
    infusion_number,
    min(days_since_first_infusion) AS first_day,
    max(days_since_first_infusion) AS last_day,
    min(CASE WHEN timepoint = 'pre_infusion' THEN days_since_first_infusion END) AS first_pre_day,
    max(CASE WHEN timepoint = 'pre_infusion' THEN days_since_first_infusion END) AS pre_day,
    min(CASE WHEN timepoint = 'post_infusion' THEN days_since_first_infusion END) AS post_day,
    min(drug) AS drug
FROM main.assigned_score
ANTI JOIN main.superseded USING (score_id)
WHERE in_scope(patient_no) AND timepoint IN ('pre_infusion', 'post_infusion') AND status <> 'entered_in_error'
GROUP BY patient_no, infusion_number;

COMMENT ON VIEW told_infusion IS 'One row per patient and infusion number with a standing pre_ or post_infusion row: what these rows say, before runs are told apart.';
COMMENT ON COLUMN told_infusion.patient_no IS 'The patient.';
COMMENT ON COLUMN told_infusion.infusion_number IS 'Number as the clinic wrote it.';
COMMENT ON COLUMN told_infusion.first_day IS 'Earliest day of its rows.';
COMMENT ON COLUMN told_infusion.last_day IS 'Latest day of its rows.';
COMMENT ON COLUMN told_infusion.first_pre_day IS 'Earliest day of its pre_infusion rows; null where it has none.';
COMMENT ON COLUMN told_infusion.pre_day IS 'Latest day of its pre_infusion rows; null where it has none.';
COMMENT ON COLUMN told_infusion.post_day IS 'Earliest day of its post_infusion rows; null where it has none.';
COMMENT ON COLUMN told_infusion.drug IS 'First in alphabetical order (that of the type) of the drugs its rows name; null where they name none.';
