-- Everybody in a clinic, by what became of them
-- Who is in the denominator of this rate, who is missing from it, who does not count, and why?
SELECT class, status, because, is_in_denominator, count(*) AS courses, list((patient_no, course) ORDER BY patient_no, course) AS which
FROM trace_course
WHERE measure_id = 'response_post_induction' AND clinic_id = 'C01'
GROUP BY ALL
ORDER BY class, status;
