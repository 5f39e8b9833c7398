-- What fails now beside what failed the time before: each rule that set a row aside, and each reason that refused a file,
-- in the last night that read such files or in the one before it.
CREATE OR REPLACE VIEW rule_standing AS
WITH counted AS (
    SELECT feed, rule, night, sum(rows_checked)::BIGINT AS checked, sum(rows_failed)::BIGINT AS failed
    FROM main.rule_count
    GROUP BY feed, rule, night

    UNION ALL

    -- A file is checked against every reason for which one was refused in either night.
    SELECT 'files', r.refused_because, a.night, count(*), count(*) FILTER (a.refused_because = r.refused_because)
    FROM (SELECT DISTINCT refused_because FROM main.arrival WHERE refused_because IS NOT NULL) AS r
    CROSS JOIN main.arrival AS a
    GROUP BY r.refused_because, a.night
),

-- Nights that read files of the feed, the last one first.
read AS (
    SELECT feed, night, row_number() OVER (PARTITION BY feed ORDER BY night DESC) AS back
    FROM counted
    GROUP BY feed, night
    HAVING sum(checked) > 0
),

last_two AS (
    SELECT feed, max(night) FILTER (back = 1) AS night, max(night) FILTER (back = 2) AS night_before
    FROM read
    GROUP BY feed
),

beside AS (
    SELECT
        c.feed, c.rule, t.night, t.night_before,
        coalesce(sum(c.checked) FILTER (c.night = t.night), 0)::BIGINT AS checked,
        coalesce(sum(c.failed) FILTER (c.night = t.night), 0)::BIGINT AS failed,
        coalesce(sum(c.failed) FILTER (c.night = t.night_before), 0)::BIGINT AS failed_before
    FROM counted AS c
    JOIN last_two AS t ON t.feed = c.feed AND (c.night = t.night OR c.night = t.night_before)
    GROUP BY c.feed, c.rule, t.night, t.night_before
)

SELECT
    feed, rule AS reason_code, night, night_before, checked, failed, failed_before,
    CASE
        WHEN checked = 0 THEN 'not checked'
        WHEN failed = 0 THEN 'fixed'
        WHEN failed_before = 0 THEN 'new'
        ELSE 'still failing'
    END AS standing
FROM beside
WHERE failed + failed_before > 0;

COMMENT ON VIEW rule_standing IS 'One row per rule that failed in the last night that read such files, or in the one before: new, fixed or still failing.';
COMMENT ON COLUMN rule_standing.feed IS 'scores or patients: rows of that feed were set aside; files: whole files were refused.';
COMMENT ON COLUMN rule_standing.reason_code IS 'The rule, or the reason; table reason has the sentence.';
COMMENT ON COLUMN rule_standing.night IS 'The last night that read such files.';
COMMENT ON COLUMN rule_standing.night_before IS 'The one before that did; null for the first.';
COMMENT ON COLUMN rule_standing.checked IS 'Rows, or files, that it looked at in that last night.';
COMMENT ON COLUMN rule_standing.failed IS 'Those of them that it set aside, or refused.';
COMMENT ON COLUMN rule_standing.failed_before IS 'As many in the night before.';
COMMENT ON COLUMN rule_standing.standing IS 'new: did not fail in the night before; fixed: does not fail any more; still failing; not checked: no row had what it looks at.';
