-- One row per measure and clinic, or all of them ('*'): the counts (R11), and the Wilson limits of both rates.
{% set z = var('confidence_z') %}
WITH whom(clinic_id) AS (
    VALUES ('*') {% for clinic in var('clinics') %}, ('{{ clinic }}'){% endfor %}
),

counted AS (
    SELECT
        measure_id, CASE WHEN grouping(clinic_id) = 1 THEN '*' ELSE clinic_id END AS clinic_id,
        count(*) AS courses,
        count(*) FILTER (status = 'not_yet_due') AS waiting,
        count(*) FILTER (status IN ('altered_recall', 'incomplete_form', 'no_score_in_window')) AS missing,
        count(*) FILTER (status IN ('met', 'not_met')) AS observed,
        count(*) FILTER (status = 'met') AS met
    FROM {{ ref('endpoints') }}
    GROUP BY GROUPING SETS ((measure_id, clinic_id), (measure_id))
),

filled AS (
    SELECT m.measure_id, w.clinic_id, {% for n in ['courses', 'waiting', 'missing', 'observed', 'met'] %}coalesce(c.{{ n }}, 0) AS {{ n }}{{ ', ' if not loop.last }}{% endfor %}
    FROM {{ ref('measures') }} AS m
    CROSS JOIN whom AS w
    LEFT JOIN counted AS c ON c.measure_id = m.measure_id AND c.clinic_id = w.clinic_id
),

summed AS (
    SELECT *, observed + missing AS due, courses - observed - missing - waiting AS not_eligible FROM filled
)

SELECT
    *,
    {{ wilson('met', 'observed', '-', z) }} AS observed_low, {{ wilson('met', 'observed', '+', z) }} AS observed_high,
    {{ wilson('met', 'due', '-', z) }} AS everyone_low, {{ wilson('met', 'due', '+', z) }} AS everyone_high
FROM summed
