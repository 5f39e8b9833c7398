-- How ill the patients were at the start, and the rate in each band of it.
CREATE OR REPLACE VIEW case_mix AS
WITH counted AS (
    SELECT
        t.measure_id, CASE WHEN grouping(t.clinic_id) = 1 THEN '*' ELSE t.clinic_id END AS clinic_id,
        CASE WHEN grouping(severity_band(t.baseline_total)) = 1 THEN 'all' ELSE severity_band(t.baseline_total) END AS band,
        sum(t.courses)::INTEGER AS due,
        coalesce(sum(t.courses) FILTER (status_class(t.status) = 'observed'), 0)::INTEGER AS observed,
        coalesce(sum(t.courses) FILTER (t.status = 'met'), 0)::INTEGER AS met,
        mean_of(CASE WHEN status_class(t.status) = 'observed' THEN t.courses END, t.baseline_total) AS mean_baseline,
        sd_times(CASE WHEN status_class(t.status) = 'observed' THEN t.courses END, t.baseline_total) AS sd_baseline
    FROM main.tally AS t
    JOIN main.measure AS m USING (measure_id)
    WHERE m.kind = 'proportion' AND status_class(t.status) IN ('observed', 'missing')
    GROUP BY GROUPING SETS (
        (t.measure_id, t.clinic_id, severity_band(t.baseline_total)), (t.measure_id, severity_band(t.baseline_total)),
        (t.measure_id, t.clinic_id), (t.measure_id)
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
