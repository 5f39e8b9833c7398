-- Scores whose item 9 (thoughts of death or self-harm) is higher than in the patient's score before. Every standing score
-- with an answer counts, whatever its recall period or phase.
CREATE OR REPLACE VIEW raised_item_9 AS
WITH in_order AS (
    SELECT
        patient_no, score_id, days_since_first_infusion AS day, timepoint, item_9,
        lag(item_9) OVER visits AS item_9_before,
        lag(days_since_first_infusion) OVER visits AS day_before
    FROM main.assigned_score
    ANTI JOIN main.superseded USING (score_id)
    WHERE in_scope(patient_no) AND status <> 'entered_in_error' AND item_9 IS NOT NULL
    WINDOW visits AS (PARTITION BY patient_no ORDER BY days_since_first_infusion, timepoint, score_id)
)

SELECT patient_no, score_id, day_before, item_9_before, day, timepoint, item_9
FROM in_order
WHERE item_9 > item_9_before;

COMMENT ON VIEW raised_item_9 IS 'One row per standing score whose item 9 (thoughts of death or self-harm) is higher than in the patient''s score before.';
COMMENT ON COLUMN raised_item_9.patient_no IS 'The patient.';
COMMENT ON COLUMN raised_item_9.score_id IS 'The score.';
COMMENT ON COLUMN raised_item_9.day_before IS 'Day of the patient''s last score before it with an answer.';
COMMENT ON COLUMN raised_item_9.item_9_before IS 'Its item 9, 0 to 3; higher is worse.';
COMMENT ON COLUMN raised_item_9.day IS 'Day of the score.';
COMMENT ON COLUMN raised_item_9.timepoint IS 'Its relation to the infusion, as sent.';
COMMENT ON COLUMN raised_item_9.item_9 IS 'Its item 9, 0 to 3; higher is worse.';
