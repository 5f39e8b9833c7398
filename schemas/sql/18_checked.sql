-- What people say of definitions, and what they found when they checked courses by hand: append-only, each row with a line
-- in receipts/. Also laid in a store that is older than this file.
CREATE TABLE IF NOT EXISTS signature (
    signature_no INTEGER NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('rules', 'measure', 'benchmark')),
    id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    digest VARCHAR NOT NULL,
    decides VARCHAR NOT NULL,
    signed_by VARCHAR NOT NULL,
    signed_on DATE NOT NULL,
    remark VARCHAR,
    night INTEGER NOT NULL,
    after_release_no INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS benchmark_change (
    change_no INTEGER NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('add', 'retire')),
    benchmark_id VARCHAR NOT NULL,
    cells VARCHAR,
    retired_on DATE,
    because VARCHAR,
    made_by VARCHAR NOT NULL,
    made_on DATE NOT NULL,
    night INTEGER NOT NULL,
    CHECK ((kind = 'add') = (cells IS NOT NULL)),
    CHECK ((kind = 'retire') = (retired_on IS NOT NULL AND because IS NOT NULL))
);

CREATE TABLE IF NOT EXISTS sample_audit (
    audit_no INTEGER NOT NULL,
    night INTEGER NOT NULL,
    as_of DATE NOT NULL,
    arrival_no INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    measure_id VARCHAR,
    clinic_id VARCHAR,
    drawn_from BIGINT NOT NULL,
    n INTEGER NOT NULL,
    disagreed INTEGER NOT NULL CHECK (disagreed BETWEEN 0 AND n),
    draw VARCHAR NOT NULL,
    recorded_by VARCHAR NOT NULL,
    recorded_on DATE NOT NULL,
    recorded_night INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS sample_audit_course (
    audit_no INTEGER NOT NULL,
    number INTEGER NOT NULL,
    measure_id VARCHAR NOT NULL,
    class VARCHAR NOT NULL,
    differs VARCHAR,
    sha256 VARCHAR NOT NULL,
    line INTEGER NOT NULL
);

-- What a home has retired of its benchmarks: part of a benchmark, so that a release locks it with the rest.
ALTER TABLE benchmark ADD COLUMN IF NOT EXISTS retired_on DATE;
ALTER TABLE benchmark ADD COLUMN IF NOT EXISTS retired_because VARCHAR;

COMMENT ON COLUMN benchmark.retired_on IS 'From this as-of date on it is compared with nothing; null where it stands.';
COMMENT ON COLUMN benchmark.retired_because IS 'Why, in the words of who retired it; null where it stands.';

COMMENT ON TABLE signature IS 'Append-only: one row each time a person signs that they checked a measure, a benchmark or the rules. View definition_check has what is signed as it is now.';
COMMENT ON COLUMN signature.signature_no IS 'Number, from 1.';
COMMENT ON COLUMN signature.kind IS 'What was signed: rules, measure or benchmark.';
COMMENT ON COLUMN signature.id IS 'Its name: measure_id or benchmark_id; rules for the rules.';
COMMENT ON COLUMN signature.version IS 'Its version then.';
COMMENT ON COLUMN signature.digest IS 'Digest of the whole definition, words included: measure_digest, benchmark_digest or rules_digest of it.';
COMMENT ON COLUMN signature.decides IS 'Digest of what of it decides a number or a verdict, as in release_definition.';
COMMENT ON COLUMN signature.signed_by IS 'The name given: of who checked it.';
COMMENT ON COLUMN signature.signed_on IS 'The date given, else the as-of date of the last night.';
COMMENT ON COLUMN signature.remark IS 'The note given; null where none was.';
COMMENT ON COLUMN signature.night IS 'The last night before it was recorded.';
COMMENT ON COLUMN signature.after_release_no IS 'The last release before it was recorded; 0 where there was none.';

COMMENT ON TABLE benchmark_change IS 'Append-only: one row each time somebody adds a benchmark to this home, or retires one. In force from the next night on.';
COMMENT ON COLUMN benchmark_change.change_no IS 'Number, from 1.';
COMMENT ON COLUMN benchmark_change.kind IS 'add or retire.';
COMMENT ON COLUMN benchmark_change.benchmark_id IS 'The benchmark.';
COMMENT ON COLUMN benchmark_change.cells IS 'Of one added: its row under the contract of data/benchmarks.csv, as JSON of text cells.';
COMMENT ON COLUMN benchmark_change.retired_on IS 'Of one retired: from this as-of date on it is compared with nothing.';
COMMENT ON COLUMN benchmark_change.because IS 'Of one retired: why.';
COMMENT ON COLUMN benchmark_change.made_by IS 'The name given: of who says so.';
COMMENT ON COLUMN benchmark_change.made_on IS 'The date given, else the as-of date of the last night.';
COMMENT ON COLUMN benchmark_change.night IS 'The last night before it was recorded.';

COMMENT ON TABLE sample_audit IS 'Append-only: one row for each sample of courses that a person checked by hand. View sample_audit_result has the disagreement.';
COMMENT ON COLUMN sample_audit.audit_no IS 'Number, from 1.';
COMMENT ON COLUMN sample_audit.night IS 'The night whose courses were drawn.';
COMMENT ON COLUMN sample_audit.as_of IS 'Its as-of date.';
COMMENT ON COLUMN sample_audit.arrival_no IS 'The last arrival that was in it.';
COMMENT ON COLUMN sample_audit.seed IS 'The seed of the draw: the same seed draws the same courses of the same night.';
COMMENT ON COLUMN sample_audit.measure_id IS 'The measure that was drawn from; null for all that have an endpoint.';
COMMENT ON COLUMN sample_audit.clinic_id IS 'The clinic that was drawn from; null for all.';
COMMENT ON COLUMN sample_audit.drawn_from IS 'Courses there were to draw from, each counted once for each measure.';
COMMENT ON COLUMN sample_audit.n IS 'Courses drawn and checked.';
COMMENT ON COLUMN sample_audit.disagreed IS 'Those for which the person found something else than the program.';
COMMENT ON COLUMN sample_audit.draw IS 'What was drawn, as each line of the sheet names it.';
COMMENT ON COLUMN sample_audit.recorded_by IS 'The name given: of who checked.';
COMMENT ON COLUMN sample_audit.recorded_on IS 'The date given, else the as-of date of the last night.';
COMMENT ON COLUMN sample_audit.recorded_night IS 'The last night before it was recorded.';

COMMENT ON TABLE sample_audit_course IS 'Append-only: one row for each course that was drawn and checked by hand.';
COMMENT ON COLUMN sample_audit_course.audit_no IS 'The audit.';
COMMENT ON COLUMN sample_audit_course.number IS 'Number of the course in the sheet, from 1.';
COMMENT ON COLUMN sample_audit_course.measure_id IS 'The measure it was checked for.';
COMMENT ON COLUMN sample_audit_course.class IS 'Its class by the program: not eligible, waiting, observed or missing.';
COMMENT ON COLUMN sample_audit_course.differs IS 'What the person found otherwise: of class, baseline, endpoint and met, those that differ; null where nothing does.';
COMMENT ON COLUMN sample_audit_course.sha256 IS 'File of the score that is its endpoint, else of its baseline, else of its first row.';
COMMENT ON COLUMN sample_audit_course.line IS 'The line of that score.';
