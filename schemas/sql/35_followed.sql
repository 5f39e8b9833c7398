-- How far a patient has been followed on a date (R9): the day of a row grows with the time since it came, an extract_day does not.
CREATE OR REPLACE MACRO main.followed_day(heard_day, heard_on, extract_day, as_of) AS
    greatest(heard_day + date_diff('day', heard_on, as_of), extract_day)::INTEGER;
COMMENT ON MACRO main.followed_day IS 'The patient''s day up to which scores would have arrived on a date (R9).';

-- One row per patient with a score: how far the patient has been followed.
CREATE OR REPLACE VIEW followed AS
SELECT
    h.patient_no, followed_day(h.heard_day, h.heard_on, h.extract_day, d.as_of) AS followed_until, h.first_arrival_last_day, h.extract_day
FROM main.last_heard AS h
CROSS JOIN main.as_of AS d;

COMMENT ON VIEW followed IS 'One row per patient with a score: how far the patient has been followed, as of the last night (R9).';
COMMENT ON COLUMN followed.patient_no IS 'The patient.';
COMMENT ON COLUMN followed.followed_until IS 'The patient''s day up to which scores would have arrived: latest of day + time since received, and of extract_day.';
COMMENT ON COLUMN followed.first_arrival_last_day IS 'The latest day in the arrivals that first carried the patient.';
COMMENT ON COLUMN followed.extract_day IS 'The latest extract_day any arrival gave for the patient; null where none did.';
