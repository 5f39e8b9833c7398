-- A point of the weekly curve, score by score
-- Which scores is the mean PHQ-9 of week 4 the mean of, and which lines are they?
SELECT c.clinic_id, c.patient_no, c.course, p.day - c.first_day AS day, p.phq9_total, c.baseline_total, a.sha256, s.line
FROM curve_course AS c
JOIN score_place AS p ON p.patient_no = c.patient_no AND (p.day - c.first_day + 3) // 7 = 4
    AND (c.next_first_day IS NULL OR p.day < c.next_first_day OR (p.day = c.next_first_day AND p.timepoint <> 'post_infusion'))
JOIN score AS s USING (score_id)
JOIN arrival AS a USING (arrival_no)
WHERE p.is_two_weeks AND NOT p.is_on_infusion_day AND p.phq9_total IS NOT NULL
    AND c.followed_until >= c.first_day + 7 * 4 + 3 + (SELECT entry_lag_days FROM rules)
QUALIFY row_number() OVER (PARTITION BY c.patient_no, c.course ORDER BY endpoint_key(p.day, p.phq9_total, p.item_9, p.score_id) DESC) = 1
ORDER BY c.clinic_id, c.patient_no, c.course;
