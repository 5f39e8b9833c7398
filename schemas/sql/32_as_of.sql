-- The as-of date of the last night. No other date is "today".
CREATE OR REPLACE VIEW as_of AS
SELECT max(as_of) AS as_of FROM main.night WHERE night = night_in_scope();

COMMENT ON VIEW as_of IS 'One row: the as-of date of the last night. Nothing else here knows what day it is.';
COMMENT ON COLUMN as_of.as_of IS 'As-of date given to the last night.';
