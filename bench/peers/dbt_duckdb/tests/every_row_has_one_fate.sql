-- No row is lost: each one read is kept, a duplicate, or set aside.
SELECT * FROM {{ ref('files') }} WHERE rows_read <> accepted + duplicate + quarantined
