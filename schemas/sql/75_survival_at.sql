-- The Kaplan-Meier estimate on days 0, 28, 56, 84 and the measure's own; hidden where too few are still at risk.
CREATE OR REPLACE VIEW survival_at AS
WITH day AS (
    SELECT measure_id, unnest(list_distinct([0, 28, 56, 84, window_high])) AS day
    FROM main.measure
    WHERE kind = 'survival'
),

wanted AS (
    SELECT d.measure_id, g.clinic_id, v.variant, d.day
    FROM day AS d
    CROSS JOIN main.clinic_group AS g
    CROSS JOIN (SELECT unnest(['all', 'until_maintenance']) AS variant) AS v
),

found AS (
    SELECT
        w.measure_id, w.clinic_id, w.variant, w.day,
        coalesce(sum(c.events + c.censored) FILTER (c.day >= w.day), 0)::INTEGER AS at_risk,
        arg_max(c.survival, c.day) FILTER (c.day <= w.day) AS survival,
        arg_max(c.greenwood, c.day) FILTER (c.day <= w.day) AS greenwood
    FROM wanted AS w
    LEFT JOIN main.survival_curve AS c ON c.measure_id = w.measure_id AND c.clinic_id = w.clinic_id AND c.variant = w.variant
    GROUP BY w.measure_id, w.clinic_id, w.variant, w.day
),

shown AS (
    SELECT f.*, f.at_risk >= r.survival_minimum_at_risk AS is_shown
    FROM found AS f
    CROSS JOIN main.rules AS r
)

SELECT
    measure_id, clinic_id, variant, day, at_risk,
    CASE WHEN is_shown THEN survival END AS survival,
    CASE WHEN is_shown THEN log_log_low(survival, greenwood) END AS low,
    CASE WHEN is_shown THEN log_log_high(survival, greenwood) END AS high,
    is_shown
FROM shown;

COMMENT ON VIEW survival_at IS 'Kaplan-Meier estimate per survival measure, group and variant at 0, 4, 8 and 12 weeks and the measure''s own day, with numbers at risk.';
COMMENT ON COLUMN survival_at.measure_id IS 'The survival measure.';
COMMENT ON COLUMN survival_at.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN survival_at.variant IS 'all, or until_maintenance.';
COMMENT ON COLUMN survival_at.day IS 'Days since the clock started.';
COMMENT ON COLUMN survival_at.at_risk IS 'Courses followed to that day or longer without the event before it.';
COMMENT ON COLUMN survival_at.survival IS 'S: share without the event by then; null where fewer are at risk than the rules ask for.';
COMMENT ON COLUMN survival_at.low IS 'Lower log-log 95% limit; null where S is 0, 1 or hidden.';
COMMENT ON COLUMN survival_at.high IS 'Upper log-log 95% limit; null where S is 0, 1 or hidden.';
COMMENT ON COLUMN survival_at.is_shown IS 'Whether enough courses are at risk.';
