-- The rates as they are shared outside the house: from the counts that the editions told, and from nothing else.
CREATE OR REPLACE VIEW shared_rate AS
WITH latest AS (
    SELECT table_key, clinic_id, max(edition) AS edition
    FROM main.shared_cell
    WHERE table_name = 'rates'
    GROUP BY table_key, clinic_id
),

told AS (
    SELECT
        c.table_key AS measure_id, c.clinic_id, c.edition, e.as_of,
        sum(c.courses) AS courses,
        sum(c.courses) FILTER (c.cell = 'met') AS met,
        sum(c.courses) FILTER (c.cell = 'missing') AS missing,
        sum(c.courses) FILTER (c.cell IN ('met', 'not_met')) AS met_or_not,
        bool_or(c.cell = 'not_met') AS has_observed,
        sum(c.courses) FILTER (c.cell <> 'others') AS all_but_others,
        bool_or(c.cell IN ('missing', 'not_met_or_missing')) AS has_due
    FROM main.shared_cell AS c
    JOIN latest AS l ON l.table_key = c.table_key AND l.clinic_id = c.clinic_id AND l.edition = c.edition
    JOIN main.shared_edition AS e ON e.edition = c.edition
    WHERE c.table_name = 'rates'
    GROUP BY ALL
),

counted AS (
    SELECT
        m.position, m.measure_id, m.version AS measure_version, g.clinic_id, m.main_denominator, t.edition, t.as_of,
        t.courses, t.met, t.missing,
        CASE WHEN t.has_observed THEN t.met_or_not END AS observed,
        CASE WHEN t.has_due THEN t.all_but_others END AS due
    FROM main.clinic_group AS g
    CROSS JOIN (FROM main.measure WHERE kind = 'proportion') AS m
    LEFT JOIN told AS t ON t.measure_id = m.measure_id AND t.clinic_id = g.clinic_id
)

SELECT
    measure_id, measure_version, clinic_id, main_denominator, edition, as_of,
    courses::INTEGER AS courses, met::INTEGER AS met,
    CASE WHEN met IS NULL THEN 'suppressed' ELSE 'value' END AS met_state,
    observed::INTEGER AS observed,
    shared_percent(proportion(met, observed), observed) AS observed_rate,
    CASE WHEN observed > 0 THEN shared_percent(wilson_low(met, observed), observed) END AS observed_low,
    CASE WHEN observed > 0 THEN shared_percent(wilson_high(met, observed), observed) END AS observed_high,
    CASE WHEN observed IS NULL THEN 'suppressed' WHEN due = 0 THEN 'not assessable' WHEN observed = 0 THEN 'missing' ELSE 'value' END AS observed_state,
    due::INTEGER AS due,
    shared_percent(proportion(met, due), due) AS everyone_rate,
    CASE WHEN due > 0 THEN shared_percent(wilson_low(met, due), due) END AS everyone_low,
    CASE WHEN due > 0 THEN shared_percent(wilson_high(met, due), due) END AS everyone_high,
    CASE WHEN due IS NULL THEN 'suppressed' WHEN due = 0 THEN 'not assessable' ELSE 'value' END AS everyone_state,
    missing::INTEGER AS missing,
    shared_percent(proportion(observed, due), due) AS coverage,
    shared_percent(proportion(met + missing, due), due) AS bound_high,
    CASE WHEN missing IS NULL THEN 'suppressed' WHEN due = 0 THEN 'not assessable' ELSE 'value' END AS missing_state
FROM counted
ORDER BY position, clinic_id;

COMMENT ON VIEW shared_rate IS 'One row per measure and clinic (clinic_id ''*'' is all clinics): the rates of the last edition, as shared outside the house.';
COMMENT ON COLUMN shared_rate.measure_id IS 'The measure.';
COMMENT ON COLUMN shared_rate.measure_version IS 'Version of its definition.';
COMMENT ON COLUMN shared_rate.clinic_id IS 'The clinic; ''*'' is all clinics together, those not shown too.';
COMMENT ON COLUMN shared_rate.main_denominator IS 'observed or everyone_due: the denominator of the measure''s main rate.';
COMMENT ON COLUMN shared_rate.edition IS 'The edition that told these numbers first; null where none has.';
COMMENT ON COLUMN shared_rate.as_of IS 'The date the numbers are as of; null where none are told.';
COMMENT ON COLUMN shared_rate.courses IS 'All courses of the group.';
COMMENT ON COLUMN shared_rate.met IS 'Courses whose endpoint has the outcome.';
COMMENT ON COLUMN shared_rate.met_state IS 'Of courses and met: value (0 too) or suppressed.';
COMMENT ON COLUMN shared_rate.observed IS 'Courses with an endpoint.';
COMMENT ON COLUMN shared_rate.observed_rate IS 'met / observed, in percent; null where nobody was observed.';
COMMENT ON COLUMN shared_rate.observed_low IS 'Its lower Wilson 95% limit, in percent.';
COMMENT ON COLUMN shared_rate.observed_high IS 'Its upper Wilson 95% limit, in percent.';
COMMENT ON COLUMN shared_rate.observed_state IS 'Of the observed rate: value, missing (nobody has a score), suppressed, or not assessable (nobody is due).';
COMMENT ON COLUMN shared_rate.due IS 'Courses observed or missing.';
COMMENT ON COLUMN shared_rate.everyone_rate IS 'met / due, in percent: a missing score counts as not met.';
COMMENT ON COLUMN shared_rate.everyone_low IS 'Its lower Wilson 95% limit, in percent.';
COMMENT ON COLUMN shared_rate.everyone_high IS 'Its upper Wilson 95% limit, in percent.';
COMMENT ON COLUMN shared_rate.everyone_state IS 'Of everyone''s rate: value, suppressed, or not assessable (nobody is due).';
COMMENT ON COLUMN shared_rate.missing IS 'Courses due without a usable score.';
COMMENT ON COLUMN shared_rate.coverage IS 'observed / due, in percent.';
COMMENT ON COLUMN shared_rate.bound_high IS 'The rate if every missing patient had met the outcome, in percent; the lower bound is everyone_rate.';
COMMENT ON COLUMN shared_rate.missing_state IS 'Of missing, coverage and bound_high: value (0 too), suppressed, or not assessable (nobody is due).';
