-- Definitions and who checked them
-- By which version of which definition was each rate made, and has a person checked it?
SELECT r.measure_id, any_value(r.measure_version) AS version, m.title, m.numerator, m.denominator, m.checked_by, m.review_by
FROM rate AS r
JOIN measure AS m USING (measure_id)
GROUP BY ALL
ORDER BY any_value(m.position);
