-- Which pseudonyms belong to one patient, and which to two: what a person said of them. Append-only, and nothing else is
-- rewritten: a score keeps the pseudonym and the day it was sent with. Also laid in a store that is older than this file.
CREATE TABLE IF NOT EXISTS identity_change (
    change_no INTEGER NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('join', 'split', 'undo')),
    clinic_id VARCHAR NOT NULL,
    from_no INTEGER,
    into_no INTEGER,
    day_offset SMALLINT,
    arrival_no INTEGER,
    from_day SMALLINT,
    undoes INTEGER,
    made_by VARCHAR NOT NULL,
    night INTEGER NOT NULL,
    CHECK ((kind = 'undo') = (undoes IS NOT NULL)),
    CHECK (kind = 'undo' OR (from_no <> into_no AND day_offset IS NOT NULL)),
    CHECK ((kind = 'split') = (arrival_no IS NOT NULL OR from_day IS NOT NULL))
);

COMMENT ON COLUMN patient.patient_no IS 'Number of the patient in this store, from 1; below 0 for one whom a split made, whose pseudonym is made from the one that was split.';

COMMENT ON TABLE identity_change IS 'One row each time somebody joins two pseudonyms of one patient, splits one of two patients, or undoes that. Append-only; in force from the next night on.';
COMMENT ON COLUMN identity_change.change_no IS 'Number of the change, from 1.';
COMMENT ON COLUMN identity_change.kind IS 'join, split or undo.';
COMMENT ON COLUMN identity_change.clinic_id IS 'The clinic of both pseudonyms.';
COMMENT ON COLUMN identity_change.from_no IS 'The patient number of the pseudonym that is joined into another, or split; null for undo.';
COMMENT ON COLUMN identity_change.into_no IS 'The patient number that its rows count for; null for undo.';
COMMENT ON COLUMN identity_change.day_offset IS 'Days: where day 0 of from_no lies on the scale of into_no; added to the days of its rows; null for undo.';
COMMENT ON COLUMN identity_change.arrival_no IS 'Of a split: only rows that came with this arrival; null where the arrival does not matter.';
COMMENT ON COLUMN identity_change.from_day IS 'Of a split: only rows sent with this day or a later one; null where the day does not matter.';
COMMENT ON COLUMN identity_change.undoes IS 'The change that is undone; null for join and split.';
COMMENT ON COLUMN identity_change.made_by IS 'Who made it, by the name given.';
COMMENT ON COLUMN identity_change.night IS 'The last night before it was made: it is in force in all later ones.';
