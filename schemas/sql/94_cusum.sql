-- The early warning between releases (R13): one row per observed course of the watched measure, with the CUSUM of
-- its clinic up to it. The sum starts anew at each release and takes courses in the order in which they became due. The patients of one day are ordered by a hash of their pseudonym, since
-- nothing else may depend on the order in which a file had them.
-- max(0, C + weight), step by step, is the plain sum less the lowest that it, or 0, has been so far.
CREATE OR REPLACE VIEW cusum AS
WITH between_releases AS (
    SELECT d.*, max(r.release_no) AS since_release_no
    FROM main.became_due AS d
    JOIN main.cusum_rule USING (measure_id)
    LEFT JOIN main.release AS r ON r.as_of < d.due_on
    GROUP BY ALL
),

placed AS (
    SELECT
        e.clinic_id, d.since_release_no, e.patient_no, e.course, d.due_on, e.status = 'not_met' AS failed,
        row_number() OVER in_order AS step,
        count(*) FILTER (e.status = 'not_met') OVER in_order AS failures,
        1 - c.reference_events / c.reference_n AS expected, c.odds_ratio, c.horizon, c.signal_limit
    FROM main.endpoint AS e
    JOIN main.cusum_rule AS c USING (measure_id)
    JOIN between_releases AS d USING (measure_id, patient_no, course)
    WHERE e.class = 'observed'
    WINDOW in_order AS (
        PARTITION BY e.clinic_id, d.since_release_no ORDER BY d.due_on, sha256(e.clinic_id || ' ' || e.patient_id), e.course
        ROWS UNBOUNDED PRECEDING
    )
),

summed AS (
    SELECT
        *,
        failures * cusum_weight(true, expected, odds_ratio) + (step - failures) * cusum_weight(false, expected, odds_ratio) AS plain_sum
    FROM placed
),

reset AS (
    SELECT
        *,
        plain_sum - least(min(plain_sum) OVER (PARTITION BY clinic_id, since_release_no ORDER BY step ROWS UNBOUNDED PRECEDING), 0) AS cusum
    FROM summed
)

SELECT
    clinic_id, since_release_no, step::INTEGER AS step, due_on, patient_no, course, failed,
    cusum_weight(failed, expected, odds_ratio) AS weight,
    cusum, signal_limit, cusum >= signal_limit AS signals, step > horizon AS is_beyond_horizon
FROM reset;

COMMENT ON VIEW cusum IS 'One row per observed course of the watched measure with the CUSUM up to it: the early warning of each clinic between two releases (R13). A signal is a reason to look, no verdict.';
COMMENT ON COLUMN cusum.clinic_id IS 'The clinic.';
COMMENT ON COLUMN cusum.since_release_no IS 'The last release before it became due, at which the sum started anew; null before the first.';
COMMENT ON COLUMN cusum.step IS 'Its place in the clinic''s order since then, from 1.';
COMMENT ON COLUMN cusum.due_on IS 'Since when it is due.';
COMMENT ON COLUMN cusum.patient_no IS 'The patient.';
COMMENT ON COLUMN cusum.course IS 'Course of the patient.';
COMMENT ON COLUMN cusum.failed IS 'Whether the outcome was not met.';
COMMENT ON COLUMN cusum.weight IS 'What it adds.';
COMMENT ON COLUMN cusum.cusum IS 'The sum after it, never below 0.';
COMMENT ON COLUMN cusum.signal_limit IS 'The sum at which it signals.';
COMMENT ON COLUMN cusum.signals IS 'Whether the sum is at the limit or over it.';
COMMENT ON COLUMN cusum.is_beyond_horizon IS 'Whether more patients became due than the limit is made for: false signals are then more frequent than 5%.';
