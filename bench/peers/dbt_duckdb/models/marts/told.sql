-- The rows that stand and tell of an infusion, numbered in the order in which a patient's are read (docs/rules.md, R1).
SELECT
    clinic_id, patient_id, file, line, day, number, timepoint = 'pre_infusion' AS is_pre, drug,
    row_number() OVER (PARTITION BY clinic_id, patient_id ORDER BY day, number, timepoint = 'pre_infusion' DESC, file, line) AS place
FROM {{ ref('scores') }}
WHERE stands AND timepoint IN ('pre_infusion', 'post_infusion')
