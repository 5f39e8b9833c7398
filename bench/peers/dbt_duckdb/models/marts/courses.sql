-- One row per course: the first with all that the measures ask of it (R3, R4), the later ones to be counted.
WITH in_order AS (
    SELECT
        *,
        first_value(day) OVER w AS first_day, first_value(drug) OVER w AS first_drug,
        lag(ordinal) OVER w AS ordinal_before
    FROM {{ ref('infusions') }}
    WINDOW w AS (PARTITION BY clinic_id, patient_id, course ORDER BY ordinal)
),

judged AS (
    SELECT
        *,
        drug <> first_drug
            OR (day - day_before > {{ var('induction_gap_days') }} * steps AND ordinal_before >= {{ var('induction_minimum_infusions') }}) AS changes,
        day > first_day + {{ var('induction_days') }} AS is_late
    FROM in_order
),

summed AS (
    SELECT
        clinic_id, patient_id, course,
        any_value(first_day) AS first_day, any_value(first_drug) AS drug, max(ordinal) AS infusions, max(day) AS last_infusion_day,
        -- The first infusion that breaks the induction ends it.
        coalesce(arg_min(day_before, ordinal) FILTER ((changes OR is_late) AND ordinal_before IS NOT NULL), max(day)) AS last_induction_day,
        coalesce(arg_min(ordinal_before, ordinal) FILTER ((changes OR is_late) AND ordinal_before IS NOT NULL), max(ordinal)) AS n,
        arg_min(day, ordinal) FILTER ((changes OR is_late) AND ordinal_before IS NOT NULL) AS break_day,
        arg_min(drug, ordinal) FILTER ((changes OR is_late) AND ordinal_before IS NOT NULL) AS break_drug,
        coalesce(bool_or(changes AND ordinal_before IS NOT NULL), false) AS is_closed_by_infusion
    FROM judged
    GROUP BY ALL
),

placed AS (
    SELECT
        s.*, f.followed_until,
        lead(s.first_day) OVER (PARTITION BY s.clinic_id, s.patient_id ORDER BY s.course) AS next_first_day
    FROM summed AS s
    JOIN {{ ref('followed') }} AS f USING (clinic_id, patient_id)
)

SELECT
    * EXCLUDE (break_day, break_drug, is_closed_by_infusion),
    CASE
        WHEN NOT (is_closed_by_infusion OR next_first_day IS NOT NULL OR followed_until > least(
            first_day + {{ var('induction_days') + var('extension_days') }},
            CASE WHEN n >= {{ var('induction_minimum_infusions') }} THEN last_induction_day + {{ var('induction_gap_days') }} END
        )) THEN 'open'
        WHEN n < {{ var('induction_minimum_infusions') }} OR last_induction_day - first_day < {{ var('induction_minimum_span_days') }} THEN 'incomplete'
        WHEN n > {{ var('induction_maximum_infusions') }}
            OR (break_drug = drug AND break_day > first_day + {{ var('induction_days') }} AND break_day <= last_induction_day + {{ var('extension_days') }})
            THEN 'extended'
        ELSE 'complete'
    END AS induction
FROM placed
