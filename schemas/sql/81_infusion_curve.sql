-- Response and remission after infusion k, of all available courses and of the fixed cohort beside them.
CREATE OR REPLACE VIEW infusion_curve AS
WITH counted AS (
    SELECT
        CASE WHEN grouping(t.clinic_id) = 1 THEN '*' ELSE t.clinic_id END AS clinic_id, m.outcome, m.infusion_k AS k, h.cohort,
        coalesce(sum(t.courses) FILTER (status_class(t.status) IN ('observed', 'missing')), 0)::INTEGER AS due,
        coalesce(sum(t.courses) FILTER (status_class(t.status) = 'observed'), 0)::INTEGER AS observed,
        coalesce(sum(t.courses) FILTER (t.status = 'met'), 0)::INTEGER AS met
    FROM main.tally AS t
    JOIN main.measure AS m USING (measure_id)
    CROSS JOIN main.rules AS r
    CROSS JOIN (SELECT unnest(['available', 'reached_last']) AS cohort) AS h
    WHERE m.anchor = 'infusion_k' AND m.outcome IN ('is_response', 'is_remission')
        AND (h.cohort = 'available' OR (t.has_reached_last AND m.infusion_k <= r.fixed_cohort_infusions))
    GROUP BY GROUPING SETS ((t.clinic_id, m.outcome, m.infusion_k, h.cohort), (m.outcome, m.infusion_k, h.cohort))
)

SELECT
    clinic_id, CASE outcome WHEN 'is_response' THEN 'response' ELSE 'remission' END AS outcome, k, cohort, due, observed, met,
    proportion(met, observed) AS rate, wilson_low(met, observed) AS low, wilson_high(met, observed) AS high
FROM counted;

COMMENT ON VIEW infusion_curve IS 'Response and remission after infusion k per clinic and over all (''*''), of all available courses and of the fixed cohort.';
COMMENT ON COLUMN infusion_curve.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN infusion_curve.outcome IS 'response or remission.';
COMMENT ON COLUMN infusion_curve.k IS 'Infusion of the course.';
COMMENT ON COLUMN infusion_curve.cohort IS 'available: every course due after k; reached_last: only those that reached rules.fixed_cohort_infusions.';
COMMENT ON COLUMN infusion_curve.due IS 'Number at risk: courses due after infusion k.';
COMMENT ON COLUMN infusion_curve.observed IS 'Those with a usable score.';
COMMENT ON COLUMN infusion_curve.met IS 'Those with the outcome.';
COMMENT ON COLUMN infusion_curve.rate IS 'met / observed.';
COMMENT ON COLUMN infusion_curve.low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN infusion_curve.high IS 'Its upper Wilson 95% limit.';
