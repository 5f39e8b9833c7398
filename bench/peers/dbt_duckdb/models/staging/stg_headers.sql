-- One row per CSV file: how many columns it has, and the place of each of the contract's (null where it lacks one).
WITH named AS (
    SELECT
        file,
        [regexp_replace(trim(lower(trim(name, ' "' || chr(65279)))), '[ -]+', '_', 'g') FOR name IN string_split(text, ',')] AS names
    FROM {{ ref('stg_lines') }}
    WHERE line = 1
)

SELECT
    file, names, len(names) AS width
    {%- for column in contract() %},
    list_position(names, '{{ column }}') AS {{ column }}
    {%- endfor %}
FROM named
