-- One row per course and way of picking: its window, whether it is due, and the score that it picks (R7, R8, R9).
CREATE OR REPLACE VIEW course_pick AS
SELECT
    w.patient_no, w.course, w.pick_no, w.window_first_day, w.window_last_day, w.is_reached, w.is_over, w.is_due,
    w.is_window_closed, w.is_follow_up_unknown,
    p.key, p.sensitivity_key,
    coalesce(p.is_tie, false) AS is_tie,
    coalesce(p.has_altered_recall, false) AS has_altered_recall,
    coalesce(p.has_incomplete_form, false) AS has_incomplete_form
FROM main.course_way AS w
LEFT JOIN main.picked AS p ON p.patient_no = w.patient_no AND p.course = w.course AND p.pick_no = w.pick_no;

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
