-- Rates since the last release
-- What does the last night say otherwise than the last release, and by how much?
SELECT l.measure_id, l.clinic_id, l.met AS locked_met, l.observed AS locked_observed, l.due AS locked_due,
    r.met, r.observed, r.due, r.observed_rate - l.observed_rate AS change
FROM release_rate AS l
FULL JOIN rate AS r USING (measure_id, clinic_id)
WHERE l.release_no = (SELECT max(release_no) FROM release)
    AND (l.met, l.observed, l.due) IS DISTINCT FROM (r.met, r.observed, r.due)
ORDER BY measure_id, clinic_id;
