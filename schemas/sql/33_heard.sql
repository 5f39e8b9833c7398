-- The days on which something came of each clinic: a row that was stored, a later extract day, or a file that a source
-- profile of the clinic read. Files read again were sent by nobody. A file with nothing but rows that are stored already
-- cannot be told from another clinic's: its rows are counted, not kept.
CREATE OR REPLACE VIEW heard AS
WITH told AS (
    SELECT arrival_no, patient_no FROM main.score GROUP BY ALL
    UNION
    SELECT arrival_no, patient_no FROM main.patient_row
    UNION
    SELECT arrival_no, patient_no FROM main.extract_day
),

of_clinic AS (
    SELECT p.clinic_id, t.arrival_no FROM told AS t JOIN main.patient AS p USING (patient_no)
    UNION
    SELECT split_part(profile, '/', 1), arrival_no FROM main.arrival WHERE profile <> '' AND refused_because IS NULL
)

SELECT c.clinic_id, a.received_on AS heard_on, count(*) AS files
FROM of_clinic AS c
JOIN main.arrival AS a USING (arrival_no)
WHERE a.read_again_of IS NULL
GROUP BY c.clinic_id, a.received_on;

COMMENT ON VIEW heard IS 'One row per clinic and as-of date of a night in which a file with something of it was taken; files read again are left out.';
COMMENT ON COLUMN heard.clinic_id IS 'The clinic.';
COMMENT ON COLUMN heard.heard_on IS 'As-of date of the night.';
COMMENT ON COLUMN heard.files IS 'How many files of that date hold something of it. A file of several clinics counts for each.';
