-- From the store of 0.1.0: measures of two further kinds, parameters that came with them, and another sum over a stored row.
-- The rows of every arrival are held to its ledger entry by the old sum first; `redigested` has the same rows by the new one.

CREATE TEMP MACRO packed_1(running, value) AS (running * 1000003 + coalesce(value::BIGINT, 2000003)) % 2147483647;
CREATE TEMP MACRO row_digest_1(s) AS
    packed_1(packed_1(packed_1(packed_1(packed_1(packed_1(packed_1(packed_1(packed_1(packed_1(packed_1(packed_1(packed_1(packed_1(packed_1(packed_1(packed_1(packed_1(
        s.line::BIGINT, s.patient_no), s.infusion_number), s.days_since_first_infusion), enum_code(s.timepoint)),
        s.item_1), s.item_2), s.item_3), s.item_4), s.item_5), s.item_6), s.item_7), s.item_8), s.item_9), s.item_10),
        s.total), enum_code(s.recall_period)), enum_code(s.status)), enum_code(s.drug));

SELECT CASE WHEN count(*) > 0 THEN error('the stored rows are not those of the ledger') END
FROM arrival AS a
LEFT JOIN (SELECT arrival_no, sum(row_digest_1(s))::BIGINT::VARCHAR AS digest FROM score AS s GROUP BY arrival_no) AS f USING (arrival_no)
WHERE a.rows_digest <> coalesce(f.digest, '0');

DROP TYPE endpoint_status;
CREATE TYPE endpoint_status AS ENUM (
    'repeat_course', 'other_drug', 'no_baseline', 'baseline_too_old', 'baseline_below_minimum', 'item_9_not_available',
    'no_suicidal_ideation_at_baseline', 'infusions_not_recorded', 'not_yet_due', 'induction_incomplete', 'induction_extended',
    'infusion_not_reached', 'not_a_responder', 'met', 'not_met', 'event', 'censored', 'counted',
    'altered_recall', 'incomplete_form', 'no_score_in_window'
);

ALTER TABLE score RENAME TO score_before;

CREATE TABLE score (
    score_id BIGINT NOT NULL,
    arrival_no INTEGER NOT NULL,
    line INTEGER NOT NULL,
    patient_no INTEGER NOT NULL,
    infusion_number SMALLINT CHECK (infusion_number >= 1),
    days_since_first_infusion SMALLINT NOT NULL CHECK (days_since_first_infusion BETWEEN -400 AND 3650),
    timepoint timepoint NOT NULL,
    item_1 TINYINT,
    item_2 TINYINT,
    item_3 TINYINT,
    item_4 TINYINT,
    item_5 TINYINT,
    item_6 TINYINT,
    item_7 TINYINT,
    item_8 TINYINT,
    item_9 TINYINT,
    item_10 TINYINT,
    total TINYINT CHECK (total BETWEEN 0 AND 27),
    items_answered TINYINT NOT NULL CHECK (items_answered BETWEEN 0 AND 9),
    items_sum TINYINT,
    phq9_total TINYINT CHECK (phq9_total BETWEEN 0 AND 27),
    drug drug,
    dose_mg_per_kg DECIMAL(6, 3),
    infusion_minutes SMALLINT,
    recall_period recall_period NOT NULL,
    status score_status NOT NULL,
    dissociation BOOLEAN,
    nausea BOOLEAN,
    blood_pressure_raised BOOLEAN,
    serious_adverse_event BOOLEAN,
    planned_induction_infusions SMALLINT,
    ended ended,
    -- The least and the greatest of those answered, in one go: ten checks took as long as a tenth of all storing.
    CHECK (least(item_1, item_2, item_3, item_4, item_5, item_6, item_7, item_8, item_9, item_10) >= 0),
    CHECK (greatest(item_1, item_2, item_3, item_4, item_5, item_6, item_7, item_8, item_9, item_10) <= 3)
);

INSERT INTO score BY NAME FROM score_before ORDER BY score_id;
DROP TABLE score_before;

-- Copies of the data files: the night puts them in again.
DROP TABLE rules;
DROP TABLE measure;
DROP TABLE benchmark;

CREATE TABLE rules (
    version INTEGER NOT NULL,
    course_gap_days INTEGER NOT NULL,
    reinduction_gap_days INTEGER NOT NULL,
    reinduction_infusions INTEGER NOT NULL,
    reinduction_days INTEGER NOT NULL,
    induction_days INTEGER NOT NULL,
    induction_gap_days INTEGER NOT NULL,
    induction_minimum_infusions INTEGER NOT NULL,
    induction_minimum_span_days INTEGER NOT NULL,
    induction_maximum_infusions INTEGER NOT NULL,
    extension_days INTEGER NOT NULL,
    entry_lag_days INTEGER NOT NULL,
    reliable_change_points INTEGER NOT NULL,
    minimum_n INTEGER NOT NULL,
    coverage_minimum DOUBLE NOT NULL,
    extended_share_maximum DOUBLE NOT NULL,
    confidence_z DOUBLE NOT NULL,
    equivalence_z DOUBLE NOT NULL,
    survival_minimum_at_risk INTEGER NOT NULL,
    fixed_cohort_infusions INTEGER NOT NULL,
    remission_odds_ratio DOUBLE NOT NULL,
    retest_correlation DOUBLE NOT NULL,
    regression_cut INTEGER NOT NULL,
    overdispersion_minimum_clinics INTEGER NOT NULL,
    alert_tail DOUBLE NOT NULL,
    alarm_tail DOUBLE NOT NULL
);

CREATE TABLE measure (
    measure_id VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    version INTEGER NOT NULL,
    title VARCHAR NOT NULL,
    question VARCHAR NOT NULL,
    numerator VARCHAR NOT NULL,
    denominator VARCHAR NOT NULL,
    why_it_matters VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    authored_by VARCHAR NOT NULL,
    checked_by VARCHAR NOT NULL,
    review_by DATE NOT NULL,
    kind VARCHAR NOT NULL,
    drug VARCHAR NOT NULL,
    course VARCHAR NOT NULL,
    induction VARCHAR NOT NULL,
    anchor VARCHAR NOT NULL,
    infusion_k INTEGER,
    window_low INTEGER NOT NULL,
    window_high INTEGER NOT NULL,
    baseline_look_back_days INTEGER NOT NULL,
    baseline_minimum INTEGER NOT NULL,
    item_9 VARCHAR NOT NULL,
    missing_items VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    starts_from VARCHAR,
    reports VARCHAR,
    main_denominator VARCHAR NOT NULL,
    higher_is_better BOOLEAN NOT NULL,
    delta_points DOUBLE
);

CREATE TABLE benchmark (
    benchmark_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    position INTEGER NOT NULL,
    citation VARCHAR NOT NULL,
    doi VARCHAR,
    pmid VARCHAR,
    year INTEGER,
    population VARCHAR NOT NULL,
    treatment VARCHAR NOT NULL,
    treatment_class VARCHAR NOT NULL,
    instrument VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    cutoff VARCHAR,
    time_window VARCHAR,
    window_anchor VARCHAR,
    window_low INTEGER,
    window_high INTEGER,
    denominator VARCHAR,
    denominator_class VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    events INTEGER,
    n INTEGER,
    rate DOUBLE,
    ci_low DOUBLE,
    ci_high DOUBLE,
    prediction_low DOUBLE,
    prediction_high DOUBLE,
    mean_baseline DOUBLE,
    sd_baseline DOUBLE,
    effect_size DOUBLE,
    read VARCHAR NOT NULL,
    interests VARCHAR,
    measure_id VARCHAR,
    mismatch VARCHAR,
    assumed VARCHAR,
    is_primary BOOLEAN NOT NULL,
    caveat VARCHAR
);

CREATE TEMP MACRO packed_2(running, room, value, if_null) AS running * room + coalesce(value, if_null)::INTEGER;
CREATE TEMP MACRO packed_items_2(s) AS
    packed_2(packed_2(packed_2(packed_2(packed_2(packed_2(packed_2(packed_2(packed_2(packed_2(
        0::INTEGER, 5, s.item_1, 4), 5, s.item_2, 4), 5, s.item_3, 4), 5, s.item_4, 4), 5, s.item_5, 4), 5, s.item_6, 4),
        5, s.item_7, 4), 5, s.item_8, 4), 5, s.item_9, 4), 5, s.item_10, 4);
CREATE TEMP MACRO packed_totals_2(s) AS
    packed_2(packed_2(packed_2(packed_2(0::INTEGER, 29, s.total, 28), 29, s.phq9_total, 28), 29, s.items_sum, 28), 10, s.items_answered, 0);
CREATE TEMP MACRO packed_words_2(s) AS
    packed_2(packed_2(packed_2(packed_2(packed_2(packed_2(packed_2(packed_2(packed_2(
        0::INTEGER, 4, enum_code(s.timepoint), 0), 2, enum_code(s.recall_period), 0), 4, enum_code(s.status), 0),
        6, enum_code(s.drug), 5), 7, enum_code(s.ended), 6), 3, s.dissociation::TINYINT, 2), 3, s.nausea::TINYINT, 2),
        3, s.blood_pressure_raised::TINYINT, 2), 3, s.serious_adverse_event::TINYINT, 2);
CREATE TEMP MACRO packed_amounts_2(s) AS
    (coalesce((s.dose_mg_per_kg * 1000)::INTEGER, 1000000)::BIGINT * 131072 + coalesce(s.infusion_minutes, 40000)) * 131072
    + coalesce(s.planned_induction_infusions, 40000);
CREATE TEMP MACRO mixed_2(running, number) AS (running * 1000003 + number) % 2147483647;
CREATE TEMP MACRO row_digest_2(s) AS
    mixed_2(mixed_2(mixed_2(mixed_2(mixed_2(
        s.patient_no::BIGINT, packed_items_2(s)), packed_totals_2(s)), packed_words_2(s)),
        (s.days_since_first_infusion + 400) * 32768 + coalesce(s.infusion_number, 0)), packed_amounts_2(s)) * s.line % 2147483647;

CREATE TABLE redigested (
    arrival_no INTEGER NOT NULL,
    rows_digest VARCHAR NOT NULL
);

INSERT INTO redigested
SELECT arrival_no, sum(row_digest_2(s))::BIGINT::VARCHAR FROM score AS s GROUP BY arrival_no ORDER BY arrival_no;

DROP MACRO row_digest_1;
DROP MACRO packed_1;
DROP MACRO row_digest_2;
DROP MACRO mixed_2;
DROP MACRO packed_amounts_2;
DROP MACRO packed_words_2;
DROP MACRO packed_totals_2;
DROP MACRO packed_items_2;
DROP MACRO packed_2;
