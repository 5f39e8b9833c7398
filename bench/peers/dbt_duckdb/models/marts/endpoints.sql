-- One row per course and measure: its one status (R10), the first that is true.
SELECT
    m.measure_id, c.clinic_id, c.patient_id, c.course, b.total AS baseline_total, p.total AS endpoint_total,
    CASE
        WHEN c.course > 1 THEN 'repeat_course'
        WHEN m.drug <> 'any' AND c.drug <> m.drug THEN 'other_drug'
        WHEN b.patient_id IS NULL THEN 'no_baseline'
        WHEN b.day IS NULL THEN 'baseline_too_old'
        WHEN b.total < m.baseline_minimum THEN 'baseline_below_minimum'
        WHEN m.induction = 'complete' AND u.patient_id IS NOT NULL THEN 'infusions_not_recorded'
        WHEN m.induction = 'complete' AND c.induction = 'open' THEN 'not_yet_due'
        WHEN m.induction = 'complete' AND c.induction = 'incomplete' THEN 'induction_incomplete'
        WHEN m.induction = 'complete' AND c.induction = 'extended' THEN 'induction_extended'
        WHEN NOT coalesce(c.followed_until >= CASE m.anchor WHEN 'baseline_score' THEN b.day ELSE c.last_induction_day END
            + m.window_high + {{ var('entry_lag_days') }}, false) THEN 'not_yet_due'
        WHEN p.total IS NOT NULL AND CASE m.outcome WHEN 'is_response' THEN 2 * p.total <= b.total ELSE p.total < 5 END THEN 'met'
        WHEN p.total IS NOT NULL THEN 'not_met'
        WHEN p.has_altered_recall THEN 'altered_recall'
        WHEN p.has_incomplete_form THEN 'incomplete_form'
        ELSE 'no_score_in_window'
    END AS status
FROM {{ ref('courses') }} AS c
CROSS JOIN {{ ref('measures') }} AS m
LEFT JOIN {{ ref('baselines') }} AS b USING (clinic_id, patient_id)
LEFT JOIN {{ ref('unrecorded') }} AS u USING (clinic_id, patient_id)
LEFT JOIN {{ ref('picks') }} AS p USING (clinic_id, patient_id, anchor)
