-- What has been shared outside the house, edition by edition. Append-only: a later edition may not give away what an
-- earlier one hid. Also laid in a store that is older than this file, so that each statement may be run again.

CREATE TABLE IF NOT EXISTS shared_edition (
    edition INTEGER NOT NULL,
    night INTEGER NOT NULL,
    as_of DATE NOT NULL,
    ledger_head VARCHAR NOT NULL,
    data_versions VARCHAR NOT NULL,
    sql_digest VARCHAR NOT NULL,
    clinics VARCHAR[] NOT NULL
);

CREATE TABLE IF NOT EXISTS shared_cell (
    edition INTEGER NOT NULL,
    table_name VARCHAR NOT NULL,
    table_key VARCHAR NOT NULL,
    rung VARCHAR NOT NULL,
    clinic_id VARCHAR NOT NULL,
    cell VARCHAR NOT NULL,
    courses INTEGER NOT NULL CHECK (courses NOT BETWEEN 1 AND 10)
);

CREATE TABLE IF NOT EXISTS shared_verdict (
    edition INTEGER NOT NULL,
    benchmark_id VARCHAR NOT NULL,
    clinic_id VARCHAR NOT NULL,
    verdict VARCHAR,
    withheld_because VARCHAR
);

COMMENT ON TABLE shared_edition IS 'One row per edition shared outside the house. Append-only.';
COMMENT ON COLUMN shared_edition.edition IS 'Number of the edition in this home, from 1.';
COMMENT ON COLUMN shared_edition.night IS 'The night whose numbers it tells.';
COMMENT ON COLUMN shared_edition.as_of IS 'As-of date of that night.';
COMMENT ON COLUMN shared_edition.ledger_head IS 'Hash of the last ledger entry of that night.';
COMMENT ON COLUMN shared_edition.data_versions IS 'Versions of the data files of that night.';
COMMENT ON COLUMN shared_edition.sql_digest IS 'Head of the SHA-256 of the SQL files that made the numbers.';
COMMENT ON COLUMN shared_edition.clinics IS 'All clinics there were, shown or not.';

COMMENT ON TABLE shared_cell IS 'One row per count that an edition told anew; what it left as before stands at its earlier edition. Append-only.';
COMMENT ON COLUMN shared_cell.edition IS 'The edition that told it first.';
COMMENT ON COLUMN shared_cell.table_name IS 'The kind of table: rates or attrition.';
COMMENT ON COLUMN shared_cell.table_key IS 'Which of them: the measure.';
COMMENT ON COLUMN shared_cell.rung IS 'How finely the table was told.';
COMMENT ON COLUMN shared_cell.clinic_id IS 'The clinic; ''*'' is all clinics together, those not shown too.';
COMMENT ON COLUMN shared_cell.cell IS 'The cell: a status, a class, or several of them together.';
COMMENT ON COLUMN shared_cell.courses IS 'Courses in the cell: never 1 to 10.';

COMMENT ON TABLE shared_verdict IS 'One row per verdict that an edition told anew, or withheld with its reason. Append-only.';
COMMENT ON COLUMN shared_verdict.edition IS 'The edition that told it first.';
COMMENT ON COLUMN shared_verdict.benchmark_id IS 'The benchmark.';
COMMENT ON COLUMN shared_verdict.clinic_id IS 'The clinic; ''*'' is all clinics together.';
COMMENT ON COLUMN shared_verdict.verdict IS 'above, below, consistent with or too few patients to tell; null where it is withheld.';
COMMENT ON COLUMN shared_verdict.withheld_because IS 'The reason that withholds it.';
