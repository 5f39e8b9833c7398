-- Where each pseudonym that a join or split in force names has come to: joins are followed to their end (R0).
CREATE OR REPLACE VIEW pseudonym_place AS
WITH RECURSIVE
joined AS (
    FROM main.identity_standing WHERE kind = 'join'
),

-- Joins make no circle; the count of them ends the reading all the same.
followed AS (
    SELECT from_no AS sent_no, into_no AS patient_no, day_offset, 1 AS steps FROM joined
    UNION ALL
    SELECT f.sent_no, j.into_no, f.day_offset + j.day_offset, f.steps + 1
    FROM followed AS f
    JOIN joined AS j ON j.from_no = f.patient_no
    WHERE f.steps < (SELECT count(*) FROM joined)
),

named AS (
    SELECT from_no AS sent_no FROM main.identity_standing
    UNION
    SELECT into_no FROM main.identity_standing
)

SELECT
    n.sent_no,
    coalesce(arg_max(f.patient_no, f.steps), n.sent_no)::INTEGER AS patient_no,
    coalesce(arg_max(f.day_offset, f.steps), 0)::INTEGER AS day_offset,
    coalesce(max(f.steps), 0)::INTEGER AS steps
FROM named AS n
LEFT JOIN followed AS f USING (sent_no)
GROUP BY n.sent_no;

COMMENT ON VIEW pseudonym_place IS 'One row per pseudonym that a join or split in force names: the patient that it counts for, and by how many days (R0).';
COMMENT ON COLUMN pseudonym_place.sent_no IS 'Patient number of the pseudonym, as sent or as a split made it.';
COMMENT ON COLUMN pseudonym_place.patient_no IS 'Patient number that its rows count for: the end of its joins.';
COMMENT ON COLUMN pseudonym_place.day_offset IS 'Days to add to the days of its rows.';
COMMENT ON COLUMN pseudonym_place.steps IS 'How many joins lead there; 0 for a pseudonym that is joined into none.';
