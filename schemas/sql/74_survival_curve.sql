-- Kaplan-Meier: one row per group and day on which a course had its event or was seen last (events before censorings), and day 0.
CREATE OR REPLACE VIEW survival_curve AS
WITH grouped AS (
    SELECT
        measure_id, variant, days AS day,
        CASE WHEN grouping(clinic_id) = 1 THEN '*' ELSE clinic_id END AS clinic_id,
        coalesce(sum(courses) FILTER (is_event), 0) AS events,
        coalesce(sum(courses) FILTER (NOT is_event), 0) AS censored
    FROM main.clock_tally
    WHERE kept_out_as IS NULL
    GROUP BY GROUPING SETS ((measure_id, variant, days, clinic_id), (measure_id, variant, days))
),

with_day_0 AS (
    FROM grouped
    UNION ALL BY NAME
    SELECT DISTINCT measure_id, variant, 0 AS day, clinic_id, 0 AS events, 0 AS censored
    FROM grouped
),

stepped AS (
    SELECT
        measure_id, clinic_id, variant, day, sum(events)::BIGINT AS events, sum(censored)::BIGINT AS censored,
        sum(sum(events) + sum(censored)) OVER (PARTITION BY measure_id, clinic_id, variant ORDER BY day DESC)::BIGINT AS at_risk
    FROM with_day_0
    GROUP BY measure_id, clinic_id, variant, day
),

estimated AS (
    SELECT
        *,
        product(1 - events / at_risk::DOUBLE) OVER so_far AS survival,
        sum(events / nullif(at_risk::DOUBLE * (at_risk - events), 0)) OVER so_far AS greenwood
    FROM stepped
    WINDOW so_far AS (PARTITION BY measure_id, clinic_id, variant ORDER BY day)
)

SELECT
    measure_id, clinic_id, variant, day, at_risk, events, censored, survival, greenwood,
    log_log_low(survival, greenwood) AS low,
    log_log_high(survival, greenwood) AS high
FROM estimated;

COMMENT ON VIEW survival_curve IS 'Kaplan-Meier estimate of each survival measure, per clinic and over all (''*''): one row per day on which something happened.';
COMMENT ON COLUMN survival_curve.measure_id IS 'The survival measure.';
COMMENT ON COLUMN survival_curve.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN survival_curve.variant IS 'all, or until_maintenance.';
COMMENT ON COLUMN survival_curve.day IS 'Days since the clock started.';
COMMENT ON COLUMN survival_curve.at_risk IS 'Courses still followed without the event just before that day.';
COMMENT ON COLUMN survival_curve.events IS 'Courses with the event on that day.';
COMMENT ON COLUMN survival_curve.censored IS 'Courses seen last on that day, without it.';
COMMENT ON COLUMN survival_curve.survival IS 'S: share without the event after that day.';
COMMENT ON COLUMN survival_curve.greenwood IS 'Greenwood''s sum of d / (n (n - d)) so far; the standard error is greenwood_se(survival, greenwood).';
COMMENT ON COLUMN survival_curve.low IS 'Lower log-log 95% limit; null where S is 0 or 1.';
COMMENT ON COLUMN survival_curve.high IS 'Upper log-log 95% limit; null where S is 0 or 1.';
