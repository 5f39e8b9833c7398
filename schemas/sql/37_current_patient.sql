-- What stands of the patients feed: at most one row per patient.
CREATE OR REPLACE VIEW current_patient AS
WITH superseded AS (
    SELECT patient_row_id
    FROM main.patient_row_event
    ANTI JOIN main.moved_patient_row USING (patient_row_id)
    GROUP BY patient_row_id
    HAVING NOT arg_max(current, event_id)

    UNION ALL

    SELECT patient_row_id FROM main.moved_patient_row WHERE reason_code IS NOT NULL
)

SELECT p.clinic_id, p.patient_id, r.* REPLACE (p.patient_no AS patient_no), a.sha256, a.received_on
FROM main.patient_row AS r
LEFT JOIN main.moved_patient_row AS m USING (patient_row_id)
JOIN main.patient AS p ON p.patient_no = coalesce(m.patient_no, r.patient_no)
JOIN main.arrival AS a USING (arrival_no)
ANTI JOIN superseded USING (patient_row_id)
WHERE r.status <> 'entered_in_error';

COMMENT ON VIEW current_patient IS 'One row per patient of whom a row of the patients feed stands, with its file (sha256) and its line.';
COMMENT ON COLUMN current_patient.clinic_id IS 'The clinic.';
COMMENT ON COLUMN current_patient.patient_id IS 'The clinic''s own pseudonym.';
COMMENT ON COLUMN current_patient.patient_row_id IS 'Number of the row, from 1, in the order of storing.';
COMMENT ON COLUMN current_patient.arrival_no IS 'The arrival; table arrival has its sha256.';
COMMENT ON COLUMN current_patient.line IS 'Physical line in the file, the header being line 1 where the file starts with it; row number for Parquet.';
COMMENT ON COLUMN current_patient.patient_no IS 'Number of the patient in this store; table patient has the pseudonym.';
COMMENT ON COLUMN current_patient.sex IS 'Sex of the patient; unknown where nothing says.';
COMMENT ON COLUMN current_patient.age_years IS 'Age at the first infusion, years; 90 is 90 and over; null where not said.';
COMMENT ON COLUMN current_patient.first_infusion_year IS 'Calendar year of the first infusion at the clinic; null where not said. Never to be shown beside a day of the same patient: together they are a date.';
COMMENT ON COLUMN current_patient.indication IS 'What the infusions are given for; unknown where nothing says.';
COMMENT ON COLUMN current_patient.failed_antidepressant_trials IS 'Antidepressants that were tried long enough and did not help, 0 to 20; null where not said.';
COMMENT ON COLUMN current_patient.bipolar IS 'Bipolar disorder; unknown where nothing says.';
COMMENT ON COLUMN current_patient.chronic_pain IS 'Chronic pain; unknown where nothing says.';
COMMENT ON COLUMN current_patient.ptsd IS 'Post-traumatic stress disorder; unknown where nothing says.';
COMMENT ON COLUMN current_patient.anxiety IS 'Anxiety disorder; unknown where nothing says.';
COMMENT ON COLUMN current_patient.substance_use IS 'Substance use disorder; unknown where nothing says.';
COMMENT ON COLUMN current_patient.thyroid IS 'Thyroid disease; unknown where nothing says.';
COMMENT ON COLUMN current_patient.eating_disorder IS 'Eating disorder; unknown where nothing says.';
COMMENT ON COLUMN current_patient.sleep_disorder IS 'Sleep disorder; unknown where nothing says.';
COMMENT ON COLUMN current_patient.concurrent_psychotherapy IS 'Psychotherapy while the infusions are given; unknown where nothing says.';
COMMENT ON COLUMN current_patient.status IS 'Standing of the row as sent: final, amended or corrected.';
COMMENT ON COLUMN current_patient.sha256 IS 'SHA-256 of the bytes of the file it came from.';
COMMENT ON COLUMN current_patient.received_on IS 'As-of date of the night that took the file in.';
