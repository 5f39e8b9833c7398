-- Every row that is set aside: at the door by the reading of its file that counts, or because the patient's other rows
-- contradict it (R0, R1). What earlier readings set aside stays in quarantine.
CREATE OR REPLACE VIEW set_aside AS
SELECT arrival_no, line, column_name, reason_code, 'door' AS found_at
FROM main.quarantine
SEMI JOIN main.last_reading USING (arrival_no)
UNION ALL
SELECT s.arrival_no, s.line, 'infusion_number', r.reason_code, 'course'
FROM main.renumbered AS r
JOIN main.score AS s USING (score_id)
WHERE r.reason_code IS NOT NULL
UNION ALL
SELECT s.arrival_no, s.line, CASE m.reason_code WHEN 'merged_day_out_of_range' THEN 'days_since_first_infusion' END, m.reason_code, 'course'
FROM main.moved_score AS m
JOIN main.score AS s USING (score_id)
WHERE m.reason_code IN ('merged_rows_contradict', 'merged_day_out_of_range');

COMMENT ON VIEW set_aside IS 'One row per reason of a row that counts for nothing: found at the door, by the last reading of its file, or against the patient''s other rows (R0, R1).';
COMMENT ON COLUMN set_aside.arrival_no IS 'The arrival.';
COMMENT ON COLUMN set_aside.line IS 'Physical line in its file (row number for Parquet).';
COMMENT ON COLUMN set_aside.column_name IS 'Column at fault; null where it is the row.';
COMMENT ON COLUMN set_aside.reason_code IS 'Why; table reason has the sentence.';
COMMENT ON COLUMN set_aside.found_at IS 'door: when it was read; course: when courses were made, by R1.';
