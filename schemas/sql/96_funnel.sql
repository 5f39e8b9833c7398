-- Each clinic against the clinics' pooled rate, flagged alike on both sides, and not ranked.
CREATE OR REPLACE VIEW funnel AS
WITH placed AS (
    SELECT
        r.measure_id, r.clinic_id, r.met, CASE r.main_denominator WHEN 'observed' THEN r.observed ELSE r.due END AS n,
        f.target, f.tau_squared, f.method, u.alert_tail, u.alarm_tail
    FROM main.rate AS r
    JOIN main.funnel_measure AS f USING (measure_id)
    CROSS JOIN main.rules AS u
    WHERE r.clinic_id <> '*'
),

tailed AS (
    SELECT
        *,
        proportion(met, n) AS rate,
        binomial_at_most(met, n, target) AS tail_low,
        binomial_at_least(met, n, target) AS tail_high,
        asin(sqrt(target)) AS y0,
        sqrt(0.25 / n + CASE method WHEN 'overdispersed' THEN tau_squared ELSE 0 END) AS s,
        asin(sqrt(met / n::DOUBLE)) - asin(sqrt(target)) AS y
    FROM placed
    WHERE n > 0
)

SELECT
    measure_id, clinic_id, met, n, rate, target, tail_low, tail_high,
    CASE method WHEN 'overdispersed' THEN sin(greatest(0, y0 - 1.96 * s)) ** 2 ELSE greatest(0, target - 1.96 * sqrt(target * (1 - target) / n)) END AS low95,
    CASE method WHEN 'overdispersed' THEN sin(least(pi() / 2, y0 + 1.96 * s)) ** 2 ELSE least(1, target + 1.96 * sqrt(target * (1 - target) / n)) END AS high95,
    CASE method WHEN 'overdispersed' THEN sin(greatest(0, y0 - 3.09 * s)) ** 2 ELSE greatest(0, target - 3.09 * sqrt(target * (1 - target) / n)) END AS low998,
    CASE method WHEN 'overdispersed' THEN sin(least(pi() / 2, y0 + 3.09 * s)) ** 2 ELSE least(1, target + 3.09 * sqrt(target * (1 - target) / n)) END AS high998,
    CASE
        -- Not even nobody, or everybody, would be flagged at this n.
        WHEN binomial_at_most(0, n, target) > alert_tail AND binomial_at_least(n, n, target) > alert_tail THEN 'not_assessable'
        WHEN method = 'overdispersed' AND y > 3.09 * s THEN 'alarm_above'
        WHEN method = 'overdispersed' AND y < -3.09 * s THEN 'alarm_below'
        WHEN method = 'overdispersed' AND y > 1.96 * s THEN 'alert_above'
        WHEN method = 'overdispersed' AND y < -1.96 * s THEN 'alert_below'
        WHEN method = 'overdispersed' THEN 'in_line'
        WHEN tail_high <= alarm_tail THEN 'alarm_above'
        WHEN tail_low <= alarm_tail THEN 'alarm_below'
        WHEN tail_high <= alert_tail THEN 'alert_above'
        WHEN tail_low <= alert_tail THEN 'alert_below'
        ELSE 'in_line'
    END AS flag
FROM tailed;

COMMENT ON VIEW funnel IS 'One row per proportion and clinic with a course in the main denominator: how likely so low or high a count is at the clinics'' pooled rate.';
COMMENT ON COLUMN funnel.measure_id IS 'The measure.';
COMMENT ON COLUMN funnel.clinic_id IS 'The clinic.';
COMMENT ON COLUMN funnel.met IS 'Courses that met the outcome.';
COMMENT ON COLUMN funnel.n IS 'Its main denominator: observed or due.';
COMMENT ON COLUMN funnel.rate IS 'met / n.';
COMMENT ON COLUMN funnel.target IS 'The clinics'' pooled rate.';
COMMENT ON COLUMN funnel.tail_low IS 'Exact probability of met or fewer of n at the pooled rate.';
COMMENT ON COLUMN funnel.tail_high IS 'Exact probability of met or more of n at the pooled rate.';
COMMENT ON COLUMN funnel.low95 IS 'Lower 95% line at this n, for drawing.';
COMMENT ON COLUMN funnel.high95 IS 'Upper 95% line at this n, for drawing.';
COMMENT ON COLUMN funnel.low998 IS 'Lower 99.8% line at this n, for drawing.';
COMMENT ON COLUMN funnel.high998 IS 'Upper 99.8% line at this n, for drawing.';
COMMENT ON COLUMN funnel.flag IS 'alarm_above, alert_above, in_line, alert_below, alarm_below, or not_assessable where no count could be flagged. By the tails, or by the arcsine limits when overdispersed.';
