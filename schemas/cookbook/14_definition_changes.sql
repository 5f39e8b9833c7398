-- Definitions that changed
-- On which night did the program, a rule, a measure, a benchmark, a claim or a clinic's entry become another one?
SELECT l.night, n.as_of, l.kind, l.id, l.version, l.definition IS NULL AS is_no_more
FROM definition_log AS l
JOIN night AS n USING (night)
WHERE l.night > (SELECT min(night) FROM definition_log)
ORDER BY l.entry;
