-- The groups a rate is given for: each clinic that has sent a score, and all clinics together ('*').
CREATE OR REPLACE VIEW clinic_group AS
WITH patients AS (
    SELECT p.clinic_id, p.patient_no, count(DISTINCT c.course) AS courses,
        bool_or(c.course = 1 AND c.induction = 'incomplete') AND bool_or(c.course > 1 AND c.induction <> 'incomplete') AS completed_later,
        bool_or(c.course = 1 AND c.induction <> 'open') AS has_closed,
        bool_or(c.course = 1 AND c.induction = 'extended') AS has_extended
    FROM main.followed AS f
    JOIN main.patient AS p USING (patient_no)
    LEFT JOIN main.course AS c USING (patient_no)
    GROUP BY p.clinic_id, p.patient_no
),

grouped AS (
    SELECT
        CASE WHEN grouping(p.clinic_id) = 1 THEN '*' ELSE p.clinic_id END AS clinic_id,
        count(*) AS patients,
        count(*) FILTER (courses = 0) AS not_started,
        coalesce(sum(courses), 0) AS courses,
        count(*) FILTER (completed_later) AS completed_later,
        count(*) FILTER (has_closed) AS closed_inductions,
        count(*) FILTER (has_extended) AS extended_inductions,
        coalesce(bool_and(k.sends_every_infusion) FILTER (courses > 0), bool_and(k.sends_every_infusion), false) AS sends_every_infusion,
        coalesce(bool_and(k.confirmed), true) AS confirmed
    FROM patients AS p
    JOIN main.clinic AS k USING (clinic_id)
    GROUP BY GROUPING SETS ((p.clinic_id), ())
)

SELECT
    clinic_id, patients::INTEGER AS patients, not_started::INTEGER AS not_started, courses::INTEGER AS courses,
    completed_later::INTEGER AS completed_later, closed_inductions::INTEGER AS closed_inductions,
    extended_inductions::INTEGER AS extended_inductions,
    proportion(extended_inductions, closed_inductions) AS extended_share, sends_every_infusion, confirmed
FROM grouped;

COMMENT ON VIEW clinic_group IS 'One row per clinic that has sent a score, and one for all clinics (clinic_id ''*''): patients, courses and schedule.';
COMMENT ON COLUMN clinic_group.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN clinic_group.patients IS 'Patients with a stored score.';
COMMENT ON COLUMN clinic_group.not_started IS 'Patients with scores and no infusion on record: they have no course.';
COMMENT ON COLUMN clinic_group.courses IS 'Courses, repeat ones included.';
COMMENT ON COLUMN clinic_group.completed_later IS 'Patients whose first induction is incomplete and a later one is not.';
COMMENT ON COLUMN clinic_group.closed_inductions IS 'First courses whose induction is closed.';
COMMENT ON COLUMN clinic_group.extended_inductions IS 'First courses whose induction is extended (R4).';
COMMENT ON COLUMN clinic_group.extended_share IS 'extended_inductions / closed_inductions: over the limit of R12 the schedule differs.';
COMMENT ON COLUMN clinic_group.sends_every_infusion IS 'Whether the clinic declares that it sends every infusion; for ''*'', all clinics with a course (without any, all clinics).';
COMMENT ON COLUMN clinic_group.confirmed IS 'Whether the clinic''s entry was confirmed by a person.';
