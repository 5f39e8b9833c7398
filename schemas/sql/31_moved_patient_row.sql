-- What the patients feed says of the pseudonyms that a join or split in force names: whom each row is about, and which one
-- stands (R0).
CREATE OR REPLACE VIEW moved_patient_row AS
WITH told AS (
    SELECT r.* FROM main.patient_row AS r JOIN main.pseudonym_place AS p ON p.sent_no = r.patient_no
),

whole AS (
    FROM main.identity_standing WHERE kind = 'split' AND from_day IS NULL
),

-- A row has no day: it goes to the second patient of a split where its whole arrival does.
split AS (
    SELECT t.patient_row_id, any_value(t.patient_no) AS from_no, arg_min(c.into_no, c.change_no) AS into_no
    FROM told AS t
    LEFT JOIN whole AS c ON c.from_no = t.patient_no AND c.arrival_no = t.arrival_no
    GROUP BY t.patient_row_id
),

-- Events between rows of two patients never happened.
event AS (
    SELECT e.patient_row_id, e.event_id, any_value(e.current) AS current, any_value(e.reason_code) AS reason_code
    FROM main.patient_row_event AS e
    JOIN split AS s USING (patient_row_id)
    LEFT JOIN whole AS c ON c.from_no = s.from_no AND c.arrival_no = e.by_arrival_no
    GROUP BY e.patient_row_id, e.event_id
    HAVING arg_min(c.into_no, c.change_no) IS NOT DISTINCT FROM any_value(s.into_no)
),

judged AS (
    SELECT
        t.patient_row_id, p.patient_no, p.steps, t.status <> 'entered_in_error' AS is_said,
        arg_max(e.reason_code, e.event_id) FILTER (e.event_id IS NOT NULL) AS reason_code,
        coalesce(arg_max(e.current, e.event_id) FILTER (e.event_id IS NOT NULL), true) AS is_current
    FROM told AS t
    JOIN split AS s USING (patient_row_id)
    JOIN main.pseudonym_place AS p ON p.sent_no = coalesce(s.into_no, s.from_no)
    LEFT JOIN event AS e USING (patient_row_id)
    GROUP BY ALL
)

-- The values under the pseudonym that the others are joined into stand; without them those nearest to it, the first stored of them.
SELECT
    patient_row_id, patient_no,
    CASE
        WHEN NOT is_current THEN reason_code
        WHEN is_said AND row_number() OVER (PARTITION BY patient_no, is_current AND is_said ORDER BY steps, patient_row_id) > 1
            THEN 'merged_duplicate'
    END AS reason_code
FROM judged;

COMMENT ON VIEW moved_patient_row IS 'One row per stored row of the patients feed under a pseudonym that a join or split in force names: whom it is about, and whether it stands (R0).';
COMMENT ON COLUMN moved_patient_row.patient_row_id IS 'The row.';
COMMENT ON COLUMN moved_patient_row.patient_no IS 'The patient it is about.';
COMMENT ON COLUMN moved_patient_row.reason_code IS 'Why it does not stand; null where it does.';
