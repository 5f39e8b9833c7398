-- One row per benchmark and group whose measure it is made for, one per benchmark without a measure, one per claim.
CREATE OR REPLACE VIEW comparison AS
WITH paired AS (
    SELECT
        b.*, u.outcome AS use, u.because,
        r.clinic_id, r.measure_version, r.main_denominator, r.met, r.observed, r.due, r.missing, r.coverage, r.follow_up_unknown,
        CASE r.main_denominator WHEN 'observed' THEN r.observed ELSE r.due END AS our_n,
        m.induction <> 'not_required' OR m.anchor = 'infusion_k' AS needs_infusions,
        m.induction = 'complete' AS needs_schedule,
        m.delta_points / 100 AS delta,
        g.sends_every_infusion, g.extended_share,
        s.minimum_n, s.coverage_minimum, s.extended_share_maximum,
        CASE WHEN b.kind = 'count' THEN proportion(b.events, b.n) ELSE b.rate END AS their_rate,
        published_low(b.kind, b.events, b.n, b.rate, b.ci_low) AS their_low,
        published_high(b.kind, b.events, b.n, b.rate, b.ci_high) AS their_high,
        published_low(b.kind, b.events, b.n, b.rate, b.ci_low, z := z90()) AS their_low90,
        published_high(b.kind, b.events, b.n, b.rate, b.ci_high, z := z90()) AS their_high90
    FROM main.benchmark AS b
    JOIN main.benchmark_use AS u USING (benchmark_id)
    JOIN main.measure AS m USING (measure_id)
    JOIN main.rate AS r USING (measure_id)
    JOIN main.clinic_group AS g USING (clinic_id)
    CROSS JOIN main.rules AS s
),

measured AS (
    SELECT
        *,
        proportion(met, our_n) AS our_rate,
        wilson_low(met, our_n) AS our_low,
        wilson_high(met, our_n) AS our_high,
        proportion(met, our_n) - their_rate AS difference,
        mover_low(proportion(met, our_n), wilson_low(met, our_n), their_rate, their_high) AS difference_low,
        mover_high(proportion(met, our_n), wilson_high(met, our_n), their_rate, their_low) AS difference_high,
        mover_low(proportion(met, our_n), wilson_low(met, our_n, z := z90()), their_rate, their_high90) AS difference_low90,
        mover_high(proportion(met, our_n), wilson_high(met, our_n, z := z90()), their_rate, their_low90) AS difference_high90
    FROM paired
),

-- The same verdict if missing patients are left out, count as not met, or count as met.
robust AS (
    SELECT
        *,
        verdict_of_limits(our_n, minimum_n, difference_low, difference_high, difference_low90, difference_high90, delta) AS unguarded,
        verdict_of_limits(
            observed, minimum_n,
            mover_low(proportion(met, observed), wilson_low(met, observed), their_rate, their_high),
            mover_high(proportion(met, observed), wilson_high(met, observed), their_rate, their_low),
            mover_low(proportion(met, observed), wilson_low(met, observed, z := z90()), their_rate, their_high90),
            mover_high(proportion(met, observed), wilson_high(met, observed, z := z90()), their_rate, their_low90), delta
        ) AS verdict_observed,
        verdict_of_limits(
            due, minimum_n,
            mover_low(proportion(met, due), wilson_low(met, due), their_rate, their_high),
            mover_high(proportion(met, due), wilson_high(met, due), their_rate, their_low),
            mover_low(proportion(met, due), wilson_low(met, due, z := z90()), their_rate, their_high90),
            mover_high(proportion(met, due), wilson_high(met, due, z := z90()), their_rate, their_low90), delta
        ) AS verdict_everyone,
        verdict_of_limits(
            due, minimum_n,
            mover_low(proportion(met + missing, due), wilson_low(met + missing, due), their_rate, their_high),
            mover_high(proportion(met + missing, due), wilson_high(met + missing, due), their_rate, their_low),
            mover_low(proportion(met + missing, due), wilson_low(met + missing, due, z := z90()), their_rate, their_high90),
            mover_high(proportion(met + missing, due), wilson_high(met + missing, due, z := z90()), their_rate, their_low90), delta
        ) AS verdict_best_case
    FROM measured
),

guarded AS (
    SELECT
        *,
        CASE
            WHEN use <> 'verdict' THEN NULL
            WHEN follow_up_unknown > 0 THEN 'follow_up_unknown'
            WHEN needs_infusions AND NOT sends_every_infusion THEN 'infusions_not_declared_complete'
            WHEN needs_schedule AND extended_share > extended_share_maximum THEN 'schedule_differs'
            WHEN coverage < coverage_minimum AND NOT coalesce(
                verdict_observed IN ('above', 'below') AND verdict_observed = verdict_everyone
                AND verdict_observed = verdict_best_case, false
            ) THEN 'coverage_too_low'
        END AS withheld_because
    FROM robust
)

SELECT
    clinic_id, benchmark_id, NULL AS claim_id, measure_id, measure_version, version AS benchmark_version,
    use AS outcome, because,
    met, our_n, our_rate, our_low, our_high, coverage,
    events AS their_events, n AS their_n, their_rate, their_low, their_high,
    CASE WHEN use NOT IN ('refused', 'context') THEN difference END AS difference,
    CASE WHEN use IN ('verdict', 'difference') THEN difference_low END AS difference_low,
    CASE WHEN use IN ('verdict', 'difference') THEN difference_high END AS difference_high,
    CASE WHEN use = 'verdict' THEN difference_low90 END AS difference_low90,
    CASE WHEN use = 'verdict' THEN difference_high90 END AS difference_high90,
    CASE WHEN use = 'verdict' THEN delta END AS delta,
    CASE WHEN use = 'verdict' AND withheld_because IS NULL THEN unguarded END AS verdict,
    withheld_because,
    CASE WHEN use = 'verdict' THEN verdict_observed END AS verdict_observed,
    CASE WHEN use = 'verdict' THEN verdict_everyone END AS verdict_everyone,
    CASE WHEN use = 'verdict' THEN verdict_best_case END AS verdict_best_case,
    CASE WHEN use = 'verdict' THEN verdict_observed <> verdict_everyone OR verdict_observed <> verdict_best_case END AS depends_on_missing,
    CASE WHEN use = 'verdict' THEN difference_low90 > -delta END AS not_worse,
    CASE WHEN use IN ('verdict', 'difference') AND prediction_low IS NOT NULL
        THEN our_rate BETWEEN prediction_low AND prediction_high END AS is_within_prediction,
    true AS is_provisional
FROM guarded

UNION ALL BY NAME

-- A Kaplan-Meier share beside ours: whether theirs lies in our interval, and no more.
SELECT
    s.clinic_id, b.benchmark_id, b.measure_id, m.version AS measure_version, b.version AS benchmark_version, u.outcome, u.because,
    s.followed AS our_n,
    CASE m.reports WHEN 'event_share' THEN 1 - s.survival ELSE s.survival END AS our_rate,
    CASE m.reports WHEN 'event_share' THEN 1 - s.high ELSE s.low END AS our_low,
    CASE m.reports WHEN 'event_share' THEN 1 - s.low ELSE s.high END AS our_high,
    b.rate AS their_rate, b.ci_low AS their_low, b.ci_high AS their_high,
    CASE WHEN u.outcome NOT IN ('refused', 'context') THEN CASE m.reports WHEN 'event_share' THEN 1 - s.survival ELSE s.survival END - b.rate END AS difference,
    CASE m.reports WHEN 'event_share' THEN 1 - b.rate ELSE b.rate END BETWEEN s.low AND s.high AS is_theirs_inside,
    true AS is_provisional
FROM main.benchmark AS b
JOIN main.benchmark_use AS u USING (benchmark_id)
JOIN main.measure AS m USING (measure_id)
JOIN (
    SELECT *, max(at_risk) OVER (PARTITION BY measure_id, clinic_id, variant) AS followed FROM main.survival_at
) AS s ON s.measure_id = m.measure_id AND s.day = m.window_high
    -- How long a response lasts is asked without maintenance; a first response may come whenever it comes.
    AND s.variant = CASE m.anchor WHEN 'response' THEN 'until_maintenance' ELSE 'all' END
WHERE m.kind = 'survival'

UNION ALL BY NAME

SELECT
    c.clinic_id, b.benchmark_id, b.measure_id, m.version AS measure_version, b.version AS benchmark_version, u.outcome, u.because,
    c.n AS our_n, b.n AS their_n, b.effect_size AS their_effect_size, c.d_z AS our_d_z, c.d_pre AS our_d_pre,
    true AS is_provisional
FROM main.benchmark AS b
JOIN main.benchmark_use AS u USING (benchmark_id)
JOIN main.measure AS m USING (measure_id)
JOIN main.change AS c USING (measure_id)

UNION ALL BY NAME

SELECT
    '*' AS clinic_id, b.benchmark_id, b.version AS benchmark_version, u.outcome, u.because,
    b.events AS their_events, b.n AS their_n,
    CASE WHEN b.kind = 'count' THEN proportion(b.events, b.n) ELSE b.rate END AS their_rate,
    published_low(b.kind, b.events, b.n, b.rate, b.ci_low) AS their_low,
    published_high(b.kind, b.events, b.n, b.rate, b.ci_high) AS their_high,
    true AS is_provisional
FROM main.benchmark AS b
JOIN main.benchmark_use AS u USING (benchmark_id)
WHERE b.measure_id IS NULL

UNION ALL BY NAME

SELECT
    '*' AS clinic_id, claim_id, version AS benchmark_version, 'claim' AS outcome,
    'A claim without instrument, denominator or n: shown as a claim, never compared. ' || agreement || '.' AS because,
    low AS their_low, high AS their_high, true AS is_provisional
FROM main.claim;

COMMENT ON VIEW comparison IS 'One row per benchmark and group (clinic_id ''*'' is all clinics), and one per claim: what may be said, and if nothing, why (R12).';
COMMENT ON COLUMN comparison.clinic_id IS 'The clinic; ''*'' is all clinics together, or a benchmark or claim that is compared with nothing.';
COMMENT ON COLUMN comparison.benchmark_id IS 'The benchmark; null for a claim.';
COMMENT ON COLUMN comparison.claim_id IS 'The claim; null for a benchmark.';
COMMENT ON COLUMN comparison.measure_id IS 'The measure that copies the benchmark''s definition; null where none does.';
COMMENT ON COLUMN comparison.measure_version IS 'Version of the measure.';
COMMENT ON COLUMN comparison.benchmark_version IS 'Version of the benchmark or claim.';
COMMENT ON COLUMN comparison.outcome IS 'verdict, difference, descriptive, context, refused or claim.';
COMMENT ON COLUMN comparison.because IS 'Why this outcome, in words.';
COMMENT ON COLUMN comparison.met IS 'Our courses that met the outcome.';
COMMENT ON COLUMN comparison.our_n IS 'Our denominator: observed or due, as the measure''s main_denominator says.';
COMMENT ON COLUMN comparison.our_rate IS 'met / our_n.';
COMMENT ON COLUMN comparison.our_low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN comparison.our_high IS 'Its upper Wilson 95% limit.';
COMMENT ON COLUMN comparison.coverage IS 'observed / due of our rate.';
COMMENT ON COLUMN comparison.their_events IS 'Published events, where printed.';
COMMENT ON COLUMN comparison.their_n IS 'Published n, where printed.';
COMMENT ON COLUMN comparison.their_rate IS 'Published rate (events / n where both are known).';
COMMENT ON COLUMN comparison.their_low IS 'Its lower 95% limit: Wilson from counts, else as printed; for a claim the low end as stated.';
COMMENT ON COLUMN comparison.their_high IS 'Its upper 95% limit; for a claim the high end as stated.';
COMMENT ON COLUMN comparison.difference IS 'our_rate - their_rate, a share (0.10 is 10 points).';
COMMENT ON COLUMN comparison.difference_low IS 'Its lower 95% limit (Newcombe / MOVER).';
COMMENT ON COLUMN comparison.difference_high IS 'Its upper 95% limit.';
COMMENT ON COLUMN comparison.difference_low90 IS 'Its lower 90% limit, for "consistent with".';
COMMENT ON COLUMN comparison.difference_high90 IS 'Its upper 90% limit.';
COMMENT ON COLUMN comparison.delta IS 'The margin of "consistent with", a share; null where the measure allows none.';
COMMENT ON COLUMN comparison.verdict IS 'above, below, consistent with or too few patients to tell; null where there is none or it is withheld.';
COMMENT ON COLUMN comparison.withheld_because IS 'The first reason that withholds the verdict; null where nothing does.';
COMMENT ON COLUMN comparison.verdict_observed IS 'The verdict if missing patients are left out.';
COMMENT ON COLUMN comparison.verdict_everyone IS 'The verdict if they count as not met.';
COMMENT ON COLUMN comparison.verdict_best_case IS 'The verdict if they count as met.';
COMMENT ON COLUMN comparison.depends_on_missing IS 'Whether these three differ: the verdict depends on patients without a score.';
COMMENT ON COLUMN comparison.not_worse IS 'Whether the lower 90% limit is above -delta: "not more than delta below".';
COMMENT ON COLUMN comparison.is_within_prediction IS 'Whether our rate lies in the pooled studies'' prediction interval, where one was printed.';
COMMENT ON COLUMN comparison.is_theirs_inside IS 'For a Kaplan-Meier share: whether the published one lies in our interval.';
COMMENT ON COLUMN comparison.their_effect_size IS 'Published standardised mean change.';
COMMENT ON COLUMN comparison.our_d_z IS 'Ours over the standard deviation of the change.';
COMMENT ON COLUMN comparison.our_d_pre IS 'Ours over the standard deviation at baseline.';
COMMENT ON COLUMN comparison.is_provisional IS 'True: only a release writes a verdict that stays.';
