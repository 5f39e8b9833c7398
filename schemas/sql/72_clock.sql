-- One row per course and survival measure: when its clock starts, or the status that keeps it out (R10).
CREATE OR REPLACE VIEW clock AS
WITH asked AS (
    SELECT
        measure_id, anchor, starts_from, course = 'first' AS is_of_first_course, CASE WHEN drug <> 'any' THEN drug END::drug AS only_drug,
        baseline_look_back_days AS look_back_days, baseline_minimum, missing_items::missing_items AS missing_items
    FROM main.measure
    WHERE kind = 'survival'
),

-- The measures of whose responses some clock starts, and the courses by their ways of picking.
starting_measure AS (
    SELECT a.* FROM main.asked AS a WHERE a.measure_id IN (SELECT starts_from FROM asked)
),

starting_pick AS (
    SELECT k.* FROM main.pick AS k WHERE k.measure_id IN (SELECT starts_from FROM asked)
),

starting AS (
    FROM main.course_picks('starting_pick')
)

-- From the first infusion: everybody who starts, whatever follows.
SELECT
    a.measure_id, c.clinic_id, c.patient_id, c.patient_no, c.course, c.drug,
    CASE
        WHEN a.is_of_first_course AND c.course > 1 THEN 'repeat_course'::endpoint_status
        WHEN c.drug <> a.only_drug THEN 'other_drug'::endpoint_status
        WHEN b.patient_no IS NULL THEN 'no_baseline'::endpoint_status
        WHEN b.total IS NULL THEN 'baseline_too_old'::endpoint_status
        WHEN b.total < a.baseline_minimum THEN 'baseline_below_minimum'::endpoint_status
    END AS kept_out_as,
    b.total AS baseline_total, b.score_id AS baseline_score_id, c.first_day AS start_day, NULL::BIGINT AS start_score_id
FROM main.course AS c
CROSS JOIN asked AS a
LEFT JOIN (FROM main.baseline WHERE in_scope(patient_no)) AS b ON b.patient_no = c.patient_no AND b.course = c.course
    AND b.look_back_days = a.look_back_days AND b.missing_items = a.missing_items
WHERE in_scope(c.patient_no) AND a.anchor = 'first_infusion'

UNION ALL

-- From a response: those who met the measure it starts from.
SELECT
    a.measure_id, e.clinic_id, e.patient_id, e.patient_no, e.course, e.drug,
    CASE e.status WHEN 'met'::endpoint_status THEN NULL WHEN 'not_met'::endpoint_status THEN 'not_a_responder'::endpoint_status ELSE e.status END AS kept_out_as,
    e.baseline_total, e.baseline_score_id,
    CASE WHEN status_class(e.status) = 'observed'::endpoint_class THEN e.day END AS start_day,
    CASE WHEN status_class(e.status) = 'observed'::endpoint_class THEN e.score_id END AS start_score_id
FROM main.judged('starting', measures := 'starting_measure') AS e
JOIN asked AS a ON a.starts_from = e.measure_id
WHERE a.anchor = 'response';

COMMENT ON VIEW clock IS 'One row per course and survival measure: the day its clock starts, or the status that keeps it out.';
COMMENT ON COLUMN clock.measure_id IS 'The survival measure.';
COMMENT ON COLUMN clock.clinic_id IS 'The clinic.';
COMMENT ON COLUMN clock.patient_id IS 'The clinic''s own pseudonym.';
COMMENT ON COLUMN clock.patient_no IS 'The patient.';
COMMENT ON COLUMN clock.course IS 'Course of the patient.';
COMMENT ON COLUMN clock.drug IS 'Drug of the course''s first infusion.';
COMMENT ON COLUMN clock.kept_out_as IS 'The first true status of R10 that keeps the course out; null where it is followed.';
COMMENT ON COLUMN clock.baseline_total IS 'PHQ-9 total at baseline, 0 to 27.';
COMMENT ON COLUMN clock.baseline_score_id IS 'The score that is the baseline.';
COMMENT ON COLUMN clock.start_day IS 'Patient''s day 0 of the clock: the first infusion, or the score that was the response.';
COMMENT ON COLUMN clock.start_score_id IS 'That score; null where the clock starts at the first infusion.';
