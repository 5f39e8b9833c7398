-- The clinics' pooled rate of each proportion, and how much more the clinics differ than chance alone lets them (Spiegelhalter 2005).
CREATE OR REPLACE VIEW funnel_measure AS
WITH counted AS (
    SELECT
        measure_id, clinic_id, met, CASE main_denominator WHEN 'observed' THEN observed ELSE due END AS n,
        sum(met) OVER m / nullif(sum(CASE main_denominator WHEN 'observed' THEN observed ELSE due END) OVER m, 0)::DOUBLE AS target
    FROM main.rate
    WHERE clinic_id <> '*'
    WINDOW m AS (PARTITION BY measure_id)
),

scored AS (
    SELECT *, 4.0 * n AS w, (asin(sqrt(met / n::DOUBLE)) - asin(sqrt(target))) * 2 * sqrt(n) AS z
    FROM counted
    WHERE n > 0
),

-- The farthest tenth on each side counts as the tenth percentile does: one odd clinic shall not make all the others ordinary.
edged AS (
    SELECT *, quantile_cont(z, 0.1) OVER m AS z_low, quantile_cont(z, 0.9) OVER m AS z_high
    FROM scored
    WINDOW m AS (PARTITION BY measure_id)
),

summed AS (
    SELECT
        measure_id, count(*)::INTEGER AS clinics, any_value(target) AS target,
        sum(least(greatest(z, z_low), z_high) ** 2 ORDER BY clinic_id) / count(*) AS phi,
        sum(w) - sum(w * w) / sum(w) AS spread
    FROM edged
    GROUP BY measure_id
),

judged AS (
    SELECT
        s.*, r.overdispersion_minimum_clinics,
        CASE WHEN clinics * phi > clinics - 1 AND spread > 0 THEN (clinics * phi - (clinics - 1)) / spread ELSE 0 END AS tau_squared
    FROM summed AS s
    CROSS JOIN main.rules AS r
)

SELECT
    measure_id, clinics, target, phi, tau_squared,
    CASE WHEN clinics >= overdispersion_minimum_clinics AND tau_squared > 0 THEN 'overdispersed' ELSE 'exact_tails' END AS method
FROM judged;

COMMENT ON VIEW funnel_measure IS 'One row per proportion with a clinic to show: the pooled rate of the clinics, phi, and how the funnel judges.';
COMMENT ON COLUMN funnel_measure.measure_id IS 'The measure.';
COMMENT ON COLUMN funnel_measure.clinics IS 'Clinics with a course in the main denominator.';
COMMENT ON COLUMN funnel_measure.target IS 'met / n over all of them.';
COMMENT ON COLUMN funnel_measure.phi IS 'Overdispersion: mean of z squared on the arcsine scale, z winsorised at its 10th and 90th percentile; 1 is chance alone.';
COMMENT ON COLUMN funnel_measure.tau_squared IS 'Variance between clinics on the arcsine scale beyond chance; 0 where there is none.';
COMMENT ON COLUMN funnel_measure.method IS 'exact_tails; overdispersed from rules.overdispersion_minimum_clinics up where tau_squared is over 0.';
