-- What is wrong with a row by itself: one row per cell that cannot be read or is out of range, and per rule that is broken.
{% set columns = contract() %}
{% set rules = ['infusion_number_missing', 'total_is_not_sum', 'total_below_items', 'total_above_items', 'no_answers'] %}
WITH wrong AS (
    SELECT *
    FROM {{ ref('stg_read') }}
    WHERE NOT is_readable OR NOT is_in_range OR unknown_clinic OR {{ rules | join(' OR ') }}
),

said AS (
    {% for column, how in columns.items() %}
    SELECT file, line, '{{ column }}' AS column_name, '{{ how.reason }}' AS reason_code
    FROM wrong WHERE {{ column }} = {{ unreadable(how.kind) }}{{ ' OR ' ~ column ~ ' IS NULL' if how.needed }}
    UNION ALL
    {% if how.range %}
    SELECT file, line, '{{ column }}', '{{ how.range[0] }}'
    FROM wrong WHERE {{ column }} <> {{ unreadable(how.kind) }} AND {{ column }} NOT BETWEEN {{ how.range[1] }} AND {{ how.range[2] }}
    UNION ALL
    {% endif %}
    {% endfor %}
    SELECT file, line, 'clinic_id', 'unknown_clinic' FROM wrong WHERE unknown_clinic
    {% for rule in rules %}
    UNION ALL
    SELECT file, line, NULL, '{{ rule }}' FROM wrong WHERE {{ rule }}
    {% endfor %}
)

FROM said
UNION ALL
SELECT file, line, NULL, 'field_count' FROM {{ ref('stg_cells') }} WHERE fields <> width
