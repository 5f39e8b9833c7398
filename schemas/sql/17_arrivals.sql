-- The ledger, and what became of arrivals after it: files read again, and bytes destroyed. Also laid in a store that is older
-- than this file.
CREATE TABLE IF NOT EXISTS arrival (
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

CREATE TABLE IF NOT EXISTS destroyed (
    destroyed_no INTEGER NOT NULL,
    arrival_no INTEGER NOT NULL,
    destroyed_on DATE NOT NULL,
    destroyed_by VARCHAR NOT NULL,
    reason_code VARCHAR
);

CREATE TABLE IF NOT EXISTS redigested (
    arrival_no INTEGER NOT NULL,
    rows_digest VARCHAR NOT NULL
);

COMMENT ON TABLE arrival IS 'One row per arrival, a file known by the SHA-256 of its bytes, and one more each time it is read again: the ledger. Append-only; each entry holds the hash of the one before.';
COMMENT ON COLUMN arrival.arrival_no IS 'Number of the arrival, from 1, in the order of the ledger.';
COMMENT ON COLUMN arrival.sha256 IS 'SHA-256 of the file''s bytes, in hexadecimal; its name in archive/ or refused/.';
COMMENT ON COLUMN arrival.read_again_of IS 'arrival_no of the first reading of the same bytes, where this is a later one; null for a file that came.';
COMMENT ON COLUMN arrival.night IS 'The night that took it in, or read it again.';
COMMENT ON COLUMN arrival.received_on IS 'As-of date of that night.';
COMMENT ON COLUMN arrival.feed IS 'What the file holds: scores or patients; unknown where it was refused before its header was.';
COMMENT ON COLUMN arrival.format IS 'What it holds: csv, xlsx, json, ndjson, fhir, fhir.ndjson, parquet or arrow, with .gz or .zip behind it where it came packed; unknown where it could not be opened.';
COMMENT ON COLUMN arrival.profile IS 'The source profile that read it, as clinic/name/version; empty where none did.';
COMMENT ON COLUMN arrival.bytes IS 'Size of the file, bytes.';
COMMENT ON COLUMN arrival.refused_because IS 'Reason code where the whole file was refused; null where it was taken.';
COMMENT ON COLUMN arrival.rows_read IS 'Rows read: accepted + duplicate + quarantined + blank; 0 for a refused file.';
COMMENT ON COLUMN arrival.rows_accepted IS 'Rows stored in score, or in patient_row for the patients feed.';
COMMENT ON COLUMN arrival.rows_duplicate IS 'Rows equal to one that is stored already: counted, not stored twice.';
COMMENT ON COLUMN arrival.rows_quarantined IS 'Rows set aside when the file was read.';
COMMENT ON COLUMN arrival.rows_blank IS 'Rows that say nothing, made by the layout of the format.';
COMMENT ON COLUMN arrival.rows_noted IS 'Cells read with a note, blanks trimmed for instance; table note has them by column.';
COMMENT ON COLUMN arrival.rows_digest IS 'Sum of row_digest(), or patient_row_digest(), over the file''s stored rows: changes when a stored row does.';
COMMENT ON COLUMN arrival.previous_hash IS 'hash of the arrival before; 64 zeros for the first.';
COMMENT ON COLUMN arrival.hash IS 'SHA-256 of this entry, previous_hash included: one changed entry breaks the chain behind it. profile, rows_blank and read_again_of are part of it where they are not empty, 0 and null.';

COMMENT ON COLUMN night.files_read_again IS 'Files that had come before and were asked to be read again.';
COMMENT ON COLUMN contested.came_in_night IS 'The night in which the files first came, an earlier one where they are read again; null in entries of an earlier version: the same night.';

COMMENT ON TABLE destroyed IS 'One row per file whose bytes were destroyed: one that was refused, or one of the archive that was erased when no row of it stood. Its ledger entry and its rows stay. Append-only.';
COMMENT ON COLUMN destroyed.destroyed_no IS 'Number, from 1.';
COMMENT ON COLUMN destroyed.arrival_no IS 'The first arrival of the file; table arrival has its sha256.';
COMMENT ON COLUMN destroyed.destroyed_on IS 'Date given for it: the last night''s as-of date unless another was given.';
COMMENT ON COLUMN destroyed.destroyed_by IS 'The name given: of staff, never of a patient.';
COMMENT ON COLUMN destroyed.reason_code IS 'Why a file of the archive was erased; table reason has the sentence. Null for a refused file: arrival.refused_because says it.';

COMMENT ON TABLE redigested IS 'One row per arrival stored by version 0.1.0, whose sum over a row was another: rows_digest of the same rows by row_digest(). They were held to the ledger by the old sum when the store was upgraded.';
COMMENT ON COLUMN redigested.arrival_no IS 'The arrival; table arrival has its sha256.';
COMMENT ON COLUMN redigested.rows_digest IS 'Sum of row_digest() over the file''s stored rows, in the place of arrival.rows_digest.';
