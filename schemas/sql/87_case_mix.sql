-- How ill the patients were at the start, and the rate in each band of it.
CREATE OR REPLACE VIEW case_mix AS
WITH counted AS (
    SELECT
        e.measure_id, CASE WHEN grouping(e.clinic_id) = 1 THEN '*' ELSE e.clinic_id END AS clinic_id,
        CASE WHEN grouping(severity_band(e.baseline_total)) = 1 THEN 'all' ELSE severity_band(e.baseline_total) END AS band,
        count(*)::INTEGER AS due,
        count(*) FILTER (e.class = 'observed')::INTEGER AS observed,
        count(*) FILTER (e.status = 'met')::INTEGER AS met,
        avg(e.baseline_total) FILTER (e.class = 'observed') AS mean_baseline,
        sd_samp(CASE WHEN e.class = 'observed' THEN e.baseline_total END) AS sd_baseline
    FROM main.endpoint AS e
    JOIN main.measure AS m USING (measure_id)
    WHERE m.kind = 'proportion' AND e.class IN ('observed', 'missing')
    GROUP BY GROUPING SETS (
        (e.measure_id, e.clinic_id, severity_band(e.baseline_total)), (e.measure_id, severity_band(e.baseline_total)),
        (e.measure_id, e.clinic_id), (e.measure_id)
    )
)

SELECT
    measure_id, clinic_id, band, due, observed, met,
    proportion(met, observed) AS rate, wilson_low(met, observed) AS low, wilson_high(met, observed) AS high,
    mean_baseline, sd_baseline
FROM counted;

COMMENT ON VIEW case_mix IS 'One row per proportion, group and severity band at baseline, and one for all bands: who was due, and the observed rate.';
COMMENT ON COLUMN case_mix.measure_id IS 'The measure.';
COMMENT ON COLUMN case_mix.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN case_mix.band IS 'PHQ-9 total at baseline: 0-4, 5-9, 10-14, 15-19, 20-27; all for every band.';
COMMENT ON COLUMN case_mix.due IS 'Courses due.';
COMMENT ON COLUMN case_mix.observed IS 'Those with an endpoint.';
COMMENT ON COLUMN case_mix.met IS 'Those whose endpoint has the outcome.';
COMMENT ON COLUMN case_mix.rate IS 'met / observed.';
COMMENT ON COLUMN case_mix.low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN case_mix.high IS 'Its upper Wilson 95% limit.';
COMMENT ON COLUMN case_mix.mean_baseline IS 'Mean PHQ-9 total at baseline of the observed; table benchmark has the study''s, where it was printed.';
COMMENT ON COLUMN case_mix.sd_baseline IS 'Its sample standard deviation.';
