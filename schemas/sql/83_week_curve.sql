-- The same by week since the first infusion: the most recent usable score within 3 days of the week; week 0 is the baseline.
CREATE OR REPLACE VIEW week_curve AS
WITH week AS (
    SELECT unnest(range(1, 13))::INTEGER AS week
),

due AS (
    SELECT c.clinic_id, c.patient_no, c.course, c.has_reached_last, c.baseline_total, w.week
    FROM main.curve_course AS c
    CROSS JOIN week AS w
    CROSS JOIN main.rules AS r
    WHERE c.followed_until >= c.first_day + 7 * w.week + 3 + r.entry_lag_days
),

-- The greatest day, on one day the higher total (R7), in the course only (R3).
seen AS (
    SELECT
        c.patient_no, c.course, (s.day - c.first_day + 3) // 7 AS week,
        endpoint_key_total(max(endpoint_key(s.day, s.phq9_total, s.item_9, s.score_id))) AS total
    FROM main.curve_course AS c
    JOIN main.score_place AS s ON s.patient_no = c.patient_no AND s.day > c.first_day
        AND (c.next_first_day IS NULL OR s.day < c.next_first_day OR (s.day = c.next_first_day AND s.timepoint <> 'post_infusion'))
    WHERE s.is_two_weeks AND NOT s.is_on_infusion_day AND s.phq9_total IS NOT NULL
    GROUP BY ALL
),

totals AS (
    SELECT clinic_id, has_reached_last, baseline_total, 0 AS week, baseline_total AS total FROM main.curve_course
    UNION ALL
    SELECT d.clinic_id, d.has_reached_last, d.baseline_total, d.week, s.total
    FROM due AS d
    LEFT JOIN seen AS s USING (patient_no, course, week)
),

counted AS (
    SELECT
        CASE WHEN grouping(t.clinic_id) = 1 THEN '*' ELSE t.clinic_id END AS clinic_id, t.week, h.cohort,
        count(*)::INTEGER AS due,
        count(t.total)::INTEGER AS observed,
        count(*) FILTER (is_response(t.baseline_total, t.total))::INTEGER AS responded,
        count(*) FILTER (is_remission(t.total))::INTEGER AS remitted,
        avg(t.total) AS mean_total,
        sd_times(1, t.total) AS sd_total
    FROM totals AS t
    CROSS JOIN (SELECT unnest(['available', 'reached_last']) AS cohort) AS h
    WHERE h.cohort = 'available' OR t.has_reached_last
    GROUP BY GROUPING SETS ((t.clinic_id, t.week, h.cohort), (t.week, h.cohort))
)

SELECT
    clinic_id, week, cohort, due, observed,
    responded, proportion(responded, observed) AS response_rate,
    wilson_low(responded, observed) AS response_low, wilson_high(responded, observed) AS response_high,
    remitted, proportion(remitted, observed) AS remission_rate,
    wilson_low(remitted, observed) AS remission_low, wilson_high(remitted, observed) AS remission_high,
    mean_total, sd_total,
    mean_total - t95(observed - 1) * sd_total / sqrt(observed) AS low,
    mean_total + t95(observed - 1) * sd_total / sqrt(observed) AS high
FROM counted;

COMMENT ON VIEW week_curve IS 'Response, remission and mean PHQ-9 by week since the first infusion, per clinic and over all (''*''), by cohort; week 0 is the baseline.';
COMMENT ON COLUMN week_curve.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN week_curve.week IS 'Week w: days 7w-3 to 7w+3 after the first infusion.';
COMMENT ON COLUMN week_curve.cohort IS 'available or reached_last, as in infusion_curve.';
COMMENT ON COLUMN week_curve.due IS 'Courses followed past the week and the entry lag.';
COMMENT ON COLUMN week_curve.observed IS 'Those with a usable score in it.';
COMMENT ON COLUMN week_curve.responded IS 'Those at least 50% below their baseline.';
COMMENT ON COLUMN week_curve.response_rate IS 'responded / observed.';
COMMENT ON COLUMN week_curve.response_low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN week_curve.response_high IS 'Its upper Wilson 95% limit.';
COMMENT ON COLUMN week_curve.remitted IS 'Those below 5.';
COMMENT ON COLUMN week_curve.remission_rate IS 'remitted / observed.';
COMMENT ON COLUMN week_curve.remission_low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN week_curve.remission_high IS 'Its upper Wilson 95% limit.';
COMMENT ON COLUMN week_curve.mean_total IS 'Mean PHQ-9 total of the observed.';
COMMENT ON COLUMN week_curve.sd_total IS 'Sample standard deviation; null under 2 courses.';
COMMENT ON COLUMN week_curve.low IS 'Lower 95% limit of the mean; null under 2 courses.';
COMMENT ON COLUMN week_curve.high IS 'Upper 95% limit of the mean.';
