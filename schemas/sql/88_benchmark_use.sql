-- What may be done with a benchmark (R12), in the order of the tests, and why in words.
CREATE OR REPLACE VIEW benchmark_use AS
SELECT
    benchmark_id,
    CASE
        WHEN is_retired(retired_on, as_of) THEN 'refused'
        WHEN instrument <> 'PHQ-9' THEN 'refused'
        WHEN treatment_class <> 'ketamine_iv' THEN 'context'
        WHEN measure_id IS NULL OR (mismatch IS NOT NULL AND assumed IS NULL) THEN 'refused'
        WHEN mismatch IS NOT NULL OR assumed IS NOT NULL OR kind IN ('km_at_t', 'rate_only', 'effect_size') THEN 'descriptive'
        WHEN kind = 'rate_and_n' OR NOT is_primary THEN 'difference'
        ELSE 'verdict'
    END AS outcome,
    CASE
        WHEN is_retired(retired_on, as_of) THEN 'Retired from ' || retired_on || ': ' || retired_because
        WHEN instrument <> 'PHQ-9' THEN 'Measured with ' || instrument || ', not the PHQ-9: the two cannot be compared.'
        WHEN treatment_class = 'usual_care' THEN 'A figure of a usual-care programme: for context, never a comparison.' || coalesce(' ' || mismatch, '')
        WHEN treatment_class <> 'ketamine_iv' THEN 'Another treatment (' || treatment || '): for context, never a comparison.'
        WHEN mismatch IS NOT NULL AND assumed IS NULL THEN mismatch
        WHEN measure_id IS NULL THEN 'No measure copies its definition.'
        WHEN assumed IS NOT NULL THEN 'Assumed: ' || assumed
        WHEN kind = 'km_at_t' THEN 'A Kaplan-Meier value: shown beside ours, without a verdict.'
        WHEN kind = 'rate_only' THEN 'Only a rate was printed, without its n: shown beside ours, without a verdict.'
        WHEN kind = 'rate_and_n' OR NOT is_primary THEN 'Not the primary benchmark of its outcome: difference and interval, no verdict.'
        ELSE 'The primary benchmark of its outcome.'
    END AS because
FROM main.benchmark
CROSS JOIN main.as_of;

COMMENT ON VIEW benchmark_use IS 'One row per benchmark: what may be done with it (R12) and why.';
COMMENT ON COLUMN benchmark_use.benchmark_id IS 'The benchmark.';
COMMENT ON COLUMN benchmark_use.outcome IS 'refused, context, descriptive, difference or verdict.';
COMMENT ON COLUMN benchmark_use.because IS 'The reason in words.';
