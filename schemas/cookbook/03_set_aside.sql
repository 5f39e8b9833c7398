-- Rows set aside
-- Which rows of which file were set aside, and by which rule?
SELECT a.sha256, s.line, s.column_name, s.reason_code, r.sentence AS would_be_accepted, s.found_at
FROM set_aside AS s
JOIN arrival AS a USING (arrival_no)
LEFT JOIN reason AS r ON r.reason_code = s.reason_code AND r.about IN ('cell', 'row')
ORDER BY a.arrival_no, s.line, s.column_name, s.reason_code;
