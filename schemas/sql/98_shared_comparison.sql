-- The comparisons as they are shared outside the house: ours from shared_rate, theirs as published.
CREATE OR REPLACE VIEW shared_comparison AS
WITH ours AS (
    SELECT
        measure_id, clinic_id, edition, as_of, met,
        CASE main_denominator WHEN 'observed' THEN observed ELSE due END AS our_n,
        CASE main_denominator WHEN 'observed' THEN observed_state ELSE everyone_state END AS state
    FROM main.shared_rate
),

paired AS (
    SELECT
        coalesce(b.position, 0) AS position, coalesce(k.position, 0) AS claim_position,
        c.clinic_id, c.benchmark_id, c.claim_id, c.measure_id, c.outcome, c.because,
        o.edition, o.as_of,
        CASE WHEN o.state <> 'suppressed' THEN o.met END AS met,
        CASE WHEN o.state <> 'suppressed' THEN o.our_n END AS our_n,
        coalesce(o.state, 'not assessable') AS our_state,
        c.their_events, c.their_n, c.their_rate, c.their_low, c.their_high, c.is_provisional
    FROM main.comparison AS c
    LEFT JOIN ours AS o USING (measure_id, clinic_id)
    LEFT JOIN main.benchmark AS b USING (benchmark_id)
    LEFT JOIN main.claim AS k USING (claim_id)
),

measured AS (
    SELECT
        *,
        proportion(met, our_n) AS our_rate,
        CASE WHEN our_n > 0 THEN wilson_low(met, our_n) END AS our_low,
        CASE WHEN our_n > 0 THEN wilson_high(met, our_n) END AS our_high,
        CASE WHEN outcome IN ('refused', 'context', 'claim') THEN 'not assessable' ELSE our_state END AS difference_state
    FROM paired
)

SELECT
    m.clinic_id, m.benchmark_id, m.claim_id, m.measure_id, m.outcome, m.because, m.edition, m.as_of,
    m.met, m.our_n,
    shared_percent(m.our_rate, m.our_n) AS our_rate,
    shared_percent(m.our_low, m.our_n) AS our_low,
    shared_percent(m.our_high, m.our_n) AS our_high,
    m.our_state, m.their_events, m.their_n,
    shared_percent(m.their_rate, 200) AS their_rate,
    shared_percent(m.their_low, 200) AS their_low,
    shared_percent(m.their_high, 200) AS their_high,
    CASE WHEN m.difference_state = 'value' THEN shared_percent(m.our_rate - m.their_rate, m.our_n) END AS difference,
    CASE WHEN m.difference_state = 'value' AND m.outcome IN ('verdict', 'difference')
        THEN shared_percent(mover_low(m.our_rate, m.our_low, m.their_rate, m.their_high), m.our_n) END AS difference_low,
    CASE WHEN m.difference_state = 'value' AND m.outcome IN ('verdict', 'difference')
        THEN shared_percent(mover_high(m.our_rate, m.our_high, m.their_rate, m.their_low), m.our_n) END AS difference_high,
    m.difference_state, v.verdict, v.withheld_because,
    CASE
        WHEN m.outcome <> 'verdict' THEN 'not assessable'
        WHEN v.benchmark_id IS NULL THEN 'suppressed'
        WHEN v.verdict IS NULL THEN 'not assessable'
        ELSE 'value'
    END AS verdict_state,
    m.is_provisional
FROM measured AS m
LEFT JOIN main.shared_verdict AS v ON v.benchmark_id = m.benchmark_id AND v.clinic_id = m.clinic_id AND v.edition = m.edition
ORDER BY m.claim_id IS NOT NULL, m.position, m.claim_position, m.clinic_id;

COMMENT ON VIEW shared_comparison IS 'One row per benchmark and clinic (clinic_id ''*'' is all clinics), and one per claim: the comparisons of the last edition, as shared outside the house.';
COMMENT ON COLUMN shared_comparison.clinic_id IS 'The clinic; ''*'' is all clinics together, or a benchmark or claim that is compared with nothing.';
COMMENT ON COLUMN shared_comparison.benchmark_id IS 'The benchmark; null for a claim.';
COMMENT ON COLUMN shared_comparison.claim_id IS 'The claim; null for a benchmark.';
COMMENT ON COLUMN shared_comparison.measure_id IS 'The measure that copies the benchmark''s definition; null where none does.';
COMMENT ON COLUMN shared_comparison.outcome IS 'verdict, difference, descriptive, context, refused or claim.';
COMMENT ON COLUMN shared_comparison.because IS 'Why this outcome, in words.';
COMMENT ON COLUMN shared_comparison.edition IS 'The edition that told our numbers first; null where none has.';
COMMENT ON COLUMN shared_comparison.as_of IS 'The date our numbers are as of; null where none are told.';
COMMENT ON COLUMN shared_comparison.met IS 'Our courses that met the outcome.';
COMMENT ON COLUMN shared_comparison.our_n IS 'Our denominator: observed or due, as the measure''s main_denominator says.';
COMMENT ON COLUMN shared_comparison.our_rate IS 'met / our_n, in percent.';
COMMENT ON COLUMN shared_comparison.our_low IS 'Its lower Wilson 95% limit, in percent.';
COMMENT ON COLUMN shared_comparison.our_high IS 'Its upper Wilson 95% limit, in percent.';
COMMENT ON COLUMN shared_comparison.our_state IS 'Of our numbers: value, missing, suppressed or not assessable.';
COMMENT ON COLUMN shared_comparison.their_events IS 'Published events, where printed.';
COMMENT ON COLUMN shared_comparison.their_n IS 'Published n, where printed.';
COMMENT ON COLUMN shared_comparison.their_rate IS 'Published rate, in percent.';
COMMENT ON COLUMN shared_comparison.their_low IS 'Its lower 95% limit, in percent; for a claim the low end as stated.';
COMMENT ON COLUMN shared_comparison.their_high IS 'Its upper 95% limit, in percent; for a claim the high end as stated.';
COMMENT ON COLUMN shared_comparison.difference IS 'our_rate - their_rate, in points, from unrounded rates.';
COMMENT ON COLUMN shared_comparison.difference_low IS 'Its lower 95% limit (Newcombe / MOVER), in points.';
COMMENT ON COLUMN shared_comparison.difference_high IS 'Its upper 95% limit, in points.';
COMMENT ON COLUMN shared_comparison.difference_state IS 'Of the difference: value, missing, suppressed, or not assessable (nothing is compared).';
COMMENT ON COLUMN shared_comparison.verdict IS 'above, below, consistent with or too few patients to tell.';
COMMENT ON COLUMN shared_comparison.withheld_because IS 'The reason that withholds the verdict.';
COMMENT ON COLUMN shared_comparison.verdict_state IS 'Of the verdict: value, suppressed, or not assessable (none is given, or it is withheld).';
COMMENT ON COLUMN shared_comparison.is_provisional IS 'True: only a release writes a verdict that stays.';
