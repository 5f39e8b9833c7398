-- Whose rows the steps that look at one patient at a time derive: everyone. For the length of a night's derivation it may
-- be narrowed to the patients whose stored rows have changed since; the others' rows then stay as they are.
CREATE OR REPLACE VIEW scope AS
SELECT patient_no FROM main.patient;

COMMENT ON VIEW scope IS 'Patients whose courses and endpoints are derived: everyone, but while a night derives only those whose rows changed.';
COMMENT ON COLUMN scope.patient_no IS 'The patient.';
