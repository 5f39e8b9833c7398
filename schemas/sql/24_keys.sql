-- The order in which scores are preferred, packed into one whole number so that max() finds the score in one pass:
-- greatest day first, then the total, then item 9, then the score stored first.
CREATE OR REPLACE MACRO endpoint_key(day, total, item_9, score_id) AS
    ((((day + 400)::BIGINT * 100 + total) * 10 + coalesce(item_9 + 1, 0)) << 40) + (1099511627775 - score_id);
CREATE OR REPLACE MACRO baseline_key(day, total, item_9, score_id) AS
    ((((day + 400)::BIGINT * 100 + (27 - total)) * 10 + (4 - coalesce(item_9, 4))) << 40) + (1099511627775 - score_id);
CREATE OR REPLACE MACRO key_day(key) AS ((key >> 40) // 1000 - 400)::SMALLINT;
CREATE OR REPLACE MACRO key_score_id(key) AS 1099511627775 - (key & 1099511627775);
CREATE OR REPLACE MACRO endpoint_key_total(key) AS ((key >> 40) // 10 % 100)::TINYINT;
CREATE OR REPLACE MACRO endpoint_key_item_9(key) AS nullif((key >> 40) % 10, 0)::TINYINT - 1;
CREATE OR REPLACE MACRO baseline_key_total(key) AS 27 - ((key >> 40) // 10 % 100)::TINYINT;
CREATE OR REPLACE MACRO baseline_key_item_9(key) AS 4 - nullif((key >> 40) % 10, 0)::TINYINT;

COMMENT ON MACRO endpoint_key IS 'Packs a score so that max() prefers the greatest day, then the higher total, then the higher item 9 (R7).';
COMMENT ON MACRO baseline_key IS 'Packs a score so that max() prefers the greatest day, then the lower total, then the lower item 9 (R6).';
COMMENT ON MACRO key_day IS 'The day in a key.';
COMMENT ON MACRO key_score_id IS 'The score_id in a key.';
COMMENT ON MACRO endpoint_key_total IS 'The total in an endpoint_key.';
COMMENT ON MACRO endpoint_key_item_9 IS 'Item 9 in an endpoint_key; null where it was not answered.';
COMMENT ON MACRO baseline_key_total IS 'The total in a baseline_key.';
COMMENT ON MACRO baseline_key_item_9 IS 'Item 9 in a baseline_key; null where it was not answered.';
