-- By what a night was made, beyond the version's number. Also laid in a store that is older than this file.
ALTER TABLE night ADD COLUMN IF NOT EXISTS program_digest VARCHAR DEFAULT '';
ALTER TABLE night ADD COLUMN IF NOT EXISTS lock_digest VARCHAR DEFAULT '';

COMMENT ON COLUMN night.program_digest IS 'Head of the SHA-256 of the program''s own files, SQL included; empty for a night of an earlier version.';
COMMENT ON COLUMN night.lock_digest IS 'Head of the SHA-256 of requirements.lock, which pins all that the program needs; none where it was installed without it, empty for a night of an earlier version.';
