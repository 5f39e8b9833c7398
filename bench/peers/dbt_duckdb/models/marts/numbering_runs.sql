-- The numbering run of each row of the patients whose infusion numbers do not simply rise from day to day; null where the
-- row is set aside (R1). Of everybody else all rows are of run 1, and not here.
WITH RECURSIVE
by_number AS (
    SELECT
        clinic_id, patient_id, number, min(day) AS first_day, max(day) AS last_day,
        min(day) FILTER (is_pre) AS first_pre, max(day) FILTER (is_pre) AS last_pre, min(day) FILTER (NOT is_pre) AS first_post
    FROM {{ ref('told') }}
    GROUP BY ALL
),

falling AS (
    SELECT
        clinic_id, patient_id,
        first_day < lag(last_day) OVER (PARTITION BY clinic_id, patient_id ORDER BY number)
            OR last_pre - first_pre > {{ var('reinduction_gap_days') }} OR first_post < last_pre OR (number = 1 AND last_pre > 0) AS is_irregular
    FROM by_number
),

irregular AS (
    SELECT t.clinic_id, t.patient_id, t.file, t.line, t.place, t.day, t.number, t.is_pre
    FROM {{ ref('told') }} AS t
    SEMI JOIN (FROM falling WHERE is_irregular) AS f USING (clinic_id, patient_id)
),

-- One row of every patient at a time; `used` and `posted` are the numbers that the run has a row, a post_infusion row, of.
reading AS (
    SELECT DISTINCT
        clinic_id, patient_id, NULL::VARCHAR AS file, 0 AS line, 0::BIGINT AS place, false AS is_aside,
        0 AS run, 0 AS last, 0 AS last_day, []::INTEGER[] AS used, []::INTEGER[] AS posted
    FROM irregular

    UNION ALL

    SELECT
        clinic_id, patient_id, file, line, place, is_aside,
        CASE WHEN is_aside THEN run ELSE run + fresh::INTEGER END,
        CASE WHEN is_aside THEN last WHEN fresh THEN number ELSE greatest(last, number) END,
        CASE
            WHEN is_aside OR NOT (fresh OR number > last OR (number = last AND is_pre)) THEN last_day
            WHEN run + fresh::INTEGER = 1 AND number = 1 THEN 0
            ELSE day
        END,
        CASE WHEN is_aside THEN used WHEN fresh THEN [number] ELSE list_append(used, number) END,
        CASE WHEN is_aside OR (is_pre AND NOT fresh) THEN posted WHEN fresh AND is_pre THEN [] WHEN fresh THEN [number] ELSE list_append(posted, number) END
    FROM (
        SELECT
            *,
            (NOT fresh AND number < last AND (is_pre OR NOT list_contains(used, number)))
                OR (is_pre AND number = 1 AND run + fresh::INTEGER = 1 AND day > 0)
                OR (is_pre AND NOT fresh AND list_contains(posted, number)) AS is_aside
        FROM (
            SELECT
                i.clinic_id, i.patient_id, i.file, i.line, i.place, i.number::INTEGER AS number, i.day::INTEGER AS day, i.is_pre,
                r.run, r.last, r.last_day, r.used, r.posted,
                r.run = 0 OR (
                    (i.is_pre OR NOT list_contains(r.used, i.number))
                    AND (i.number < r.last OR (i.number = r.last AND i.day - r.last_day > {{ var('reinduction_gap_days') }}))
                    AND (i.number = 1 OR i.day - r.last_day > {{ var('reinduction_gap_days') }})
                ) AS fresh
            FROM reading AS r
            JOIN irregular AS i ON i.clinic_id = r.clinic_id AND i.patient_id = r.patient_id AND i.place = r.place + 1
        )
    )
)

SELECT clinic_id, patient_id, file, line, CASE WHEN NOT is_aside THEN run END AS run
FROM reading
WHERE place > 0
