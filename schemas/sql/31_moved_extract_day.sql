-- The extract_days of the pseudonyms that a join or split in force names, for the patients they count for (R0).
CREATE OR REPLACE VIEW moved_extract_day AS
WITH told AS (
    SELECT e.* FROM main.extract_day AS e JOIN main.pseudonym_place AS p ON p.sent_no = e.patient_no
),

-- An extract of a split pseudonym tells of the second patient; and of the first, unless the whole arrival was the second's.
split AS (
    SELECT t.arrival_no, c.into_no AS sent_no, t.extract_day + c.day_offset AS extract_day
    FROM told AS t
    JOIN main.identity_standing AS c ON c.kind = 'split' AND c.from_no = t.patient_no
        AND (c.arrival_no IS NULL OR c.arrival_no = t.arrival_no) AND (c.from_day IS NULL OR c.from_day <= t.extract_day)

    UNION ALL

    SELECT t.arrival_no, t.patient_no, t.extract_day
    FROM told AS t
    ANTI JOIN (FROM main.identity_standing WHERE kind = 'split' AND from_day IS NULL) AS c
        ON c.from_no = t.patient_no AND c.arrival_no = t.arrival_no
)

SELECT s.arrival_no, p.patient_no, (s.extract_day + p.day_offset)::SMALLINT AS extract_day
FROM split AS s
JOIN main.pseudonym_place AS p USING (sent_no);

COMMENT ON VIEW moved_extract_day IS 'One row per extract_day of a pseudonym that a join or split in force names, and patient that it tells of (R0).';
COMMENT ON COLUMN moved_extract_day.arrival_no IS 'The arrival; table arrival has its sha256.';
COMMENT ON COLUMN moved_extract_day.patient_no IS 'The patient it tells of.';
COMMENT ON COLUMN moved_extract_day.extract_day IS 'The day of the extract on that patient''s scale.';
