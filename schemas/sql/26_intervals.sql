-- More statistics as macros: Student t, the normal distribution, exact binomial tails, survival limits, expected values.

-- 0.975 quantiles of Student t for 1 to 30 degrees of freedom; above that Cornish and Fisher's expansion from the normal
-- quantile (Abramowitz and Stegun 26.7.5), which is within 1e-7 there.
CREATE OR REPLACE MACRO t95_expanded(df, z) AS
    z + (z ** 3 + z) / (4 * df)
    + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * df ** 2)
    + (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * df ** 3)
    + (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / (92160 * df ** 4);
CREATE OR REPLACE MACRO t95(df) AS CASE
    WHEN df < 1 THEN NULL
    WHEN df > 30 THEN t95_expanded(df::DOUBLE, 1.959963984540054::DOUBLE)
    ELSE list_extract([
        12.706204736174705, 4.3026527297494639, 3.1824463052837096, 2.7764451051977944, 2.5705818356363155, 2.4469118511449700,
        2.3646242515927853, 2.3060041352041667, 2.2621571627982055, 2.2281388519862747, 2.2009851600916399, 2.1788128296672289,
        2.1603686564627925, 2.1447866879178038, 2.1314495455597757, 2.1199052992212547, 2.1098155778333171, 2.1009220402410385,
        2.0930240544083098, 2.0859634472658648, 2.0796138447276804, 2.0738730679040262, 2.0686576104190487, 2.0638985616280258,
        2.0595385527532977, 2.0555294386428732, 2.0518305164802856, 2.0484071417952452, 2.0452296421327043, 2.0422724563012383
    ]::DOUBLE[], df::INTEGER)
END;

CREATE OR REPLACE MACRO normal_density(x) AS exp(-0.5 * x * x) / sqrt(2 * pi());

-- Marsaglia 2004 (J Stat Softw 11:4): the series of x^(2i+1) / (1*3*5*...*(2i+1)), all of one sign, so nothing cancels. 100 terms
-- reach double precision for |x| <= 7; further out the tail is under 1e-11 and is said to be 0.
CREATE OR REPLACE MACRO normal_cdf(x) AS CASE
    WHEN x > 7 THEN 1.0
    WHEN x < -7 THEN 0.0
    ELSE 0.5 + normal_density(x) * x * (1 + list_sum([
        exp(2 * i * ln(greatest(abs(x), 1e-300)) - (lgamma(2 * i + 2) - i * ln(2) - lgamma(i + 1))) for i in range(1, 100)
    ]))
END;

-- Exact tails of the binomial distribution of n patients with rate p, each from the smaller end of terms.
CREATE OR REPLACE MACRO binomial_term(i, n, p) AS exp(lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * ln(p) + (n - i) * ln(1 - p));
CREATE OR REPLACE MACRO binomial_at_least(x, n, p) AS CASE
    WHEN n IS NULL OR x IS NULL OR p IS NULL THEN NULL
    WHEN x <= 0 THEN 1.0
    WHEN x > n OR p <= 0 THEN 0.0
    WHEN p >= 1 THEN 1.0
    ELSE least(1.0, list_sum([binomial_term(i, n, p) for i in range(x::BIGINT, n::BIGINT + 1)]))
END;
CREATE OR REPLACE MACRO binomial_at_most(x, n, p) AS binomial_at_least(n - x, n, 1 - p);

-- Kaplan-Meier: s is S(t), v is Greenwood's sum of d / (n (n - d)) up to t. Without an event, or with nobody left, R says NA.
CREATE OR REPLACE MACRO greenwood_se(s, v) AS s * sqrt(v);
CREATE OR REPLACE MACRO log_log_low(s, v, z := 1.959963984540054) AS
    CASE WHEN s > 0 AND s < 1 THEN s ** exp(z * sqrt(v) / abs(ln(s))) END;
CREATE OR REPLACE MACRO log_log_high(s, v, z := 1.959963984540054) AS
    CASE WHEN s > 0 AND s < 1 THEN s ** exp(-z * sqrt(v) / abs(ln(s))) END;

-- A published rate moved to another baseline by its odds ratio per 10 points.
CREATE OR REPLACE MACRO expected_by_slope(published_rate, baseline, published_baseline, odds_ratio) AS
    expit(logit(published_rate) + ln(odds_ratio) / 10 * (baseline - published_baseline));

-- Barnett 2005 (Int J Epidemiol 34:215), eq. 1: how far scores fall by themselves when people come in at `cut` or above.
CREATE OR REPLACE MACRO expected_regression(mean, sd, correlation, cut) AS
    (1 - correlation) * sd * normal_density((cut - mean) / nullif(sd, 0)) / nullif(1 - normal_cdf((cut - mean) / nullif(sd, 0)), 0);

-- Sample standard deviation of whole numbers, from their count, sum and sum of squares: exact until the root, so that it does not
-- depend on the order in which rows are added up.
CREATE OR REPLACE MACRO sd_of(n, total, squares) AS
    CASE WHEN n > 1 THEN sqrt((n::HUGEINT * squares - total::HUGEINT * total)::DOUBLE / (n::HUGEINT * (n - 1))::DOUBLE) END;
CREATE OR REPLACE MACRO mean_of(courses, x) AS sum(courses::BIGINT * x) / sum(CASE WHEN x IS NOT NULL THEN courses END)::DOUBLE;
CREATE OR REPLACE MACRO sd_times(courses, x) AS
    sd_of(sum(CASE WHEN x IS NOT NULL THEN courses END), sum(courses::BIGINT * x), sum(courses::BIGINT * x * x));

-- Severity bands of the PHQ-9 (Kroenke 2001).
CREATE OR REPLACE MACRO severity_band(total) AS CASE
    WHEN total <= 4 THEN '0-4' WHEN total <= 9 THEN '5-9' WHEN total <= 14 THEN '10-14' WHEN total <= 19 THEN '15-19' WHEN total <= 27 THEN '20-27'
END;

COMMENT ON MACRO t95 IS 'Student t quantile of a two-sided 95% interval, for df degrees of freedom; null under 1.';
COMMENT ON MACRO t95_expanded IS 'Student t quantile from the normal quantile z, for more than 30 degrees of freedom.';
COMMENT ON MACRO normal_density IS 'Density of the standard normal distribution.';
COMMENT ON MACRO normal_cdf IS 'Standard normal probability of x or less.';
COMMENT ON MACRO binomial_term IS 'Probability of exactly i of n at rate p, for p over 0 and under 1.';
COMMENT ON MACRO binomial_at_least IS 'Exact probability of x or more of n at rate p.';
COMMENT ON MACRO binomial_at_most IS 'Exact probability of x or fewer of n at rate p.';
COMMENT ON MACRO greenwood_se IS 'Greenwood standard error of a Kaplan-Meier estimate.';
COMMENT ON MACRO log_log_low IS 'Lower log-log 95% limit of a Kaplan-Meier estimate; null at 0 and 1.';
COMMENT ON MACRO log_log_high IS 'Upper log-log 95% limit of a Kaplan-Meier estimate; null at 0 and 1.';
COMMENT ON MACRO expected_by_slope IS 'A published rate moved from its mean baseline to another, by its odds ratio per 10 points: a sensitivity figure.';
COMMENT ON MACRO expected_regression IS 'Points by which the mean falls without any effect when only scores of `cut` and over are taken.';
COMMENT ON MACRO sd_of IS 'Sample standard deviation of whole numbers, from their count, sum and sum of squares; null under 2.';
COMMENT ON MACRO mean_of IS 'Mean of whole numbers x, each standing for so many courses; an aggregate.';
COMMENT ON MACRO sd_times IS 'Sample standard deviation of whole numbers x, each standing for so many courses; an aggregate, null under 2 courses.';
COMMENT ON MACRO severity_band IS 'Severity band of a PHQ-9 total: 0-4, 5-9, 10-14, 15-19 or 20-27.';
