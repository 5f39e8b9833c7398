-- How far each patient was followed (R9). All files came on the day of this run: the latest day of a row or of an extract.
WITH rows AS (
    SELECT clinic_id, patient_id, max(day) AS day FROM {{ ref('scores') }} WHERE NOT is_retracted GROUP BY ALL
),

extracts AS (
    SELECT clinic_id, patient_id, max(extract_day) AS day FROM {{ ref('stg_good') }} GROUP BY ALL
)

SELECT r.clinic_id, r.patient_id, greatest(r.day, e.day)::INTEGER AS followed_until
FROM rows AS r
LEFT JOIN extracts AS e USING (clinic_id, patient_id)
