-- The clinics together are all, and no count is below 0 or above the one that holds it.
SELECT measure_id
FROM {{ ref('rates') }}
GROUP BY measure_id
HAVING sum(courses) FILTER (clinic_id = '*') <> sum(courses) FILTER (clinic_id <> '*')
    OR sum(met) FILTER (clinic_id = '*') <> sum(met) FILTER (clinic_id <> '*')
UNION ALL
SELECT measure_id FROM {{ ref('rates') }} WHERE NOT (0 <= met AND met <= observed AND observed <= due AND 0 <= not_eligible)
