-- One row per line of the CSV files, with its number in the file.
WITH numbered AS (
    SELECT row_number() OVER () AS place, parse_filename(filename) AS file, rtrim(text, chr(13)) AS text
    FROM {{ source('inbox', 'text_lines') }}
)

SELECT n.file, (n.place - min(n.place) OVER (PARTITION BY n.file) + 1)::INTEGER AS line, n.text
FROM numbered AS n
JOIN {{ ref('stg_files') }} AS f USING (file)
WHERE NOT f.is_known
