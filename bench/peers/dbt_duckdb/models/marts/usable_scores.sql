-- The scores that stand, of patients with a course, with what R2 and R5 say of them.
WITH run_of AS (
    SELECT
        s.*, CASE WHEN n.line IS NOT NULL THEN n.run ELSE 1 END AS run, n.line IS NOT NULL AND n.run IS NULL AS is_aside,
        -- In the join below a condition on this side alone would cost a loop over all pairs.
        CASE WHEN s.timepoint IN ('pre_infusion', 'post_infusion') THEN s.number END AS infusion
    FROM {{ ref('scores') }} AS s
    LEFT JOIN {{ ref('numbering_runs') }} AS n USING (clinic_id, patient_id, file, line)
    WHERE s.stands
)

SELECT
    s.clinic_id, s.patient_id, s.day, s.timepoint, s.number, s.phq9_total AS total, s.items_answered,
    s.recall_period = 'two_weeks' AS is_two_weeks,
    CASE s.timepoint WHEN 'pre_infusion' THEN i.ordinal - 1 WHEN 'baseline' THEN 0 ELSE i.ordinal END AS received,
    coalesce(s.timepoint = 'post_infusion' AND s.day = i.told_day, false) AS is_on_infusion_day,
    s.phq9_total IS NOT NULL AND is_two_weeks AND NOT is_on_infusion_day AS is_usable
FROM run_of AS s
LEFT JOIN {{ ref('infusions') }} AS i ON i.clinic_id = s.clinic_id AND i.patient_id = s.patient_id AND i.run = s.run AND i.number = s.infusion
WHERE NOT s.is_aside
