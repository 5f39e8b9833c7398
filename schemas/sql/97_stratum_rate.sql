-- Every proportion split by stratum.
CREATE OR REPLACE VIEW stratum_rate AS
WITH split AS (
    SELECT
        e.measure_id, e.clinic_id, e.class, e.status, s.dimension,
        -- The severity at baseline is the measure's own: each takes its baseline in its own way.
        coalesce(s.stratum, severity_band(e.baseline_total)) AS stratum
    FROM main.endpoint AS e
    JOIN main.measure AS m USING (measure_id)
    JOIN (
        SELECT patient_no, course, dimension, stratum FROM main.stratum
        UNION ALL
        SELECT patient_no, course, 'baseline_severity', NULL FROM main.course
    ) AS s ON s.patient_no = e.patient_no AND s.course = e.course
    WHERE m.kind = 'proportion' AND e.class IN ('observed', 'missing')
),

counted AS (
    SELECT
        measure_id, CASE WHEN grouping(clinic_id) = 1 THEN '*' ELSE clinic_id END AS clinic_id, dimension, stratum,
        count(*)::INTEGER AS due,
        count(*) FILTER (class = 'observed')::INTEGER AS observed,
        count(*) FILTER (class = 'missing')::INTEGER AS missing,
        count(*) FILTER (status = 'met')::INTEGER AS met
    FROM split
    GROUP BY GROUPING SETS ((measure_id, clinic_id, dimension, stratum), (measure_id, dimension, stratum))
)

SELECT
    measure_id, clinic_id, dimension, stratum, due, observed, missing, met,
    proportion(met, observed) AS observed_rate, wilson_low(met, observed) AS observed_low, wilson_high(met, observed) AS observed_high,
    proportion(met, due) AS everyone_rate, wilson_low(met, due) AS everyone_low, wilson_high(met, due) AS everyone_high
FROM counted;

COMMENT ON VIEW stratum_rate IS 'One row per proportion, group, dimension and stratum: who was due, and both rates. The strata of a dimension add up to the group.';
COMMENT ON COLUMN stratum_rate.measure_id IS 'The measure.';
COMMENT ON COLUMN stratum_rate.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN stratum_rate.dimension IS 'What the courses are split by: a dimension of view stratum, or baseline_severity.';
COMMENT ON COLUMN stratum_rate.stratum IS 'The stratum; unknown where nothing says.';
COMMENT ON COLUMN stratum_rate.due IS 'observed + missing.';
COMMENT ON COLUMN stratum_rate.observed IS 'Due courses with an endpoint.';
COMMENT ON COLUMN stratum_rate.missing IS 'Due courses without.';
COMMENT ON COLUMN stratum_rate.met IS 'Those whose endpoint has the outcome.';
COMMENT ON COLUMN stratum_rate.observed_rate IS 'met / observed.';
COMMENT ON COLUMN stratum_rate.observed_low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN stratum_rate.observed_high IS 'Its upper Wilson 95% limit.';
COMMENT ON COLUMN stratum_rate.everyone_rate IS 'met / due: a missing score counts as not met.';
COMMENT ON COLUMN stratum_rate.everyone_low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN stratum_rate.everyone_high IS 'Its upper Wilson 95% limit.';
