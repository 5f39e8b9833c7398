-- One row per data row: its cells as text, null where empty. `fields` is null for a typed file, which has as many as it should.
-- depends_on: {{ ref('stg_files') }}
{% set parquet = var('inbox') ~ '/*.parquet' %}
{% set typed = [] %}
{% if execute and run_query("SELECT count(*) FROM glob('" ~ parquet ~ "')").columns[0][0] > 0 %}
  {% set typed = run_query("DESCRIBE SELECT * FROM read_parquet('" ~ parquet ~ "', union_by_name = true)").columns[0].values() | list %}
{% endif %}
WITH split AS (
    SELECT l.file, l.line, string_split(l.text, ',') AS cells
    FROM {{ ref('stg_lines') }} AS l
    WHERE l.line > 1 AND trim(l.text) <> ''
)

SELECT
    s.file, s.line, len(s.cells) AS fields, h.width
    {%- for column in contract() %},
    nullif(s.cells[h.{{ column }}], '') AS {{ column }}
    {%- endfor %}
FROM split AS s
JOIN {{ ref('stg_headers') }} AS h USING (file)
{% if typed %}
UNION ALL

SELECT
    parse_filename(p.filename), (p.file_row_number + 1)::INTEGER, NULL, NULL
    {%- for column in contract() %},
    {{ 'p.' ~ column ~ '::VARCHAR' if column in typed else 'NULL' }}
    {%- endfor %}
FROM read_parquet('{{ parquet }}', union_by_name = true, filename = true, file_row_number = true) AS p
JOIN {{ ref('stg_files') }} AS f ON f.file = parse_filename(p.filename) AND NOT f.is_known
{% endif %}
