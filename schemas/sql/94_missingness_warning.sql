-- Nights in which far more rows of a clinic than usual came without a total: a questionnaire may have been dropped from
-- its visits, or a column lost in its export. Files read again are left out: nobody sent them.
CREATE OR REPLACE VIEW missingness_warning AS
WITH sent AS (
    SELECT
        p.clinic_id, a.night, min(a.arrival_no) AS arrival_no, count(*) AS rows_taken,
        count(*) FILTER (s.phq9_total IS NULL) AS rows_without_total
    FROM main.score AS s
    JOIN main.arrival AS a USING (arrival_no)
    JOIN main.patient AS p USING (patient_no)
    WHERE a.read_again_of IS NULL
    GROUP BY p.clinic_id, a.night
),

beside_earlier AS (
    SELECT
        *,
        median(rows_without_total / rows_taken) OVER earlier AS usual_share,
        count(*) OVER earlier AS nights_before
    FROM sent
    WINDOW earlier AS (PARTITION BY clinic_id ORDER BY night ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)

SELECT clinic_id, night, arrival_no, rows_taken, rows_without_total, usual_share, 'missingness_far_above_usual' AS reason_code
FROM beside_earlier
-- Five nights make a habit; twenty points more than its share, and ten rows more than that makes, break it.
WHERE nights_before >= 5
    AND rows_without_total - usual_share * rows_taken >= 10
    AND rows_without_total / rows_taken - usual_share >= 0.2 - 1e-9;

COMMENT ON VIEW missingness_warning IS 'One row per clinic and night in which its share of rows without a total was 20 points or more above its usual share, and 10 rows or more.';
COMMENT ON COLUMN missingness_warning.clinic_id IS 'The clinic.';
COMMENT ON COLUMN missingness_warning.night IS 'The night.';
COMMENT ON COLUMN missingness_warning.arrival_no IS 'The first arrival of that night with rows of the clinic.';
COMMENT ON COLUMN missingness_warning.rows_taken IS 'Score rows of the clinic stored that night; files read again left out.';
COMMENT ON COLUMN missingness_warning.rows_without_total IS 'Those of them without a total: an incomplete form, or an infusion with no questionnaire.';
COMMENT ON COLUMN missingness_warning.usual_share IS 'Median of the share without a total over its earlier nights, at least five; 0 to 1.';
COMMENT ON COLUMN missingness_warning.reason_code IS 'missingness_far_above_usual; table reason has the sentence.';
