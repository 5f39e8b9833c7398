-- Comparisons that are refused or withheld
-- Why is a published rate not compared with ours, or its verdict withheld?
SELECT c.benchmark_id, c.clinic_id, b.instrument, b.treatment_class, c.outcome, c.because, c.withheld_because, r.sentence
FROM comparison AS c
JOIN benchmark AS b USING (benchmark_id)
LEFT JOIN reason AS r ON r.about = 'verdict' AND r.reason_code = c.withheld_because
WHERE c.outcome = 'refused' OR c.withheld_because IS NOT NULL
ORDER BY b.position, c.clinic_id;
