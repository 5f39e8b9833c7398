-- The joins and splits in force: made before the last night, and not undone before it. What was made since waits for the
-- next night, so that the derived tables can be made again from what is stored at any time.
CREATE OR REPLACE VIEW identity_standing AS
WITH in_force AS (
    FROM main.identity_change WHERE night < (SELECT max(night) FROM main.night)
)

SELECT change_no, kind, from_no, into_no, day_offset::INTEGER AS day_offset, arrival_no, from_day
FROM in_force
WHERE kind <> 'undo' AND change_no NOT IN (SELECT undoes FROM in_force WHERE undoes IS NOT NULL);

COMMENT ON VIEW identity_standing IS 'One row per join or split of pseudonyms that is in force: made before the last night, and not undone before it.';
COMMENT ON COLUMN identity_standing.change_no IS 'Number of the change.';
COMMENT ON COLUMN identity_standing.kind IS 'join or split.';
COMMENT ON COLUMN identity_standing.from_no IS 'The patient number of the pseudonym that is joined into another, or split.';
COMMENT ON COLUMN identity_standing.into_no IS 'The patient number that its rows count for, unless that one is joined in turn.';
COMMENT ON COLUMN identity_standing.day_offset IS 'Days: where day 0 of from_no lies on the scale of into_no.';
COMMENT ON COLUMN identity_standing.arrival_no IS 'Of a split: only rows that came with this arrival; null where the arrival does not matter.';
COMMENT ON COLUMN identity_standing.from_day IS 'Of a split: only rows sent with this day or a later one; null where the day does not matter.';
