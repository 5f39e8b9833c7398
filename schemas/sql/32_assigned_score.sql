-- Every stored score with the patient and the day that it counts for: as sent, but where pseudonyms were joined or split.
CREATE OR REPLACE VIEW assigned_score AS
SELECT s.* REPLACE (
    coalesce(m.patient_no, s.patient_no) AS patient_no,
    coalesce(m.day, s.days_since_first_infusion) AS days_since_first_infusion
)
FROM main.score AS s
LEFT JOIN main.moved_score AS m USING (score_id);

COMMENT ON VIEW assigned_score IS 'One row per stored score, with the patient and the day that it counts for: as sent, but where pseudonyms were joined or split (R0).';
COMMENT ON COLUMN assigned_score.score_id IS 'Number of the score, from 1, in the order of storing.';
COMMENT ON COLUMN assigned_score.arrival_no IS 'The arrival; table arrival has its sha256.';
COMMENT ON COLUMN assigned_score.line IS 'Physical line in the file, the header being line 1 where the file starts with it; row number for Parquet.';
COMMENT ON COLUMN assigned_score.patient_no IS 'The patient that the score counts for; its own row in table score has the pseudonym it was sent with.';
COMMENT ON COLUMN assigned_score.infusion_number IS 'Which infusion the row belongs to, as the clinic numbers them, from 1; null for a row with none.';
COMMENT ON COLUMN assigned_score.days_since_first_infusion IS 'Days; day 0 is the first infusion of that patient at the clinic, negative before it.';
COMMENT ON COLUMN assigned_score.timepoint IS 'Relation of the questionnaire to the infusion, as sent.';
COMMENT ON COLUMN assigned_score.item_1 IS 'Little interest or pleasure, 0 to 3; higher is worse; null where it was not answered.';
COMMENT ON COLUMN assigned_score.item_2 IS 'Feeling down, depressed or hopeless, 0 to 3; higher is worse; null where it was not answered.';
COMMENT ON COLUMN assigned_score.item_3 IS 'Trouble with sleep, 0 to 3; higher is worse; null where it was not answered.';
COMMENT ON COLUMN assigned_score.item_4 IS 'Tired or little energy, 0 to 3; higher is worse; null where it was not answered.';
COMMENT ON COLUMN assigned_score.item_5 IS 'Poor appetite or overeating, 0 to 3; higher is worse; null where it was not answered.';
COMMENT ON COLUMN assigned_score.item_6 IS 'Feeling bad about oneself, 0 to 3; higher is worse; null where it was not answered.';
COMMENT ON COLUMN assigned_score.item_7 IS 'Trouble concentrating, 0 to 3; higher is worse; null where it was not answered.';
COMMENT ON COLUMN assigned_score.item_8 IS 'Slowed down or restless, 0 to 3; higher is worse; null where it was not answered.';
COMMENT ON COLUMN assigned_score.item_9 IS 'Thoughts of death or self-harm, 0 to 3; higher is worse; null where it was not answered.';
COMMENT ON COLUMN assigned_score.item_10 IS 'Functional difficulty, 0 to 3; higher is worse; no part of the total; null where it was not answered or not sent.';
COMMENT ON COLUMN assigned_score.total IS 'Total as the clinic stated it, 0 to 27; null where it stated none.';
COMMENT ON COLUMN assigned_score.items_answered IS 'How many of the nine items were answered, 0 to 9.';
COMMENT ON COLUMN assigned_score.items_sum IS 'Sum of the answered items; null where none was.';
COMMENT ON COLUMN assigned_score.phq9_total IS 'PHQ-9 total, 0 to 27; higher is worse: the sum of nine items, or the stated total where no item was sent; null otherwise.';
COMMENT ON COLUMN assigned_score.drug IS 'What was infused, as the row says; null where it does not: then it is the clinic''s.';
COMMENT ON COLUMN assigned_score.dose_mg_per_kg IS 'Dose, mg per kg of body weight.';
COMMENT ON COLUMN assigned_score.infusion_minutes IS 'Length of the infusion, minutes.';
COMMENT ON COLUMN assigned_score.recall_period IS 'What time the form asks about; two_weeks where the clinic did not say.';
COMMENT ON COLUMN assigned_score.status IS 'Standing of the row as sent: final, amended, corrected or entered_in_error.';
COMMENT ON COLUMN assigned_score.dissociation IS 'Whether dissociation was seen at the infusion; null where not said.';
COMMENT ON COLUMN assigned_score.nausea IS 'Whether nausea was seen at the infusion; null where not said.';
COMMENT ON COLUMN assigned_score.blood_pressure_raised IS 'Whether the blood pressure was raised at the infusion; null where not said.';
COMMENT ON COLUMN assigned_score.serious_adverse_event IS 'Whether a serious adverse event happened at the infusion; null where not said.';
COMMENT ON COLUMN assigned_score.planned_induction_infusions IS 'Infusions planned for the induction.';
COMMENT ON COLUMN assigned_score.ended IS 'Why the course ended, on its last row.';
