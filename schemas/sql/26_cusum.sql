-- The weights of a CUSUM on the odds (Steiner 2000, Biostatistics 1:441): what one patient adds to the sum, by what was
-- expected (p0), whether it failed, and the odds ratio that is looked for.
CREATE OR REPLACE MACRO cusum_weight(failed, p0, odds_ratio) AS
    CASE WHEN failed THEN ln(odds_ratio) ELSE 0 END - ln(1 - p0 + odds_ratio * p0);
COMMENT ON MACRO cusum_weight IS 'What one patient adds to a CUSUM: log likelihood ratio of odds_ratio times the expected odds of failure (p0) against those odds (Steiner 2000).';
