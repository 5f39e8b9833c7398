-- Which clinics have not sent when they usually do. The cadence is what clinics.toml says, else the clinic's habit: the
-- median of its last twelve pauses between days with something of it, once there are four pauses. A clinic is overdue when
-- its pause is longer than that by more than half of it, and by more than three days: a long weekend is not one.
CREATE OR REPLACE VIEW freshness AS
WITH pause AS (
    SELECT
        clinic_id,
        heard_on,
        heard_on - lag(heard_on) OVER (PARTITION BY clinic_id ORDER BY heard_on) AS days,
        row_number() OVER (PARTITION BY clinic_id ORDER BY heard_on DESC) AS back
    FROM main.heard
),

habit AS (
    SELECT
        clinic_id,
        max(heard_on) AS last_heard_on,
        count(*) AS days_heard,
        count(days) FILTER (back <= 12) AS pauses,
        ceil(median(days) FILTER (back <= 12))::INTEGER AS usual_days
    FROM pause
    GROUP BY clinic_id
),

expected AS (
    SELECT
        c.clinic_id,
        h.last_heard_on,
        coalesce(h.days_heard, 0) AS days_heard,
        CASE WHEN g.sends_every_days IS NOT NULL THEN 'given' WHEN h.pauses >= 4 THEN 'learnt' END AS cadence_is,
        coalesce(g.sends_every_days, CASE WHEN h.pauses >= 4 THEN h.usual_days END) AS every_days,
        -- A clinic that gave its cadence and has sent nothing is waited for from the first night on.
        coalesce(h.last_heard_on, (SELECT arg_min(as_of, night) FROM main.night)) AS waited_from
    FROM main.clinic AS c
    LEFT JOIN habit AS h USING (clinic_id)
    LEFT JOIN main.clinic_cadence AS g USING (clinic_id)
),

due AS (
    SELECT *, waited_from + every_days + greatest(3, (every_days + 1) // 2) AS due_by FROM expected
),

tonight AS (
    SELECT
        (SELECT as_of FROM main.as_of) AS as_of,
        (SELECT arg_max(as_of, night) FROM main.night WHERE night < (SELECT max(night) FROM main.night)) AS as_of_before
)

SELECT
    d.clinic_id,
    d.last_heard_on,
    t.as_of - d.last_heard_on AS days_since,
    d.days_heard,
    d.cadence_is,
    d.every_days,
    d.due_by,
    CASE
        WHEN t.as_of > d.due_by THEN 'overdue'
        WHEN d.due_by IS NOT NULL THEN 'in time'
        WHEN d.last_heard_on IS NULL THEN 'nothing yet'
        ELSE 'no habit yet'
    END AS standing,
    coalesce(t.as_of > d.due_by AND NOT coalesce(t.as_of_before > d.due_by, false), false) AS is_newly_overdue
FROM due AS d
CROSS JOIN tonight AS t
WHERE t.as_of IS NOT NULL;

COMMENT ON VIEW freshness IS 'One row per registered clinic: when something of it last came, how often it sends, and whether it is overdue as of the last night.';
COMMENT ON COLUMN freshness.clinic_id IS 'The clinic.';
COMMENT ON COLUMN freshness.last_heard_on IS 'As-of date of the last night in which something of it was taken; null where nothing ever was.';
COMMENT ON COLUMN freshness.days_since IS 'Days from then to the last night''s as-of date.';
COMMENT ON COLUMN freshness.days_heard IS 'On how many dates something of it was taken.';
COMMENT ON COLUMN freshness.cadence_is IS 'given: by clinics.toml; learnt: from its last twelve pauses, at least four; null: not known.';
COMMENT ON COLUMN freshness.every_days IS 'It sends every so many days: as given, or the median of those pauses, rounded up; null where that is not known.';
COMMENT ON COLUMN freshness.due_by IS 'The last date on which it is in time: last_heard_on (the first night where nothing came) + every_days + the greater of 3 days and half of every_days, half up.';
COMMENT ON COLUMN freshness.standing IS 'in time; overdue: the as-of date is after due_by; no habit yet: too few dates to learn from; nothing yet.';
COMMENT ON COLUMN freshness.is_newly_overdue IS 'Whether it is overdue, and was not by the as-of date of the night before.';
