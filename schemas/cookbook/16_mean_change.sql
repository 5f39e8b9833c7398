-- A mean change, course by course
-- Which pairs of scores is a mean change the mean of?
SELECT clinic_id, patient_no, course,
    any_value(total) FILTER (role = 'baseline') AS baseline_total, any_value(total) FILTER (role = 'endpoint') AS endpoint_total,
    any_value(sha256[:12] || ':' || line) FILTER (role = 'baseline') AS baseline_line,
    any_value(sha256[:12] || ':' || line) FILTER (role = 'endpoint') AS endpoint_line
FROM trace_score
WHERE measure_id = 'mean_change_post_induction' AND status = 'counted'
GROUP BY ALL
ORDER BY ALL;
