-- From courses started to courses counted, status by status in the order of R10; it adds up exactly.
CREATE OR REPLACE VIEW attrition AS
WITH told AS (
    SELECT measure_id, clinic_id, status, courses FROM main.tally
    UNION ALL
    SELECT
        measure_id, clinic_id, CASE WHEN kept_out_as IS NOT NULL THEN kept_out_as WHEN is_event THEN 'event'::endpoint_status ELSE 'censored'::endpoint_status END, courses
    FROM main.clock_tally
    WHERE kept_out_as IS NOT NULL OR variant = 'all'
),

counted AS (
    SELECT measure_id, CASE WHEN grouping(clinic_id) = 1 THEN '*' ELSE clinic_id END AS clinic_id, status, sum(courses) AS courses
    FROM told
    GROUP BY GROUPING SETS ((measure_id, clinic_id, status), (measure_id, status))
),

step AS (
    SELECT status, row_number() OVER (ORDER BY status) AS step
    FROM (SELECT unnest(enum_range(NULL::endpoint_status))::endpoint_status AS status)
    WHERE status_class(status) <> 'observed'
),

taken_out AS (
    SELECT m.measure_id, g.clinic_id, s.step, s.status, g.courses AS started, coalesce(c.courses, 0) AS courses
    FROM main.measure AS m
    CROSS JOIN main.clinic_group AS g
    CROSS JOIN step AS s
    LEFT JOIN counted AS c ON c.measure_id = m.measure_id AND c.clinic_id = g.clinic_id AND c.status = s.status
),

remaining AS (
    SELECT *, started - sum(courses) OVER (PARTITION BY measure_id, clinic_id ORDER BY step) AS remaining FROM taken_out
)

SELECT measure_id, clinic_id, step::INTEGER AS step, status::VARCHAR AS status, courses::INTEGER AS courses, remaining::INTEGER AS remaining
FROM remaining

UNION ALL

SELECT m.measure_id, g.clinic_id, 0, 'started', g.courses, g.courses
FROM main.measure AS m
CROSS JOIN main.clinic_group AS g

UNION ALL

SELECT m.measure_id, g.clinic_id, (SELECT max(step) + 1 FROM step)::INTEGER, 'in the result', coalesce(sum(c.courses), 0)::INTEGER, coalesce(sum(c.courses), 0)::INTEGER
FROM main.measure AS m
CROSS JOIN main.clinic_group AS g
LEFT JOIN counted AS c ON c.measure_id = m.measure_id AND c.clinic_id = g.clinic_id AND status_class(c.status) = 'observed'
GROUP BY m.measure_id, g.clinic_id;

COMMENT ON VIEW attrition IS 'From courses started to courses in the result, per measure and group: what each status takes out, in the order of R10.';
COMMENT ON COLUMN attrition.measure_id IS 'The measure.';
COMMENT ON COLUMN attrition.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN attrition.step IS 'Place in the order, from 0.';
COMMENT ON COLUMN attrition.status IS 'started, then each status that takes courses out, then in the result.';
COMMENT ON COLUMN attrition.courses IS 'Courses taken out at this step; for the first and the last row, courses there.';
COMMENT ON COLUMN attrition.remaining IS 'Courses left after it. The last row equals the one before it.';
