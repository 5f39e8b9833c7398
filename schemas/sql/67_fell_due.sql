-- Of whom something fell due since an earlier as-of date, by the passing of days alone: a window was followed to its end, an
-- induction closed, or a next infusion could no more be one of the course (R4, R8, R9). Some more than that, for a course that has its
-- next infusion, or no baseline, is not looked at closely; nobody less (tests/spec/test_in_part.py).
CREATE OR REPLACE MACRO main.due_since(earlier) AS TABLE
WITH passed AS (
    SELECT date_diff('day', earlier, as_of) AS days FROM main.as_of
),

-- The days after an anchor to which a patient followed to has just passed the end of a window, with the lag of R9.
passing AS (
    SELECT DISTINCT m.anchor, unnest(range(m.window_high + l.days, m.window_high + l.days + p.days)) AS day
    FROM main.measure AS m
    CROSS JOIN main.rules AS r
    CROSS JOIN LATERAL (SELECT CASE WHEN m.anchor = 'infusion_k' THEN 0 ELSE r.entry_lag_days END AS days) AS l
    CROSS JOIN passed AS p
    WHERE m.kind <> 'survival'
)

SELECT patient_no FROM main.course SEMI JOIN passing AS p ON p.anchor = 'first_infusion' AND p.day = followed_until - first_day
UNION
SELECT patient_no FROM main.course SEMI JOIN passing AS p ON p.anchor = 'last_induction_infusion' AND p.day = followed_until - last_induction_day
UNION
-- Infusion k decides by its window only where it is the last one, as of now.
SELECT patient_no FROM main.course SEMI JOIN passing AS p ON p.anchor = 'infusion_k' AND p.day = followed_until - last_infusion_day
UNION
-- The first infusion stands in for a baseline score that there is not.
SELECT patient_no FROM main.course SEMI JOIN passing AS p ON p.anchor = 'baseline_score' AND p.day = followed_until - first_day
UNION
SELECT b.patient_no
FROM main.baseline AS b
JOIN main.followed AS f USING (patient_no)
SEMI JOIN passing AS p ON p.anchor = 'baseline_score' AND p.day = f.followed_until - b.day
UNION
SELECT c.patient_no
FROM main.course AS c
JOIN main.told_course AS t USING (patient_no, course)
CROSS JOIN passed AS p
CROSS JOIN main.rules AS r
WHERE c.followed_until - t.open_until BETWEEN 1 AND p.days
    OR c.followed_until - c.last_infusion_day - r.reinduction_gap_days BETWEEN 1 AND p.days;
COMMENT ON MACRO TABLE main.due_since IS 'The patients of whom something fell due since an earlier as-of date by the passing of days alone (R4, R8, R9), and some more.';

CREATE OR REPLACE VIEW fell_due AS
FROM main.due_since((SELECT max(as_of) FROM main.night WHERE night < night_in_scope()));

COMMENT ON VIEW fell_due IS 'The patients of whom something fell due since the night before the last by the passing of days alone (R4, R8, R9), and some more.';
COMMENT ON COLUMN fell_due.patient_no IS 'The patient.';
