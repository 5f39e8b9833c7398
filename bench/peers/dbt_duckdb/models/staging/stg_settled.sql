-- Of the forms that came more than once: what becomes of each row. The same values again are a duplicate. Of other values
-- that side counts which has the later extract_day, or else a mark that the others lack; where nothing orders them, none.
WITH several AS (
    SELECT clinic_id, patient_id, day, timepoint, number
    FROM {{ ref('stg_good') }}
    GROUP BY ALL
    HAVING count(*) > 1
),

disputed AS (
    SELECT
        g.file, g.line, g.extract_day,
        concat_ws('/', g.clinic_id, g.patient_id, g.day, g.timepoint, coalesce(g.number, 0)) AS key,
        CASE WHEN g.status = 'entered_in_error' THEN '' ELSE concat_ws('/',
            {% for item in items() %}coalesce(g.{{ item }}, -1), {% endfor %}coalesce(g.item_10, -1), coalesce(g.total, -1),
            coalesce(g.drug, ''), coalesce(g.dose_mg_per_kg, -1), coalesce(g.infusion_minutes, -1), g.recall_period,
            coalesce(g.dissociation, ''), coalesce(g.nausea, ''), coalesce(g.blood_pressure_raised, ''), coalesce(g.serious_adverse_event, ''),
            coalesce(g.planned_induction_infusions, -1), coalesce(g.ended, '')) END AS said,
        CASE g.status WHEN 'final' THEN 0 WHEN 'entered_in_error' THEN 2 ELSE 1 END AS mark
    FROM {{ ref('stg_good') }} AS g
    SEMI JOIN several AS s ON s.clinic_id = g.clinic_id AND s.patient_id = g.patient_id AND s.day = g.day
        AND s.timepoint = g.timepoint AND s.number IS NOT DISTINCT FROM g.number
),

side AS (
    SELECT key, said, max(mark) AS mark, max(extract_day) AS day FROM disputed GROUP BY key, said
),

winner AS (
    SELECT a.key, a.said
    FROM side AS a
    LEFT JOIN side AS b ON b.key = a.key AND b.said <> a.said
    GROUP BY a.key, a.said
    HAVING coalesce(bool_and(CASE WHEN a.day <> b.day THEN a.day > b.day ELSE a.mark > b.mark END) FILTER (b.key IS NOT NULL), true)
)

SELECT
    d.file, d.line,
    CASE
        WHEN w.said IS NULL THEN 'contradiction'
        WHEN row_number() OVER (PARTITION BY d.key, d.said ORDER BY d.file, d.line) > 1 THEN 'duplicate'
        ELSE 'accepted'
    END AS fate,
    coalesce(d.said = w.said AND d.said <> '', false) AS stands,
    d.said = '' OR coalesce(w.said = '', false) AS is_retracted
FROM disputed AS d
LEFT JOIN winner AS w USING (key)
