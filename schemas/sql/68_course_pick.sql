-- One row per course and way of picking: what R10 asks of the course (course_way), and the score picked in the window (R7, R8).
-- As there, `picks`, `courses` and `infused` name the views pick, course and infusion, or a part of them.
CREATE OR REPLACE MACRO main.course_picks(picks, courses := 'main.course', infused := 'main.infusion') AS TABLE
SELECT
    w.*,
    p.key, p.sensitivity_key,
    key_day(p.key) AS day, endpoint_key_total(p.key) AS total, endpoint_key_item_9(p.key)::TINYINT AS item_9, key_score_id(p.key) AS score_id,
    key_day(p.sensitivity_key) AS sensitivity_day, endpoint_key_total(p.sensitivity_key) AS sensitivity_total,
    endpoint_key_item_9(p.sensitivity_key)::TINYINT AS sensitivity_item_9,
    coalesce(p.is_tie, false) AS is_tie,
    coalesce(p.has_altered_recall, false) AS has_altered_recall,
    coalesce(p.has_incomplete_form, false) AS has_incomplete_form
FROM main.course_ways(picks, courses := courses, infused := infused) AS w
LEFT JOIN (FROM main.picked WHERE in_scope(patient_no)) AS p ON p.patient_no = w.patient_no AND p.course = w.course AND p.pick_no = w.pick_no;
COMMENT ON MACRO TABLE main.course_picks IS 'The view course_pick for the ways of picking in the view of that name: FROM course_picks(''pick'') is course_pick.';

CREATE OR REPLACE VIEW course_pick AS
FROM main.course_picks('main.pick');

COMMENT ON VIEW course_pick IS 'One row per course and way of picking an endpoint: its window, whether it is due and the score picked (R7-R9), whatever the status.';
COMMENT ON COLUMN course_pick.patient_no IS 'The patient.';
COMMENT ON COLUMN course_pick.clinic_id IS 'The clinic.';
COMMENT ON COLUMN course_pick.patient_id IS 'The clinic''s own pseudonym.';
COMMENT ON COLUMN course_pick.course IS 'Course of the patient.';
COMMENT ON COLUMN course_pick.pick_no IS 'The way of picking; see pick.';
COMMENT ON COLUMN course_pick.is_after_k IS 'Whether its window is counted from an infusion k.';
COMMENT ON COLUMN course_pick.needs_item_9 IS 'Whether its scores must have item 9.';
COMMENT ON COLUMN course_pick.drug IS 'Drug of the course''s first infusion.';
COMMENT ON COLUMN course_pick.first_maintenance_day IS 'Day of the first maintenance infusion; null where there is none.';
COMMENT ON COLUMN course_pick.first_switch_day IS 'Day of the first infusion of another drug; null where there is none.';
COMMENT ON COLUMN course_pick.induction_infusions IS 'n: ordinal of the last induction infusion.';
COMMENT ON COLUMN course_pick.infusions_before_switch IS 'Infusions of the first drug before any of another.';
COMMENT ON COLUMN course_pick.induction IS 'open, incomplete, extended or complete (R4).';
COMMENT ON COLUMN course_pick.is_unrecorded IS 'Whether a follow_up of the course carries a number above its last known infusion''s.';
COMMENT ON COLUMN course_pick.has_any_baseline IS 'Whether any usable score is a possible baseline.';
COMMENT ON COLUMN course_pick.has_baseline IS 'Whether one of them lies in the look-back.';
COMMENT ON COLUMN course_pick.common_total IS 'PHQ-9 total of the common baseline, whatever its item 9.';
COMMENT ON COLUMN course_pick.item_9_with_item_9 IS 'Item 9 of the latest possible baseline that has it.';
COMMENT ON COLUMN course_pick.baseline_day IS 'Day of the baseline by this way; null where there is none in the look-back.';
COMMENT ON COLUMN course_pick.baseline_total IS 'Its PHQ-9 total, 0 to 27.';
COMMENT ON COLUMN course_pick.baseline_item_9 IS 'Its item 9.';
COMMENT ON COLUMN course_pick.baseline_score_id IS 'The score that is the baseline.';
COMMENT ON COLUMN course_pick.baseline_tie IS 'Whether several usable scores lay on its day.';
COMMENT ON COLUMN course_pick.window_first_day IS 'First day of the window; null where its anchor is not known.';
COMMENT ON COLUMN course_pick.window_last_day IS 'Last day of it.';
COMMENT ON COLUMN course_pick.is_reached IS 'Whether infusion k was given before a switch; true for the other anchors.';
COMMENT ON COLUMN course_pick.is_over IS 'Where it was not reached: whether it no longer can be.';
COMMENT ON COLUMN course_pick.is_due IS 'Whether a score of the window would be here by now (R9), or the next infusion decides (R8).';
COMMENT ON COLUMN course_pick.is_window_closed IS 'Whether the window had closed, for the share of starters analysed.';
COMMENT ON COLUMN course_pick.is_follow_up_unknown IS 'Whether the first arrival already spanned more than the window, with no extract_day (R9).';
COMMENT ON COLUMN course_pick.key IS 'The score picked, packed by endpoint_key(); null where none is usable.';
COMMENT ON COLUMN course_pick.sensitivity_key IS 'The same when scores after the first maintenance infusion or switch are left out.';
COMMENT ON COLUMN course_pick.day IS 'Day of the score picked; null where none is usable.';
COMMENT ON COLUMN course_pick.total IS 'Its PHQ-9 total, 0 to 27.';
COMMENT ON COLUMN course_pick.item_9 IS 'Its item 9.';
COMMENT ON COLUMN course_pick.score_id IS 'The score picked.';
COMMENT ON COLUMN course_pick.sensitivity_day IS 'Day of the score picked when those after the first maintenance infusion or switch are left out.';
COMMENT ON COLUMN course_pick.sensitivity_total IS 'Its PHQ-9 total.';
COMMENT ON COLUMN course_pick.sensitivity_item_9 IS 'Its item 9.';
COMMENT ON COLUMN course_pick.is_tie IS 'Whether several usable scores lay on that day: the higher total was taken.';
COMMENT ON COLUMN course_pick.has_altered_recall IS 'Whether a score of the window is unusable only because its recall period is not two weeks.';
COMMENT ON COLUMN course_pick.has_incomplete_form IS 'Whether a score of the window is unusable only because items are missing.';
