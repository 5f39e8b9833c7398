-- One row per first course and window with a score in it (R7): the total of the last usable one, on one day the higher.
WITH way AS (
    SELECT DISTINCT anchor, window_low, window_high FROM {{ ref('measures') }}
),

anchored AS (
    SELECT c.*, w.anchor, w.window_low, w.window_high, CASE w.anchor WHEN 'baseline_score' THEN b.day ELSE c.last_induction_day END AS anchor_day
    FROM {{ ref('courses') }} AS c
    CROSS JOIN way AS w
    LEFT JOIN {{ ref('baselines') }} AS b USING (clinic_id, patient_id)
    WHERE c.course = 1
)

SELECT
    c.clinic_id, c.patient_id, c.anchor,
    arg_max(s.total, s.day::INTEGER * 100 + s.total) FILTER (s.is_usable) AS total,
    coalesce(bool_or(s.total IS NOT NULL AND NOT s.is_two_weeks), false) AS has_altered_recall,
    coalesce(bool_or(s.total IS NULL AND s.items_answered > 0 AND s.is_two_weeks), false) AS has_incomplete_form
FROM anchored AS c
JOIN {{ ref('usable_scores') }} AS s ON s.clinic_id = c.clinic_id AND s.patient_id = c.patient_id
    AND s.day BETWEEN c.anchor_day + c.window_low AND c.anchor_day + c.window_high
WHERE s.day > c.first_day AND NOT s.is_on_infusion_day
    AND (c.anchor = 'baseline_score' OR c.next_first_day IS NULL OR s.day < c.next_first_day OR (s.day = c.next_first_day AND s.timepoint <> 'post_infusion'))
GROUP BY ALL
