-- One row per file: its name, its digest, and whether the same bytes are there under an earlier name.
SELECT
    parse_filename(filename) AS file,
    sha256(content) AS sha256,
    row_number() OVER (PARTITION BY sha256(content) ORDER BY parse_filename(filename)) > 1 AS is_known
FROM {{ source('inbox', 'bytes') }}
