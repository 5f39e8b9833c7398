-- How ill our patients were at the start, beside the patients of the study that the measure copies.
CREATE OR REPLACE VIEW baseline_beside AS
SELECT
    b.benchmark_id, c.measure_id, c.clinic_id, c.observed, c.mean_baseline, c.sd_baseline,
    b.mean_baseline AS their_mean_baseline, b.sd_baseline AS their_sd_baseline,
    c.mean_baseline - b.mean_baseline AS difference
FROM main.case_mix AS c
JOIN main.benchmark AS b USING (measure_id)
CROSS JOIN main.as_of AS d
WHERE c.band = 'all' AND NOT is_retired(b.retired_on, d.as_of);

COMMENT ON VIEW baseline_beside IS 'Mean PHQ-9 at baseline of the observed, beside that of each benchmark made for the measure, where it was printed.';
COMMENT ON COLUMN baseline_beside.benchmark_id IS 'The benchmark.';
COMMENT ON COLUMN baseline_beside.measure_id IS 'The measure made for it.';
COMMENT ON COLUMN baseline_beside.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN baseline_beside.observed IS 'Courses observed.';
COMMENT ON COLUMN baseline_beside.mean_baseline IS 'Their mean PHQ-9 total at baseline.';
COMMENT ON COLUMN baseline_beside.sd_baseline IS 'Its sample standard deviation.';
COMMENT ON COLUMN baseline_beside.their_mean_baseline IS 'Mean at baseline in the study; null where it was not printed.';
COMMENT ON COLUMN baseline_beside.their_sd_baseline IS 'Standard deviation at baseline in the study; null where it was not printed.';
COMMENT ON COLUMN baseline_beside.difference IS 'Ours less theirs, in points: over 0 our patients were more ill.';
