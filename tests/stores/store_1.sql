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
    'infusion_not_reached', 'met', 'not_met', 'altered_recall', 'incomplete_form', 'no_score_in_window'
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

CREATE TABLE arrival (
    arrival_no INTEGER NOT NULL,
    sha256 VARCHAR NOT NULL,
    night INTEGER NOT NULL,
    received_on DATE NOT NULL,
    feed VARCHAR NOT NULL,
    format VARCHAR NOT NULL,
    bytes BIGINT NOT NULL,
    refused_because VARCHAR,
    rows_read INTEGER NOT NULL,
    rows_accepted INTEGER NOT NULL,
    rows_duplicate INTEGER NOT NULL,
    rows_quarantined INTEGER NOT NULL,
    rows_noted INTEGER NOT NULL,
    rows_digest VARCHAR NOT NULL,
    previous_hash VARCHAR NOT NULL,
    hash VARCHAR NOT NULL,
    CHECK (rows_read = rows_accepted + rows_duplicate + rows_quarantined)
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
    item_1 TINYINT CHECK (item_1 BETWEEN 0 AND 3),
    item_2 TINYINT CHECK (item_2 BETWEEN 0 AND 3),
    item_3 TINYINT CHECK (item_3 BETWEEN 0 AND 3),
    item_4 TINYINT CHECK (item_4 BETWEEN 0 AND 3),
    item_5 TINYINT CHECK (item_5 BETWEEN 0 AND 3),
    item_6 TINYINT CHECK (item_6 BETWEEN 0 AND 3),
    item_7 TINYINT CHECK (item_7 BETWEEN 0 AND 3),
    item_8 TINYINT CHECK (item_8 BETWEEN 0 AND 3),
    item_9 TINYINT CHECK (item_9 BETWEEN 0 AND 3),
    item_10 TINYINT CHECK (item_10 BETWEEN 0 AND 3),
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
    ended ended
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
    equivalence_z DOUBLE NOT NULL
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
