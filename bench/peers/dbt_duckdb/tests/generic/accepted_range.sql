{% test accepted_range(model, column_name, low, high) %}
SELECT {{ column_name }} FROM {{ model }} WHERE {{ column_name }} NOT BETWEEN {{ low }} AND {{ high }}
{% endtest %}
