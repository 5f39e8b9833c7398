-- Late arrivals
-- Which scores came in a later night than the first file of their patient, and how many nights later?
SELECT night - first_night AS nights_later, count(*) AS scores, count(DISTINCT patient_no) AS patients
FROM (
    SELECT s.patient_no, a.night, min(a.night) OVER (PARTITION BY s.patient_no) AS first_night
    FROM score AS s
    JOIN arrival AS a USING (arrival_no)
)
WHERE night > first_night
GROUP BY ALL
ORDER BY nights_later;
