-- The day of infusion k of each course, and of the next (R8); a skipped one lies on the day of the known one before.

-- `picks` names the table measure, the view pick or a part of it: where none of it has an infusion k, no infusion is looked
-- at. `courses` and `infused` name the views of these names, or a part of them.
CREATE OR REPLACE MACRO main.infusion_ks(picks, courses := 'main.course', infused := 'main.infusion') AS TABLE
WITH wanted AS (
    SELECT DISTINCT infusion_k AS k FROM query_table(picks) WHERE infusion_k IS NOT NULL
),

-- Seen from the infusion after: it is the next of every k since the one before it.
followed_by AS (
    SELECT
        i.patient_no, i.course, w.k, i.day_before AS day,
        CASE WHEN w.k + 1 = i.ordinal THEN i.day ELSE i.day_before END AS day_of_next,
        true AS is_next_given
    FROM query_table(infused) AS i
    JOIN wanted AS w ON w.k = i.ordinal_before
    WHERE in_scope(i.patient_no) AND i.ordinal = i.ordinal_before + 1

    UNION ALL

    SELECT
        i.patient_no, i.course, w.k, i.day_before AS day,
        CASE WHEN w.k + 1 = i.ordinal THEN i.day ELSE i.day_before END AS day_of_next,
        true AS is_next_given
    FROM query_table(infused) AS i
    JOIN wanted AS w ON w.k >= i.ordinal_before AND w.k < i.ordinal
    WHERE in_scope(i.patient_no) AND i.ordinal > i.ordinal_before + 1
)

FROM followed_by
UNION ALL
SELECT patient_no, course, infusions, last_infusion_day, NULL, false
FROM query_table(courses)
SEMI JOIN wanted ON k = infusions
WHERE in_scope(patient_no);
COMMENT ON MACRO TABLE main.infusion_ks IS 'The view infusion_k for the k that the measures or ways of picking in the table or view of that name ask for.';

CREATE OR REPLACE VIEW infusion_k AS
FROM main.infusion_ks('main.measure');

COMMENT ON VIEW infusion_k IS 'One row per course and k that it reached, for the k that measures ask for: day of infusion k and of the next (R8).';
COMMENT ON COLUMN infusion_k.patient_no IS 'The patient.';
COMMENT ON COLUMN infusion_k.course IS 'Course of the patient.';
COMMENT ON COLUMN infusion_k.k IS 'Which infusion of the course.';
COMMENT ON COLUMN infusion_k.day IS 'Its day; where its number was skipped, that of the known one before.';
COMMENT ON COLUMN infusion_k.day_of_next IS 'Day of infusion k + 1 by the same rule; null where none was given.';
COMMENT ON COLUMN infusion_k.is_next_given IS 'Whether an infusion k + 1 or later was given in the course.';
