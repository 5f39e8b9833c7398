-- Whose rows the steps that look at one patient at a time derive, and as of which night: everyone's, as of the last one. For
-- the length of a derivation both may be narrowed (outcomes.deriving.derive): to the patients whose stored rows have changed
-- or of whom something fell due since the last one, and to the night of that one. The others' rows then stay as they are.
CREATE OR REPLACE MACRO in_scope(patient_no) AS true;
CREATE OR REPLACE MACRO night_in_scope() AS (SELECT max(night) FROM main.night);

COMMENT ON MACRO in_scope IS 'Whether a patient''s rows are derived: everyone''s, but while a night derives only those that can have changed.';
COMMENT ON MACRO night_in_scope IS 'The night as of which all is derived: the last one, but while a night takes out what was said as of the one before.';
