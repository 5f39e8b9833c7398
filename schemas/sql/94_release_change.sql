-- How each locked rate went on in the next release, where the two can be compared.
CREATE OR REPLACE VIEW release_change AS
WITH changed AS (
    SELECT r.release_no, r.measure_id, r.clinic_id, string_agg(d.words, '; ' ORDER BY d.words) AS words
    FROM main.release_rate AS r
    JOIN main.definition_change AS d ON d.release_no = r.release_no AND (
        d.kind IN ('rules', 'program')
        OR (d.kind = 'measure' AND d.id = r.measure_id)
        OR (d.kind = 'clinic' AND r.clinic_id IN (d.id, '*'))
    )
    GROUP BY ALL
),

main_rate AS (
    SELECT *, CASE main_denominator WHEN 'observed' THEN observed ELSE due END AS n FROM main.release_rate
)

SELECT
    o.release_no, o.name, o.next_name, r.measure_id, r.clinic_id,
    r.met, r.n, proportion(r.met, r.n) AS rate,
    z.met AS next_met, z.n AS next_n, proportion(z.met, z.n) AS next_rate,
    CASE WHEN w.words IS NULL THEN proportion(z.met, z.n) - proportion(r.met, r.n) END AS change,
    CASE WHEN w.words IS NULL THEN 'comparable' ELSE 'not comparable' END AS standing,
    w.words AS not_comparable_because
FROM main_rate AS r
JOIN main.release_order AS o USING (release_no)
LEFT JOIN main_rate AS z ON z.release_no = o.next_release_no AND z.measure_id = r.measure_id AND z.clinic_id = r.clinic_id
LEFT JOIN changed AS w ON w.release_no = r.release_no AND w.measure_id = r.measure_id AND w.clinic_id = r.clinic_id
WHERE o.next_release_no IS NOT NULL;

COMMENT ON VIEW release_change IS 'One row per locked rate of a release that another one followed: the rate in both, and the change where no definition changed between them.';
COMMENT ON COLUMN release_change.release_no IS 'The release.';
COMMENT ON COLUMN release_change.name IS 'Its name.';
COMMENT ON COLUMN release_change.next_name IS 'The release after it.';
COMMENT ON COLUMN release_change.measure_id IS 'The measure.';
COMMENT ON COLUMN release_change.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN release_change.met IS 'Courses that met the outcome.';
COMMENT ON COLUMN release_change.n IS 'Of how many, by the measure''s main denominator.';
COMMENT ON COLUMN release_change.rate IS 'met / n.';
COMMENT ON COLUMN release_change.next_met IS 'Courses that met it in the release after.';
COMMENT ON COLUMN release_change.next_n IS 'Of how many.';
COMMENT ON COLUMN release_change.next_rate IS 'next_met / next_n.';
COMMENT ON COLUMN release_change.change IS 'next_rate - rate, a share; null where they are not comparable. Releases under two years apart share courses.';
COMMENT ON COLUMN release_change.standing IS 'comparable, or not comparable.';
COMMENT ON COLUMN release_change.not_comparable_because IS 'Which definitions changed between the two; null where none did.';
