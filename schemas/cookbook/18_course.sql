-- One course, score by score
-- Which scores does a patient have, where in the course do they lie, and which lines are they?
SELECT p.course, p.day, p.timepoint, p.infusion_number, p.received, p.phase, p.phq9_total, p.is_two_weeks, p.is_on_infusion_day, a.sha256, s.line
FROM score_place AS p
JOIN score AS s USING (score_id)
JOIN arrival AS a USING (arrival_no)
WHERE p.patient_no = 1
ORDER BY p.day, p.timepoint, p.score_id;
