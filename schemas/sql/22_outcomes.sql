-- What must be true of an endpoint. b and e are PHQ-9 totals at baseline and endpoint; b9 and e9 their item 9.

CREATE OR REPLACE MACRO is_response(b, e) AS 2 * e <= b;
CREATE OR REPLACE MACRO is_response_strict(b, e) AS 2 * e < b;
CREATE OR REPLACE MACRO is_remission(e) AS e < 5;
CREATE OR REPLACE MACRO is_at_most_5(e) AS e <= 5;
CREATE OR REPLACE MACRO is_worsened(b, e) AS e > b;
CREATE OR REPLACE MACRO is_item_9_lower(b9, e9) AS e9 < b9;
CREATE OR REPLACE MACRO is_item_9_higher(b9, e9) AS e9 > b9;
CREATE OR REPLACE MACRO is_reliable_improvement(b, e, points) AS b - e >= points;
CREATE OR REPLACE MACRO is_reliable_deterioration(b, e, points) AS e - b >= points;
CREATE OR REPLACE MACRO is_below_case(e) AS e < 10;
CREATE OR REPLACE MACRO is_response_lost(b, e) AS 2 * e > b;

-- A measure names its outcome; this is where the name meets the rule. No name, no answer (a test holds that all are known).
CREATE OR REPLACE MACRO outcome_met(outcome, b, e, b9, e9, points) AS CASE outcome
    WHEN 'is_response' THEN is_response(b, e)
    WHEN 'is_response_strict' THEN is_response_strict(b, e)
    WHEN 'is_remission' THEN is_remission(e)
    WHEN 'is_at_most_5' THEN is_at_most_5(e)
    WHEN 'is_worsened' THEN is_worsened(b, e)
    WHEN 'is_item_9_lower' THEN is_item_9_lower(b9, e9)
    WHEN 'is_item_9_higher' THEN is_item_9_higher(b9, e9)
    WHEN 'is_reliable_improvement' THEN is_reliable_improvement(b, e, points)
    WHEN 'is_reliable_deterioration' THEN is_reliable_deterioration(b, e, points)
    WHEN 'is_below_case' THEN is_below_case(e)
    WHEN 'has_score' THEN e IS NOT NULL
END;

-- What a survival measure waits for.
CREATE OR REPLACE MACRO event_seen(outcome, b, e) AS CASE outcome
    WHEN 'is_response' THEN is_response(b, e)
    WHEN 'is_remission' THEN is_remission(e)
    WHEN 'is_response_lost' THEN is_response_lost(b, e)
END;

-- 7 or 8 of nine items: the sum times 9 over the number answered, rounded half up in integers.
CREATE OR REPLACE MACRO prorated_total(items_sum, items_answered) AS
    (18 * items_sum::INTEGER + items_answered) // (2 * items_answered);

CREATE OR REPLACE MACRO total_by(missing_items, phq9_total, items_sum, items_answered) AS CASE
    WHEN phq9_total IS NOT NULL THEN phq9_total
    WHEN missing_items = 'prorated' AND items_answered BETWEEN 7 AND 8 THEN prorated_total(items_sum, items_answered)
END;

COMMENT ON MACRO is_response IS 'Response: at least 50% lower than at baseline, in integers.';
COMMENT ON MACRO is_response_strict IS 'More than 50% lower than at baseline.';
COMMENT ON MACRO is_remission IS 'Remission: PHQ-9 total below 5.';
COMMENT ON MACRO is_at_most_5 IS 'PHQ-9 total of 5 or less: the looser cut of Pfeiffer 2024.';
COMMENT ON MACRO is_worsened IS 'Higher than at baseline by any amount.';
COMMENT ON MACRO is_item_9_lower IS 'Item 9 (thoughts of death or self-harm) lower than at baseline.';
COMMENT ON MACRO is_item_9_higher IS 'Item 9 (thoughts of death or self-harm) higher than at baseline.';
COMMENT ON MACRO is_reliable_improvement IS 'Lower than at baseline by the points of reliable change or more.';
COMMENT ON MACRO is_reliable_deterioration IS 'Higher than at baseline by the points of reliable change or more.';
COMMENT ON MACRO is_below_case IS 'PHQ-9 total below 10: not a case.';
COMMENT ON MACRO is_response_lost IS 'Above half of the baseline: a response is no more.';
COMMENT ON MACRO outcome_met IS 'Whether the outcome of that name is true of a baseline and an endpoint; null for an unknown name.';
COMMENT ON MACRO event_seen IS 'Whether the event of that name is seen in a baseline and a later score; null for an unknown name.';
COMMENT ON MACRO prorated_total IS 'Total of a form with 7 or 8 items answered: sum * 9 / answered, half up.';
COMMENT ON MACRO total_by IS 'The total of a form under a missing-item rule (complete_only or prorated); null where it has none.';

-- The class of a status (R11).
-- The statuses of a class follow each other in the order of R10: endpoint_status is compared by its order, not by its words.
CREATE OR REPLACE MACRO status_class(status) AS CASE
    WHEN TRY_CAST(status AS endpoint_status) BETWEEN 'met'::endpoint_status AND 'counted'::endpoint_status THEN 'observed'::endpoint_class
    WHEN TRY_CAST(status AS endpoint_status) BETWEEN 'altered_recall'::endpoint_status AND 'no_score_in_window'::endpoint_status THEN 'missing'::endpoint_class
    WHEN TRY_CAST(status AS endpoint_status) = 'not_yet_due'::endpoint_status THEN 'waiting'::endpoint_class
    ELSE 'not eligible'::endpoint_class
END;
COMMENT ON MACRO status_class IS 'The class of an endpoint''s status: observed, missing, waiting or not eligible (R11).';

-- What makes two rows of one key the same row: every value but status and extract_day.
CREATE OR REPLACE MACRO score_values(s) AS concat_ws(
    '|', coalesce(s.item_1::VARCHAR, ''), coalesce(s.item_2::VARCHAR, ''), coalesce(s.item_3::VARCHAR, ''),
    coalesce(s.item_4::VARCHAR, ''), coalesce(s.item_5::VARCHAR, ''), coalesce(s.item_6::VARCHAR, ''),
    coalesce(s.item_7::VARCHAR, ''), coalesce(s.item_8::VARCHAR, ''), coalesce(s.item_9::VARCHAR, ''),
    coalesce(s.item_10::VARCHAR, ''), coalesce(s.total::VARCHAR, ''), coalesce(s.drug::VARCHAR, ''),
    coalesce(s.dose_mg_per_kg::DECIMAL(6, 3)::VARCHAR, ''), coalesce(s.infusion_minutes::VARCHAR, ''), s.recall_period::VARCHAR,
    coalesce(s.dissociation::VARCHAR, ''), coalesce(s.nausea::VARCHAR, ''), coalesce(s.blood_pressure_raised::VARCHAR, ''),
    coalesce(s.serious_adverse_event::VARCHAR, ''), coalesce(s.planned_induction_infusions::VARCHAR, ''), coalesce(s.ended::VARCHAR, '')
);
COMMENT ON MACRO score_values IS 'The values of a score row as one text: two rows of one key are the same row where these agree.';

-- A number that changes when a stored value does; summed over a file it is the ledger's rows_digest. Every column but
-- score_id and arrival_no is in one of the packed numbers, in a place with room for all that its column may hold and for
-- null. The whole is taken times the line, so that values that change places between two rows are seen.
CREATE OR REPLACE MACRO packed(running, room, value, if_null) AS running * room + coalesce(value, if_null)::INTEGER;
CREATE OR REPLACE MACRO packed_items(s) AS
    packed(packed(packed(packed(packed(packed(packed(packed(packed(packed(
        0::INTEGER, 5, s.item_1, 4), 5, s.item_2, 4), 5, s.item_3, 4), 5, s.item_4, 4), 5, s.item_5, 4), 5, s.item_6, 4),
        5, s.item_7, 4), 5, s.item_8, 4), 5, s.item_9, 4), 5, s.item_10, 4);
CREATE OR REPLACE MACRO packed_totals(s) AS
    packed(packed(packed(packed(0::INTEGER, 29, s.total, 28), 29, s.phq9_total, 28), 29, s.items_sum, 28), 10, s.items_answered, 0);
CREATE OR REPLACE MACRO packed_words(s) AS
    packed(packed(packed(packed(packed(packed(packed(packed(packed(
        0::INTEGER, 4, enum_code(s.timepoint), 0), 2, enum_code(s.recall_period), 0), 4, enum_code(s.status), 0),
        6, enum_code(s.drug), 5), 7, enum_code(s.ended), 6), 3, s.dissociation::TINYINT, 2), 3, s.nausea::TINYINT, 2),
        3, s.blood_pressure_raised::TINYINT, 2), 3, s.serious_adverse_event::TINYINT, 2);
CREATE OR REPLACE MACRO packed_amounts(s) AS
    (coalesce((s.dose_mg_per_kg * 1000)::INTEGER, 1000000)::BIGINT * 131072 + coalesce(s.infusion_minutes, 40000)) * 131072
    + coalesce(s.planned_induction_infusions, 40000);
CREATE OR REPLACE MACRO mixed(running, number) AS (running * 1000003 + number) % 2147483647;
CREATE OR REPLACE MACRO row_digest(s) AS
    mixed(mixed(mixed(mixed(mixed(
        s.patient_no::BIGINT, packed_items(s)), packed_totals(s)), packed_words(s)),
        (s.days_since_first_infusion + 400) * 32768 + coalesce(s.infusion_number, 0)), packed_amounts(s)) * s.line % 2147483647;
COMMENT ON MACRO packed IS 'A running number with one more value in it: room is how many values it may have, if_null what null is.';
COMMENT ON MACRO packed_items IS 'The items of a score row as one whole number.';
COMMENT ON MACRO packed_totals IS 'The totals of a score row, stated and made from its items, as one whole number.';
COMMENT ON MACRO packed_words IS 'The words and answers of yes and no of a score row as one whole number.';
COMMENT ON MACRO packed_amounts IS 'Dose, minutes and planned infusions of a score row as one whole number.';
COMMENT ON MACRO mixed IS 'One step of row_digest: a running number with one more number in it, below 2147483647 (a prime).';
COMMENT ON MACRO row_digest IS 'A number that changes when a stored row does; the sum over a file is its rows_digest in the ledger.';

-- The key of a score as one whole number: two rows with the same key are about the same questionnaire.
CREATE OR REPLACE MACRO score_key(patient_no, day, timepoint_code, number) AS
    ((patient_no::BIGINT * 4096 + (day + 400)) * 4 + timepoint_code) * 1024 + coalesce(number, 0);
COMMENT ON MACRO score_key IS 'patient, day, timepoint and infusion number as one whole number: the key of a score.';
