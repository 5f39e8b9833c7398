-- One row per patient with a score: what says how far the patient has been followed (R9), whatever the date. A file that
-- was read again came when it was first read.
CREATE OR REPLACE VIEW last_heard AS
WITH received AS (
    SELECT
        s.patient_no,
        coalesce(f.received_on, a.received_on) AS received_on,
        max(s.days_since_first_infusion) AS last_day
    FROM main.assigned_score AS s
    JOIN main.arrival AS a USING (arrival_no)
    LEFT JOIN main.arrival AS f ON f.arrival_no = a.read_again_of
    ANTI JOIN (FROM main.superseded WHERE reason_code IN ('retracted', 'read_again')) AS taken_back USING (score_id)
    WHERE in_scope(s.patient_no) AND s.status <> 'entered_in_error'
    GROUP BY ALL
),

-- Days are compared where they would be today: a row of day 10 that came a week ago leads as far as one of day 17 of now.
-- Of those that lead as far, the one of the latest day, so that it is the same one each time.
led AS (
    SELECT *, (last_day - date_diff('day', DATE '1970-01-01', received_on)) * 10000 + last_day AS leads FROM received
),

by_rows AS (
    SELECT
        patient_no,
        arg_max(received_on, leads) AS heard_on,
        arg_max(last_day, leads) AS heard_day,
        arg_min(last_day, received_on) AS first_arrival_last_day
    FROM led
    GROUP BY patient_no
),

by_extract AS (
    SELECT patient_no, max(extract_day) AS extract_day
    FROM main.assigned_extract_day
    SEMI JOIN main.last_reading USING (arrival_no)
    WHERE in_scope(patient_no)
    GROUP BY patient_no
)

SELECT r.patient_no, r.heard_on, r.heard_day, r.first_arrival_last_day, e.extract_day
FROM by_rows AS r
LEFT JOIN by_extract AS e USING (patient_no);

COMMENT ON VIEW last_heard IS 'One row per patient with a score: what says how far the patient has been followed, whatever the date (R9).';
COMMENT ON COLUMN last_heard.patient_no IS 'The patient.';
COMMENT ON COLUMN last_heard.heard_on IS 'As-of date on which the row came that leads furthest: its day grows with the time since.';
COMMENT ON COLUMN last_heard.heard_day IS 'The patient''s day of that row.';
COMMENT ON COLUMN last_heard.first_arrival_last_day IS 'The latest day in the arrivals that first carried the patient.';
COMMENT ON COLUMN last_heard.extract_day IS 'The latest extract_day of the patient; null where none was given.';
