-- Which stored scores stand. A score stands until an event says otherwise; the last event about it decides.
CREATE OR REPLACE VIEW superseded AS
SELECT score_id, arg_max(reason_code, event_id) AS reason_code
FROM main.score_event
GROUP BY score_id
HAVING NOT arg_max(current, event_id);

COMMENT ON VIEW superseded IS 'One row per stored score that no longer stands: corrected, retracted, set aside as a contradiction, or read otherwise when its file was read again.';
COMMENT ON COLUMN superseded.score_id IS 'The score that no longer stands.';
COMMENT ON COLUMN superseded.reason_code IS 'Why: corrected, retracted, contradiction or read_again.';
