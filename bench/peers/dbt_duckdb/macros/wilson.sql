{# A limit of x of n by Wilson; null where n is 0. #}
{% macro wilson(x, n, side, z) -%}
  CASE
    WHEN {{ n }} = 0 THEN NULL
    WHEN {{ x }} = {{ '0' if side == '-' else n }} THEN {{ '0.0' if side == '-' else '1.0' }}
    ELSE ({{ x }} / {{ n }}::DOUBLE + {{ z }} * {{ z }} / (2 * {{ n }}) {{ side }} {{ z }} * sqrt({{ x }} / {{ n }}::DOUBLE * (1 - {{ x }} / {{ n }}::DOUBLE) / {{ n }}
      + {{ z }} * {{ z }} / (4 * {{ n }}::DOUBLE * {{ n }}))) / (1 + {{ z }} * {{ z }} / {{ n }})
  END
{%- endmacro %}
