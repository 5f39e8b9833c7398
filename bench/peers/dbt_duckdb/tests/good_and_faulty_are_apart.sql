-- A row that broke a rule is not kept.
SELECT s.file, s.line FROM {{ ref('scores') }} AS s JOIN {{ ref('stg_faults') }} AS f USING (file, line)
