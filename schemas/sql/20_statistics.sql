-- Statistics as macros, so that an auditor can call them. Formulas: Wilson 1927; Newcombe 1998 (Stat Med 17:873), method 10;
-- Zou and Donner 2008 (MOVER). Each is null where its denominator is 0.

CREATE OR REPLACE MACRO z95() AS 1.959963984540054;
CREATE OR REPLACE MACRO z90() AS 1.644853626951472;

CREATE OR REPLACE MACRO proportion(x, n) AS x / nullif(n, 0)::DOUBLE;

CREATE OR REPLACE MACRO wilson_low(x, n, z := 1.959963984540054) AS CASE
    WHEN n = 0 THEN NULL
    WHEN x = 0 THEN 0.0
    ELSE ((x / n::DOUBLE) + z * z / (2 * n)
          - z * sqrt((x / n::DOUBLE) * (1 - x / n::DOUBLE) / n + z * z / (4 * n::DOUBLE * n))) / (1 + z * z / n)
END;

CREATE OR REPLACE MACRO wilson_high(x, n, z := 1.959963984540054) AS CASE
    WHEN n = 0 THEN NULL
    WHEN x = n THEN 1.0
    ELSE ((x / n::DOUBLE) + z * z / (2 * n)
          + z * sqrt((x / n::DOUBLE) * (1 - x / n::DOUBLE) / n + z * z / (4 * n::DOUBLE * n))) / (1 + z * z / n)
END;

-- MOVER: the difference p1 - p2 of two rates, each known by its own limits.
CREATE OR REPLACE MACRO mover_low(p1, l1, p2, u2) AS (p1 - p2) - sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2);
CREATE OR REPLACE MACRO mover_high(p1, u1, p2, l2) AS (p1 - p2) + sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2);

CREATE OR REPLACE MACRO difference_low(x1, n1, x2, n2, z := 1.959963984540054) AS
    mover_low(x1 / nullif(n1, 0)::DOUBLE, wilson_low(x1, n1, z := z), x2 / nullif(n2, 0)::DOUBLE, wilson_high(x2, n2, z := z));
CREATE OR REPLACE MACRO difference_high(x1, n1, x2, n2, z := 1.959963984540054) AS
    mover_high(x1 / nullif(n1, 0)::DOUBLE, wilson_high(x1, n1, z := z), x2 / nullif(n2, 0)::DOUBLE, wilson_low(x2, n2, z := z));

-- Published 95% limits at another confidence, on the logit scale.
CREATE OR REPLACE MACRO logit(p) AS ln(p / (1 - p));
CREATE OR REPLACE MACRO expit(x) AS 1 / (1 + exp(-x));
CREATE OR REPLACE MACRO shrink_limit(p, published, z) AS CASE
    WHEN z = 1.959963984540054 OR published <= 0 OR published >= 1 OR p <= 0 OR p >= 1 THEN published
    ELSE expit(logit(p) + z / 1.959963984540054 * (logit(published) - logit(p)))
END;

-- The verdict of one rate on another: the 95% limits of the difference, its 90% limits, the margin (null: none).
CREATE OR REPLACE MACRO verdict_of_limits(n, minimum_n, low95, high95, low90, high90, delta) AS CASE
    WHEN n IS NULL OR n < minimum_n OR low95 IS NULL THEN 'too few patients to tell'
    WHEN low95 > 0 THEN 'above'
    WHEN high95 < 0 THEN 'below'
    WHEN delta IS NOT NULL AND low90 > -delta AND high90 < delta THEN 'consistent with'
    ELSE 'too few patients to tell'
END;

-- The same from counts: x of n at the clinic against x2 of n2 published; delta as a share (0.10 is 10 points).
CREATE OR REPLACE MACRO verdict(x, n, x2, n2, delta := 0.10, minimum_n := 30) AS verdict_of_limits(
    n, minimum_n,
    difference_low(x, n, x2, n2), difference_high(x, n, x2, n2),
    difference_low(x, n, x2, n2, z := 1.644853626951472), difference_high(x, n, x2, n2, z := 1.644853626951472), delta
);

-- Half up, whatever the tool: 62.5 is 63, in integers from counts.
CREATE OR REPLACE MACRO percent(x, n) AS (200 * x + n) // nullif(2 * n, 0);

COMMENT ON MACRO z95 IS 'Normal quantile of a two-sided 95% interval.';
COMMENT ON MACRO z90 IS 'Normal quantile of two one-sided 5% tests (a two-sided 90% interval).';
COMMENT ON MACRO proportion IS 'x / n, null where n is 0.';
COMMENT ON MACRO wilson_low IS 'Lower Wilson limit of x of n, as a share. Exactly 0 at x = 0; null at n = 0.';
COMMENT ON MACRO wilson_high IS 'Upper Wilson limit of x of n, as a share. Exactly 1 at x = n; null at n = 0.';
COMMENT ON MACRO mover_low IS 'Lower limit of p1 - p2 from the separate limits of each (MOVER): p1, its lower limit, p2, its upper limit.';
COMMENT ON MACRO mover_high IS 'Upper limit of p1 - p2 from the separate limits of each (MOVER): p1, its upper limit, p2, its lower limit.';
COMMENT ON MACRO difference_low IS 'Lower Newcombe hybrid score limit (method 10) of x1/n1 - x2/n2.';
COMMENT ON MACRO difference_high IS 'Upper Newcombe hybrid score limit (method 10) of x1/n1 - x2/n2.';
COMMENT ON MACRO logit IS 'Natural log of the odds of p.';
COMMENT ON MACRO expit IS 'Share whose log odds are x.';
COMMENT ON MACRO shrink_limit IS 'A published 95% limit restated at the confidence of z, on the logit scale.';
COMMENT ON MACRO verdict_of_limits IS 'above, below, consistent with or too few patients to tell, from n, the smallest n, 95% limits, 90% limits and the margin.';
COMMENT ON MACRO verdict IS 'The verdict on x of n against a published x2 of n2. delta is a share; null allows no "consistent with".';
COMMENT ON MACRO percent IS 'x of n in whole percent, rounded half up in integers.';

-- Limits of a published rate: Wilson from its counts, else the printed ones (restated at another confidence on the logit scale).
CREATE OR REPLACE MACRO published_low(kind, events, n, rate, ci_low, z := 1.959963984540054) AS CASE
    WHEN kind = 'count' THEN wilson_low(events, n, z := z)
    WHEN kind IN ('published_ci', 'pooled') THEN shrink_limit(rate, ci_low, z)
END;
CREATE OR REPLACE MACRO published_high(kind, events, n, rate, ci_high, z := 1.959963984540054) AS CASE
    WHEN kind = 'count' THEN wilson_high(events, n, z := z)
    WHEN kind IN ('published_ci', 'pooled') THEN shrink_limit(rate, ci_high, z)
END;
COMMENT ON MACRO published_low IS 'Lower limit of a published rate at the confidence of z; null where neither counts nor limits were printed.';
COMMENT ON MACRO published_high IS 'Upper limit of a published rate at the confidence of z; null where neither counts nor limits were printed.';
