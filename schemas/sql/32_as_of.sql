-- The as-of date of the last night. No other date is "today".
CREATE OR REPLACE VIEW as_of AS
SELECT arg_max(as_of, night) AS as_of FROM main.night;

COMMENT ON VIEW as_of IS 'One row: the as-of date of the last night. Nothing else here knows what day it is.';
COMMENT ON COLUMN as_of.as_of IS 'As-of date given to the last night.';
