-- From the courses of a rate to their scores, and from these to the file and line each was sent in. A survival measure has
-- the score that its clock starts at, and the last one that it looked at: the event, or the last without it.
CREATE OR REPLACE VIEW trace_score AS
WITH picked AS (
    SELECT
        e.measure_id, e.clinic_id, e.patient_no, e.course, e.status, w.role,
        CASE w.role WHEN 'baseline' THEN e.baseline_score_id ELSE e.endpoint_score_id END AS score_id
    FROM main.endpoint AS e
    CROSS JOIN (SELECT unnest(['baseline', 'endpoint']) AS role) AS w

    UNION ALL

    SELECT
        c.measure_id, c.clinic_id, c.patient_no, c.course, c.status, w.role,
        CASE w.role WHEN 'baseline' THEN k.baseline_score_id ELSE k.start_score_id END
    FROM main.course_status AS c
    JOIN main.clock AS k USING (measure_id, patient_no, course)
    CROSS JOIN (SELECT unnest(['baseline', 'start']) AS role) AS w

    UNION ALL

    -- As survival looks for it: by its day, so that two usable scores of one day are both here.
    SELECT
        v.measure_id, v.clinic_id, v.patient_no, v.course, CASE WHEN v.is_event THEN 'event' ELSE 'censored' END::endpoint_status,
        CASE WHEN v.is_event THEN 'event' ELSE 'last' END || CASE v.variant WHEN 'all' THEN '' ELSE ' until maintenance' END,
        s.score_id
    FROM main.survival AS v
    JOIN main.clock AS k USING (measure_id, patient_no, course)
    JOIN main.measure AS m USING (measure_id)
    JOIN main.score_place AS s ON s.patient_no = v.patient_no AND s.day = v.start_day + v.days AND v.days > 0
        AND s.is_two_weeks AND NOT s.is_on_infusion_day
        AND total_by(m.missing_items, s.phq9_total, s.items_sum, s.items_answered) IS NOT NULL
        AND (NOT v.is_event OR event_seen(m.outcome, k.baseline_total, total_by(m.missing_items, s.phq9_total, s.items_sum, s.items_answered)))
)

SELECT
    p.measure_id, p.clinic_id, p.patient_no, p.course, p.status, p.role, p.score_id,
    a.days_since_first_infusion AS day, s.timepoint,
    total_by(m.missing_items, s.phq9_total, s.items_sum, s.items_answered) AS total, s.item_9,
    s.arrival_no, f.sha256, s.line, row_digest(s)::BIGINT AS row_digest
FROM picked AS p
JOIN main.measure AS m USING (measure_id)
JOIN main.score AS s USING (score_id)
JOIN main.assigned_score AS a USING (score_id)
JOIN main.arrival AS f ON f.arrival_no = s.arrival_no;

COMMENT ON VIEW trace_score IS 'One row per course, measure and score behind its status: which part it played, and the file (sha256) and line it was sent in.';
COMMENT ON COLUMN trace_score.measure_id IS 'The measure.';
COMMENT ON COLUMN trace_score.clinic_id IS 'The clinic of the course.';
COMMENT ON COLUMN trace_score.patient_no IS 'The patient; table patient has the pseudonym.';
COMMENT ON COLUMN trace_score.course IS 'Number of the course, from 1, of the patient.';
COMMENT ON COLUMN trace_score.status IS 'Status of the course for the measure; for a survival measure''s last score that of its variant.';
COMMENT ON COLUMN trace_score.role IS 'baseline or endpoint; for survival measures also start (the response its clock starts at) and event or last (without the event), each also until maintenance.';
COMMENT ON COLUMN trace_score.score_id IS 'The score; table score has its items.';
COMMENT ON COLUMN trace_score.day IS 'Day that it counts for, since the patient''s first infusion; as sent, but where pseudonyms were joined or split.';
COMMENT ON COLUMN trace_score.timepoint IS 'Timepoint as sent.';
COMMENT ON COLUMN trace_score.total IS 'PHQ-9 total under the measure''s rule for missing items, 0 to 27; higher is worse.';
COMMENT ON COLUMN trace_score.item_9 IS 'Item 9, 0 to 3; null where it was not answered.';
COMMENT ON COLUMN trace_score.arrival_no IS 'The arrival that it was sent in; table arrival has the rest of it.';
COMMENT ON COLUMN trace_score.sha256 IS 'SHA-256 of that file''s bytes: its name in archive/.';
COMMENT ON COLUMN trace_score.line IS 'Physical line in the file, the header being line 1 where the file starts with it; row number for Parquet.';
COMMENT ON COLUMN trace_score.row_digest IS 'A number made of all its values: their sum over an arrival is the ledger''s rows_digest.';
