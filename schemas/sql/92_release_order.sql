-- Releases in their order: what each covers, and which comes next. A correction has the date of what it corrects, so it
-- is never the next one.
CREATE OR REPLACE VIEW release_order AS
SELECT
    r.release_no, r.name, r.as_of,
    r.base_release_no IS NULL AS is_cumulative,
    CASE
        WHEN r.base_release_no IS NULL THEN 'cumulative: all courses'
        ELSE 'courses that became due since release ' || b.name || ' (' || b.as_of || ')'
    END AS covers,
    n.release_no AS next_release_no,
    n.name AS next_name
FROM main.release AS r
LEFT JOIN main.release AS b ON b.release_no = r.base_release_no
LEFT JOIN (
    SELECT a.release_no, min(z.release_no) AS next_release_no
    FROM main.release AS a
    JOIN main.release AS z ON z.as_of > a.as_of
    GROUP BY a.release_no
) AS o ON o.release_no = r.release_no
LEFT JOIN main.release AS n ON n.release_no = o.next_release_no;

COMMENT ON VIEW release_order IS 'One row per release: which courses it covers, and the release after it.';
COMMENT ON COLUMN release_order.release_no IS 'The release.';
COMMENT ON COLUMN release_order.name IS 'Its name.';
COMMENT ON COLUMN release_order.as_of IS 'Its as-of date.';
COMMENT ON COLUMN release_order.is_cumulative IS 'Whether it has all courses, since there was no release a year or more before it.';
COMMENT ON COLUMN release_order.covers IS 'Which courses it has, in words.';
COMMENT ON COLUMN release_order.next_release_no IS 'The first release with a later as-of date; null for the last.';
COMMENT ON COLUMN release_order.next_name IS 'Its name.';
