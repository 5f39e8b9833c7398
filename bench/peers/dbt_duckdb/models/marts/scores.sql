-- The rows that are kept. `stands` is false for one that another row of its form corrects or takes back.
SELECT
    g.*,
    coalesce(s.stands, g.status <> 'entered_in_error') AS stands,
    coalesce(s.is_retracted, g.status = 'entered_in_error') AS is_retracted
FROM {{ ref('stg_good') }} AS g
LEFT JOIN {{ ref('stg_settled') }} AS s USING (file, line)
WHERE coalesce(s.fate, 'accepted') = 'accepted'
