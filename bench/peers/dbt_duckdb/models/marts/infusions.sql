-- One row per known infusion (R1), with its course and its ordinal in it (R3).
WITH clinic(clinic_id, drug) AS (
    VALUES {% for clinic, drug in var('clinics').items() %}('{{ clinic }}', '{{ drug }}'){{ ', ' if not loop.last }}{% endfor %}
),

-- Joined, not anti-joined: where a patient is read row by row, a row that is set aside has no run.
rows AS (
    SELECT t.*, 1 AS run FROM {{ ref('told') }} AS t ANTI JOIN {{ ref('numbering_runs') }} USING (clinic_id, patient_id)
    UNION ALL
    SELECT t.*, n.run FROM {{ ref('told') }} AS t JOIN {{ ref('numbering_runs') }} AS n USING (clinic_id, patient_id, file, line) WHERE n.run IS NOT NULL
),

told AS (
    SELECT
        clinic_id, patient_id, run, number, min(drug) AS drug,
        coalesce(max(day) FILTER (is_pre), min(day) FILTER (NOT is_pre)) AS told_day,
        bool_or(NOT is_pre) AS has_post
    FROM rows
    GROUP BY ALL
),

known AS (
    SELECT clinic_id, patient_id, run, number, drug, CASE WHEN run = 1 AND number = 1 THEN 0 ELSE told_day END AS day, CASE WHEN has_post THEN told_day END AS told_day
    FROM told
    UNION ALL
    -- Infusion 1 was given on day 0, whether or not a row says so.
    SELECT clinic_id, patient_id, 1, 1, arg_min_null(drug, number), 0, NULL FROM told WHERE run = 1 GROUP BY clinic_id, patient_id HAVING min(number) > 1
),

ordered AS (
    SELECT
        k.* REPLACE (coalesce(k.drug, c.drug) AS drug),
        lag(k.run) OVER w AS run_before, lag(k.number) OVER w AS number_before, lag(k.day) OVER w AS day_before,
        lag(k.run) OVER w = k.run AS is_same_run
    FROM known AS k
    JOIN clinic AS c USING (clinic_id)
    WINDOW w AS (PARTITION BY k.clinic_id, k.patient_id ORDER BY k.run, k.number)
),

stepped AS (
    SELECT *, CASE WHEN is_same_run THEN number - number_before ELSE 1 END AS steps FROM ordered
),

-- After a gap that is not long enough by itself a course starts only where infusions crowd behind it.
crowded AS (
    SELECT s.clinic_id, s.patient_id, s.run, s.number
    FROM stepped AS s
    JOIN known AS k ON k.clinic_id = s.clinic_id AND k.patient_id = s.patient_id AND k.day BETWEEN s.day AND s.day + {{ var('reinduction_days') }}
    WHERE s.day - s.day_before > {{ var('reinduction_gap_days') }} * s.steps
    GROUP BY ALL
    HAVING count(*) >= {{ var('reinduction_infusions') }}
),

started AS (
    SELECT
        s.*,
        s.day_before IS NULL OR s.day - s.day_before > {{ var('course_gap_days') }} * s.steps OR c.number IS NOT NULL AS starts
    FROM stepped AS s
    LEFT JOIN crowded AS c USING (clinic_id, patient_id, run, number)
),

coursed AS (
    SELECT
        *, sum(starts::INTEGER) OVER (PARTITION BY clinic_id, patient_id ORDER BY run, number) AS course,
        -- A course that starts inside a run counts from its number; a run that starts inside a course goes on counting.
        CASE WHEN starts AND is_same_run THEN -number_before WHEN NOT starts AND NOT is_same_run THEN number_before ELSE 0 END AS moves_by
    FROM started
)

SELECT
    * EXCLUDE (starts, moves_by, run_before),
    sum(moves_by) OVER w AS shift, number + sum(moves_by) OVER w AS ordinal
FROM coursed
WINDOW w AS (PARTITION BY clinic_id, patient_id, course ORDER BY run, number)
