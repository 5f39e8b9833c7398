-- One row per course and way of taking a baseline (R6); there are as many ways as the measures ask for.
CREATE OR REPLACE VIEW baseline AS
WITH way AS (
    SELECT DISTINCT baseline_look_back_days AS look_back_days, missing_items::missing_items AS missing_items FROM main.measure
),

candidate AS MATERIALIZED (
    SELECT
        c.patient_no, c.course, w.look_back_days, w.missing_items, s.day,
        c.first_day - s.day <= w.look_back_days AS is_recent,
        s.item_9 IS NOT NULL AS has_item_9,
        baseline_key(s.day, total_by(w.missing_items, s.phq9_total, s.items_sum, s.items_answered), s.item_9, s.score_id) AS key
    FROM main.course AS c
    JOIN (FROM main.score_place WHERE in_scope(patient_no)) AS s ON s.patient_no = c.patient_no
        AND s.day <= c.first_day
        AND (c.last_day_of_course_before IS NULL OR s.day > c.last_day_of_course_before)
        AND (s.day < c.first_day OR (s.timepoint IN ('baseline', 'pre_infusion') AND s.received = 0))
    CROSS JOIN way AS w
    WHERE in_scope(c.patient_no) AND s.is_two_weeks AND NOT s.is_on_infusion_day
        AND total_by(w.missing_items, s.phq9_total, s.items_sum, s.items_answered) IS NOT NULL
),

chosen AS (
    SELECT
        patient_no, course, look_back_days, missing_items,
        max(CASE WHEN is_recent THEN key END) AS key,
        max(CASE WHEN is_recent AND has_item_9 THEN key END) AS item_9_key
    FROM candidate
    GROUP BY patient_no, course, look_back_days, missing_items
),

tied AS MATERIALIZED (
    SELECT
        patient_no, course, look_back_days, missing_items, day,
        count(*) > 1 AS is_tie,
        count(*) FILTER (has_item_9) > 1 AS is_item_9_tie
    FROM candidate
    GROUP BY patient_no, course, look_back_days, missing_items, day
    HAVING count(*) > 1
)

SELECT
    c.patient_no, c.course, c.look_back_days, c.missing_items,
    key_day(c.key) AS day,
    baseline_key_total(c.key)::TINYINT AS total,
    baseline_key_item_9(c.key)::TINYINT AS item_9,
    key_score_id(c.key) AS score_id,
    coalesce(t.is_tie, false) AS is_tie,
    key_day(c.item_9_key) AS day_with_item_9,
    baseline_key_total(c.item_9_key)::TINYINT AS total_with_item_9,
    baseline_key_item_9(c.item_9_key)::TINYINT AS item_9_with_item_9,
    key_score_id(c.item_9_key) AS score_id_with_item_9,
    coalesce(n.is_item_9_tie, false) AS is_tie_with_item_9
FROM chosen AS c
LEFT JOIN tied AS t ON (t.patient_no, t.course, t.look_back_days, t.missing_items, t.day)
    = (c.patient_no, c.course, c.look_back_days, c.missing_items, key_day(c.key))
LEFT JOIN tied AS n ON (n.patient_no, n.course, n.look_back_days, n.missing_items, n.day)
    = (c.patient_no, c.course, c.look_back_days, c.missing_items, key_day(c.item_9_key));

COMMENT ON VIEW baseline IS 'One row per course with any usable score at or before its first infusion, and way of taking a baseline (R6).';
COMMENT ON COLUMN baseline.patient_no IS 'The patient.';
COMMENT ON COLUMN baseline.course IS 'Course of the patient.';
COMMENT ON COLUMN baseline.look_back_days IS 'Days before the first infusion in which a baseline may lie.';
COMMENT ON COLUMN baseline.missing_items IS 'Missing-item rule: complete_only or prorated.';
COMMENT ON COLUMN baseline.day IS 'Day of the baseline; null where all usable scores are older.';
COMMENT ON COLUMN baseline.total IS 'PHQ-9 total of the baseline, 0 to 27.';
COMMENT ON COLUMN baseline.item_9 IS 'Item 9 of the baseline, where it was answered.';
COMMENT ON COLUMN baseline.score_id IS 'The score that is the baseline.';
COMMENT ON COLUMN baseline.is_tie IS 'Whether several usable scores lay on that day: the lower total was taken.';
COMMENT ON COLUMN baseline.day_with_item_9 IS 'Day of the latest one with item 9, for item-9 measures.';
COMMENT ON COLUMN baseline.total_with_item_9 IS 'Its PHQ-9 total.';
COMMENT ON COLUMN baseline.item_9_with_item_9 IS 'Its item 9.';
COMMENT ON COLUMN baseline.score_id_with_item_9 IS 'That score.';
COMMENT ON COLUMN baseline.is_tie_with_item_9 IS 'Whether several with item 9 lay on that day.';
