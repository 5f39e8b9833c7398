-- One row per patient with a score: how far the patient has been followed (R9). A file that was read again came when it
-- was first read.
CREATE OR REPLACE VIEW followed AS
WITH received AS (
    SELECT
        s.patient_no,
        coalesce(f.received_on, a.received_on) AS received_on,
        max(s.days_since_first_infusion) AS last_day
    FROM main.assigned_score AS s
    JOIN main.arrival AS a USING (arrival_no)
    LEFT JOIN main.arrival AS f ON f.arrival_no = a.read_again_of
    ANTI JOIN (FROM main.superseded WHERE reason_code IN ('retracted', 'read_again')) AS taken_back USING (score_id)
    WHERE s.status <> 'entered_in_error'
    GROUP BY ALL
),

by_rows AS (
    SELECT
        patient_no,
        max(last_day + date_diff('day', received_on, (SELECT as_of FROM main.as_of))) AS followed_until,
        arg_min(last_day, received_on) AS first_arrival_last_day
    FROM received
    GROUP BY patient_no
),

by_extract AS (
    SELECT patient_no, max(extract_day) AS extract_day
    FROM main.assigned_extract_day
    SEMI JOIN main.last_reading USING (arrival_no)
    GROUP BY patient_no
)

SELECT
    patient_no,
    greatest(r.followed_until, e.extract_day)::INTEGER AS followed_until,
    r.first_arrival_last_day,
    e.extract_day
FROM by_rows AS r
LEFT JOIN by_extract AS e USING (patient_no);

COMMENT ON VIEW followed IS 'One row per patient with a score: how far the patient has been followed, as of the last night (R9).';
COMMENT ON COLUMN followed.patient_no IS 'The patient.';
COMMENT ON COLUMN followed.followed_until IS 'The patient''s day up to which scores would have arrived: latest of day + time since received, and of extract_day.';
COMMENT ON COLUMN followed.first_arrival_last_day IS 'The latest day in the arrivals that first carried the patient.';
COMMENT ON COLUMN followed.extract_day IS 'The latest extract_day any arrival gave for the patient; null where none did.';
