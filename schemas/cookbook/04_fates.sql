-- Rows read and what became of them
-- Is every row that was read accounted for, and is every accepted row stored?
SELECT arrival_no, sha256, rows_read, rows_accepted, rows_duplicate, rows_quarantined, rows_blank,
    coalesce(rows_stored, 0) AS rows_stored,
    rows_read = rows_accepted + rows_duplicate + rows_quarantined + rows_blank AND rows_accepted = coalesce(s.rows_stored, 0) AS adds_up
FROM arrival
LEFT JOIN (
    SELECT arrival_no, count(*) AS rows_stored
    FROM (SELECT arrival_no FROM score UNION ALL SELECT arrival_no FROM patient_row)
    GROUP BY arrival_no
) AS s USING (arrival_no)
ORDER BY arrival_no;
