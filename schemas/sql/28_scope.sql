-- Whose rows the steps that look at one patient at a time derive: everyone's. For the length of a night's derivation it
-- may be narrowed to the patients whose stored rows have changed since; the others' rows then stay as they are.
CREATE OR REPLACE MACRO in_scope(patient_no) AS true;

COMMENT ON MACRO in_scope IS 'Whether a patient''s rows are derived: everyone''s, but while a night derives only those whose stored rows changed.';
