-- The courses by class and status as they are shared outside the house.
CREATE OR REPLACE VIEW shared_attrition AS
WITH latest AS (
    SELECT table_key, clinic_id, max(edition) AS edition
    FROM main.shared_cell
    WHERE table_name = 'attrition'
    GROUP BY table_key, clinic_id
),

told AS (
    SELECT c.*, e.as_of
    FROM main.shared_cell AS c
    JOIN latest AS l ON l.table_key = c.table_key AND l.clinic_id = c.clinic_id AND l.edition = c.edition
    JOIN main.shared_edition AS e ON e.edition = c.edition
    WHERE c.table_name = 'attrition'
),

statuses AS (
    SELECT status, status_class(status) AS class
    FROM (SELECT unnest(enum_range(NULL::endpoint_status)) AS status)
),

-- Each class, and each status of a class that has several; met or not is no part of this table.
wanted AS (
    SELECT DISTINCT class, NULL::endpoint_status AS status FROM statuses
    UNION ALL
    SELECT class, status FROM statuses WHERE class IN ('not eligible', 'missing')
),

-- A table is told by status or by class; what is told by status is added up to classes.
counted AS (
    SELECT t.table_key, t.clinic_id, t.edition, t.as_of, w.class, w.status, sum(t.courses) AS courses
    FROM told AS t
    JOIN wanted AS w ON CASE
        WHEN t.rung = 'class' THEN w.status IS NULL AND t.cell = w.class::VARCHAR
        WHEN w.status IS NOT NULL THEN t.cell = w.status::VARCHAR
        WHEN t.cell = 'observed' THEN w.class = 'observed'
        ELSE status_class(t.cell) = w.class
    END
    GROUP BY ALL
)

SELECT
    m.measure_id, m.version AS measure_version, g.clinic_id, w.class, w.status, t.edition, t.as_of,
    c.courses::INTEGER AS courses,
    CASE WHEN c.courses IS NULL THEN 'suppressed' ELSE 'value' END AS state
FROM main.clinic_group AS g
CROSS JOIN (FROM main.measure WHERE kind = 'proportion') AS m
CROSS JOIN wanted AS w
LEFT JOIN (SELECT DISTINCT table_key, clinic_id, edition, as_of FROM told) AS t ON t.table_key = m.measure_id AND t.clinic_id = g.clinic_id
LEFT JOIN counted AS c ON c.table_key = m.measure_id AND c.clinic_id = g.clinic_id AND c.class = w.class
    AND c.status IS NOT DISTINCT FROM w.status
ORDER BY m.position, g.clinic_id, w.class, w.status NULLS FIRST;

COMMENT ON VIEW shared_attrition IS 'One row per measure, clinic and class, and per status of a class that has several: courses, as shared outside the house.';
COMMENT ON COLUMN shared_attrition.measure_id IS 'The measure.';
COMMENT ON COLUMN shared_attrition.measure_version IS 'Version of its definition.';
COMMENT ON COLUMN shared_attrition.clinic_id IS 'The clinic; ''*'' is all clinics together, those not shown too.';
COMMENT ON COLUMN shared_attrition.class IS 'not eligible, waiting, observed or missing (R11).';
COMMENT ON COLUMN shared_attrition.status IS 'The status (R10); null for all courses of the class.';
COMMENT ON COLUMN shared_attrition.edition IS 'The edition that told these numbers first; null where none has.';
COMMENT ON COLUMN shared_attrition.as_of IS 'The date the numbers are as of; null where none are told.';
COMMENT ON COLUMN shared_attrition.courses IS 'Courses; null where suppressed.';
COMMENT ON COLUMN shared_attrition.state IS 'value (0 too) or suppressed.';
