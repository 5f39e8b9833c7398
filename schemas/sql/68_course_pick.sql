-- One row per course and way of picking: its window, whether it is due, and the score that it picks (R7, R8, R9).
CREATE OR REPLACE VIEW course_pick AS
WITH way AS (
    SELECT DISTINCT * EXCLUDE (measure_id) FROM main.pick
),

anchored AS (
    SELECT
        c.patient_no, c.course, w.pick_no, w.window_low, w.window_high,
        c.first_day, c.followed_until, c.first_arrival_last_day, c.extract_day,
        CASE w.anchor
            WHEN 'first_infusion' THEN c.first_day
            WHEN 'last_induction_infusion' THEN c.last_induction_day
            WHEN 'baseline_score' THEN b.day
        END AS anchor_day,
        u.entry_lag_days AS lag_days,
        true AS is_reached, true AS is_over, false AS is_next_given
    FROM main.course AS c
    CROSS JOIN way AS w
    CROSS JOIN main.rules AS u
    LEFT JOIN main.baseline AS b ON b.patient_no = c.patient_no AND b.course = c.course
        AND b.look_back_days = w.look_back_days AND b.missing_items = w.missing_items
    WHERE w.anchor <> 'infusion_k'

    UNION ALL

    SELECT
        c.patient_no, c.course, w.pick_no, w.window_low, w.window_high,
        c.first_day, c.followed_until, c.first_arrival_last_day, c.extract_day,
        CASE WHEN w.infusion_k <= c.infusions_before_switch THEN k.day END AS anchor_day,
        0 AS lag_days,
        w.infusion_k <= c.infusions_before_switch AS is_reached,
        -- Where k was not reached: whether it still could be.
        c.first_switch_day IS NOT NULL OR c.next_first_day IS NOT NULL
            OR c.followed_until - c.last_infusion_day > u.reinduction_gap_days AS is_over,
        coalesce(k.is_next_given, false) AS is_next_given
    FROM main.course AS c
    CROSS JOIN way AS w
    CROSS JOIN main.rules AS u
    LEFT JOIN main.infusion_k AS k ON k.patient_no = c.patient_no AND k.course = c.course AND k.k = w.infusion_k
    WHERE w.anchor = 'infusion_k'
)

SELECT
    a.patient_no, a.course, a.pick_no,
    a.anchor_day + a.window_low AS window_first_day,
    a.anchor_day + a.window_high AS window_last_day,
    a.is_reached,
    a.is_over,
    -- R9; after infusion k (R8) the next infusion decides too, and there is no lag.
    coalesce(a.is_reached AND (a.is_next_given OR a.followed_until >= a.anchor_day + a.window_high + a.lag_days), false) AS is_due,
    -- For the share of starters: without a baseline score the first infusion stands in for it.
    CASE
        WHEN NOT a.is_reached THEN a.is_over
        ELSE a.is_next_given OR a.followed_until >= coalesce(a.anchor_day, a.first_day) + a.window_high + a.lag_days
    END AS is_window_closed,
    coalesce(a.extract_day IS NULL AND a.first_arrival_last_day > a.anchor_day + a.window_high, false) AS is_follow_up_unknown,
    p.key, p.sensitivity_key,
    coalesce(p.is_tie, false) AS is_tie,
    coalesce(p.has_altered_recall, false) AS has_altered_recall,
    coalesce(p.has_incomplete_form, false) AS has_incomplete_form
FROM anchored AS a
LEFT JOIN main.picked AS p ON p.patient_no = a.patient_no AND p.course = a.course AND p.pick_no = a.pick_no;

COMMENT ON VIEW course_pick IS 'One row per course and way of picking an endpoint: its window, whether it is due and the score picked (R7-R9), whatever the status.';
COMMENT ON COLUMN course_pick.patient_no IS 'The patient.';
COMMENT ON COLUMN course_pick.course IS 'Course of the patient.';
COMMENT ON COLUMN course_pick.pick_no IS 'The way of picking (view pick).';
COMMENT ON COLUMN course_pick.window_first_day IS 'First day of the window; null where there is no anchor.';
COMMENT ON COLUMN course_pick.window_last_day IS 'Last day of the window.';
COMMENT ON COLUMN course_pick.is_reached IS 'Whether infusion k was given; true for other anchors.';
COMMENT ON COLUMN course_pick.is_over IS 'Whether no further infusion of the course can come to count: a switch, a later course, or over 28 quiet days.';
COMMENT ON COLUMN course_pick.is_due IS 'Whether the window has closed and its scores would have arrived.';
COMMENT ON COLUMN course_pick.is_window_closed IS 'As is_due, counted from the first infusion where there is no baseline, for the share of starters.';
COMMENT ON COLUMN course_pick.is_follow_up_unknown IS 'Whether the first arrival already spanned more than the window and no extract_day was given (R9).';
COMMENT ON COLUMN course_pick.key IS 'The score picked, packed by endpoint_key(); null where none is usable.';
COMMENT ON COLUMN course_pick.sensitivity_key IS 'The same when scores after the first maintenance infusion or switch are left out.';
COMMENT ON COLUMN course_pick.is_tie IS 'Whether several usable scores lay on that day: the higher total was taken.';
COMMENT ON COLUMN course_pick.has_altered_recall IS 'Whether a score of the window is unusable only because its recall period is not two weeks.';
COMMENT ON COLUMN course_pick.has_incomplete_form IS 'Whether a score of the window is unusable only because items are missing.';
