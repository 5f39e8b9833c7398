-- What happened at the infusions: of those with an answer, how many with a yes.
CREATE OR REPLACE VIEW safety AS
WITH told AS (
    SELECT
        s.patient_no, coalesce(r.run, 1) AS run, s.infusion_number,
        bool_or(s.dissociation) AS dissociation, bool_or(s.nausea) AS nausea,
        bool_or(s.blood_pressure_raised) AS blood_pressure_raised, bool_or(s.serious_adverse_event) AS serious_adverse_event
    FROM main.assigned_score AS s
    ANTI JOIN main.superseded USING (score_id)
    LEFT JOIN main.renumbered AS r USING (score_id)
    WHERE s.timepoint IN ('pre_infusion', 'post_infusion') AND s.status <> 'entered_in_error' AND r.reason_code IS NULL
    GROUP BY ALL
),

answered AS (
    SELECT patient_no, event, happened
    FROM told
    UNPIVOT INCLUDE NULLS (happened FOR event IN (dissociation, nausea, blood_pressure_raised, serious_adverse_event))
),

counted AS (
    SELECT
        CASE WHEN grouping(q.clinic_id) = 1 THEN '*' ELSE q.clinic_id END AS clinic_id, a.event,
        count(*)::INTEGER AS infusions, count(a.happened)::INTEGER AS answered, count(*) FILTER (a.happened)::INTEGER AS happened
    FROM answered AS a
    JOIN main.patient AS q USING (patient_no)
    GROUP BY GROUPING SETS ((q.clinic_id, a.event), (a.event))
)

SELECT
    clinic_id, event, infusions, answered, happened,
    proportion(happened, answered) AS share, wilson_low(happened, answered) AS low, wilson_high(happened, answered) AS high
FROM counted;

COMMENT ON VIEW safety IS 'Per clinic and over all (''*''): infusions with a row, those where the event was asked and answered, and those where it happened.';
COMMENT ON COLUMN safety.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN safety.event IS 'dissociation, nausea, blood_pressure_raised or serious_adverse_event.';
COMMENT ON COLUMN safety.infusions IS 'Infusions with a row of their own.';
COMMENT ON COLUMN safety.answered IS 'Those where a row says yes or no.';
COMMENT ON COLUMN safety.happened IS 'Those where any row says yes.';
COMMENT ON COLUMN safety.share IS 'happened / answered.';
COMMENT ON COLUMN safety.low IS 'Its lower Wilson 95% limit; infusions of one patient are not independent, so it is too narrow.';
COMMENT ON COLUMN safety.high IS 'Its upper Wilson 95% limit.';
