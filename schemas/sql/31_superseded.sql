-- Which stored scores stand. A score stands until an event says otherwise; the last event about it decides. Where
-- pseudonyms were joined or split, what became of their scores is in moved_score.
CREATE OR REPLACE VIEW superseded AS
SELECT score_id, arg_max(reason_code, event_id) AS reason_code
FROM main.score_event
ANTI JOIN main.moved_score USING (score_id)
GROUP BY score_id
HAVING NOT arg_max(current, event_id)

UNION ALL

SELECT score_id, reason_code FROM main.moved_score WHERE reason_code IS NOT NULL;

COMMENT ON VIEW superseded IS 'One row per stored score that no longer stands: corrected, retracted, set aside as a contradiction, read otherwise when its file was read again, or sent twice under joined pseudonyms.';
COMMENT ON COLUMN superseded.score_id IS 'The score that no longer stands.';
COMMENT ON COLUMN superseded.reason_code IS 'Why: corrected, retracted, contradiction, read_again, merged_duplicate, merged_rows_contradict or merged_day_out_of_range.';
