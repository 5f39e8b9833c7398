-- First courses with a follow_up whose number is above that of their last known infusion (R10, 8).
WITH numbered AS (
    SELECT s.clinic_id, s.patient_id, s.day, s.number, c.infusions
    FROM {{ ref('usable_scores') }} AS s
    JOIN {{ ref('courses') }} AS c USING (clinic_id, patient_id)
    WHERE c.course = 1 AND s.timepoint = 'follow_up' AND s.number IS NOT NULL
        AND s.day >= c.first_day AND (c.next_first_day IS NULL OR s.day < c.next_first_day)
)

SELECT DISTINCT n.clinic_id, n.patient_id
FROM numbered AS n
ASOF JOIN (FROM {{ ref('infusions') }} WHERE course = 1) AS i ON i.clinic_id = n.clinic_id AND i.patient_id = n.patient_id AND i.day <= n.day
WHERE n.number + i.shift > n.infusions
