-- Remission depends on the baseline: how many would be expected at the published rate, moved by the published slope. A sensitivity.
CREATE OR REPLACE VIEW observed_expected AS
WITH alike AS (
    SELECT
        b.benchmark_id, b.measure_id, CASE WHEN grouping(t.clinic_id) = 1 THEN '*' ELSE t.clinic_id END AS clinic_id, t.baseline_total,
        sum(t.courses) AS observed,
        coalesce(sum(t.courses) FILTER (t.status = 'met'), 0) AS met,
        any_value(b.rate) AS their_rate, any_value(b.mean_baseline) AS their_mean_baseline
    FROM main.benchmark AS b
    JOIN main.measure AS m USING (measure_id)
    JOIN main.tally AS t USING (measure_id)
    CROSS JOIN main.as_of AS d
    WHERE m.outcome IN ('is_remission', 'is_at_most_5') AND b.mean_baseline IS NOT NULL AND b.rate > 0 AND b.rate < 1
        AND b.treatment_class = 'ketamine_iv' AND status_class(t.status) = 'observed'
        AND NOT is_retired(b.retired_on, d.as_of)
    GROUP BY GROUPING SETS ((b.benchmark_id, b.measure_id, t.clinic_id, t.baseline_total), (b.benchmark_id, b.measure_id, t.baseline_total))
),

expected AS (
    SELECT
        benchmark_id, measure_id, clinic_id, sum(observed)::INTEGER AS observed, sum(met)::INTEGER AS met,
        -- In one order, so that the sum is the same each time.
        sum(observed * expected_by_slope(their_rate, baseline_total, their_mean_baseline, r.remission_odds_ratio) ORDER BY baseline_total) AS expected,
        sum(observed * baseline_total) / sum(observed)::DOUBLE AS mean_baseline,
        any_value(their_mean_baseline) AS their_mean_baseline
    FROM alike
    CROSS JOIN main.rules AS r
    GROUP BY benchmark_id, measure_id, clinic_id
)

SELECT
    benchmark_id, measure_id, clinic_id, observed, met, expected, met / nullif(expected, 0) AS ratio, mean_baseline, their_mean_baseline,
    'Sensitivity: the slope (odds ratio of remission per 10 points) comes from psychotherapy episodes.' AS because
FROM expected;

COMMENT ON VIEW observed_expected IS 'O/E of remission against each published rate with a mean baseline, per clinic and over all (''*''): a sensitivity, never a verdict.';
COMMENT ON COLUMN observed_expected.benchmark_id IS 'The benchmark.';
COMMENT ON COLUMN observed_expected.measure_id IS 'The measure made for it.';
COMMENT ON COLUMN observed_expected.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN observed_expected.observed IS 'Courses observed.';
COMMENT ON COLUMN observed_expected.met IS 'O: those in remission.';
COMMENT ON COLUMN observed_expected.expected IS 'E: the sum over them of the published rate moved to their baseline.';
COMMENT ON COLUMN observed_expected.ratio IS 'O / E.';
COMMENT ON COLUMN observed_expected.mean_baseline IS 'Mean PHQ-9 total at baseline here.';
COMMENT ON COLUMN observed_expected.their_mean_baseline IS 'Mean PHQ-9 total at baseline in the study.';
COMMENT ON COLUMN observed_expected.because IS 'What it is.';
