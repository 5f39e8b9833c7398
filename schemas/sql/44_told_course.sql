-- One row per course (R3, R4), with all that a measure needs to know of it and that no date can change.
CREATE OR REPLACE VIEW told_course AS
WITH judged AS (
    SELECT
        i.*,
        i.drug <> i.first_drug AS is_switch,
        i.days_before > r.induction_gap_days * i.steps_before AND i.ordinal_before >= r.induction_minimum_infusions AS after_gap,
        i.day > i.first_day + r.induction_days AS is_late
    FROM main.infusion AS i
    CROSS JOIN main.rules AS r
    WHERE in_scope(i.patient_no)
),

summed AS (
    SELECT
        patient_no,
        course,
        any_value(first_day) AS first_day,
        any_value(first_drug) AS drug,
        max(ordinal) AS infusions,
        max(day) AS last_infusion_day,
        -- The first infusion that breaks the induction ends it; the one before it was its last.
        arg_min(day_before, ordinal) FILTER (is_switch OR after_gap OR is_late) AS day_before_break,
        min(ordinal_before) FILTER (is_switch OR after_gap OR is_late) AS ordinal_before_break,
        arg_min(day, ordinal) FILTER (is_switch OR after_gap OR is_late) AS first_maintenance_day,
        arg_min(drug, ordinal) FILTER (is_switch OR after_gap OR is_late) AS break_drug,
        coalesce(bool_or(is_switch OR after_gap), false) AS closed_by_infusion,
        arg_min(day, ordinal) FILTER (is_switch) AS first_switch_day,
        min(ordinal_before) FILTER (is_switch) AS ordinal_before_switch
    FROM judged
    GROUP BY patient_no, course
),

placed AS (
    SELECT
        *,
        coalesce(day_before_break, last_infusion_day) AS last_induction_day,
        coalesce(ordinal_before_break, infusions) AS induction_infusions,
        coalesce(ordinal_before_switch, infusions) AS infusions_before_switch,
        lead(first_day) OVER in_order AS next_first_day,
        lag(last_infusion_day) OVER in_order AS last_day_of_course_before
    FROM summed
    WINDOW in_order AS (PARTITION BY patient_no ORDER BY course)
),

closing AS (
    SELECT
        p.*,
        last_induction_day - first_day AS induction_span,
        CASE
            WHEN closed_by_infusion OR next_first_day IS NOT NULL THEN NULL
            WHEN induction_infusions >= r.induction_minimum_infusions
                THEN least(last_induction_day + r.induction_gap_days, first_day + r.induction_days + r.extension_days)
            ELSE first_day + r.induction_days + r.extension_days
        END AS open_until,
        induction_infusions < r.induction_minimum_infusions
            OR last_induction_day - first_day < r.induction_minimum_span_days AS is_incomplete,
        induction_infusions > r.induction_maximum_infusions
            OR coalesce(
                break_drug = drug AND first_maintenance_day > first_day + r.induction_days
                AND first_maintenance_day <= last_induction_day + r.extension_days, false
            ) AS is_extended
    FROM placed AS p
    CROSS JOIN main.rules AS r
)

SELECT
    c.patient_no, q.clinic_id, q.patient_id, c.course, c.first_day, c.drug, c.infusions, c.last_infusion_day,
    c.last_induction_day, c.induction_infusions, c.induction_span,
    CASE
        WHEN c.is_incomplete THEN 'incomplete'::induction
        WHEN c.is_extended THEN 'extended'::induction
        ELSE 'complete'::induction
    END AS induction_once_closed,
    c.open_until,
    c.first_maintenance_day, c.first_switch_day, c.infusions_before_switch,
    c.next_first_day, c.last_day_of_course_before,
    h.heard_on, h.heard_day, h.first_arrival_last_day, h.extract_day
FROM closing AS c
JOIN (FROM main.last_heard WHERE in_scope(patient_no)) AS h USING (patient_no)
JOIN (FROM main.patient WHERE in_scope(patient_no)) AS q USING (patient_no);

COMMENT ON VIEW told_course IS 'One row per course: a patient''s series of infusions, its induction and what followed, as far as no date is asked (R3, R4).';
COMMENT ON COLUMN told_course.patient_no IS 'The patient.';
COMMENT ON COLUMN told_course.clinic_id IS 'The clinic.';
COMMENT ON COLUMN told_course.patient_id IS 'The clinic''s own pseudonym.';
COMMENT ON COLUMN told_course.course IS 'Course of the patient, from 1.';
COMMENT ON COLUMN told_course.first_day IS 'F: day of the first infusion.';
COMMENT ON COLUMN told_course.drug IS 'Drug of the first infusion.';
COMMENT ON COLUMN told_course.infusions IS 'Infusions given, skipped ones counted: the highest ordinal.';
COMMENT ON COLUMN told_course.last_infusion_day IS 'Day of the last known infusion.';
COMMENT ON COLUMN told_course.last_induction_day IS 'L: day of the last induction infusion.';
COMMENT ON COLUMN told_course.induction_infusions IS 'n: ordinal of the last induction infusion.';
COMMENT ON COLUMN told_course.induction_span IS 'L - F, in days.';
COMMENT ON COLUMN told_course.induction_once_closed IS 'incomplete, extended or complete, once it is closed (R4).';
COMMENT ON COLUMN told_course.open_until IS 'The day up to which a patient may be followed with the induction still open; null where infusions have closed it.';
COMMENT ON COLUMN told_course.first_maintenance_day IS 'Day of the first infusion after induction; null where none.';
COMMENT ON COLUMN told_course.first_switch_day IS 'Day of the first infusion of another drug; null where none.';
COMMENT ON COLUMN told_course.infusions_before_switch IS 'Infusions of the first drug before any of another: what k counts.';
COMMENT ON COLUMN told_course.next_first_day IS 'F of the patient''s next course; null where none.';
COMMENT ON COLUMN told_course.last_day_of_course_before IS 'Day of the last infusion of the course before; null for the first.';
COMMENT ON COLUMN told_course.heard_on IS 'As-of date on which the patient''s row came that leads furthest (R9).';
COMMENT ON COLUMN told_course.heard_day IS 'The patient''s day of that row.';
COMMENT ON COLUMN told_course.first_arrival_last_day IS 'The latest day in the arrivals that first carried the patient.';
COMMENT ON COLUMN told_course.extract_day IS 'The latest extract_day of the patient; null where none was given.';
