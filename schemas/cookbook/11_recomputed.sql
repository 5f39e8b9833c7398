-- Derived again from the scores
-- Is every rate and comparison what the stored scores make of it, with no row more and no row less?
SELECT 'rate' AS what, count(*) AS rows_that_differ
FROM ((FROM rate EXCEPT ALL FROM recomputed.rate) UNION ALL (FROM recomputed.rate EXCEPT ALL FROM rate))
UNION ALL
SELECT 'comparison', count(*)
FROM ((FROM comparison EXCEPT ALL FROM recomputed.comparison) UNION ALL (FROM recomputed.comparison EXCEPT ALL FROM comparison))
UNION ALL
SELECT 'clock_tally', count(*)
FROM ((FROM clock_tally EXCEPT ALL FROM recomputed.clock_tally) UNION ALL (FROM recomputed.clock_tally EXCEPT ALL FROM clock_tally));
