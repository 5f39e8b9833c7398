-- Nights in which far more or far fewer rows of a clinic were taken than it usually sends: files may be missing, sent
-- twice under other pseudonyms, or another clinic's. Files read again are left out: nobody sent them.
CREATE OR REPLACE VIEW volume_warning AS
WITH sent AS (
    SELECT p.clinic_id, a.night, min(a.arrival_no) AS arrival_no, count(*) AS rows_taken
    FROM main.score AS s
    JOIN main.arrival AS a USING (arrival_no)
    JOIN main.patient AS p USING (patient_no)
    WHERE a.read_again_of IS NULL
    GROUP BY p.clinic_id, a.night
),

beside_earlier AS (
    SELECT
        *,
        median(rows_taken) OVER earlier AS usual_rows,
        count(*) OVER earlier AS nights_before
    FROM sent
    WINDOW earlier AS (PARTITION BY clinic_id ORDER BY night ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)

SELECT
    clinic_id,
    night,
    arrival_no,
    rows_taken,
    usual_rows,
    CASE WHEN rows_taken > usual_rows THEN 'volume_far_above_usual' ELSE 'volume_far_below_usual' END AS reason_code
FROM beside_earlier
-- Five nights make a habit; five times more or less of it, by 20 rows at least, breaks it.
WHERE nights_before >= 5
    AND (rows_taken > 5 * usual_rows OR rows_taken * 5 < usual_rows)
    AND abs(rows_taken - usual_rows) >= 20;

COMMENT ON VIEW volume_warning IS 'One row per clinic and night in which over five times, or under a fifth, of its usual number of rows was taken.';
COMMENT ON COLUMN volume_warning.clinic_id IS 'The clinic.';
COMMENT ON COLUMN volume_warning.night IS 'The night.';
COMMENT ON COLUMN volume_warning.arrival_no IS 'The first arrival of that night with rows of the clinic.';
COMMENT ON COLUMN volume_warning.rows_taken IS 'Score rows of the clinic stored that night; files read again left out.';
COMMENT ON COLUMN volume_warning.usual_rows IS 'Median of that over its earlier nights, at least five.';
COMMENT ON COLUMN volume_warning.reason_code IS 'volume_far_above_usual or volume_far_below_usual; table reason has the sentence.';
