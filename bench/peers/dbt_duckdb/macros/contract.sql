{# The columns of the contract: how each is read, its reason where it cannot be, and the range of its values. #}
{% macro contract() %}
  {% set columns = {
    'clinic_id': {'kind': 'clinic', 'reason': 'clinic_id_pattern', 'needed': true, 'required': true},
    'patient_id': {'kind': 'patient', 'reason': 'patient_id_pattern', 'needed': true, 'required': true},
    'infusion_number': {'kind': 'whole', 'reason': 'infusion_number_not_whole', 'range': ['infusion_number_range', 1, 999], 'required': true},
    'days_since_first_infusion': {'kind': 'whole', 'reason': 'day_not_whole', 'needed': true, 'range': ['day_range', -400, 3650], 'required': true},
    'timepoint': {'kind': 'word', 'reason': 'timepoint_unknown', 'needed': true, 'required': true,
      'words': ['baseline', 'pre_infusion', 'post_infusion', 'follow_up']}} %}
  {% for item in items() %}
    {% do columns.update({item: {'kind': 'item', 'reason': 'item_not_whole', 'range': ['item_range', 0, 3], 'required': true}}) %}
  {% endfor %}
  {% do columns.update({
    'total': {'kind': 'total', 'reason': 'total_not_whole', 'range': ['total_range', 0, 27], 'required': true},
    'item_10': {'kind': 'item', 'reason': 'item_10_not_whole', 'range': ['item_10_range', 0, 3]},
    'drug': {'kind': 'word', 'reason': 'drug_unknown',
      'words': ['esketamine_nasal', 'ketamine_im', 'ketamine_iv', 'ketamine_oral', 'other']},
    'dose_mg_per_kg': {'kind': 'decimal', 'reason': 'dose_not_number', 'range': ['dose_range', 0.001, 20]},
    'infusion_minutes': {'kind': 'whole', 'reason': 'minutes_not_whole', 'range': ['minutes_range', 1, 1440]},
    'recall_period': {'kind': 'word', 'reason': 'recall_period_unknown', 'words': ['two_weeks', 'since_last_treatment']},
    'status': {'kind': 'word', 'reason': 'status_unknown', 'words': ['final', 'amended', 'corrected', 'entered_in_error']},
    'extract_day': {'kind': 'whole', 'reason': 'extract_day_not_whole', 'range': ['extract_day_range', -400, 3650]},
    'dissociation': {'kind': 'yes_no', 'reason': 'safety_not_yes_no'},
    'nausea': {'kind': 'yes_no', 'reason': 'safety_not_yes_no'},
    'blood_pressure_raised': {'kind': 'yes_no', 'reason': 'safety_not_yes_no'},
    'serious_adverse_event': {'kind': 'yes_no', 'reason': 'safety_not_yes_no'},
    'planned_induction_infusions': {'kind': 'whole', 'reason': 'planned_not_whole', 'range': ['planned_range', 1, 100]},
    'ended': {'kind': 'word', 'reason': 'ended_unknown', 'words': ['completed', 'stopped', 'withdrew', 'admitted', 'died', 'moved']}
  }) %}
  {{ return(columns) }}
{% endmacro %}

{% macro items() %}
  {{ return(['item_1', 'item_2', 'item_3', 'item_4', 'item_5', 'item_6', 'item_7', 'item_8', 'item_9']) }}
{% endmacro %}

{# Only where these are readable and in range is a row judged as a whole. #}
{% macro sound_columns() %}
  {{ return(['infusion_number', 'days_since_first_infusion', 'total'] + items()) }}
{% endmacro %}

{# What stands for a cell that cannot be read: nothing that can be. #}
{% macro unreadable(kind) %}
  {{ return({'decimal': '-1', 'whole': '99999', 'item': '99999', 'total': '99999'}.get(kind, "'?'")) }}
{% endmacro %}

{% macro quoted(words) %}
  {%- for word in words %}'{{ word }}'{{ ', ' if not loop.last }}{% endfor -%}
{% endmacro %}

{# The value of a cell (null where it is empty), or what stands for an unreadable one. #}
{% macro read_cell(cell, how) %}
  {%- set bad = unreadable(how.kind) -%}
  {%- if how.kind == 'clinic' -%}
    CASE WHEN regexp_full_match(trim({{ cell }}, ' '), '[A-Za-z][A-Za-z0-9_.-]{1,31}') THEN trim({{ cell }}, ' ') ELSE {{ bad }} END
  {%- elif how.kind == 'patient' -%}
    CASE WHEN regexp_full_match(trim({{ cell }}, ' '), '[A-Za-z0-9_.-]{2,64}') AND regexp_matches({{ cell }}, '[A-Za-z]')
      AND regexp_matches({{ cell }}, '[0-9]') THEN trim({{ cell }}, ' ') ELSE {{ bad }} END
  {%- elif how.kind == 'whole' -%}
    {{ read_whole(cell) }}
  {%- elif how.kind == 'item' -%}
    CASE
      WHEN {{ cell }} IS NULL THEN NULL
      WHEN {{ cell }} IN ('0', '1', '2', '3') THEN {{ cell }}::INTEGER
      ELSE coalesce(
        CASE regexp_replace(lower(trim(replace({{ cell }}, '’', ''''))), '\s+', ' ', 'g')
          WHEN 'not at all' THEN 0 WHEN 'several days' THEN 1 WHEN 'more than half the days' THEN 2 WHEN 'nearly every day' THEN 3
        END,
        CASE WHEN NOT regexp_full_match(regexp_replace(lower(trim({{ cell }})), '\s+', ' ', 'g'), '[79](\.0+)?|99(\.0+)?|-|\^|not answered')
          THEN {{ read_whole(cell) }} END
      )
    END
  {%- elif how.kind == 'total' -%}
    CASE WHEN NOT regexp_full_match(lower(trim({{ cell }})), '99(\.0+)?|-|\^|not answered') THEN {{ read_whole(cell) }} END
  {%- elif how.kind == 'decimal' -%}
    CASE WHEN trim({{ cell }}, ' ') = '' THEN NULL
      WHEN regexp_full_match(trim({{ cell }}, ' '), '(0|[1-9][0-9]{0,3})(\.[0-9]{1,3})?') THEN {{ cell }}::DECIMAL(7, 3)
      WHEN {{ cell }} IS NOT NULL THEN {{ bad }} END
  {%- else -%}
    {%- set words = ['yes', 'no'] if how.kind == 'yes_no' else how.words -%}
    {%- set text = 'lower(' ~ cell ~ ')' if how.kind == 'yes_no' else cell -%}
    CASE WHEN {{ text }} IN ({{ quoted(words) }}) THEN {{ text }} WHEN trim({{ cell }}, ' ') = '' THEN NULL
      WHEN trim({{ text }}, ' ') IN ({{ quoted(words) }}) THEN trim({{ text }}, ' ') WHEN {{ cell }} IS NOT NULL THEN {{ bad }} END
  {%- endif -%}
{% endmacro %}

{# 14, -3 or 14.0, of 16 bits. #}
{% macro read_whole(cell) -%}
  CASE
    WHEN trim({{ cell }}, ' ') = '' THEN NULL
    WHEN regexp_full_match(trim({{ cell }}, ' '), '-?[1-9][0-9]{0,5}(\.0+)?|0(\.0+)?')
      THEN CASE WHEN abs({{ cell }}::DOUBLE::INTEGER) <= 32767 OR {{ cell }}::DOUBLE = -32768 THEN {{ cell }}::DOUBLE::INTEGER ELSE 99999 END
    WHEN {{ cell }} IS NOT NULL THEN 99999
  END
{%- endmacro %}
