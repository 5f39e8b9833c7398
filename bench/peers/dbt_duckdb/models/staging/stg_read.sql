-- One row per row of the right width: the values of its cells, or what stands for one that cannot be read.
{% set columns = contract() %}
WITH read AS (
    SELECT
        file, line
        {%- for column, how in columns.items() %},
        {{ read_cell(column, how) }} AS {{ column }}
        {%- endfor %}
    FROM {{ ref('stg_cells') }}
    WHERE fields IS NOT DISTINCT FROM width
),

counted AS (
    SELECT
        *,
        {% for item in items() %}{{ ' + ' if not loop.first }}({{ item }} IS NOT NULL)::INTEGER{% endfor %} AS items_answered,
        {% for item in items() %}{{ ' + ' if not loop.first }}coalesce({{ item }}, 0){% endfor %} AS items_sum,
        -- Whether every cell can be read.
        {%- for column, how in columns.items() %}
        {{ 'AND ' if not loop.first }}{{ column ~ ' IS DISTINCT FROM ' ~ unreadable(how.kind) }}{{ ' AND ' ~ column ~ ' IS NOT NULL' if how.needed }}
        {%- endfor %} AS is_readable,
        -- Whether every cell that has a range is in it.
        {%- for column, how in columns.items() if how.range %}
        {{ 'AND ' if not loop.first }}coalesce({{ column }} BETWEEN {{ how.range[1] }} AND {{ how.range[2] }}, true)
        {%- endfor %} AS is_in_range,
        {% for column in sound_columns() %}{{ ' AND ' if not loop.first }}coalesce({{ column }} BETWEEN {{ columns[column].range[1] }} AND {{ columns[column].range[2] }}, true){% endfor %} AS is_score_in_range
    FROM read
),

judged AS (
    SELECT
        *,
        is_readable AND is_score_in_range AS is_sound,
        timepoint IN ('pre_infusion', 'post_infusion') AS is_infusion
    FROM counted
)

SELECT
    * EXCLUDE (is_score_in_range, is_infusion),
    coalesce(is_sound AND is_infusion AND infusion_number IS NULL, false) AS infusion_number_missing,
    coalesce(is_sound AND items_answered = 9 AND total <> items_sum, false) AS total_is_not_sum,
    coalesce(is_sound AND items_answered < 9 AND total < items_sum, false) AS total_below_items,
    coalesce(is_sound AND items_answered < 9 AND total > items_sum + 3 * (9 - items_answered), false) AS total_above_items,
    is_sound AND items_answered = 0 AND total IS NULL AND NOT is_infusion AND status IS DISTINCT FROM 'entered_in_error' AS no_answers,
    coalesce(clinic_id <> '?' AND clinic_id NOT IN ({{ quoted(var('clinics')) or "''" }}), false) AS unknown_clinic
FROM judged
