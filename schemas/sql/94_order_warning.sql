-- Rows that count, but whose order beside the patient's other rows looks wrong (R14). What R0 and R1 set aside is in
-- set_aside, and is not said here again.
CREATE OR REPLACE VIEW order_warning AS
WITH told AS (
    SELECT
        s.score_id, s.arrival_no, s.line, s.patient_no, s.infusion_number AS number, s.days_since_first_infusion AS day,
        s.timepoint, s.timepoint IN ('pre_infusion', 'post_infusion') AS is_infusion, s.recall_period, s.phq9_total,
        coalesce(r.run, 1) AS run, r.run IS NOT NULL AS is_renumbered
    FROM main.assigned_score AS s
    ANTI JOIN main.superseded USING (score_id)
    LEFT JOIN main.renumbered AS r USING (score_id)
    WHERE s.status <> 'entered_in_error' AND r.reason_code IS NULL
),

by_its_day AS (
    SELECT
        *,
        CASE
            WHEN timepoint = 'follow_up' THEN 'follow_up_before_first_infusion'
            WHEN is_infusion THEN 'infusion_before_day_0'
            ELSE 'baseline_after_first_infusion'
        END AS reason_code
    FROM told
    WHERE CASE timepoint
        WHEN 'follow_up' THEN day < 0
        WHEN 'post_infusion' THEN day < 0
        WHEN 'pre_infusion' THEN day < 0 AND NOT (run = 1 AND number = 1)
        ELSE day > 0
    END
),

-- A baseline row may be that of a later course.
before_a_course AS (
    SELECT b.score_id
    FROM by_its_day AS b
    JOIN main.course AS c ON c.patient_no = b.patient_no AND c.first_day BETWEEN b.day
        AND b.day + (SELECT max(baseline_look_back_days) FROM main.measure)
    WHERE b.timepoint = 'baseline'
),

-- Infusions that are not one number, or not a day, after the one before them.
uneven AS (
    SELECT
        k.*,
        k.run = 1 AND k.number_before = 1
            AND k.patient_no NOT IN (SELECT patient_no FROM told WHERE is_infusion AND run = 1 AND number = 1) AS is_first_told
    FROM main.known_infusion AS k
    WHERE k.steps_before > 1 OR k.days_before = 0 OR (k.run > k.run_before AND k.infusion_number > 1) OR (k.run = 1 AND k.number_before = 1)
),

by_infusion AS (
    SELECT patient_no, run, infusion_number AS number, 'infusion_1_not_on_record' AS reason_code FROM uneven WHERE is_first_told
    UNION ALL
    SELECT patient_no, run, infusion_number, 'infusion_number_skipped'
    FROM uneven
    WHERE NOT is_first_told AND (steps_before > 1 OR (run > run_before AND infusion_number > 1))
    UNION ALL
    SELECT patient_no, run, infusion_number, 'two_infusions_on_a_day' FROM uneven WHERE NOT is_first_told AND days_before = 0
),

-- The first row of each of them says it.
by_first_row AS (
    SELECT b.reason_code, arg_min(t.score_id, (t.day, t.timepoint, t.score_id)) AS score_id
    FROM by_infusion AS b
    JOIN told AS t ON t.patient_no = b.patient_no AND t.run = b.run AND t.number = b.number AND t.is_infusion
    GROUP BY b.patient_no, b.run, b.number, b.reason_code
),

-- Beside the latest known infusion on an earlier day. Where numbers simply rise, only a follow_up row can go back.
going_back AS (
    SELECT t.score_id
    FROM told AS t
    JOIN main.known_infusion AS k ON k.patient_no = t.patient_no AND k.day < t.day
    WHERE t.number IS NOT NULL AND (t.timepoint = 'follow_up' OR t.is_renumbered)
    GROUP BY t.score_id
    HAVING any_value(t.number) < arg_max(k.infusion_number, k.run * 1000 + k.infusion_number)
        AND NOT (
            any_value(t.is_infusion) AND any_value(t.run) > max(k.run)
            AND any_value(t.day) - max(k.day) > (SELECT reinduction_gap_days FROM main.rules)
        )
),

-- Two forms of a day about the same time, neither of them from after an infusion, with other totals.
differing AS (
    SELECT patient_no, day, recall_period
    FROM told
    WHERE phq9_total IS NOT NULL AND timepoint <> 'post_infusion'
    GROUP BY ALL
    HAVING min(phq9_total) < max(phq9_total) AND bool_or(timepoint IN ('baseline', 'follow_up'))
),

-- Rows that took the place of one from a later export of the patient: a stale file may have turned them back.
turned_back AS (
    SELECT t.score_id
    FROM main.score_event AS e
    JOIN main.score AS b ON b.score_id = e.score_id
    JOIN told AS t ON t.arrival_no = e.by_arrival_no AND t.line = e.by_line
    -- Of the patient as sent: the key of both rows.
    JOIN main.extract_day AS x ON x.arrival_no = b.arrival_no AND x.patient_no = b.patient_no
    JOIN main.extract_day AS y ON y.arrival_no = e.by_arrival_no AND y.patient_no = b.patient_no
    WHERE e.reason_code = 'corrected' AND NOT e.current
    GROUP BY t.score_id
    HAVING max(x.extract_day) > max(y.extract_day)
),

-- Pseudonyms are a clinic's own; the same one at another clinic is counted as another patient.
elsewhere AS (
    SELECT patient_no
    FROM main.patient
    WHERE patient_id IN (SELECT patient_id FROM main.patient GROUP BY patient_id HAVING count(DISTINCT clinic_id) > 1)
),

of_score AS (
    SELECT score_id, reason_code FROM by_its_day ANTI JOIN before_a_course USING (score_id)
    UNION ALL
    SELECT score_id, reason_code FROM by_first_row
    UNION ALL
    SELECT score_id, 'infusion_number_goes_back' FROM going_back
    UNION ALL
    SELECT score_id, 'replaced_by_older_export' FROM turned_back
    UNION ALL
    SELECT t.score_id, 'same_day_scores_differ'
    FROM told AS t
    JOIN differing USING (patient_no, day, recall_period)
    WHERE t.phq9_total IS NOT NULL AND t.timepoint <> 'post_infusion'
    UNION ALL
    SELECT min(score_id), 'pseudonym_at_another_clinic' FROM told SEMI JOIN elsewhere USING (patient_no) GROUP BY patient_no
),

-- Rows of the patients feed that another one of the same, joined patient outranks.
of_patient AS (
    SELECT o.arrival_no, o.line, p.clinic_id
    FROM main.moved_patient_row AS m
    JOIN main.patient_row AS o USING (patient_row_id)
    JOIN main.current_patient AS p ON p.patient_no = m.patient_no
    WHERE m.reason_code = 'merged_duplicate' AND (
        (o.sex <> p.sex AND o.sex <> 'unknown' AND p.sex <> 'unknown') OR o.age_years <> p.age_years
    )
)

SELECT p.clinic_id, s.arrival_no, s.line, o.reason_code
FROM of_score AS o
JOIN main.assigned_score AS s USING (score_id)
JOIN main.patient AS p USING (patient_no)

UNION ALL

SELECT clinic_id, arrival_no, line, 'merged_patients_differ' FROM of_patient;

COMMENT ON VIEW order_warning IS 'One row per row that counts and reason to look at it: its order beside the patient''s other rows looks wrong (R14).';
COMMENT ON COLUMN order_warning.clinic_id IS 'The clinic.';
COMMENT ON COLUMN order_warning.arrival_no IS 'The arrival; table arrival has its sha256.';
COMMENT ON COLUMN order_warning.line IS 'Physical line in the file, the header being line 1 where the file starts with it; row number for Parquet.';
COMMENT ON COLUMN order_warning.reason_code IS 'What looks wrong; table reason has the sentence.';
