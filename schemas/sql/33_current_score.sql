-- The scores that stand, with the patient and the file in words.
CREATE OR REPLACE VIEW current_score AS
SELECT p.clinic_id, p.patient_id, s.*, a.sha256, a.received_on
FROM main.score AS s
JOIN main.patient AS p USING (patient_no)
JOIN main.arrival AS a USING (arrival_no)
ANTI JOIN main.superseded USING (score_id)
WHERE s.status <> 'entered_in_error';

COMMENT ON VIEW current_score IS 'One row per score that stands, with its patient, its file (sha256) and its line.';
