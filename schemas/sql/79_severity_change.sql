-- From which severity band to which: baseline and endpoint of the courses of each mean-change measure.
CREATE OR REPLACE VIEW severity_change AS
SELECT
    t.measure_id, CASE WHEN grouping(t.clinic_id) = 1 THEN '*' ELSE t.clinic_id END AS clinic_id,
    severity_band(t.baseline_total) AS baseline_band, severity_band(t.endpoint_total) AS endpoint_band,
    sum(t.courses)::INTEGER AS courses
FROM main.tally AS t
JOIN main.measure AS m USING (measure_id)
WHERE m.kind = 'mean_change' AND status_class(t.status) = 'observed'
GROUP BY GROUPING SETS (
    (t.measure_id, t.clinic_id, severity_band(t.baseline_total), severity_band(t.endpoint_total)),
    (t.measure_id, severity_band(t.baseline_total), severity_band(t.endpoint_total))
);

COMMENT ON VIEW severity_change IS 'One row per mean-change measure, group (''*'' is all clinics), severity band at baseline and at the endpoint that any course has.';
COMMENT ON COLUMN severity_change.measure_id IS 'The measure.';
COMMENT ON COLUMN severity_change.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN severity_change.baseline_band IS 'PHQ-9 total at baseline: 0-4, 5-9, 10-14, 15-19 or 20-27.';
COMMENT ON COLUMN severity_change.endpoint_band IS 'PHQ-9 total at the endpoint, in the same bands.';
COMMENT ON COLUMN severity_change.courses IS 'Courses with both.';
