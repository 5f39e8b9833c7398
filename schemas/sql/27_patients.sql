-- What makes two rows about one patient the same row: every value but status.
CREATE OR REPLACE MACRO patient_row_values(p) AS concat_ws(
    '|', p.sex::VARCHAR, coalesce(p.age_years::VARCHAR, ''), coalesce(p.first_infusion_year::VARCHAR, ''), p.indication::VARCHAR,
    coalesce(p.failed_antidepressant_trials::VARCHAR, ''), p.bipolar::VARCHAR, p.chronic_pain::VARCHAR, p.ptsd::VARCHAR,
    p.anxiety::VARCHAR, p.substance_use::VARCHAR, p.thyroid::VARCHAR, p.eating_disorder::VARCHAR, p.sleep_disorder::VARCHAR,
    p.concurrent_psychotherapy::VARCHAR
);
COMMENT ON MACRO patient_row_values IS 'The values of a row of patient_row as one text: two rows of one patient are the same row where these agree.';

-- As row_digest() of scores: every column but patient_row_id and arrival_no has its place in a packed number.
CREATE OR REPLACE MACRO packed_patient_words(p) AS
    packed(packed(packed(packed(packed(packed(packed(packed(packed(packed(packed(packed(
        0::INTEGER, 4, enum_code(p.sex), 0), 8, enum_code(p.indication), 0), 4, enum_code(p.status), 0),
        3, enum_code(p.bipolar), 0), 3, enum_code(p.chronic_pain), 0), 3, enum_code(p.ptsd), 0), 3, enum_code(p.anxiety), 0),
        3, enum_code(p.substance_use), 0), 3, enum_code(p.thyroid), 0), 3, enum_code(p.eating_disorder), 0),
        3, enum_code(p.sleep_disorder), 0), 3, enum_code(p.concurrent_psychotherapy), 0);
CREATE OR REPLACE MACRO packed_patient_numbers(p) AS
    packed(packed(packed(0::INTEGER, 91, p.age_years, 0), 22, p.failed_antidepressant_trials, 21), 2101, p.first_infusion_year, 0);
CREATE OR REPLACE MACRO patient_row_digest(p) AS
    mixed(mixed(p.patient_no::BIGINT, packed_patient_words(p)), packed_patient_numbers(p)) * p.line % 2147483647;
COMMENT ON MACRO packed_patient_words IS 'The words of a row of patient_row as one whole number.';
COMMENT ON MACRO packed_patient_numbers IS 'Age, failed trials and year of a row of patient_row as one whole number.';
COMMENT ON MACRO patient_row_digest IS 'A number that changes when a stored row of patient_row does; the sum over a file is its rows_digest in the ledger.';

-- Bands by which rates are split.
CREATE OR REPLACE MACRO age_band(age) AS CASE
    WHEN age IS NULL THEN 'unknown'
    WHEN age < 18 THEN '12-17'
    WHEN age < 30 THEN '18-29'
    WHEN age < 45 THEN '30-44'
    WHEN age < 60 THEN '45-59'
    WHEN age < 75 THEN '60-74'
    ELSE '75 and over'
END;
CREATE OR REPLACE MACRO trials_band(trials) AS CASE
    WHEN trials IS NULL THEN 'unknown' WHEN trials <= 1 THEN '0-1' WHEN trials = 2 THEN '2' WHEN trials <= 4 THEN '3-4' ELSE '5+'
END;
COMMENT ON MACRO age_band IS 'Band of an age in years; unknown where it is null.';
COMMENT ON MACRO trials_band IS 'Band of a number of failed antidepressant trials; unknown where it is null.';
