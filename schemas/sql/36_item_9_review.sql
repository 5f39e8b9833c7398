-- For a clinician to look at: scores whose item 9 (thoughts of death or self-harm) is higher than in the patient's score before.
-- Every standing score with an answer counts, whatever its recall period or phase.
CREATE OR REPLACE VIEW item_9_review AS
WITH in_order AS (
    SELECT
        score_id, clinic_id, patient_id, days_since_first_infusion AS day, timepoint, item_9,
        lag(item_9) OVER visits AS item_9_before,
        lag(days_since_first_infusion) OVER visits AS day_before
    FROM main.current_score
    WHERE item_9 IS NOT NULL
    WINDOW visits AS (PARTITION BY patient_no ORDER BY days_since_first_infusion, timepoint, score_id)
)

SELECT
    s.score_id, s.clinic_id, s.patient_id,
    CASE WHEN s.item_9_before = 0 THEN 'new' ELSE 'higher' END AS kind,
    s.day_before, s.item_9_before, s.day, s.timepoint, s.item_9,
    a.acknowledged_by, a.night AS acknowledged_night
FROM in_order AS s
LEFT JOIN (SELECT score_id, arg_min(acknowledged_by, acknowledgement_no) AS acknowledged_by, arg_min(night, acknowledgement_no) AS night FROM main.acknowledgement GROUP BY score_id) AS a
    USING (score_id)
WHERE s.item_9 > s.item_9_before;

COMMENT ON VIEW item_9_review IS 'One row per standing score whose item 9 is new (0 before) or higher than in the patient''s score before, and who has acknowledged it.';
COMMENT ON COLUMN item_9_review.score_id IS 'The score; its number is what outcomes acknowledge takes.';
COMMENT ON COLUMN item_9_review.clinic_id IS 'The clinic.';
COMMENT ON COLUMN item_9_review.patient_id IS 'The clinic''s own pseudonym.';
COMMENT ON COLUMN item_9_review.kind IS 'new: item 9 was 0 before; higher: it was 1 or 2.';
COMMENT ON COLUMN item_9_review.day_before IS 'Day of the patient''s score with item 9 before this one.';
COMMENT ON COLUMN item_9_review.item_9_before IS 'Its item 9, 0 to 3.';
COMMENT ON COLUMN item_9_review.day IS 'Day of this score, counted from the first infusion.';
COMMENT ON COLUMN item_9_review.timepoint IS 'Relation of the questionnaire to the infusion, as sent.';
COMMENT ON COLUMN item_9_review.item_9 IS 'Its item 9, 0 to 3.';
COMMENT ON COLUMN item_9_review.acknowledged_by IS 'Who has looked at it first, by the name given; null while nobody has.';
COMMENT ON COLUMN item_9_review.acknowledged_night IS 'The last night before that was recorded.';
