-- Rules that did not run
-- Which rule of the contract looked at no row of a night that brought files of its feed?
WITH brought AS (
    SELECT night, feed, sum(rows_read)::BIGINT AS rows_read FROM arrival WHERE refused_because IS NULL GROUP BY ALL HAVING sum(rows_read) > 0
),
known AS (
    SELECT DISTINCT feed, rule FROM rule_count
)
SELECT b.night, b.feed, k.rule, b.rows_read, coalesce(sum(c.rows_checked), 0)::BIGINT AS rows_checked
FROM brought AS b
JOIN known AS k USING (feed)
LEFT JOIN rule_count AS c ON (c.night, c.feed, c.rule) = (b.night, b.feed, k.rule)
GROUP BY ALL
HAVING coalesce(sum(c.rows_checked), 0) = 0
ORDER BY ALL;
