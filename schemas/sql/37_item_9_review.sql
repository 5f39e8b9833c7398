-- For a clinician to look at: scores whose item 9 (thoughts of death or self-harm) is higher than in the patient's score before.
CREATE OR REPLACE VIEW item_9_review AS
SELECT
    s.score_id, p.clinic_id, p.patient_id,
    CASE WHEN s.item_9_before = 0 THEN 'new' ELSE 'higher' END AS kind,
    s.day_before, s.item_9_before, s.day, s.timepoint, s.item_9,
    a.acknowledged_by, a.night AS acknowledged_night
FROM main.raised_item_9 AS s
JOIN main.patient AS p USING (patient_no)
LEFT JOIN (SELECT score_id, arg_min(acknowledged_by, acknowledgement_no) AS acknowledged_by, arg_min(night, acknowledgement_no) AS night FROM main.acknowledgement GROUP BY score_id) AS a
    USING (score_id);

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
