-- One row per course and way of picking an endpoint: what R10 asks of the course, its baseline (R6), its window and
-- whether it is due (R8, R9). Which score is picked in that window is in `picked`.

-- `picks` names the view pick, or a part of it, `courses` and `infused` the views course and infusion, or a part of them: a
-- filter on the view course_way would still go through all ways and courses.
CREATE OR REPLACE MACRO main.course_ways(picks, courses := 'main.course', infused := 'main.infusion') AS TABLE
WITH way AS (
    SELECT DISTINCT * EXCLUDE (measure_id), anchor = 'infusion_k' AS is_after_k FROM query_table(picks)
),

unrecorded AS (
    SELECT s.patient_no, s.course
    FROM main.score_place AS s
    JOIN (FROM main.course WHERE in_scope(patient_no)) AS c USING (patient_no, course)
    WHERE in_scope(s.patient_no) AND s.timepoint = 'follow_up'::timepoint AND s.infusion_number IS NOT NULL AND s.received > c.infusions
    GROUP BY ALL
),

anchored AS (
    SELECT
        c.*, w.pick_no, w.is_after_k, w.needs_item_9, w.window_low, w.window_high,
        u.patient_no IS NOT NULL AS is_unrecorded,
        b.patient_no IS NOT NULL AS has_any_baseline,
        b.* EXCLUDE (patient_no, course, look_back_days, missing_items),
        CASE w.anchor
            WHEN 'first_infusion' THEN c.first_day
            WHEN 'last_induction_infusion' THEN c.last_induction_day
            WHEN 'baseline_score' THEN b.day
            WHEN 'infusion_k' THEN k.day
        END AS anchor_day,
        CASE WHEN w.is_after_k THEN 0 ELSE r.entry_lag_days END AS lag_days,
        NOT w.is_after_k OR w.infusion_k <= c.infusions_before_switch AS is_reached,
        -- Where k was not reached: whether it still could be.
        NOT w.is_after_k OR c.first_switch_day IS NOT NULL OR c.next_first_day IS NOT NULL
            OR c.followed_until - c.last_infusion_day > r.reinduction_gap_days AS is_over,
        coalesce(k.is_next_given, false) AS is_next_given
    FROM (FROM query_table(courses) WHERE in_scope(patient_no)) AS c
    CROSS JOIN way AS w
    CROSS JOIN main.rules AS r
    LEFT JOIN (FROM main.baseline WHERE in_scope(patient_no)) AS b ON b.patient_no = c.patient_no AND b.course = c.course
        AND b.look_back_days = w.look_back_days AND b.missing_items = w.missing_items
    LEFT JOIN unrecorded AS u ON u.patient_no = c.patient_no AND u.course = c.course
    -- Not looked for where it was not reached before a switch.
    LEFT JOIN main.infusion_ks(picks, courses := courses, infused := infused) AS k ON k.patient_no = c.patient_no AND k.course = c.course
        AND k.k = CASE WHEN w.infusion_k <= c.infusions_before_switch THEN w.infusion_k END
)

SELECT
    patient_no, clinic_id, patient_id, course, pick_no, is_after_k, needs_item_9, drug, first_maintenance_day, first_switch_day, induction_infusions, infusions_before_switch,
    induction, is_unrecorded,
    has_any_baseline, day IS NOT NULL AS has_baseline, total AS common_total, item_9_with_item_9,
    CASE WHEN needs_item_9 AND day_with_item_9 IS NOT NULL THEN day_with_item_9 ELSE day END AS baseline_day,
    CASE WHEN needs_item_9 AND day_with_item_9 IS NOT NULL THEN total_with_item_9 ELSE total END AS baseline_total,
    CASE WHEN needs_item_9 AND day_with_item_9 IS NOT NULL THEN item_9_with_item_9 ELSE item_9 END AS baseline_item_9,
    CASE WHEN needs_item_9 AND day_with_item_9 IS NOT NULL THEN score_id_with_item_9 ELSE score_id END AS baseline_score_id,
    CASE WHEN needs_item_9 AND day_with_item_9 IS NOT NULL THEN is_tie_with_item_9 ELSE coalesce(is_tie, false) END AS baseline_tie,
    anchor_day + window_low AS window_first_day,
    anchor_day + window_high AS window_last_day,
    is_reached,
    is_over,
    -- R9; after infusion k (R8) the next infusion decides too, and there is no lag.
    coalesce(is_reached AND (is_next_given OR followed_until >= anchor_day + window_high + lag_days), false) AS is_due,
    -- For the share of starters: without a baseline score the first infusion stands in for it.
    CASE
        WHEN NOT is_reached THEN is_over
        ELSE is_next_given OR followed_until >= coalesce(anchor_day, first_day) + window_high + lag_days
    END AS is_window_closed,
    coalesce(extract_day IS NULL AND first_arrival_last_day > anchor_day + window_high, false) AS is_follow_up_unknown
FROM anchored;
COMMENT ON MACRO TABLE main.course_ways IS 'The view course_way for the ways of picking in the view of that name: FROM course_ways(''pick'') is course_way.';

CREATE OR REPLACE VIEW course_way AS
FROM main.course_ways('main.pick');

COMMENT ON VIEW course_way IS 'One row per course and way of picking an endpoint: what R10 asks of the course, its baseline (R6), its window and whether it is due (R8, R9).';
COMMENT ON COLUMN course_way.patient_no IS 'The patient.';
COMMENT ON COLUMN course_way.clinic_id IS 'The clinic.';
COMMENT ON COLUMN course_way.patient_id IS 'The clinic''s own pseudonym.';
COMMENT ON COLUMN course_way.course IS 'Course of the patient.';
COMMENT ON COLUMN course_way.pick_no IS 'The way of picking; see pick.';
COMMENT ON COLUMN course_way.is_after_k IS 'Whether its window is counted from an infusion k.';
COMMENT ON COLUMN course_way.needs_item_9 IS 'Whether its scores must have item 9.';
COMMENT ON COLUMN course_way.drug IS 'Drug of the course''s first infusion.';
COMMENT ON COLUMN course_way.first_maintenance_day IS 'Day of the first maintenance infusion; null where there is none.';
COMMENT ON COLUMN course_way.first_switch_day IS 'Day of the first infusion of another drug; null where there is none.';
COMMENT ON COLUMN course_way.induction_infusions IS 'n: ordinal of the last induction infusion.';
COMMENT ON COLUMN course_way.infusions_before_switch IS 'Infusions of the first drug before any of another.';
COMMENT ON COLUMN course_way.induction IS 'open, incomplete, extended or complete (R4).';
COMMENT ON COLUMN course_way.is_unrecorded IS 'Whether a follow_up of the course carries a number above its last known infusion''s.';
COMMENT ON COLUMN course_way.has_any_baseline IS 'Whether any usable score is a possible baseline.';
COMMENT ON COLUMN course_way.has_baseline IS 'Whether one of them lies in the look-back.';
COMMENT ON COLUMN course_way.common_total IS 'PHQ-9 total of the common baseline, whatever its item 9.';
COMMENT ON COLUMN course_way.item_9_with_item_9 IS 'Item 9 of the latest possible baseline that has it.';
COMMENT ON COLUMN course_way.baseline_day IS 'Day of the baseline by this way; null where there is none in the look-back.';
COMMENT ON COLUMN course_way.baseline_total IS 'Its PHQ-9 total, 0 to 27.';
COMMENT ON COLUMN course_way.baseline_item_9 IS 'Its item 9.';
COMMENT ON COLUMN course_way.baseline_score_id IS 'The score that is the baseline.';
COMMENT ON COLUMN course_way.baseline_tie IS 'Whether several usable scores lay on its day.';
COMMENT ON COLUMN course_way.window_first_day IS 'First day of the window; null where its anchor is not known.';
COMMENT ON COLUMN course_way.window_last_day IS 'Last day of it.';
COMMENT ON COLUMN course_way.is_reached IS 'Whether infusion k was given before a switch; true for the other anchors.';
COMMENT ON COLUMN course_way.is_over IS 'Where it was not reached: whether it no longer can be.';
COMMENT ON COLUMN course_way.is_due IS 'Whether a score of the window would be here by now (R9), or the next infusion decides (R8).';
COMMENT ON COLUMN course_way.is_window_closed IS 'Whether the window had closed, for the share of starters analysed.';
COMMENT ON COLUMN course_way.is_follow_up_unknown IS 'Whether the first arrival already spanned more than the window, with no extract_day (R9).';
