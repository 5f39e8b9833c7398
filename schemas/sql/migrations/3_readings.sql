-- The ledger says which profile read a file, how many rows its layout made blank, and which reading it is. Its sum of rows is
-- another, which cannot be altered: the entries are carried over, and their hashes stay as they were.
ALTER TABLE arrival RENAME TO arrival_before;

CREATE TABLE arrival (
    arrival_no INTEGER NOT NULL,
    sha256 VARCHAR NOT NULL,
    read_again_of INTEGER,
    night INTEGER NOT NULL,
    received_on DATE NOT NULL,
    feed VARCHAR NOT NULL,
    format VARCHAR NOT NULL,
    profile VARCHAR NOT NULL DEFAULT '',
    bytes BIGINT NOT NULL,
    refused_because VARCHAR,
    rows_read INTEGER NOT NULL,
    rows_accepted INTEGER NOT NULL,
    rows_duplicate INTEGER NOT NULL,
    rows_quarantined INTEGER NOT NULL,
    rows_blank INTEGER NOT NULL DEFAULT 0,
    rows_noted INTEGER NOT NULL,
    rows_digest VARCHAR NOT NULL,
    previous_hash VARCHAR NOT NULL,
    hash VARCHAR NOT NULL,
    CHECK (rows_read = rows_accepted + rows_duplicate + rows_quarantined + rows_blank)
);

INSERT INTO arrival BY NAME FROM arrival_before ORDER BY arrival_no;
DROP TABLE arrival_before;

ALTER TABLE night ADD COLUMN files_read_again INTEGER DEFAULT 0;
-- A store of this version has it already where its program knew the patients feed.
ALTER TABLE contested ADD COLUMN IF NOT EXISTS feed VARCHAR DEFAULT 'scores';
ALTER TABLE contested ADD COLUMN came_in_night INTEGER;
