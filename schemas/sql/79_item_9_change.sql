-- Item 9 (thoughts of death or self-harm) from baseline to endpoint: reduced, resolved, increased, new.
CREATE OR REPLACE VIEW item_9_change AS
WITH counted AS (
    SELECT
        t.measure_id, CASE WHEN grouping(t.clinic_id) = 1 THEN '*' ELSE t.clinic_id END AS clinic_id,
        sum(t.courses)::INTEGER AS observed,
        coalesce(sum(t.courses) FILTER (t.baseline_item_9 > 0), 0)::INTEGER AS with_ideation,
        coalesce(sum(t.courses) FILTER (is_item_9_lower(t.baseline_item_9, t.endpoint_item_9)), 0)::INTEGER AS reduced,
        coalesce(sum(t.courses) FILTER (t.baseline_item_9 > 0 AND t.endpoint_item_9 = 0), 0)::INTEGER AS resolved,
        coalesce(sum(t.courses) FILTER (t.baseline_item_9 = 0), 0)::INTEGER AS without_ideation,
        coalesce(sum(t.courses) FILTER (t.baseline_item_9 = 0 AND t.endpoint_item_9 > 0), 0)::INTEGER AS new,
        coalesce(sum(t.courses) FILTER (is_item_9_higher(t.baseline_item_9, t.endpoint_item_9)), 0)::INTEGER AS increased
    FROM main.tally AS t
    JOIN main.measure AS m USING (measure_id)
    WHERE m.outcome = 'is_item_9_higher' AND status_class(t.status) = 'observed'
    GROUP BY GROUPING SETS ((t.measure_id, t.clinic_id), (t.measure_id))
)

SELECT
    *,
    proportion(reduced, with_ideation) AS reduced_rate, wilson_low(reduced, with_ideation) AS reduced_low, wilson_high(reduced, with_ideation) AS reduced_high,
    proportion(resolved, with_ideation) AS resolved_rate, wilson_low(resolved, with_ideation) AS resolved_low, wilson_high(resolved, with_ideation) AS resolved_high,
    proportion(new, without_ideation) AS new_rate, wilson_low(new, without_ideation) AS new_low, wilson_high(new, without_ideation) AS new_high,
    proportion(increased, observed) AS increased_rate, wilson_low(increased, observed) AS increased_low, wilson_high(increased, observed) AS increased_high
FROM counted;

COMMENT ON VIEW item_9_change IS 'Item 9 from baseline to endpoint per clinic and over all (''*''), for each measure of increased ideation.';
COMMENT ON COLUMN item_9_change.measure_id IS 'The measure whose endpoints these are.';
COMMENT ON COLUMN item_9_change.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN item_9_change.observed IS 'Courses with item 9 at baseline and endpoint: with_ideation + without_ideation.';
COMMENT ON COLUMN item_9_change.with_ideation IS 'Those with item 9 over 0 at baseline.';
COMMENT ON COLUMN item_9_change.reduced IS 'Those with a lower item 9 at the endpoint.';
COMMENT ON COLUMN item_9_change.resolved IS 'Those of with_ideation with item 9 of 0 at the endpoint.';
COMMENT ON COLUMN item_9_change.without_ideation IS 'Those with item 9 of 0 at baseline.';
COMMENT ON COLUMN item_9_change.new IS 'Those of without_ideation with item 9 over 0 at the endpoint.';
COMMENT ON COLUMN item_9_change.increased IS 'Those of observed with a higher item 9 at the endpoint, new ones included.';
COMMENT ON COLUMN item_9_change.reduced_rate IS 'reduced / with_ideation.';
COMMENT ON COLUMN item_9_change.reduced_low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN item_9_change.reduced_high IS 'Its upper Wilson 95% limit.';
COMMENT ON COLUMN item_9_change.resolved_rate IS 'resolved / with_ideation.';
COMMENT ON COLUMN item_9_change.resolved_low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN item_9_change.resolved_high IS 'Its upper Wilson 95% limit.';
COMMENT ON COLUMN item_9_change.new_rate IS 'new / without_ideation.';
COMMENT ON COLUMN item_9_change.new_low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN item_9_change.new_high IS 'Its upper Wilson 95% limit.';
COMMENT ON COLUMN item_9_change.increased_rate IS 'increased / observed.';
COMMENT ON COLUMN item_9_change.increased_low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN item_9_change.increased_high IS 'Its upper Wilson 95% limit.';
