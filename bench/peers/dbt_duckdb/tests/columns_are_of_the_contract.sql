-- A file has the columns of the contract and no other.
SELECT file
FROM {{ ref('stg_headers') }}
WHERE len(list_filter(names, name -> name NOT IN ({{ quoted(contract()) }}))) > 0
    {%- for column, how in contract().items() if how.required %} OR {{ column }} IS NULL{% endfor %}
