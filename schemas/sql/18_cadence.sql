-- How often each clinic says that it sends. Beside `clinic`, not in it: it is no part of any definition of a rate.
CREATE TABLE IF NOT EXISTS clinic_cadence (
    clinic_id VARCHAR NOT NULL,
    sends_every_days INTEGER NOT NULL CHECK (sends_every_days BETWEEN 1 AND 366)
);

COMMENT ON TABLE clinic_cadence IS 'One row per clinic whose entry in clinics.toml says how often it sends. Of the others, view freshness learns it.';
COMMENT ON COLUMN clinic_cadence.clinic_id IS 'The clinic.';
COMMENT ON COLUMN clinic_cadence.sends_every_days IS 'It sends every so many days, 1 to 366.';
