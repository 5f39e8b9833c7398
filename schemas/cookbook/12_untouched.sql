-- Rows and ledger as they were written
-- Has a stored row been changed, or an entry of the ledger taken out, since its file came?
WITH made AS (
    SELECT s.arrival_no, row_digest(s) AS digest FROM score AS s
    UNION ALL SELECT p.arrival_no, patient_row_digest(p) FROM patient_row AS p
),
summed AS (
    SELECT arrival_no, sum(digest)::BIGINT AS digest FROM made GROUP BY arrival_no
)
SELECT a.arrival_no, a.sha256, a.rows_digest, coalesce(s.digest, 0)::VARCHAR AS digest_now, a.rows_digest = digest_now AS rows_are_untouched,
    a.previous_hash = lag(a.hash, 1, repeat('0', 64)) OVER (ORDER BY a.arrival_no) AS follows_the_one_before
FROM arrival AS a
LEFT JOIN summed AS s USING (arrival_no)
ORDER BY a.arrival_no;
