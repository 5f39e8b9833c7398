-- Who has looked at a score of item_9_review. Append-only. Also laid in a store that is older
-- than this file.
CREATE TABLE IF NOT EXISTS acknowledgement (
    acknowledgement_no INTEGER NOT NULL,
    score_id BIGINT NOT NULL,
    acknowledged_by VARCHAR NOT NULL,
    night INTEGER NOT NULL
);

COMMENT ON TABLE acknowledgement IS 'Append-only: one row each time somebody says that a score of item_9_review was looked at.';
COMMENT ON COLUMN acknowledgement.acknowledgement_no IS 'Number, from 1.';
COMMENT ON COLUMN acknowledgement.score_id IS 'The score.';
COMMENT ON COLUMN acknowledgement.acknowledged_by IS 'The name given: of staff, never of a patient.';
COMMENT ON COLUMN acknowledgement.night IS 'The last night before it was recorded.';
