-- Every extract_day with the patient that it tells of: as sent, but where pseudonyms were joined or split.
CREATE OR REPLACE VIEW assigned_extract_day AS
SELECT e.arrival_no, e.patient_no, e.extract_day
FROM main.extract_day AS e
WHERE e.patient_no NOT IN (SELECT sent_no FROM main.pseudonym_place)

UNION ALL

FROM main.moved_extract_day;

COMMENT ON VIEW assigned_extract_day IS 'One row per extract_day and patient that it tells of: as sent, but where pseudonyms were joined or split (R0).';
COMMENT ON COLUMN assigned_extract_day.arrival_no IS 'The arrival; table arrival has its sha256.';
COMMENT ON COLUMN assigned_extract_day.patient_no IS 'The patient it tells of.';
COMMENT ON COLUMN assigned_extract_day.extract_day IS 'The day of the extract on that patient''s scale.';
