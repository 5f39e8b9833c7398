-- How a share is printed outside the house.

-- Whole percents below 200 patients, one decimal above; half up in size.
CREATE OR REPLACE MACRO shared_percent(share, n) AS
    sign(share) * floor(abs(share) * CASE WHEN n < 200 THEN 100 ELSE 1000 END + 0.5 + 1e-9)
    / CASE WHEN n < 200 THEN 1 ELSE 10 END + 0.0;
COMMENT ON MACRO shared_percent IS 'A share or a difference of shares in percent as it is shared: whole below n = 200, one decimal from there on; half up in size.';
