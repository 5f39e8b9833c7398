-- Who was worse after infusion k than at the start: stands beside every response by infusion.
CREATE OR REPLACE VIEW infusion_worsened AS
WITH counted AS (
    SELECT
        CASE WHEN grouping(t.clinic_id) = 1 THEN '*' ELSE t.clinic_id END AS clinic_id, m.infusion_k AS k,
        sum(t.courses)::INTEGER AS observed,
        coalesce(sum(t.courses) FILTER (is_worsened(t.baseline_total, t.endpoint_total)), 0)::INTEGER AS worsened
    FROM main.tally AS t
    JOIN main.measure AS m USING (measure_id)
    WHERE m.anchor = 'infusion_k' AND m.outcome = 'is_response' AND status_class(t.status) = 'observed'
    GROUP BY GROUPING SETS ((t.clinic_id, m.infusion_k), (m.infusion_k))
)

SELECT
    clinic_id, k, observed, worsened,
    proportion(worsened, observed) AS rate, wilson_low(worsened, observed) AS low, wilson_high(worsened, observed) AS high
FROM counted;

COMMENT ON VIEW infusion_worsened IS 'Courses with a higher PHQ-9 after infusion k than at baseline, per clinic and over all (''*''), of all available courses.';
COMMENT ON COLUMN infusion_worsened.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN infusion_worsened.k IS 'Infusion of the course.';
COMMENT ON COLUMN infusion_worsened.observed IS 'Courses with a usable score there: those of the measures of response after infusion k.';
COMMENT ON COLUMN infusion_worsened.worsened IS 'Those with a higher total than at baseline, by any amount.';
COMMENT ON COLUMN infusion_worsened.rate IS 'worsened / observed.';
COMMENT ON COLUMN infusion_worsened.low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN infusion_worsened.high IS 'Its upper Wilson 95% limit.';
