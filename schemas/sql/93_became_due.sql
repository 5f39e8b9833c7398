-- Since when each due course is due (R9): the first as-of date on which the rows that stand, each from the date on which it
-- was received, or an extract_day had followed the patient far enough.
CREATE OR REPLACE VIEW became_due AS
WITH due AS (
    SELECT e.measure_id, e.patient_no, e.course, e.window_last_day + r.entry_lag_days AS day
    FROM main.endpoint AS e
    JOIN main.measure AS m USING (measure_id)
    CROSS JOIN main.rules AS r
    WHERE e.class IN ('observed', 'missing') AND m.anchor <> 'infusion_k'
),

told AS (
    SELECT
        s.patient_no,
        a.received_on,
        coalesce(f.received_on, a.received_on) AS came_on,
        max(s.days_since_first_infusion) AS day
    FROM main.assigned_score AS s
    JOIN main.arrival AS a USING (arrival_no)
    LEFT JOIN main.arrival AS f ON f.arrival_no = a.read_again_of
    ANTI JOIN (FROM main.superseded WHERE reason_code IN ('retracted', 'read_again')) AS taken_back USING (score_id)
    WHERE s.status <> 'entered_in_error'
    GROUP BY ALL
),

extracted AS (
    SELECT x.patient_no, a.received_on, max(x.extract_day) AS day
    FROM main.assigned_extract_day AS x
    JOIN main.arrival AS a USING (arrival_no)
    JOIN main.last_reading AS l USING (sha256)
    -- Known since the first reading that said what the one that counts says.
    SEMI JOIN main.assigned_extract_day AS y
        ON y.arrival_no = l.arrival_no AND y.patient_no = x.patient_no AND y.extract_day = x.extract_day
    GROUP BY ALL
),

possible AS (
    SELECT d.measure_id, d.patient_no, d.course, greatest(t.came_on + greatest(d.day - t.day, 0), t.received_on) AS due_on
    FROM due AS d
    JOIN told AS t ON t.patient_no = d.patient_no
    UNION ALL
    SELECT d.measure_id, d.patient_no, d.course, x.received_on
    FROM due AS d
    JOIN extracted AS x ON x.patient_no = d.patient_no AND x.day >= d.day
)

SELECT measure_id, patient_no, course, min(due_on) AS due_on
FROM possible
GROUP BY ALL;

COMMENT ON VIEW became_due IS 'One row per due course and measure with a window (R9): since when it is due. Measures after infusion k have another rule (R8) and are not here.';
COMMENT ON COLUMN became_due.measure_id IS 'The measure.';
COMMENT ON COLUMN became_due.patient_no IS 'The patient.';
COMMENT ON COLUMN became_due.course IS 'Course of the patient.';
COMMENT ON COLUMN became_due.due_on IS 'The first as-of date on which it was due, by what is stored now.';
