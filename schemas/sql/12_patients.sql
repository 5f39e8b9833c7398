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

COMMENT ON COLUMN contested.feed IS 'The feed of the rows: scores or patients.';

COMMENT ON TYPE sex IS 'Sex of a patient, as the clinic sent it.';
COMMENT ON TYPE indication IS 'What infusions are given for, as the clinic sent it.';
COMMENT ON TYPE yes_no_unknown IS 'yes, no, or unknown where nothing says.';

COMMENT ON TABLE patient_row IS 'One row per accepted row of the patients feed: what a clinic said of a patient. Append-only; view current_patient has those that stand.';
COMMENT ON COLUMN patient_row.patient_row_id IS 'Number of the row, from 1, in the order of storing.';
COMMENT ON COLUMN patient_row.arrival_no IS 'The arrival; table arrival has its sha256.';
COMMENT ON COLUMN patient_row.line IS 'Physical line in the file, the header being line 1 where the file starts with it; row number for Parquet.';
COMMENT ON COLUMN patient_row.patient_no IS 'Number of the patient in this store; table patient has the pseudonym.';
COMMENT ON COLUMN patient_row.sex IS 'Sex of the patient; unknown where nothing says.';
COMMENT ON COLUMN patient_row.age_years IS 'Age at the first infusion, years; 90 is 90 and over; null where not said.';
COMMENT ON COLUMN patient_row.first_infusion_year IS 'Calendar year of the first infusion at the clinic; null where not said. Never to be shown beside a day of the same patient: together they are a date.';
COMMENT ON COLUMN patient_row.indication IS 'What the infusions are given for; unknown where nothing says.';
COMMENT ON COLUMN patient_row.failed_antidepressant_trials IS 'Antidepressants that were tried long enough and did not help, 0 to 20; null where not said.';
COMMENT ON COLUMN patient_row.bipolar IS 'Bipolar disorder; unknown where nothing says.';
COMMENT ON COLUMN patient_row.chronic_pain IS 'Chronic pain; unknown where nothing says.';
COMMENT ON COLUMN patient_row.ptsd IS 'Post-traumatic stress disorder; unknown where nothing says.';
COMMENT ON COLUMN patient_row.anxiety IS 'Anxiety disorder; unknown where nothing says.';
COMMENT ON COLUMN patient_row.substance_use IS 'Substance use disorder; unknown where nothing says.';
COMMENT ON COLUMN patient_row.thyroid IS 'Thyroid disease; unknown where nothing says.';
COMMENT ON COLUMN patient_row.eating_disorder IS 'Eating disorder; unknown where nothing says.';
COMMENT ON COLUMN patient_row.sleep_disorder IS 'Sleep disorder; unknown where nothing says.';
COMMENT ON COLUMN patient_row.concurrent_psychotherapy IS 'Psychotherapy while the infusions are given; unknown where nothing says.';
COMMENT ON COLUMN patient_row.status IS 'Standing of the row as sent: final, amended, corrected or entered_in_error (it takes the patient''s row back).';

COMMENT ON TABLE patient_row_event IS 'One row each time a stored row of the patients feed ceases to stand, or stands again. Append-only; the last event of a row decides.';
COMMENT ON COLUMN patient_row_event.event_id IS 'Number of the event, from 1.';
COMMENT ON COLUMN patient_row_event.patient_row_id IS 'The row of table patient_row.';
COMMENT ON COLUMN patient_row_event.current IS 'Whether the row stands from now on.';
COMMENT ON COLUMN patient_row_event.reason_code IS 'Why: corrected, retracted, contradiction, reinstated or read_again; table reason has the sentence.';
COMMENT ON COLUMN patient_row_event.night IS 'The night it happened in.';
COMMENT ON COLUMN patient_row_event.by_arrival_no IS 'The arrival with the row that it is due to.';
COMMENT ON COLUMN patient_row_event.by_line IS 'The line of that row.';
