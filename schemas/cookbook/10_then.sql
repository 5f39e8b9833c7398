-- What was said on a date
-- What did the last night on or before a date say of this rate, and on which nights did it change?
SELECT l.clinic_id, l.night, n.as_of, l.met, l.observed, l.due, l.measure_version,
    l.entry = max(l.entry) FILTER (n.as_of <= DATE '2026-01-31') OVER (PARTITION BY l.clinic_id) AS is_said_then
FROM rate_log AS l
JOIN night AS n USING (night)
WHERE l.measure_id = 'response_post_induction'
ORDER BY l.clinic_id, l.entry;
