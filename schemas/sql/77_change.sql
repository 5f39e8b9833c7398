-- Mean paired change of each mean_change measure, with a Student t interval, two effect sizes and reliable change beside it.
CREATE OR REPLACE VIEW change AS
WITH paired AS (
    SELECT
        t.measure_id, CASE WHEN grouping(t.clinic_id) = 1 THEN '*' ELSE t.clinic_id END AS clinic_id,
        sum(t.courses)::INTEGER AS n,
        mean_of(t.courses, t.baseline_total) AS mean_baseline, sd_times(t.courses, t.baseline_total) AS sd_baseline,
        mean_of(t.courses, t.endpoint_total) AS mean_endpoint, sd_times(t.courses, t.endpoint_total) AS sd_endpoint,
        mean_of(t.courses, t.baseline_total - t.endpoint_total) AS mean_change, sd_times(t.courses, t.baseline_total - t.endpoint_total) AS sd_change,
        sum(t.courses) FILTER (is_reliable_improvement(t.baseline_total, t.endpoint_total, r.reliable_change_points)) AS improved,
        sum(t.courses) FILTER (is_reliable_deterioration(t.baseline_total, t.endpoint_total, r.reliable_change_points)) AS deteriorated,
        sum(t.courses) FILTER (is_response(t.baseline_total, t.endpoint_total)) AS responded
    FROM main.tally AS t
    CROSS JOIN main.rules AS r
    WHERE t.status = 'counted'
    GROUP BY GROUPING SETS ((t.measure_id, t.clinic_id), (t.measure_id))
),

-- Everybody who came, however low the score: what those over the cut were selected from.
came AS (
    SELECT
        measure_id, CASE WHEN grouping(clinic_id) = 1 THEN '*' ELSE clinic_id END AS clinic_id,
        mean_of(courses, baseline_total) AS mean, sd_times(courses, baseline_total) AS sd
    FROM main.tally
    WHERE status NOT IN ('repeat_course', 'other_drug') AND baseline_total IS NOT NULL
    GROUP BY GROUPING SETS ((measure_id, clinic_id), (measure_id))
)

SELECT
    m.measure_id, g.clinic_id, coalesce(p.n, 0) AS n,
    p.mean_baseline, p.sd_baseline, p.mean_endpoint, p.sd_endpoint, p.mean_change, p.sd_change,
    p.mean_change - t95(p.n - 1) * p.sd_change / sqrt(p.n) AS low,
    p.mean_change + t95(p.n - 1) * p.sd_change / sqrt(p.n) AS high,
    p.mean_change / nullif(p.sd_change, 0) AS d_z,
    p.mean_change / nullif(p.sd_baseline, 0) AS d_pre,
    coalesce(p.improved, 0)::INTEGER AS improved, coalesce(p.deteriorated, 0)::INTEGER AS deteriorated, coalesce(p.responded, 0)::INTEGER AS responded,
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
