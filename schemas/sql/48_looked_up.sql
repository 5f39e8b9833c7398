-- The scores whose infusions received (R2) or whose usability (R5) takes a look at the patient's infusions. For the
-- others their own row and course are enough (score_place, which also leaves out the scores that do not stand).
CREATE OR REPLACE VIEW looked_up AS
WITH shifted AS MATERIALIZED (
    SELECT DISTINCT patient_no, course FROM main.infusion WHERE in_scope(patient_no) AND shift <> 0
),

-- Rows of infusions that have a post_infusion row, or an ordinal that is not their number.
by_number AS (
    SELECT s.score_id, s.patient_no, s.timepoint, s.days_since_first_infusion AS day, i.run, i.ordinal, i.told_day
    FROM main.assigned_score AS s
    JOIN main.infusion AS i ON i.patient_no = s.patient_no AND i.infusion_number = s.infusion_number
    WHERE in_scope(i.patient_no) AND in_scope(s.patient_no) AND s.timepoint IN ('pre_infusion', 'post_infusion') AND (i.shift <> 0 OR i.told_day IS NOT NULL)
),

-- Rows after the first infusion of their course (which for course 1 is on day 0), not tied to an infusion.
by_day AS MATERIALIZED (
    SELECT
        s.score_id, s.patient_no, s.days_since_first_infusion AS day, c.course, c.last_infusion_day,
        CASE WHEN s.timepoint = 'follow_up' THEN s.infusion_number END AS number
    FROM main.assigned_score AS s
    JOIN main.course AS c ON c.patient_no = s.patient_no AND c.first_day <= s.days_since_first_infusion
        AND (c.next_first_day IS NULL OR s.days_since_first_infusion < c.next_first_day)
    WHERE in_scope(s.patient_no) AND in_scope(c.patient_no) AND s.timepoint IN ('baseline', 'follow_up') AND s.days_since_first_infusion >= 0
)

SELECT
    n.score_id, n.patient_no,
    CASE WHEN n.timepoint = 'pre_infusion' THEN n.ordinal - 1 ELSE n.ordinal END::SMALLINT AS received,
    coalesce(n.timepoint = 'post_infusion' AND n.day = n.told_day, false) AS is_on_infusion_day
FROM by_number AS n
LEFT JOIN (FROM main.renumbered WHERE in_scope(patient_no)) AS r USING (score_id)
WHERE n.run = coalesce(r.run, 1)

UNION ALL

-- A numbered follow_up where ordinals are not the numbers: by the shift of the latest known infusion up to its day.
SELECT d.score_id, any_value(d.patient_no), (any_value(d.number) + arg_max(i.shift, i.ordinal))::SMALLINT, false
FROM by_day AS d
SEMI JOIN shifted USING (patient_no, course)
JOIN main.infusion AS i ON i.patient_no = d.patient_no AND i.course = d.course AND i.day <= d.day
WHERE in_scope(i.patient_no) AND d.number IS NOT NULL
GROUP BY d.score_id

UNION ALL

-- No number, and not after the last infusion: the latest known one before its day.
SELECT d.score_id, any_value(d.patient_no), max(i.ordinal), false
FROM by_day AS d
JOIN main.infusion AS i ON i.patient_no = d.patient_no AND i.course = d.course AND i.day < d.day
WHERE in_scope(i.patient_no) AND d.number IS NULL AND d.day <= d.last_infusion_day
GROUP BY d.score_id;

COMMENT ON VIEW looked_up IS 'One row per score whose infusions received (R2) or usability (R5) takes a look at the patient''s infusions.';
COMMENT ON COLUMN looked_up.score_id IS 'The score.';
COMMENT ON COLUMN looked_up.patient_no IS 'The patient.';
COMMENT ON COLUMN looked_up.received IS 'Infusions received, as an ordinal of the course (R2), where the score is not before the course.';
COMMENT ON COLUMN looked_up.is_on_infusion_day IS 'Whether it is a post_infusion row dated on the day of its infusion (R5).';
