-- One row per measure and group: a clinic, or all clinics ('*'). Counts first; shares from counts at the last step (R11).
CREATE OR REPLACE VIEW rate AS
WITH counted AS (
    SELECT
        measure_id,
        CASE WHEN grouping(clinic_id) = 1 THEN '*' ELSE clinic_id END AS clinic_id,
        sum(courses) AS courses,
        sum(courses) FILTER (status = 'met') AS met,
        sum(courses) FILTER (status = 'not_met') AS not_met,
        sum(courses) FILTER (status_class(status) = 'missing') AS missing,
        sum(courses) FILTER (status_class(status) = 'waiting') AS waiting,
        sum(courses) FILTER (status_class(status) = 'not eligible') AS not_eligible,
        sum(courses) FILTER (status NOT IN ('repeat_course', 'other_drug')) AS first_courses_of_drug,
        sum(window_closed) FILTER (status NOT IN ('repeat_course', 'other_drug')) AS window_closed,
        sum(courses) FILTER (status NOT IN ('repeat_course', 'other_drug', 'no_baseline', 'baseline_too_old')) AS with_baseline,
        sum(follow_up_unknown) FILTER (status_class(status) <> 'not eligible') AS follow_up_unknown,
        sum(baseline_ties) FILTER (status_class(status) = 'observed') AS baseline_ties,
        sum(endpoint_ties) AS endpoint_ties,
        sum(maintenance_before_endpoint) AS maintenance_before_endpoint,
        sum(switched_before_endpoint) AS switched_before_endpoint,
        sum(sensitivity_observed) AS sensitivity_observed,
        sum(sensitivity_met) AS sensitivity_met
    FROM main.tally
    GROUP BY GROUPING SETS ((measure_id, clinic_id), (measure_id))
),

-- A group with no course has a row of zeros: zero is not the same as unknown.
filled AS (
    SELECT
        m.measure_id, g.clinic_id,
        coalesce(columns(c.* EXCLUDE (measure_id, clinic_id)), 0)
    FROM main.clinic_group AS g
    CROSS JOIN (FROM main.measure WHERE kind = 'proportion') AS m
    LEFT JOIN counted AS c ON c.measure_id = m.measure_id AND c.clinic_id = g.clinic_id
),

summed AS (
    SELECT *, met + not_met AS observed, met + not_met + missing AS due, met + not_met + missing + waiting AS eligible
    FROM filled
)

SELECT
    s.measure_id, m.version AS measure_version, s.clinic_id, m.main_denominator,
    s.courses::INTEGER AS courses, s.not_eligible::INTEGER AS not_eligible, s.eligible::INTEGER AS eligible,
    s.waiting::INTEGER AS waiting, s.due::INTEGER AS due, s.missing::INTEGER AS missing,
    s.observed::INTEGER AS observed, s.met::INTEGER AS met, s.not_met::INTEGER AS not_met,
    proportion(s.met, s.observed) AS observed_rate,
    wilson_low(s.met, s.observed) AS observed_low,
    wilson_high(s.met, s.observed) AS observed_high,
    proportion(s.met, s.due) AS everyone_rate,
    wilson_low(s.met, s.due) AS everyone_low,
    wilson_high(s.met, s.due) AS everyone_high,
    proportion(s.met, s.due) AS bound_low,
    proportion(s.met + s.missing, s.due) AS bound_high,
    proportion(s.observed, s.due) AS coverage,
    s.first_courses_of_drug::INTEGER AS first_courses_of_drug,
    s.window_closed::INTEGER AS window_closed,
    proportion(s.observed, s.window_closed) AS starters_analysed,
    s.with_baseline::INTEGER AS with_baseline,
    proportion(s.with_baseline, s.first_courses_of_drug) AS baseline_share,
    s.follow_up_unknown::INTEGER AS follow_up_unknown,
    s.baseline_ties::INTEGER AS baseline_ties,
    s.endpoint_ties::INTEGER AS endpoint_ties,
    s.maintenance_before_endpoint::INTEGER AS maintenance_before_endpoint,
    s.switched_before_endpoint::INTEGER AS switched_before_endpoint,
    s.sensitivity_observed::INTEGER AS sensitivity_observed,
    s.sensitivity_met::INTEGER AS sensitivity_met
FROM summed AS s
JOIN main.measure AS m USING (measure_id);

COMMENT ON VIEW rate IS 'One row per measure and clinic, and one per measure over all clinics (clinic_id ''*''): counts, shares, intervals and bounds (R11).';
COMMENT ON COLUMN rate.measure_id IS 'The measure.';
COMMENT ON COLUMN rate.measure_version IS 'Version of its definition.';
COMMENT ON COLUMN rate.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN rate.main_denominator IS 'observed or everyone_due: the denominator of the measure''s main rate.';
COMMENT ON COLUMN rate.courses IS 'All courses of the group: eligible + not_eligible.';
COMMENT ON COLUMN rate.not_eligible IS 'Courses with a status of 1-8 or 10-12.';
COMMENT ON COLUMN rate.eligible IS 'waiting + due.';
COMMENT ON COLUMN rate.waiting IS 'Courses not yet due.';
COMMENT ON COLUMN rate.due IS 'observed + missing.';
COMMENT ON COLUMN rate.missing IS 'Due courses without a usable score in the window.';
COMMENT ON COLUMN rate.observed IS 'met + not_met.';
COMMENT ON COLUMN rate.met IS 'Courses whose endpoint has the outcome.';
COMMENT ON COLUMN rate.not_met IS 'Courses whose endpoint has not.';
COMMENT ON COLUMN rate.observed_rate IS 'met / observed, a share; null where nobody was observed.';
COMMENT ON COLUMN rate.observed_low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN rate.observed_high IS 'Its upper Wilson 95% limit.';
COMMENT ON COLUMN rate.everyone_rate IS 'met / due: a missing score counts as not met.';
COMMENT ON COLUMN rate.everyone_low IS 'Its lower Wilson 95% limit.';
COMMENT ON COLUMN rate.everyone_high IS 'Its upper Wilson 95% limit.';
COMMENT ON COLUMN rate.bound_low IS 'The rate if every missing patient had not met it: met / due.';
COMMENT ON COLUMN rate.bound_high IS 'The rate if every missing patient had met it: (met + missing) / due.';
COMMENT ON COLUMN rate.coverage IS 'observed / due.';
COMMENT ON COLUMN rate.first_courses_of_drug IS 'First courses of the measure''s drug.';
COMMENT ON COLUMN rate.window_closed IS 'Those whose window had closed.';
COMMENT ON COLUMN rate.starters_analysed IS 'observed / window_closed: the counterpart of 537 of 9,016 in McInnes 2022.';
COMMENT ON COLUMN rate.with_baseline IS 'First courses of the drug with a baseline in the look-back.';
COMMENT ON COLUMN rate.baseline_share IS 'with_baseline / first_courses_of_drug.';
COMMENT ON COLUMN rate.follow_up_unknown IS 'Eligible courses whose first arrival already spanned more than the window, with no extract_day: any withholds the verdict.';
COMMENT ON COLUMN rate.baseline_ties IS 'Observed courses with several usable scores on the baseline''s day.';
COMMENT ON COLUMN rate.endpoint_ties IS 'Observed courses with several usable scores on the endpoint''s day.';
COMMENT ON COLUMN rate.maintenance_before_endpoint IS 'Observed courses with a maintenance infusion before the endpoint.';
COMMENT ON COLUMN rate.switched_before_endpoint IS 'Observed courses with an infusion of another drug before the endpoint.';
COMMENT ON COLUMN rate.sensitivity_observed IS 'Courses with an endpoint before the first maintenance infusion or switch.';
COMMENT ON COLUMN rate.sensitivity_met IS 'Those whose endpoint then has the outcome.';
