-- A survival figure, course by course
-- Which courses are behind a Kaplan-Meier estimate, when does each clock start, and which line is its event or its last score?
SELECT s.clinic_id, s.patient_no, s.course, s.start_day, s.days, s.is_event, t.role, t.total, t.sha256, t.line
FROM survival AS s
LEFT JOIN trace_score AS t ON (t.measure_id, t.patient_no, t.course) = (s.measure_id, s.patient_no, s.course)
    AND t.role IN ('start', 'event', 'last')
WHERE s.measure_id = 'sustained_response_8_weeks' AND s.variant = 'all'
ORDER BY s.clinic_id, s.patient_no, s.course, t.role;
