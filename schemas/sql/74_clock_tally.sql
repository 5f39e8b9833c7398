-- Clocks that are alike, counted: what every survival curve is made from, and which courses were kept out of it.
CREATE OR REPLACE VIEW clock_tally AS
WITH clocks AS MATERIALIZED (
    SELECT measure_id, clinic_id, patient_id, patient_no, course, kept_out_as, baseline_total, start_day FROM main.clock
)

SELECT measure_id, clinic_id, kept_out_as, NULL::VARCHAR AS variant, NULL::INTEGER AS days, NULL::BOOLEAN AS is_event, count(*)::INTEGER AS courses
FROM clocks
WHERE kept_out_as IS NOT NULL
GROUP BY ALL

UNION ALL

SELECT measure_id, clinic_id, NULL, variant, days, is_event, count(*)::INTEGER
FROM main.survivals('clocks')
GROUP BY ALL;

COMMENT ON VIEW clock_tally IS 'One row per survival measure, clinic and what its clocks have in common: the status that keeps courses out, or variant, days followed and whether the event was seen.';
COMMENT ON COLUMN clock_tally.measure_id IS 'The survival measure.';
COMMENT ON COLUMN clock_tally.clinic_id IS 'The clinic.';
COMMENT ON COLUMN clock_tally.kept_out_as IS 'The first true status of R10 that keeps the courses out; null where they are followed.';
COMMENT ON COLUMN clock_tally.variant IS 'all, or until_maintenance, as in survival; null where the courses are kept out.';
COMMENT ON COLUMN clock_tally.days IS 'Days to the event, or to the last usable score without it; null where the courses are kept out.';
COMMENT ON COLUMN clock_tally.is_event IS 'Whether the event was seen; null where the courses are kept out.';
COMMENT ON COLUMN clock_tally.courses IS 'Courses that are alike in all of these.';
