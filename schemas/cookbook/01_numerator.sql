-- The lines behind a numerator
-- Which file and which line did each patient in the numerator of this rate come from?
SELECT patient_no, course, role, day, total, sha256, line, row_digest
FROM trace_score
WHERE measure_id = 'response_post_induction' AND clinic_id = 'C01' AND status = 'met'
ORDER BY patient_no, course, role;
