-- Whether an early response tells of a later one: courses observed after infusion 1, 2 or 3 and by the primary measure.
CREATE OR REPLACE VIEW early_response AS
WITH paired AS (
    SELECT e.clinic_id, m.infusion_k AS k, e.status::VARCHAR AS early, later.status AS later
    FROM main.endpoint AS e
    JOIN main.measure AS m USING (measure_id)
    JOIN main.endpoint AS later ON later.patient_no = e.patient_no AND later.course = e.course
    WHERE m.anchor = 'infusion_k' AND m.infusion_k <= 3 AND m.outcome = 'is_response' AND e.class = 'observed' AND later.class = 'observed'
        AND later.measure_id IN (SELECT measure_id FROM main.benchmark WHERE is_primary AND outcome = 'response')
),

counted AS (
    SELECT
        CASE WHEN grouping(clinic_id) = 1 THEN '*' ELSE clinic_id END AS clinic_id, k, early,
        count(*)::INTEGER AS courses, count(*) FILTER (later = 'met')::INTEGER AS later_met
    FROM paired
    GROUP BY GROUPING SETS ((clinic_id, k, early), (k, early))
)

SELECT
    clinic_id, k, early, courses, later_met,
    proportion(later_met, courses) AS rate, wilson_low(later_met, courses) AS low, wilson_high(later_met, courses) AS high
FROM counted;

COMMENT ON VIEW early_response IS 'How many of those with and without a response after infusion 1, 2 or 3 met the primary measure later.';
COMMENT ON COLUMN early_response.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN early_response.k IS 'Infusion of the course, 1 to 3.';
COMMENT ON COLUMN early_response.early IS 'met or not_met: response after infusion k.';
COMMENT ON COLUMN early_response.courses IS 'Courses with both scores.';
COMMENT ON COLUMN early_response.later_met IS 'Those that met the primary measure.';
COMMENT ON COLUMN early_response.rate IS 'later_met / courses.';
COMMENT ON COLUMN early_response.low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN early_response.high IS 'Its upper Wilson 95% limit.';
