SELECT measure_id, clinic_id, patient_id, course
FROM {{ ref('endpoints') }}
GROUP BY ALL
HAVING count(*) <> 1
UNION ALL
SELECT m.measure_id, c.clinic_id, c.patient_id, c.course
FROM {{ ref('courses') }} AS c
CROSS JOIN {{ ref('measures') }} AS m
ANTI JOIN {{ ref('endpoints') }} AS e USING (measure_id, clinic_id, patient_id, course)
