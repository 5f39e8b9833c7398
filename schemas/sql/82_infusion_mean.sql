-- Mean PHQ-9 and mean fall since baseline after infusion k, with Student t intervals; k = 0 is the baseline.
CREATE OR REPLACE VIEW infusion_mean AS
WITH totals AS (
    SELECT clinic_id, 0 AS k, has_reached_last, baseline_total AS total, NULL::INTEGER AS fall FROM main.curve_course

    UNION ALL

    SELECT e.clinic_id, m.infusion_k, c.has_reached_last, e.endpoint_total, e.baseline_total - e.endpoint_total
    FROM main.endpoint AS e
    JOIN main.measure AS m USING (measure_id)
    JOIN main.curve_course AS c ON c.patient_no = e.patient_no AND c.course = e.course
    WHERE m.anchor = 'infusion_k' AND m.outcome = 'is_response' AND e.class = 'observed'
),

summed AS (
    SELECT
        CASE WHEN grouping(t.clinic_id) = 1 THEN '*' ELSE t.clinic_id END AS clinic_id, t.k, h.cohort,
        count(*)::INTEGER AS n, avg(t.total) AS mean_total, sd_samp(t.total) AS sd_total,
        avg(t.fall) AS mean_change, sd_samp(t.fall) AS sd_change
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
