-- Which definitions of a release had been signed when it was locked.
CREATE OR REPLACE VIEW release_check AS
SELECT
    d.release_no, d.kind, d.id, d.version,
    count(s.signature_no) > 0 AS is_signed,
    string_agg(s.signed_by, ', ' ORDER BY s.signature_no) AS signed_by
FROM main.release_definition AS d
LEFT JOIN main.signature AS s
    ON s.kind = d.kind AND s.id = d.id AND s.decides = d.decides AND s.after_release_no < d.release_no
WHERE d.kind IN ('rules', 'measure', 'benchmark')
GROUP BY ALL;

COMMENT ON VIEW release_check IS 'One row per release and measure, benchmark or the rules that it was made by: whether what decides its numbers had been signed when it was locked.';
COMMENT ON COLUMN release_check.release_no IS 'The release.';
COMMENT ON COLUMN release_check.kind IS 'rules, measure or benchmark.';
COMMENT ON COLUMN release_check.id IS 'Its name: measure_id or benchmark_id; rules for the rules.';
COMMENT ON COLUMN release_check.version IS 'Its version.';
COMMENT ON COLUMN release_check.is_signed IS 'Whether a person had signed it; false is unchecked.';
COMMENT ON COLUMN release_check.signed_by IS 'Who had, in the order of signing; null where nobody had.';
