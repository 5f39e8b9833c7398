-- What an auditor reads beside the numbers: the words and ready questions, which mirror the program's own of the last night;
-- and every definition as it was, night by night. Also laid in a store that is older than this file.
CREATE TABLE IF NOT EXISTS glossary (
    position INTEGER NOT NULL,
    word VARCHAR NOT NULL,
    meaning VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS cookbook (
    number INTEGER NOT NULL,
    title VARCHAR NOT NULL,
    question VARCHAR NOT NULL,
    is_auditors BOOLEAN NOT NULL,
    query VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS definition_log (
    entry BIGINT NOT NULL,
    night INTEGER NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('program', 'rules', 'clinic', 'measure', 'benchmark', 'claim')),
    id VARCHAR NOT NULL,
    version INTEGER,
    decides VARCHAR,
    definition VARCHAR
);

COMMENT ON TABLE glossary IS 'One row per word that is used here with one meaning.';
COMMENT ON COLUMN glossary.position IS 'Place in the order of explaining, from 1.';
COMMENT ON COLUMN glossary.word IS 'The word.';
COMMENT ON COLUMN glossary.meaning IS 'What it means.';

COMMENT ON TABLE cookbook IS 'One row per ready question: the query that answers it from this file alone.';
COMMENT ON COLUMN cookbook.number IS 'Number of the question, from 1.';
COMMENT ON COLUMN cookbook.title IS 'What it is about, in a few words.';
COMMENT ON COLUMN cookbook.question IS 'The question.';
COMMENT ON COLUMN cookbook.is_auditors IS 'Whether it is one of the twelve questions an auditor asks first.';
COMMENT ON COLUMN cookbook.query IS 'The query, ready to run; a measure or clinic that it names may be changed.';

COMMENT ON TABLE definition_log IS 'One row per night and definition that was another one than on the night before, with what it then was. Append-only. Nights that a restored database had lost are logged as one change, by the night that took them in again.';
COMMENT ON COLUMN definition_log.entry IS 'Number of the entry, from 1, in the order of logging.';
COMMENT ON COLUMN definition_log.night IS 'The first night that was made by it.';
COMMENT ON COLUMN definition_log.kind IS 'What is defined: program (its version and its SQL), rules, clinic, measure, benchmark or claim.';
COMMENT ON COLUMN definition_log.id IS 'Its name: clinic_id, measure_id, benchmark_id or claim_id; rules and program for these.';
COMMENT ON COLUMN definition_log.version IS 'Its version; null for a clinic''s entry and the program, which have none, and from the night on which it is no more.';
COMMENT ON COLUMN definition_log.decides IS 'Head of the SHA-256 of the keys that can change a number or a verdict; for the program, of its SQL files; null from the night on which it is no more.';
COMMENT ON COLUMN definition_log.definition IS 'The whole definition as JSON; null from the night on which it is no more.';

-- What a night's batches say to each other holds values of rows set aside too: no part of what auditors see.
COMMENT ON TABLE contested IS 'Empty between nights: what the batches of a night under way say to each other of rows that have the same key.';
