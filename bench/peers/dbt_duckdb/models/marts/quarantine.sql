-- The rows that are set aside, by line and reason.
FROM {{ ref('stg_faults') }}
UNION ALL
SELECT file, line, NULL, 'contradiction' FROM {{ ref('stg_settled') }} WHERE fate = 'contradiction'
