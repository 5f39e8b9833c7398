-- What each definition says, as one digest of every word of it. Kept, for no question is cheap that digests them all.
CREATE OR REPLACE VIEW definition_digest AS
SELECT 'rules' AS kind, 'rules' AS id, 'The rules of courses, windows and verdicts' AS title, 0 AS position, version, rules_digest(r) AS digest
FROM main.rules AS r
UNION ALL
SELECT 'measure', measure_id, title, position, version, measure_digest(m)
FROM main.measure AS m
UNION ALL
SELECT 'benchmark', benchmark_id, citation, position, version, benchmark_digest(b)
FROM main.benchmark AS b;

COMMENT ON VIEW definition_digest IS 'One row per measure, benchmark and the rules: the digest of all that it says.';
COMMENT ON COLUMN definition_digest.kind IS 'rules, measure or benchmark.';
COMMENT ON COLUMN definition_digest.id IS 'Its name: measure_id or benchmark_id; rules for the rules.';
COMMENT ON COLUMN definition_digest.title IS 'What it is called; for a benchmark its citation.';
COMMENT ON COLUMN definition_digest.position IS 'Its place among those of its kind.';
COMMENT ON COLUMN definition_digest.version IS 'Its version.';
COMMENT ON COLUMN definition_digest.digest IS 'Digest of all that it says.';
