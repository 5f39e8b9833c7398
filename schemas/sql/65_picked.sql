-- One row per course and way of picking that has a score in its window (R7, R8): the score picked, or why none could be.
CREATE OR REPLACE VIEW picked AS
WITH way AS (
    SELECT DISTINCT * EXCLUDE (measure_id) FROM main.pick
),

-- Every day of the windows counted from an infusion that each course has.
way_day AS (
    SELECT *, unnest(range(window_low, window_high + 1))::SMALLINT AS day
    FROM way
    WHERE anchor IN ('first_infusion', 'last_induction_infusion')
),

-- Days after the first infusion before which no score can lie in a window counted from a baseline score.
late AS (
    SELECT min(window_low - look_back_days) AS days FROM way WHERE anchor = 'baseline_score'
),

-- Scores with the courses that they could be an endpoint of (R3). `is_in_course` is false for scores that only the
-- measures anchored at a baseline score may use, whatever later course they fall in; `is_late` is false for most.
possible AS MATERIALIZED (
    SELECT
        c.course, c.patient_no, s.score_id, s.day, s.timepoint, s.received, s.phq9_total, s.items_sum, s.items_answered, s.item_9,
        s.is_two_weeks, c.first_day, c.last_induction_day, s.course AS score_course, c.infusions, c.infusions_before_switch,
        least(c.first_maintenance_day, c.first_switch_day) AS sensitivity_until,
        c.next_first_day IS NULL OR s.day < c.next_first_day
            OR (s.day = c.next_first_day AND s.timepoint <> 'post_infusion') AS is_in_course,
        s.day - c.first_day >= l.days AS is_late
    FROM main.score_place AS s
    JOIN (FROM main.course WHERE in_scope(patient_no)) AS c ON c.patient_no = s.patient_no AND s.day > c.first_day
    CROSS JOIN late AS l
    WHERE in_scope(s.patient_no) AND NOT s.is_on_infusion_day AND (s.items_answered > 0 OR s.phq9_total IS NOT NULL)
),

in_window AS (
    SELECT p.*, w.pick_no, w.needs_item_9, w.missing_items
    FROM possible AS p
    JOIN way_day AS w ON w.anchor = 'first_infusion' AND w.day = p.day - p.first_day
    WHERE p.is_in_course

    UNION ALL

    SELECT p.*, w.pick_no, w.needs_item_9, w.missing_items
    FROM possible AS p
    JOIN way_day AS w ON w.anchor = 'last_induction_infusion' AND w.day = p.day - p.last_induction_day
    WHERE p.is_in_course

    UNION ALL

    SELECT p.*, w.pick_no, w.needs_item_9, w.missing_items
    FROM possible AS p
    JOIN (FROM main.baseline WHERE in_scope(patient_no)) AS b USING (patient_no, course)
    JOIN way AS w ON w.anchor = 'baseline_score' AND w.look_back_days = b.look_back_days AND w.missing_items = b.missing_items
    WHERE p.is_late AND p.day - b.day BETWEEN w.window_low AND w.window_high

    UNION ALL

    SELECT p.*, w.pick_no, w.needs_item_9, w.missing_items
    FROM possible AS p
    JOIN main.infusion_k AS k ON k.patient_no = p.patient_no AND k.course = p.course
        -- The day on which the next course starts still belongs to the last infusion of this one.
        AND k.k = CASE WHEN p.score_course = p.course THEN p.received ELSE p.infusions END
    JOIN way AS w ON w.infusion_k = k.k
    WHERE p.is_in_course AND k.k <= p.infusions_before_switch AND p.day - k.day BETWEEN w.window_low AND w.window_high
        AND (k.day_of_next IS NULL OR p.day < k.day_of_next OR (p.day = k.day_of_next AND p.timepoint = 'pre_infusion'))
),

totalled AS (
    SELECT
        patient_no, course, pick_no, day, score_id, is_two_weeks,
        total_by(missing_items, phq9_total, items_sum, items_answered) AS total, item_9,
        sensitivity_until IS NULL OR day <= sensitivity_until AS is_before_maintenance,
        total_by(missing_items, phq9_total, items_sum, items_answered) IS NOT NULL AND (NOT needs_item_9 OR item_9 IS NOT NULL) AS is_whole
    FROM in_window
),

keyed AS (
    SELECT *, CASE WHEN is_two_weeks AND is_whole THEN endpoint_key(day, total, item_9, score_id) END AS key
    FROM totalled
),

chosen AS (
    SELECT
        patient_no, course, pick_no,
        max(key, 2) AS first_two,
        max(CASE WHEN is_before_maintenance THEN key END) AS sensitivity_key,
        bool_or(NOT is_two_weeks AND is_whole) AS has_altered_recall,
        bool_or(is_two_weeks AND NOT is_whole) AS has_incomplete_form
    FROM keyed
    GROUP BY patient_no, course, pick_no
)

SELECT
    patient_no, course, pick_no,
    first_two[1] AS key,
    sensitivity_key, has_altered_recall, has_incomplete_form,
    -- Keys go by the day first: the second greatest is of the same day wherever any other usable score is.
    coalesce(key_day(first_two[1]) = key_day(first_two[2]), false) AS is_tie
FROM chosen;

COMMENT ON VIEW picked IS 'One row per course and way of picking that has a score in its window (R7, R8): the score picked, or why none could be.';
COMMENT ON COLUMN picked.patient_no IS 'The patient.';
COMMENT ON COLUMN picked.course IS 'Course of the patient.';
COMMENT ON COLUMN picked.pick_no IS 'The way of picking (view pick).';
COMMENT ON COLUMN picked.key IS 'The score picked, packed by endpoint_key(); null where none is usable.';
COMMENT ON COLUMN picked.sensitivity_key IS 'The same when scores after the first maintenance infusion or switch are left out.';
COMMENT ON COLUMN picked.is_tie IS 'Whether several usable scores lay on that day: the higher total was taken.';
COMMENT ON COLUMN picked.has_altered_recall IS 'Whether a score of the window is unusable only because its recall period is not two weeks.';
COMMENT ON COLUMN picked.has_incomplete_form IS 'Whether a score of the window is unusable only because items are missing.';
