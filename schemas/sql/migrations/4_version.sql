-- The store says which version it is of, and why the bytes of a file were destroyed.
CREATE TABLE store_version (
    version INTEGER NOT NULL
);

ALTER TABLE IF EXISTS destroyed ADD COLUMN reason_code VARCHAR;
