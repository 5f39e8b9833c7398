-- How often a person who checked drawn courses by hand found something else than the program.
CREATE OR REPLACE VIEW sample_audit_result AS
SELECT
    audit_no, night, as_of, seed, measure_id, clinic_id, drawn_from, n, n - disagreed AS agreed, disagreed,
    proportion(disagreed, n) AS disagreement,
    wilson_low(disagreed, n) AS disagreement_low,
    wilson_high(disagreed, n) AS disagreement_high,
    recorded_by, recorded_on
FROM main.sample_audit;

COMMENT ON VIEW sample_audit_result IS 'One row for each sample of courses that a person checked by hand: how often they found something else than the program. Rare statuses are drawn more often than they are, so it is a figure of the courses drawn.';
COMMENT ON COLUMN sample_audit_result.audit_no IS 'Number, from 1.';
COMMENT ON COLUMN sample_audit_result.night IS 'The night whose courses were drawn.';
COMMENT ON COLUMN sample_audit_result.as_of IS 'Its as-of date.';
COMMENT ON COLUMN sample_audit_result.seed IS 'The seed of the draw.';
COMMENT ON COLUMN sample_audit_result.measure_id IS 'The measure that was drawn from; null for all that have an endpoint.';
COMMENT ON COLUMN sample_audit_result.clinic_id IS 'The clinic that was drawn from; null for all.';
COMMENT ON COLUMN sample_audit_result.drawn_from IS 'Courses there were to draw from, each counted once for each measure.';
COMMENT ON COLUMN sample_audit_result.n IS 'Courses drawn and checked.';
COMMENT ON COLUMN sample_audit_result.agreed IS 'n - disagreed.';
COMMENT ON COLUMN sample_audit_result.disagreed IS 'Those for which the person found something else.';
COMMENT ON COLUMN sample_audit_result.disagreement IS 'disagreed / n, a share.';
COMMENT ON COLUMN sample_audit_result.disagreement_low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN sample_audit_result.disagreement_high IS 'Its upper Wilson 95% limit: where nobody disagreed, the most that the error can well be.';
COMMENT ON COLUMN sample_audit_result.recorded_by IS 'Who checked.';
COMMENT ON COLUMN sample_audit_result.recorded_on IS 'When it was recorded.';
