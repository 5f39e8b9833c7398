-- Which missing scores were only a few days off: what collecting on time would gain.
-- As in course_ways, `picks` names the view pick, or a part of it.
CREATE OR REPLACE MACRO main.near_windows(picks) AS TABLE
WITH way AS (
    SELECT p.* FROM query_table(picks) AS p JOIN main.measure AS m USING (measure_id) WHERE m.kind = 'proportion' AND NOT p.needs_item_9
),

asked_of AS (
    SELECT a.* FROM main.asked AS a SEMI JOIN way USING (measure_id)
),

-- None was picked in the window.
without AS (
    SELECT * FROM main.course_picks('way') WHERE total IS NULL
),

missing AS (
    SELECT
        e.measure_id, e.clinic_id, e.patient_no, e.course, e.window_first_day, e.window_last_day,
        c.first_day, c.next_first_day, w.missing_items
    FROM main.judged('without', measures := 'asked_of') AS e
    JOIN way AS w USING (measure_id)
    JOIN main.course AS c ON c.patient_no = e.patient_no AND c.course = e.course
    WHERE status_class(e.status) = 'missing'
),

-- The nearest usable score of the course in the week before its window or the week after; of two as near, the one before.
nearest AS (
    SELECT
        m.measure_id, m.patient_no, m.course,
        arg_min(s.day < m.window_first_day, (greatest(m.window_first_day - s.day, s.day - m.window_last_day), s.day)) AS is_early
    FROM missing AS m
    JOIN main.score_place AS s ON s.patient_no = m.patient_no
        AND (s.day BETWEEN m.window_first_day - 7 AND m.window_first_day - 1 OR s.day BETWEEN m.window_last_day + 1 AND m.window_last_day + 7)
        AND s.day > m.first_day AND (m.next_first_day IS NULL OR s.day <= m.next_first_day)
    WHERE s.is_two_weeks AND NOT s.is_on_infusion_day
        AND total_by(m.missing_items, s.phq9_total, s.items_sum, s.items_answered) IS NOT NULL
    GROUP BY ALL
)

SELECT
    m.measure_id, CASE WHEN grouping(m.clinic_id) = 1 THEN '*' ELSE m.clinic_id END AS clinic_id,
    count(*)::INTEGER AS missing, (count(*) FILTER (n.is_early IS NOT NULL))::INTEGER AS near,
    (count(*) FILTER (n.is_early))::INTEGER AS early, (count(*) FILTER (NOT n.is_early))::INTEGER AS late
FROM missing AS m
LEFT JOIN nearest AS n ON n.measure_id = m.measure_id AND n.patient_no = m.patient_no AND n.course = m.course
GROUP BY GROUPING SETS ((m.measure_id, m.clinic_id), (m.measure_id));
COMMENT ON MACRO TABLE main.near_windows IS 'near_window for the measures of the view pick that is named, or of a part of it.';

CREATE OR REPLACE VIEW near_window AS
FROM main.near_windows('main.pick');

COMMENT ON VIEW near_window IS 'One row per proportion that does not need item 9 and group with missing courses: how many have a usable score at most 7 days outside the window.';
COMMENT ON COLUMN near_window.measure_id IS 'The measure.';
COMMENT ON COLUMN near_window.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN near_window.missing IS 'Courses due without a usable score in the window.';
COMMENT ON COLUMN near_window.near IS 'Those with one 1 to 7 days outside it: early + late.';
COMMENT ON COLUMN near_window.early IS 'Those whose nearest one is before the window.';
COMMENT ON COLUMN near_window.late IS 'Those whose nearest one is after it.';
