-- One row per score that stands, of a patient with a course: infusions received (R2), phase (R4), what R5 needs.
CREATE OR REPLACE VIEW score_place AS
WITH standing AS (
    SELECT
        s.score_id, s.patient_no, s.infusion_number AS number, s.days_since_first_infusion AS day, s.timepoint,
        s.phq9_total, s.items_sum, s.items_answered, s.item_9, s.recall_period,
        l.received AS received_looked_up, coalesce(l.is_on_infusion_day, false) AS is_on_infusion_day
    FROM main.assigned_score AS s
    LEFT JOIN (FROM main.looked_up WHERE in_scope(patient_no)) AS l USING (score_id)
    ANTI JOIN main.superseded USING (score_id)
    ANTI JOIN (FROM main.renumbered WHERE in_scope(patient_no) AND reason_code IS NOT NULL) AS set_aside USING (score_id)
    WHERE in_scope(s.patient_no) AND s.status <> 'entered_in_error'
),

-- One course for each score: the latest one with F <= its day, else the first.
coursed AS (
    SELECT s.*, c.course, c.first_day, c.infusions, c.last_infusion_day, c.last_induction_day, c.first_maintenance_day
    FROM standing AS s
    JOIN (FROM main.course WHERE in_scope(patient_no)) AS c ON c.patient_no = s.patient_no
        AND (c.course = 1 OR c.first_day <= s.day)
        AND (c.next_first_day IS NULL OR s.day < c.next_first_day)
),

counted AS (
    SELECT
        c.*,
        CASE
            WHEN c.day < c.first_day OR (c.timepoint = 'baseline' AND c.day <= c.first_day) THEN 0
            WHEN c.received_looked_up IS NOT NULL THEN c.received_looked_up
            WHEN c.timepoint = 'pre_infusion' THEN c.number - 1
            WHEN c.timepoint = 'follow_up' AND c.number IS NOT NULL THEN c.number
            WHEN c.day > c.last_infusion_day THEN c.infusions
            ELSE 0
        END::SMALLINT AS received
    FROM coursed AS c
)

SELECT
    score_id, patient_no, course, day, timepoint, number AS infusion_number, received,
    CASE
        WHEN received = 0 THEN 'baseline'::phase
        WHEN day < last_induction_day OR (day = last_induction_day AND timepoint <> 'post_infusion') THEN 'induction'::phase
        WHEN first_maintenance_day IS NULL OR day < first_maintenance_day
            OR (day = first_maintenance_day AND timepoint <> 'post_infusion') THEN 'post_induction'::phase
        ELSE 'maintenance'::phase
    END AS phase,
    phq9_total, items_sum, items_answered, item_9, recall_period = 'two_weeks' AS is_two_weeks, is_on_infusion_day
FROM counted;

COMMENT ON VIEW score_place IS 'One row per standing score of a patient with a course: infusions received (R2), phase (R4) and what makes it usable (R5).';
COMMENT ON COLUMN score_place.score_id IS 'The score.';
COMMENT ON COLUMN score_place.patient_no IS 'The patient.';
COMMENT ON COLUMN score_place.course IS 'The latest course with F <= the score''s day, else the first.';
COMMENT ON COLUMN score_place.day IS 'days_since_first_infusion of the score.';
COMMENT ON COLUMN score_place.timepoint IS 'Relation of the questionnaire to the infusion, as sent.';
COMMENT ON COLUMN score_place.infusion_number IS 'Number as the clinic wrote it.';
COMMENT ON COLUMN score_place.received IS 'Infusions of the course received by then.';
COMMENT ON COLUMN score_place.phase IS 'baseline, induction, post_induction or maintenance.';
COMMENT ON COLUMN score_place.phq9_total IS 'PHQ-9 total, 0 to 27; higher is worse; null where the form has none under complete_only.';
COMMENT ON COLUMN score_place.items_sum IS 'Sum of the answered items; null where none is.';
COMMENT ON COLUMN score_place.items_answered IS 'Items answered, 0 to 9.';
COMMENT ON COLUMN score_place.item_9 IS 'Thoughts of death or self-harm, 0 to 3.';
COMMENT ON COLUMN score_place.is_two_weeks IS 'Whether the form asks about two weeks (recall_period).';
COMMENT ON COLUMN score_place.is_on_infusion_day IS 'A post_infusion row dated on the day of its infusion: never usable.';
