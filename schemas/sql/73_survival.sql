-- One row per followed course, survival measure and variant: how long it was followed, and whether the event was seen.

-- `clocks` names the view clock, or a part of it.
CREATE OR REPLACE MACRO main.survivals(clocks) AS TABLE
WITH started AS MATERIALIZED (
    SELECT row_number() OVER () AS clock_no, * FROM query_table(clocks) WHERE kept_out_as IS NULL
),

seen AS (
    SELECT
        k.clock_no,
        s.day,
        s.day <= coalesce(least(c.first_maintenance_day, c.first_switch_day), s.day) AS is_before_maintenance,
        event_seen(m.outcome, k.baseline_total, total_by(m.missing_items, s.phq9_total, s.items_sum, s.items_answered)) AS is_event
    FROM started AS k
    JOIN main.measure AS m USING (measure_id)
    JOIN (FROM main.course WHERE in_scope(patient_no)) AS c ON c.patient_no = k.patient_no AND c.course = k.course
    JOIN (FROM main.score_place WHERE in_scope(patient_no)) AS s ON s.patient_no = k.patient_no AND s.day > k.start_day
        -- A score on the day the next course starts is still this one's, as for an endpoint (R3).
        AND (c.next_first_day IS NULL OR s.day < c.next_first_day OR (s.day = c.next_first_day AND s.timepoint <> 'post_infusion'))
    WHERE s.is_two_weeks AND NOT s.is_on_infusion_day
        AND total_by(m.missing_items, s.phq9_total, s.items_sum, s.items_answered) IS NOT NULL
),

followed AS (
    SELECT
        clock_no,
        min(day) FILTER (is_event) AS event_day,
        max(day) AS last_day,
        min(day) FILTER (is_event AND is_before_maintenance) AS event_day_before_maintenance,
        max(day) FILTER (is_before_maintenance) AS last_day_before_maintenance
    FROM seen
    GROUP BY clock_no
)

SELECT
    k.measure_id, k.clinic_id, k.patient_id, k.patient_no, k.course, v.variant, k.start_day,
    CASE v.variant
        WHEN 'all' THEN coalesce(f.event_day, f.last_day, k.start_day) - k.start_day
        ELSE coalesce(f.event_day_before_maintenance, f.last_day_before_maintenance, k.start_day) - k.start_day
    END::INTEGER AS days,
    CASE v.variant WHEN 'all' THEN f.event_day IS NOT NULL ELSE f.event_day_before_maintenance IS NOT NULL END AS is_event
FROM started AS k
CROSS JOIN (SELECT unnest(['all', 'until_maintenance']) AS variant) AS v
LEFT JOIN followed AS f USING (clock_no);
COMMENT ON MACRO TABLE main.survivals IS 'The view survival for the clocks in the view of that name: FROM survivals(''clock'') is survival.';

CREATE OR REPLACE VIEW survival AS
FROM main.survivals('main.clock');

COMMENT ON VIEW survival IS 'One row per followed course, survival measure and variant: days to the event, or to the last usable score without it.';
COMMENT ON COLUMN survival.measure_id IS 'The survival measure.';
COMMENT ON COLUMN survival.clinic_id IS 'The clinic.';
COMMENT ON COLUMN survival.patient_id IS 'The clinic''s own pseudonym.';
COMMENT ON COLUMN survival.patient_no IS 'The patient.';
COMMENT ON COLUMN survival.course IS 'Course of the patient.';
COMMENT ON COLUMN survival.variant IS 'all, or until_maintenance: scores after the first maintenance infusion or change of drug left out.';
COMMENT ON COLUMN survival.start_day IS 'Patient''s day on which the clock starts.';
COMMENT ON COLUMN survival.days IS 'Days from there to the first score that is the event, else to the last usable score; 0 where none followed.';
COMMENT ON COLUMN survival.is_event IS 'Whether the event was seen; false is censored.';
