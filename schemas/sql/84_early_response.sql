-- Whether an early response tells of a later one: courses observed after infusion 1, 2 or 3 and by the primary measure.
CREATE OR REPLACE VIEW early_response AS
WITH primary_measure AS (
    SELECT measure_id FROM main.benchmark WHERE is_primary AND outcome = 'response' ORDER BY retired_on IS NOT NULL, position LIMIT 1
),

seen AS (
    SELECT e.clinic_id, e.patient_no, e.course, m.infusion_k AS k, e.status::VARCHAR AS status
    FROM main.endpoint AS e
    JOIN main.measure AS m USING (measure_id)
    WHERE e.class = 'observed'
        AND (m.measure_id IN (FROM primary_measure) OR (m.anchor = 'infusion_k' AND m.infusion_k <= 3 AND m.outcome = 'is_response'))
),

counted AS (
    SELECT
        CASE WHEN grouping(early.clinic_id) = 1 THEN '*' ELSE early.clinic_id END AS clinic_id, early.k, early.status AS early,
        count(*)::INTEGER AS courses, count(*) FILTER (later.status = 'met')::INTEGER AS later_met
    FROM seen AS early
    JOIN seen AS later ON later.patient_no = early.patient_no AND later.course = early.course AND later.k IS NULL
    WHERE early.k IS NOT NULL
    GROUP BY GROUPING SETS ((early.clinic_id, early.k, early.status), (early.k, early.status))
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
