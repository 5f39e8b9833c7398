-- The rows that break no rule, typed. One key is one form: clinic, patient, day, timepoint and infusion number.
SELECT
    file, line, clinic_id, patient_id, days_since_first_infusion::SMALLINT AS day, timepoint, infusion_number::SMALLINT AS number,
    {% for item in items() %}{{ item }}::TINYINT AS {{ item }}, {% endfor %}item_10::TINYINT AS item_10, total::TINYINT AS total,
    drug, dose_mg_per_kg, infusion_minutes::SMALLINT AS infusion_minutes, coalesce(recall_period, 'two_weeks') AS recall_period,
    coalesce(status, 'final') AS status, extract_day::SMALLINT AS extract_day, dissociation, nausea, blood_pressure_raised, serious_adverse_event,
    planned_induction_infusions::SMALLINT AS planned_induction_infusions, ended,
    items_answered::TINYINT AS items_answered,
    CASE WHEN items_answered = 9 THEN items_sum WHEN items_answered = 0 THEN total END::TINYINT AS phq9_total
FROM {{ ref('stg_read') }}
WHERE is_readable AND is_in_range AND NOT (unknown_clinic OR infusion_number_missing OR total_is_not_sum OR total_below_items OR total_above_items OR no_answers)
