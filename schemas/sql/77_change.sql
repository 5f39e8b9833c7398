-- Mean paired change of each mean_change measure, with a Student t interval, two effect sizes and reliable change beside it.
CREATE OR REPLACE VIEW change AS
WITH paired AS (
    SELECT
        e.measure_id, CASE WHEN grouping(e.clinic_id) = 1 THEN '*' ELSE e.clinic_id END AS clinic_id,
        count(*)::INTEGER AS n,
        avg(e.baseline_total) AS mean_baseline, sd_samp(e.baseline_total) AS sd_baseline,
        avg(e.endpoint_total) AS mean_endpoint, sd_samp(e.endpoint_total) AS sd_endpoint,
        avg(e.baseline_total - e.endpoint_total) AS mean_change, sd_samp(e.baseline_total - e.endpoint_total) AS sd_change,
        count(*) FILTER (is_reliable_improvement(e.baseline_total, e.endpoint_total, r.reliable_change_points))::INTEGER AS improved,
        count(*) FILTER (is_reliable_deterioration(e.baseline_total, e.endpoint_total, r.reliable_change_points))::INTEGER AS deteriorated,
        count(*) FILTER (is_response(e.baseline_total, e.endpoint_total))::INTEGER AS responded
    FROM main.endpoint AS e
    JOIN main.measure AS m USING (measure_id)
    CROSS JOIN main.rules AS r
    WHERE m.kind = 'mean_change' AND e.status = 'counted'
    GROUP BY GROUPING SETS ((e.measure_id, e.clinic_id), (e.measure_id))
),

-- Everybody who came, however low the score: what those over the cut were selected from.
came AS (
    SELECT
        e.measure_id, CASE WHEN grouping(e.clinic_id) = 1 THEN '*' ELSE e.clinic_id END AS clinic_id,
        avg(e.baseline_total) AS mean, sd_samp(e.baseline_total) AS sd
    FROM main.endpoint AS e
    JOIN main.measure AS m USING (measure_id)
    WHERE m.kind = 'mean_change' AND e.status NOT IN ('repeat_course', 'other_drug') AND e.baseline_total IS NOT NULL
    GROUP BY GROUPING SETS ((e.measure_id, e.clinic_id), (e.measure_id))
)

SELECT
    m.measure_id, g.clinic_id, coalesce(p.n, 0) AS n,
    p.mean_baseline, p.sd_baseline, p.mean_endpoint, p.sd_endpoint, p.mean_change, p.sd_change,
    p.mean_change - t95(p.n - 1) * p.sd_change / sqrt(p.n) AS low,
    p.mean_change + t95(p.n - 1) * p.sd_change / sqrt(p.n) AS high,
    p.mean_change / nullif(p.sd_change, 0) AS d_z,
    p.mean_change / nullif(p.sd_baseline, 0) AS d_pre,
    coalesce(p.improved, 0) AS improved, coalesce(p.deteriorated, 0) AS deteriorated, coalesce(p.responded, 0) AS responded,
    expected_regression(a.mean, a.sd, r.retest_correlation, r.regression_cut) AS expected_regression
FROM main.measure AS m
CROSS JOIN main.clinic_group AS g
CROSS JOIN main.rules AS r
LEFT JOIN paired AS p ON p.measure_id = m.measure_id AND p.clinic_id = g.clinic_id
LEFT JOIN came AS a ON a.measure_id = m.measure_id AND a.clinic_id = g.clinic_id
WHERE m.kind = 'mean_change';

COMMENT ON VIEW change IS 'Mean paired change of each mean_change measure per clinic and over all (''*''): t interval, effect sizes, reliable change.';
COMMENT ON COLUMN change.measure_id IS 'The measure.';
COMMENT ON COLUMN change.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN change.n IS 'Courses with baseline and endpoint.';
COMMENT ON COLUMN change.mean_baseline IS 'Mean PHQ-9 total at baseline.';
COMMENT ON COLUMN change.sd_baseline IS 'Its sample standard deviation.';
COMMENT ON COLUMN change.mean_endpoint IS 'Mean PHQ-9 total at the endpoint.';
COMMENT ON COLUMN change.sd_endpoint IS 'Its sample standard deviation.';
COMMENT ON COLUMN change.mean_change IS 'Mean of baseline - endpoint, in points: over 0 is better.';
COMMENT ON COLUMN change.sd_change IS 'Its sample standard deviation.';
COMMENT ON COLUMN change.low IS 'Lower Student t 95% limit of the mean change; null under 2 courses.';
COMMENT ON COLUMN change.high IS 'Upper limit.';
COMMENT ON COLUMN change.d_z IS 'mean_change / sd_change: the effect size standardised by the change.';
COMMENT ON COLUMN change.d_pre IS 'mean_change / sd_baseline: the effect size standardised by the baseline.';
COMMENT ON COLUMN change.improved IS 'Courses lower by the points of reliable change or more.';
COMMENT ON COLUMN change.deteriorated IS 'Courses higher by as many.';
COMMENT ON COLUMN change.responded IS 'Courses at least 50% lower.';
COMMENT ON COLUMN change.expected_regression IS 'Points of fall to expect from regression to the mean alone, were only scores of rules.regression_cut and over taken.';
