-- Scores that were corrected or taken back
-- Which stored score was changed after it came, when, by which line of which file, and from which total to which?
SELECT e.night, n.as_of, e.reason_code, s.patient_no, s.days_since_first_infusion AS day,
    s.phq9_total AS total_before, a.sha256, s.line, b.sha256 AS by_sha256, e.by_line, t.phq9_total AS total_after
FROM score_event AS e
JOIN night AS n USING (night)
JOIN score AS s USING (score_id)
JOIN arrival AS a ON a.arrival_no = s.arrival_no
JOIN arrival AS b ON b.arrival_no = e.by_arrival_no
LEFT JOIN score AS t ON (t.arrival_no, t.line) = (e.by_arrival_no, e.by_line)
WHERE NOT e.current
ORDER BY e.event_id;
