-- One row per course (R3, R4), with all that a measure needs to know of it.
CREATE OR REPLACE VIEW course AS
WITH judged AS (
    SELECT
        i.*,
        i.drug <> i.first_drug AS is_switch,
        i.days_before > r.induction_gap_days * i.steps_before AND i.ordinal_before >= r.induction_minimum_infusions AS after_gap,
        i.day > i.first_day + r.induction_days AS is_late
    FROM main.infusion AS i
    CROSS JOIN main.rules AS r
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

closed AS (
    SELECT
        p.*,
        last_induction_day - first_day AS induction_span,
        f.followed_until,
        f.first_arrival_last_day,
        f.extract_day,
        closed_by_infusion OR next_first_day IS NOT NULL OR f.followed_until > CASE
            WHEN induction_infusions >= r.induction_minimum_infusions
                THEN least(last_induction_day + r.induction_gap_days, first_day + r.induction_days + r.extension_days)
            ELSE first_day + r.induction_days + r.extension_days
        END AS is_closed,
        induction_infusions < r.induction_minimum_infusions
            OR last_induction_day - first_day < r.induction_minimum_span_days AS is_incomplete,
        induction_infusions > r.induction_maximum_infusions
            OR coalesce(
                break_drug = drug AND first_maintenance_day > first_day + r.induction_days
                AND first_maintenance_day <= last_induction_day + r.extension_days, false
            ) AS is_extended
    FROM placed AS p
    JOIN main.followed AS f USING (patient_no)
    CROSS JOIN main.rules AS r
)

SELECT
    c.patient_no, q.clinic_id, q.patient_id, c.course, c.first_day, c.drug, c.infusions, c.last_infusion_day,
    c.last_induction_day, c.induction_infusions, c.induction_span,
    CASE
        WHEN NOT c.is_closed THEN 'open'::induction
        WHEN c.is_incomplete THEN 'incomplete'::induction
        WHEN c.is_extended THEN 'extended'::induction
        ELSE 'complete'::induction
    END AS induction,
    c.first_maintenance_day, c.first_switch_day, c.infusions_before_switch,
    c.next_first_day, c.last_day_of_course_before,
    c.followed_until, c.first_arrival_last_day, c.extract_day
FROM closed AS c
JOIN main.patient AS q USING (patient_no);

COMMENT ON VIEW course IS 'One row per course: a patient''s series of infusions, its induction and what followed (R3, R4).';
COMMENT ON COLUMN course.patient_no IS 'The patient.';
COMMENT ON COLUMN course.clinic_id IS 'The clinic.';
COMMENT ON COLUMN course.patient_id IS 'The clinic''s own pseudonym.';
COMMENT ON COLUMN course.course IS 'Course of the patient, from 1.';
COMMENT ON COLUMN course.first_day IS 'F: day of the first infusion.';
COMMENT ON COLUMN course.drug IS 'Drug of the first infusion.';
COMMENT ON COLUMN course.infusions IS 'Infusions given, skipped ones counted: the highest ordinal.';
COMMENT ON COLUMN course.last_infusion_day IS 'Day of the last known infusion.';
COMMENT ON COLUMN course.last_induction_day IS 'L: day of the last induction infusion.';
COMMENT ON COLUMN course.induction_infusions IS 'n: ordinal of the last induction infusion.';
COMMENT ON COLUMN course.induction_span IS 'L - F, in days.';
COMMENT ON COLUMN course.induction IS 'open, incomplete, extended or complete (R4).';
COMMENT ON COLUMN course.first_maintenance_day IS 'Day of the first infusion after induction; null where none.';
COMMENT ON COLUMN course.first_switch_day IS 'Day of the first infusion of another drug; null where none.';
COMMENT ON COLUMN course.infusions_before_switch IS 'Infusions of the first drug before any of another: what k counts.';
COMMENT ON COLUMN course.next_first_day IS 'F of the patient''s next course; null where none.';
COMMENT ON COLUMN course.last_day_of_course_before IS 'Day of the last infusion of the course before; null for the first.';
COMMENT ON COLUMN course.followed_until IS 'The patient''s day up to which scores would have arrived (R9).';
COMMENT ON COLUMN course.first_arrival_last_day IS 'The latest day in the arrivals that first carried the patient.';
COMMENT ON COLUMN course.extract_day IS 'The latest extract_day of the patient; null where none was given.';
