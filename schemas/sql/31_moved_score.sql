-- The scores of the pseudonyms that a join or split in force names: whose each is, on which day, and whether it stands (R0).
-- Everybody else's are as they were sent, and not here.
CREATE OR REPLACE VIEW moved_score AS
WITH told AS (
    SELECT s.* FROM main.score AS s JOIN main.pseudonym_place AS p ON p.sent_no = s.patient_no
),

splits AS (
    FROM main.identity_standing WHERE kind = 'split'
),

-- The first split that takes a row has it; a split looks at rows as they were sent.
split AS (
    SELECT t.score_id, min(c.change_no) AS change_no, arg_min(c.into_no, c.change_no) AS into_no, arg_min(c.day_offset, c.change_no) AS day_offset
    FROM told AS t
    JOIN splits AS c ON c.from_no = t.patient_no AND (c.arrival_no IS NULL OR c.arrival_no = t.arrival_no)
        AND (c.from_day IS NULL OR c.from_day <= t.days_since_first_infusion)
    GROUP BY t.score_id
),

-- A correction, retraction or contradiction between rows of two patients never happened: it counts only where the row
-- that it is due to (of the same day, since that is in the key) is with the same patient.
event AS (
    SELECT e.score_id, e.event_id, any_value(e.current) AS current, any_value(e.reason_code) AS reason_code
    FROM main.score_event AS e
    JOIN told AS t USING (score_id)
    LEFT JOIN split AS s USING (score_id)
    LEFT JOIN splits AS c ON c.from_no = t.patient_no AND (c.arrival_no IS NULL OR c.arrival_no = e.by_arrival_no)
        AND (c.from_day IS NULL OR c.from_day <= t.days_since_first_infusion)
    GROUP BY e.score_id, e.event_id
    HAVING min(c.change_no) IS NOT DISTINCT FROM any_value(s.change_no)
),

last_event AS (
    SELECT score_id, arg_max(current, event_id) AS current, arg_max(reason_code, event_id) AS reason_code FROM event GROUP BY score_id
),

placed AS (
    SELECT
        t.score_id, p.patient_no, t.days_since_first_infusion + coalesce(s.day_offset, 0) + p.day_offset AS day,
        t.timepoint, t.infusion_number, t.days_since_first_infusion AS sent_day, score_values(t) AS said,
        t.status <> 'entered_in_error' AND coalesce(e.current, true) AS stands,
        CASE WHEN NOT e.current THEN e.reason_code END AS reason_code
    FROM told AS t
    LEFT JOIN split AS s USING (score_id)
    JOIN main.pseudonym_place AS p ON p.sent_no = coalesce(s.into_no, t.patient_no)
    LEFT JOIN last_event AS e USING (score_id)
),

-- Rows about the same questionnaire, sent under two pseudonyms.
met AS (
    SELECT patient_no, day, timepoint, infusion_number, min(score_id) AS first_id, count(DISTINCT said) > 1 AS contradict
    FROM placed
    WHERE stands
    GROUP BY ALL
    HAVING count(*) > 1
)

SELECT
    p.score_id, p.patient_no, p.day::SMALLINT AS day,
    CASE
        WHEN NOT p.stands THEN p.reason_code
        WHEN p.day NOT BETWEEN -400 AND 3650 OR (p.day < 0 AND p.sent_day >= 0 AND p.timepoint IN ('pre_infusion', 'post_infusion'))
            THEN 'merged_day_out_of_range'
        WHEN m.contradict THEN 'merged_rows_contradict'
        WHEN p.score_id > m.first_id THEN 'merged_duplicate'
    END AS reason_code
FROM placed AS p
LEFT JOIN met AS m ON (m.patient_no, m.day, m.timepoint) = (p.patient_no, p.day, p.timepoint)
    AND m.infusion_number IS NOT DISTINCT FROM p.infusion_number;

COMMENT ON VIEW moved_score IS 'One row per stored score under a pseudonym that a join or split in force names: whose it is, on which day, and whether it stands (R0).';
COMMENT ON COLUMN moved_score.score_id IS 'The score.';
COMMENT ON COLUMN moved_score.patient_no IS 'The patient it counts for.';
COMMENT ON COLUMN moved_score.day IS 'Its day on that patient''s scale.';
COMMENT ON COLUMN moved_score.reason_code IS 'Why it does not stand; null where it does, or was itself sent as entered_in_error.';
