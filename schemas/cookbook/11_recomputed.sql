-- Derived again from the scores
-- Is every rate and comparison what the stored scores make of it, with no row more and no row less?
SELECT 'rate' AS what, count(*) AS rows_that_differ
FROM ((FROM rate EXCEPT ALL FROM recomputed.rate) UNION ALL (FROM recomputed.rate EXCEPT ALL FROM rate))
UNION ALL
SELECT 'comparison', count(*)
FROM ((FROM comparison EXCEPT ALL FROM recomputed.comparison) UNION ALL (FROM recomputed.comparison EXCEPT ALL FROM comparison))
UNION ALL
SELECT 'survival', count(*)
FROM ((FROM survival EXCEPT ALL FROM recomputed.survival) UNION ALL (FROM recomputed.survival EXCEPT ALL FROM survival));
