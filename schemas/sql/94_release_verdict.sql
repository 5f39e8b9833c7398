-- The verdicts of releases, and what the next release made of each. Only here is a verdict more than provisional.
CREATE OR REPLACE VIEW release_verdict AS
WITH changed AS (
    SELECT c.release_no, c.clinic_id, c.benchmark_id, string_agg(d.words, '; ' ORDER BY d.words) AS words
    FROM main.release_comparison AS c
    JOIN main.definition_change AS d ON d.release_no = c.release_no AND (
        d.kind IN ('rules', 'program')
        OR (d.kind = 'measure' AND d.id = c.measure_id)
        OR (d.kind = 'benchmark' AND d.id = c.benchmark_id)
        OR (d.kind = 'clinic' AND c.clinic_id IN (d.id, '*'))
    )
    WHERE c.outcome = 'verdict'
    GROUP BY ALL
)

SELECT
    c.release_no, o.name, o.as_of, o.is_cumulative, c.clinic_id, c.benchmark_id, c.measure_id, c.met, c.our_n, c.our_rate, c.our_low, c.our_high,
    c.their_rate, c.difference, c.difference_low, c.difference_high, c.verdict, c.withheld_because,
    CASE
        WHEN c.verdict IS NULL THEN NULL
        WHEN o.next_release_no IS NULL THEN 'awaiting the next release'
        WHEN w.words IS NOT NULL THEN 'not comparable'
        WHEN n.verdict = c.verdict THEN 'confirmed'
        ELSE 'not confirmed'
    END AS standing,
    o.next_name, n.verdict AS next_verdict, n.withheld_because AS next_withheld_because,
    w.words AS not_comparable_because
FROM main.release_comparison AS c
JOIN main.release_order AS o USING (release_no)
LEFT JOIN main.release_comparison AS n ON n.release_no = o.next_release_no AND n.clinic_id = c.clinic_id AND n.benchmark_id = c.benchmark_id
LEFT JOIN changed AS w ON w.release_no = c.release_no AND w.clinic_id = c.clinic_id AND w.benchmark_id = c.benchmark_id
WHERE c.outcome = 'verdict';

COMMENT ON VIEW release_verdict IS 'One row per release and comparison that may have a verdict: the locked verdict, and whether the next release confirms it.';
COMMENT ON COLUMN release_verdict.release_no IS 'The release.';
COMMENT ON COLUMN release_verdict.name IS 'Its name.';
COMMENT ON COLUMN release_verdict.as_of IS 'Its as-of date.';
COMMENT ON COLUMN release_verdict.is_cumulative IS 'Whether it has all courses, not those of a year.';
COMMENT ON COLUMN release_verdict.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN release_verdict.benchmark_id IS 'The benchmark.';
COMMENT ON COLUMN release_verdict.measure_id IS 'The measure that copies its definition.';
COMMENT ON COLUMN release_verdict.met IS 'Our courses that met the outcome.';
COMMENT ON COLUMN release_verdict.our_n IS 'Our denominator.';
COMMENT ON COLUMN release_verdict.our_rate IS 'met / our_n.';
COMMENT ON COLUMN release_verdict.our_low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN release_verdict.our_high IS 'Its upper Wilson 95% limit.';
COMMENT ON COLUMN release_verdict.their_rate IS 'Published rate.';
COMMENT ON COLUMN release_verdict.difference IS 'our_rate - their_rate, a share (0.10 is 10 points).';
COMMENT ON COLUMN release_verdict.difference_low IS 'Its lower 95% limit.';
COMMENT ON COLUMN release_verdict.difference_high IS 'Its upper 95% limit.';
COMMENT ON COLUMN release_verdict.verdict IS 'The locked verdict; null where it was withheld.';
COMMENT ON COLUMN release_verdict.withheld_because IS 'The first reason that withheld it; null where nothing did.';
COMMENT ON COLUMN release_verdict.standing IS 'confirmed, not confirmed, not comparable, or awaiting the next release; null where there is no verdict.';
COMMENT ON COLUMN release_verdict.next_name IS 'The release after it; null for the last.';
COMMENT ON COLUMN release_verdict.next_verdict IS 'The verdict of that one; null where it was withheld.';
COMMENT ON COLUMN release_verdict.next_withheld_because IS 'What withheld it there.';
COMMENT ON COLUMN release_verdict.not_comparable_because IS 'Which definitions changed between the two; null where none did.';
