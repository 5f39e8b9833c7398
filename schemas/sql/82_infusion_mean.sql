-- Mean PHQ-9 and mean fall since baseline after infusion k, with Student t intervals; k = 0 is the baseline.
CREATE OR REPLACE VIEW infusion_mean AS
WITH told AS (
    SELECT t.*, m.infusion_k, m.infusion_k = min(m.infusion_k) OVER () AS is_first
    FROM main.tally AS t
    JOIN main.measure AS m USING (measure_id)
    WHERE m.anchor = 'infusion_k' AND m.outcome = 'is_response'
),

totals AS (
    -- The baselines of every course that the measures after infusion k take.
    SELECT clinic_id, 0 AS k, has_reached_last, baseline_total AS total, NULL::INTEGER AS fall, courses
    FROM told
    WHERE is_first AND status NOT IN ('repeat_course', 'other_drug', 'no_baseline', 'baseline_too_old', 'baseline_below_minimum')

    UNION ALL

    SELECT clinic_id, infusion_k, has_reached_last, endpoint_total, baseline_total - endpoint_total, courses
    FROM told
    WHERE status_class(status) = 'observed'
),

summed AS (
    SELECT
        CASE WHEN grouping(t.clinic_id) = 1 THEN '*' ELSE t.clinic_id END AS clinic_id, t.k, h.cohort,
        sum(t.courses)::INTEGER AS n,
        mean_of(t.courses, t.total) AS mean_total, sd_times(t.courses, t.total) AS sd_total,
        mean_of(t.courses, t.fall) AS mean_change, sd_times(t.courses, t.fall) AS sd_change
    FROM totals AS t
    CROSS JOIN main.rules AS r
    CROSS JOIN (SELECT unnest(['available', 'reached_last']) AS cohort) AS h
    WHERE h.cohort = 'available' OR (t.has_reached_last AND t.k <= r.fixed_cohort_infusions)
    GROUP BY GROUPING SETS ((t.clinic_id, t.k, h.cohort), (t.k, h.cohort))
)

SELECT
    clinic_id, k, cohort, n, mean_total, sd_total,
    mean_total - t95(n - 1) * sd_total / sqrt(n) AS low,
    mean_total + t95(n - 1) * sd_total / sqrt(n) AS high,
    mean_change, sd_change,
    mean_change - t95(n - 1) * sd_change / sqrt(n) AS change_low,
    mean_change + t95(n - 1) * sd_change / sqrt(n) AS change_high
FROM summed;

COMMENT ON VIEW infusion_mean IS 'Mean PHQ-9 after infusion k (0 is the baseline) with Student t 95% intervals, per clinic and over all (''*''), by cohort.';
COMMENT ON COLUMN infusion_mean.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN infusion_mean.k IS 'Infusion of the course; 0 is the baseline.';
COMMENT ON COLUMN infusion_mean.cohort IS 'available or reached_last, as in infusion_curve.';
COMMENT ON COLUMN infusion_mean.n IS 'Courses with a usable score there.';
COMMENT ON COLUMN infusion_mean.mean_total IS 'Their mean PHQ-9 total.';
COMMENT ON COLUMN infusion_mean.sd_total IS 'Sample standard deviation; null under 2 courses.';
COMMENT ON COLUMN infusion_mean.low IS 'Lower 95% limit of the mean; null under 2 courses.';
COMMENT ON COLUMN infusion_mean.high IS 'Upper 95% limit of the mean.';
COMMENT ON COLUMN infusion_mean.mean_change IS 'Mean of baseline - total in the same courses, in points: over 0 is better.';
COMMENT ON COLUMN infusion_mean.sd_change IS 'Its sample standard deviation.';
COMMENT ON COLUMN infusion_mean.change_low IS 'Its lower 95% limit.';
COMMENT ON COLUMN infusion_mean.change_high IS 'Its upper 95% limit.';
