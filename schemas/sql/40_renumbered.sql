-- Numbering runs (R1), for patients whose infusion numbers do not simply rise from day to day: one row per pre_ or
-- post_infusion row of theirs. Everyone else has one run, and is not here.
CREATE OR REPLACE VIEW renumbered AS
WITH RECURSIVE
-- Reads one row of every patient at a time. run, last and last_day are the run so far, its highest number and
-- that infusion's day; in_run and posted are the numbers with a row, and with a post_infusion row, in it.
reading AS (
    SELECT
        patient_no, 0 AS place, NULL::BIGINT AS score_id, NULL::VARCHAR AS reason_code,
        0 AS run, 0 AS last, 0 AS last_day, []::INTEGER[] AS in_run, []::INTEGER[] AS posted
    FROM main.reread
    WHERE place = 1 AND in_scope(patient_no)

    UNION ALL

    SELECT
        patient_no, place, score_id, reason_code,
        CASE WHEN reason_code IS NULL THEN new_run ELSE run END,
        CASE WHEN reason_code IS NOT NULL THEN last WHEN fresh THEN number ELSE greatest(last, number) END,
        CASE
            WHEN reason_code IS NOT NULL THEN last_day
            WHEN NOT (fresh OR number > last OR (number = last AND is_pre)) THEN last_day
            WHEN new_run = 1 AND number = 1 THEN 0
            ELSE day
        END,
        CASE WHEN reason_code IS NOT NULL THEN in_run WHEN fresh THEN [number] ELSE list_append(in_run, number) END,
        CASE
            WHEN reason_code IS NOT NULL THEN posted
            WHEN fresh THEN CASE WHEN is_pre THEN [] ELSE [number] END
            WHEN is_pre THEN posted
            ELSE list_append(posted, number)
        END
    FROM (
        SELECT
            *,
            run + fresh::INTEGER AS new_run,
            CASE
                WHEN NOT fresh AND number < last AND (is_pre OR NOT list_contains(in_run, number))
                    THEN 'infusion_number_out_of_order'
                WHEN is_pre AND number = 1 AND run + fresh::INTEGER = 1 AND day > 0 THEN 'first_infusion_not_on_day_0'
                WHEN is_pre AND NOT fresh AND list_contains(posted, number) THEN 'pre_infusion_after_post_infusion'
            END AS reason_code
        FROM (
            SELECT
                o.patient_no, o.place, o.score_id, o.number::INTEGER AS number, o.day::INTEGER AS day, o.is_pre,
                s.run, s.last, s.last_day, s.in_run, s.posted,
                s.run = 0 OR (
                    (o.is_pre OR NOT list_contains(s.in_run, o.number))
                    AND (o.number < s.last OR (o.number = s.last AND o.day - s.last_day > r.reinduction_gap_days))
                    AND (o.number = 1 OR o.day - s.last_day > r.reinduction_gap_days)
                ) AS fresh
            FROM reading AS s
            JOIN main.reread AS o ON o.patient_no = s.patient_no AND o.place = s.place + 1
            CROSS JOIN main.rules AS r
        )
    )
)

SELECT
    score_id,
    patient_no,
    CASE WHEN reason_code IS NULL THEN run END AS run,
    reason_code
FROM reading
WHERE place > 0;

COMMENT ON VIEW renumbered IS 'One row per infusion row of a patient whose infusion numbers do not simply rise: its numbering run, or why it is set aside (R1).';
COMMENT ON COLUMN renumbered.score_id IS 'The row.';
COMMENT ON COLUMN renumbered.patient_no IS 'The patient.';
COMMENT ON COLUMN renumbered.run IS 'Numbering run, from 1; null where the row is set aside.';
COMMENT ON COLUMN renumbered.reason_code IS 'Why the row is set aside; null where it is not.';
