-- What the patients without a score could do to a rate: bounds, Imbens and Manski's limits, and a weighting-class estimate.
-- `measures` names the table measure, or a part of it: the recursion takes no filter from outside.
CREATE OR REPLACE MACRO main.missing_outcomes(measures) AS TABLE
WITH RECURSIVE due AS (
    SELECT
        t.measure_id, t.clinic_id, severity_band(t.baseline_total) AS band, t.infusions_from AS infusions,
        sum(t.courses) AS due,
        coalesce(sum(t.courses) FILTER (status_class(t.status) = 'observed'), 0) AS observed,
        coalesce(sum(t.courses) FILTER (t.status = 'met'), 0) AS met
    FROM main.tally AS t
    JOIN query_table(measures) AS m USING (measure_id)
    WHERE m.kind = 'proportion' AND status_class(t.status) IN ('observed', 'missing')
    GROUP BY ALL
),

-- Weighting classes. One with nobody observed takes the rate of its baseline band, else of everybody observed.
class AS (
    SELECT
        measure_id, CASE WHEN grouping(clinic_id) = 1 THEN '*' ELSE clinic_id END AS clinic_id, band, infusions,
        sum(due) AS due, sum(observed) AS observed,
        sum(met) / nullif(sum(observed), 0)::DOUBLE AS own_rate,
        sum(sum(met)) OVER of_band / nullif(sum(sum(observed)) OVER of_band, 0)::DOUBLE AS band_rate,
        sum(sum(met)) OVER of_all / nullif(sum(sum(observed)) OVER of_all, 0)::DOUBLE AS whole_rate
    FROM due
    GROUP BY GROUPING SETS ((measure_id, clinic_id, band, infusions), (measure_id, band, infusions))
    WINDOW
        of_band AS (PARTITION BY measure_id, grouping(clinic_id), clinic_id, band),
        of_all AS (PARTITION BY measure_id, grouping(clinic_id), clinic_id)
),

weighted AS (
    SELECT
        measure_id, clinic_id,
        sum(due * coalesce(own_rate, band_rate, whole_rate) ORDER BY band, infusions) / sum(due) AS weighted_rate,
        (sum(due) FILTER (observed = 0))::INTEGER AS borrowed
    FROM class
    GROUP BY measure_id, clinic_id
),

bounded AS (
    SELECT
        r.measure_id, r.clinic_id, r.due, r.observed, r.missing, r.met, r.observed_rate, r.everyone_rate, r.bound_low, r.bound_high,
        sqrt(r.bound_low * (1 - r.bound_low) / r.due) AS se_low,
        sqrt(r.bound_high * (1 - r.bound_high) / r.due) AS se_high
    FROM main.rate AS r
    SEMI JOIN query_table(measures) USING (measure_id)
    WHERE r.due > 0
),

-- Imbens and Manski 2004 (Econometrica 72:1845): c with Phi(c + width / se) - Phi(-c) = 0.95, by Newton's steps from 1.96 down.
newton AS (
    SELECT measure_id, clinic_id, (bound_high - bound_low) / greatest(se_low, se_high) AS width, 1.959963984540054 AS c, 0 AS step
    FROM bounded
    WHERE greatest(se_low, se_high) > 0

    UNION ALL

    SELECT
        measure_id, clinic_id, width,
        c - (normal_cdf(c + width) - normal_cdf(-c) - 0.95) / (normal_density(c + width) + normal_density(c)),
        step + 1
    FROM newton
    WHERE step < 6
),

limited AS (
    SELECT measure_id, clinic_id, max_by(c, step) AS c FROM newton GROUP BY measure_id, clinic_id
)

SELECT
    r.measure_id, r.clinic_id, r.due, r.observed, r.missing, r.met, r.observed_rate, r.everyone_rate,
    r.bound_high AS best_case_rate,
    wilson_low(r.met, r.due) AS envelope_low,
    wilson_high(r.met + r.missing, r.due) AS envelope_high,
    CASE WHEN r.due > 0 THEN greatest(0, b.bound_low - coalesce(l.c, 0) * b.se_low) END AS imbens_manski_low,
    CASE WHEN r.due > 0 THEN least(1, b.bound_high + coalesce(l.c, 0) * b.se_high) END AS imbens_manski_high,
    w.weighted_rate,
    coalesce(w.borrowed, 0) AS borrowed
FROM (FROM main.rate SEMI JOIN query_table(measures) USING (measure_id)) AS r
LEFT JOIN bounded AS b ON b.measure_id = r.measure_id AND b.clinic_id = r.clinic_id
LEFT JOIN limited AS l ON l.measure_id = r.measure_id AND l.clinic_id = r.clinic_id
LEFT JOIN weighted AS w ON w.measure_id = r.measure_id AND w.clinic_id = r.clinic_id;
COMMENT ON MACRO TABLE main.missing_outcomes IS 'The view missing_outcome for the measures in the table measure, or in a part of it that is named.';

CREATE OR REPLACE VIEW missing_outcome AS
FROM main.missing_outcomes('main.measure');

COMMENT ON VIEW missing_outcome IS 'One row per proportion and group: the rate if missing patients are left out, count as not met, count as met, or are weighted for.';
COMMENT ON COLUMN missing_outcome.measure_id IS 'The measure.';
COMMENT ON COLUMN missing_outcome.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN missing_outcome.due IS 'observed + missing.';
COMMENT ON COLUMN missing_outcome.observed IS 'Due courses with an endpoint.';
COMMENT ON COLUMN missing_outcome.missing IS 'Due courses without.';
COMMENT ON COLUMN missing_outcome.met IS 'Courses whose endpoint has the outcome.';
COMMENT ON COLUMN missing_outcome.observed_rate IS 'met / observed: missing patients left out.';
COMMENT ON COLUMN missing_outcome.everyone_rate IS 'met / due: as if none of them had met it.';
COMMENT ON COLUMN missing_outcome.best_case_rate IS '(met + missing) / due: as if all of them had.';
COMMENT ON COLUMN missing_outcome.envelope_low IS 'Lower Wilson 95% limit of everyone_rate.';
COMMENT ON COLUMN missing_outcome.envelope_high IS 'Upper Wilson 95% limit of best_case_rate.';
COMMENT ON COLUMN missing_outcome.imbens_manski_low IS 'Lower Imbens-Manski 95% limit for the rate of everyone due, not under 0.';
COMMENT ON COLUMN missing_outcome.imbens_manski_high IS 'Upper limit, not over 1.';
COMMENT ON COLUMN missing_outcome.weighted_rate IS 'Weighting-class estimate: classes of baseline band and infusions of the induction (0-3, 4-5, 6+), each weighing what is due in it.';
COMMENT ON COLUMN missing_outcome.borrowed IS 'Due courses of classes with nobody observed, which take the rate of their baseline band or of all.';
