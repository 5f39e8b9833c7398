-- One row per file, with what became of its rows.
WITH read AS (
    SELECT file, count(*) AS rows_read FROM {{ ref('stg_cells') }} GROUP BY file
),

kept AS (
    SELECT file, count(*) AS accepted FROM {{ ref('scores') }} GROUP BY file
),

aside AS (
    SELECT file, count(DISTINCT line) AS quarantined FROM {{ ref('quarantine') }} GROUP BY file
),

again AS (
    SELECT file, count(*) AS duplicate FROM {{ ref('stg_settled') }} WHERE fate = 'duplicate' GROUP BY file
)

SELECT
    f.file, f.sha256, CASE WHEN f.is_known THEN 'known' ELSE 'taken' END AS fate,
    coalesce(r.rows_read, 0) AS rows_read, coalesce(k.accepted, 0) AS accepted,
    coalesce(d.duplicate, 0) AS duplicate, coalesce(a.quarantined, 0) AS quarantined
FROM {{ ref('stg_files') }} AS f
LEFT JOIN read AS r USING (file)
LEFT JOIN kept AS k USING (file)
LEFT JOIN again AS d USING (file)
LEFT JOIN aside AS a USING (file)
