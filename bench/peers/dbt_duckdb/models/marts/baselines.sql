-- One row per first course with a possible baseline (R6): the last usable score before the first infusion, on one day the lower total.
SELECT
    c.clinic_id, c.patient_id,
    max(s.day) FILTER (c.first_day - s.day <= {{ var('baseline_look_back_days') }}) AS day,
    arg_max(s.total, s.day::INTEGER * 100 - s.total) FILTER (c.first_day - s.day <= {{ var('baseline_look_back_days') }}) AS total
FROM {{ ref('courses') }} AS c
JOIN {{ ref('usable_scores') }} AS s USING (clinic_id, patient_id)
WHERE c.course = 1 AND s.is_usable
    AND (s.day < c.first_day OR (s.day = c.first_day AND s.timepoint IN ('baseline', 'pre_infusion') AND s.received = 0))
GROUP BY ALL
