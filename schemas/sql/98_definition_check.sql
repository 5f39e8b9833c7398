-- Which definitions a person has signed as they are now. A signature is of the exact words: after any change the definition
-- is unchecked again, and its earlier signatures are only counted.
CREATE OR REPLACE VIEW definition_check AS
SELECT
    d.kind, d.id, d.version, d.title, d.position, d.digest,
    count(s.signature_no) FILTER (s.digest = d.digest) > 0 AS is_signed,
    string_agg(s.signed_by, ', ' ORDER BY s.signature_no) FILTER (s.digest = d.digest) AS signed_by,
    max(s.signed_on) FILTER (s.digest = d.digest) AS signed_on,
    count(s.signature_no) FILTER (s.digest <> d.digest)::INTEGER AS earlier_signatures
FROM main.definition_digest AS d
LEFT JOIN main.signature AS s ON s.kind = d.kind AND s.id = d.id
GROUP BY ALL;

COMMENT ON VIEW definition_check IS 'One row per measure, benchmark and the rules: whether a person has signed it exactly as it is now. Unsigned ones are unchecked.';
COMMENT ON COLUMN definition_check.kind IS 'rules, measure or benchmark.';
COMMENT ON COLUMN definition_check.id IS 'Its name: measure_id or benchmark_id; rules for the rules.';
COMMENT ON COLUMN definition_check.version IS 'Its version.';
COMMENT ON COLUMN definition_check.title IS 'What it is called; for a benchmark its citation.';
COMMENT ON COLUMN definition_check.position IS 'Its place among those of its kind.';
COMMENT ON COLUMN definition_check.digest IS 'Digest of all that it says: a signature counts where it has the same.';
COMMENT ON COLUMN definition_check.is_signed IS 'Whether a person has signed it as it is; false is unchecked.';
COMMENT ON COLUMN definition_check.signed_by IS 'Who has, in the order of signing; null where nobody has.';
COMMENT ON COLUMN definition_check.signed_on IS 'The last date on which somebody did; null where nobody has.';
COMMENT ON COLUMN definition_check.earlier_signatures IS 'Signatures of it as it was before: they count no more.';
