-- What is stored. Every table here is append-only but `clinic`, `rules`, `measure`, `benchmark` and `claim`,
-- which mirror the data files of the night and carry their versions.

CREATE TYPE timepoint AS ENUM ('baseline', 'pre_infusion', 'post_infusion', 'follow_up');
CREATE TYPE drug AS ENUM ('esketamine_nasal', 'ketamine_im', 'ketamine_iv', 'ketamine_oral', 'other');
CREATE TYPE recall_period AS ENUM ('two_weeks', 'since_last_treatment');
CREATE TYPE score_status AS ENUM ('final', 'amended', 'corrected', 'entered_in_error');
CREATE TYPE ended AS ENUM ('completed', 'stopped', 'withdrew', 'admitted', 'died', 'moved');

-- In the order of R10; the classes are those of R11.
CREATE TYPE endpoint_status AS ENUM (
    'repeat_course', 'other_drug', 'no_baseline', 'baseline_too_old', 'baseline_below_minimum', 'item_9_not_available',
    'no_suicidal_ideation_at_baseline', 'infusions_not_recorded', 'not_yet_due', 'induction_incomplete', 'induction_extended',
    'infusion_not_reached', 'not_a_responder', 'met', 'not_met', 'event', 'censored', 'counted',
    'altered_recall', 'incomplete_form', 'no_score_in_window'
);
CREATE TYPE endpoint_class AS ENUM ('not eligible', 'waiting', 'observed', 'missing');

CREATE TABLE laid (
    sql_digest VARCHAR NOT NULL
);

CREATE TABLE derived (
    night INTEGER NOT NULL,
    inputs VARCHAR NOT NULL
);

CREATE TABLE night (
    night INTEGER NOT NULL,
    run_id VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    program_version VARCHAR NOT NULL,
    data_versions VARCHAR NOT NULL,
    files_taken INTEGER NOT NULL,
    files_refused INTEGER NOT NULL,
    files_known INTEGER NOT NULL
);

CREATE TABLE refusal (
    arrival_no INTEGER NOT NULL,
    reason_code VARCHAR NOT NULL,
    kind VARCHAR,
    column_no INTEGER,
    line INTEGER
);

CREATE TABLE patient (
    patient_no INTEGER NOT NULL,
    clinic_id VARCHAR NOT NULL,
    patient_id VARCHAR NOT NULL
);

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

CREATE TABLE score_event (
    event_id BIGINT NOT NULL,
    score_id BIGINT NOT NULL,
    current BOOLEAN NOT NULL,
    reason_code VARCHAR NOT NULL,
    night INTEGER NOT NULL,
    by_arrival_no INTEGER NOT NULL,
    by_line INTEGER NOT NULL
);

CREATE TABLE contested (
    night INTEGER NOT NULL,
    key BIGINT NOT NULL,
    said VARCHAR NOT NULL,
    mark INTEGER NOT NULL,
    extract_day SMALLINT
);

CREATE TABLE extract_day (
    arrival_no INTEGER NOT NULL,
    patient_no INTEGER NOT NULL,
    extract_day SMALLINT NOT NULL
);

CREATE TABLE quarantine (
    arrival_no INTEGER NOT NULL,
    line INTEGER NOT NULL,
    column_name VARCHAR,
    reason_code VARCHAR NOT NULL
);

CREATE TABLE note (
    arrival_no INTEGER NOT NULL,
    column_name VARCHAR NOT NULL,
    note_code VARCHAR NOT NULL,
    cells INTEGER NOT NULL
);

CREATE TABLE rule_count (
    night INTEGER NOT NULL,
    first_arrival_no INTEGER NOT NULL,
    last_arrival_no INTEGER NOT NULL,
    feed VARCHAR NOT NULL,
    rule VARCHAR NOT NULL,
    rows_checked BIGINT NOT NULL,
    rows_failed BIGINT NOT NULL
);

CREATE TABLE reason (
    reason_code VARCHAR NOT NULL,
    about VARCHAR NOT NULL,
    sentence VARCHAR NOT NULL
);

CREATE TABLE clinic (
    clinic_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    drug drug NOT NULL,
    sends_every_infusion BOOLEAN NOT NULL,
    confirmed BOOLEAN NOT NULL,
    limited_data_set BOOLEAN NOT NULL
);

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

CREATE TABLE claim (
    claim_id VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    position INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    treatment VARCHAR NOT NULL,
    low DOUBLE,
    high DOUBLE,
    as_stated VARCHAR NOT NULL,
    traces_to VARCHAR NOT NULL,
    agreement VARCHAR NOT NULL
);

-- What is stored of the patients feed. Append-only, like the scores. A store of an earlier version gets it too.
CREATE TYPE IF NOT EXISTS sex AS ENUM ('female', 'male', 'other', 'unknown');
CREATE TYPE IF NOT EXISTS indication AS ENUM (
    'major_depression', 'treatment_resistant_depression', 'bipolar_depression', 'ptsd', 'anxiety', 'chronic_pain', 'other', 'unknown'
);
CREATE TYPE IF NOT EXISTS yes_no_unknown AS ENUM ('yes', 'no', 'unknown');

CREATE TABLE IF NOT EXISTS patient_row (
    patient_row_id BIGINT NOT NULL,
    arrival_no INTEGER NOT NULL,
    line INTEGER NOT NULL,
    patient_no INTEGER NOT NULL,
    sex sex NOT NULL,
    age_years TINYINT CHECK (age_years BETWEEN 12 AND 90),
    first_infusion_year SMALLINT CHECK (first_infusion_year BETWEEN 2000 AND 2100),
    indication indication NOT NULL,
    failed_antidepressant_trials TINYINT CHECK (failed_antidepressant_trials BETWEEN 0 AND 20),
    bipolar yes_no_unknown NOT NULL,
    chronic_pain yes_no_unknown NOT NULL,
    ptsd yes_no_unknown NOT NULL,
    anxiety yes_no_unknown NOT NULL,
    substance_use yes_no_unknown NOT NULL,
    thyroid yes_no_unknown NOT NULL,
    eating_disorder yes_no_unknown NOT NULL,
    sleep_disorder yes_no_unknown NOT NULL,
    concurrent_psychotherapy yes_no_unknown NOT NULL,
    status score_status NOT NULL
);

CREATE TABLE IF NOT EXISTS patient_row_event (
    event_id BIGINT NOT NULL,
    patient_row_id BIGINT NOT NULL,
    current BOOLEAN NOT NULL,
    reason_code VARCHAR NOT NULL,
    night INTEGER NOT NULL,
    by_arrival_no INTEGER NOT NULL,
    by_line INTEGER NOT NULL
);

-- Keys of the two feeds may be the same number.
ALTER TABLE contested ADD COLUMN IF NOT EXISTS feed VARCHAR DEFAULT 'scores';

-- Who has looked at a score of item_9_review. Append-only. Also laid in a store that is older
-- than this file.
CREATE TABLE IF NOT EXISTS acknowledgement (
    acknowledgement_no INTEGER NOT NULL,
    score_id BIGINT NOT NULL,
    acknowledged_by VARCHAR NOT NULL,
    night INTEGER NOT NULL
);

-- What is stored of time: releases, which never change, and every nightly change of a rate. All of it append-only but
-- `cusum_rule`, which mirrors cusum.toml. Laid again over a store of an earlier version, which has none of it.

CREATE TABLE IF NOT EXISTS release (
    release_no INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    as_of DATE NOT NULL,
    arrival_no INTEGER NOT NULL,
    arrival_hash VARCHAR NOT NULL,
    night INTEGER NOT NULL,
    base_release_no INTEGER,
    program_version VARCHAR NOT NULL,
    sql_digest VARCHAR NOT NULL,
    data_versions VARCHAR NOT NULL,
    replay_of_last VARCHAR CHECK (replay_of_last IN ('equal', 'moved'))
);

CREATE TABLE IF NOT EXISTS release_definition (
    release_no INTEGER NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('rules', 'clinic', 'measure', 'benchmark', 'claim')),
    id VARCHAR NOT NULL,
    version INTEGER,
    decides VARCHAR NOT NULL,
    definition VARCHAR NOT NULL
);

CREATE TABLE IF NOT EXISTS release_rate (
    release_no INTEGER NOT NULL,
    measure_id VARCHAR NOT NULL,
    measure_version INTEGER NOT NULL,
    clinic_id VARCHAR NOT NULL,
    main_denominator VARCHAR NOT NULL,
    courses INTEGER NOT NULL,
    not_eligible INTEGER NOT NULL,
    eligible INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    due INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    observed INTEGER NOT NULL,
    met INTEGER NOT NULL,
    not_met INTEGER NOT NULL,
    observed_rate DOUBLE,
    observed_low DOUBLE,
    observed_high DOUBLE,
    everyone_rate DOUBLE,
    everyone_low DOUBLE,
    everyone_high DOUBLE,
    bound_low DOUBLE,
    bound_high DOUBLE,
    coverage DOUBLE,
    window_closed INTEGER NOT NULL,
    starters_analysed DOUBLE,
    follow_up_unknown INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS release_comparison (
    release_no INTEGER NOT NULL,
    clinic_id VARCHAR NOT NULL,
    benchmark_id VARCHAR,
    claim_id VARCHAR,
    measure_id VARCHAR,
    measure_version INTEGER,
    benchmark_version INTEGER NOT NULL,
    outcome VARCHAR NOT NULL,
    met INTEGER,
    our_n INTEGER,
    our_rate DOUBLE,
    our_low DOUBLE,
    our_high DOUBLE,
    coverage DOUBLE,
    their_rate DOUBLE,
    their_low DOUBLE,
    their_high DOUBLE,
    difference DOUBLE,
    difference_low DOUBLE,
    difference_high DOUBLE,
    verdict VARCHAR,
    withheld_because VARCHAR
);

CREATE TABLE IF NOT EXISTS release_endpoint (
    release_no INTEGER NOT NULL,
    measure_id VARCHAR NOT NULL,
    patient_no INTEGER NOT NULL,
    course INTEGER NOT NULL,
    status endpoint_status NOT NULL,
    baseline_score_id BIGINT,
    endpoint_score_id BIGINT
);

CREATE TABLE IF NOT EXISTS rate_log (
    entry BIGINT NOT NULL,
    night INTEGER NOT NULL,
    run_id VARCHAR NOT NULL,
    measure_id VARCHAR NOT NULL,
    clinic_id VARCHAR NOT NULL,
    measure_version INTEGER,
    courses INTEGER,
    eligible INTEGER,
    due INTEGER,
    observed INTEGER,
    met INTEGER
);

CREATE TABLE IF NOT EXISTS cusum_rule (
    version INTEGER NOT NULL,
    measure_id VARCHAR NOT NULL,
    reference_events INTEGER NOT NULL,
    reference_n INTEGER NOT NULL,
    odds_ratio DOUBLE NOT NULL,
    horizon INTEGER NOT NULL,
    signal_limit DOUBLE NOT NULL
);

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

-- Which pseudonyms belong to one patient, and which to two: what a person said of them. Append-only, and nothing else is
-- rewritten: a score keeps the pseudonym and the day it was sent with. Also laid in a store that is older than this file.
CREATE TABLE IF NOT EXISTS identity_change (
    change_no INTEGER NOT NULL,
    kind VARCHAR NOT NULL CHECK (kind IN ('join', 'split', 'undo')),
    clinic_id VARCHAR NOT NULL,
    from_no INTEGER,
    into_no INTEGER,
    day_offset SMALLINT,
    arrival_no INTEGER,
    from_day SMALLINT,
    undoes INTEGER,
    made_by VARCHAR NOT NULL,
    night INTEGER NOT NULL,
    CHECK ((kind = 'undo') = (undoes IS NOT NULL)),
    CHECK (kind = 'undo' OR (from_no <> into_no AND day_offset IS NOT NULL)),
    CHECK ((kind = 'split') = (arrival_no IS NOT NULL OR from_day IS NOT NULL))
);

-- The ledger, and what became of arrivals after it: files read again, and bytes destroyed. A store of an earlier version has
-- a ledger with fewer columns and another sum, which cannot be altered: its entries are carried over into this one.
CREATE TABLE IF NOT EXISTS arrival (arrival_no INTEGER);
ALTER TABLE arrival RENAME TO arrival_before;

CREATE TABLE arrival (
    arrival_no INTEGER NOT NULL,
    sha256 VARCHAR NOT NULL,
    read_again_of INTEGER,
    night INTEGER NOT NULL,
    received_on DATE NOT NULL,
    feed VARCHAR NOT NULL,
    format VARCHAR NOT NULL,
    profile VARCHAR NOT NULL DEFAULT '',
    bytes BIGINT NOT NULL,
    refused_because VARCHAR,
    rows_read INTEGER NOT NULL,
    rows_accepted INTEGER NOT NULL,
    rows_duplicate INTEGER NOT NULL,
    rows_quarantined INTEGER NOT NULL,
    rows_blank INTEGER NOT NULL DEFAULT 0,
    rows_noted INTEGER NOT NULL,
    rows_digest VARCHAR NOT NULL,
    previous_hash VARCHAR NOT NULL,
    hash VARCHAR NOT NULL,
    CHECK (rows_read = rows_accepted + rows_duplicate + rows_quarantined + rows_blank)
);

INSERT INTO arrival BY NAME FROM arrival_before;
DROP TABLE arrival_before;

ALTER TABLE night ADD COLUMN IF NOT EXISTS files_read_again INTEGER DEFAULT 0;
ALTER TABLE contested ADD COLUMN IF NOT EXISTS came_in_night INTEGER;

CREATE TABLE IF NOT EXISTS destroyed (
    destroyed_no INTEGER NOT NULL,
    arrival_no INTEGER NOT NULL,
    destroyed_on DATE NOT NULL,
    destroyed_by VARCHAR NOT NULL
);
