-- Every table, view, column, type and macro of the store, with what it is. The steps again, in the schema recomputed, say the same
-- of themselves and are not listed twice.
CREATE OR REPLACE VIEW data_dictionary AS
WITH listed AS (
    SELECT 'table' AS kind, table_name AS object, NULL AS column_name, 0 AS position, NULL AS type, comment
    FROM duckdb_tables()
    WHERE NOT internal AND schema_name = 'main' AND database_name = current_database()

    UNION ALL

    SELECT 'view', view_name, NULL, 0, NULL, comment
    FROM duckdb_views()
    WHERE NOT internal AND schema_name = 'main' AND database_name = current_database()

    UNION ALL

    SELECT 'column', table_name, column_name, column_index + 1, data_type, comment
    FROM duckdb_columns()
    WHERE NOT internal AND schema_name = 'main' AND database_name = current_database()

    UNION ALL

    SELECT 'type', type_name, NULL, 0, logical_type, comment
    FROM duckdb_types()
    WHERE NOT internal AND schema_name = 'main' AND database_name = current_database()

    UNION ALL

    SELECT DISTINCT 'macro', function_name, NULL, 0, 'macro(' || array_to_string(parameters, ', ') || ')', comment
    FROM duckdb_functions()
    WHERE NOT internal AND function_type IN ('macro', 'table_macro') AND schema_name = 'main' AND database_name = current_database()
)

SELECT object, column_name, kind, type, comment
FROM listed
ORDER BY object, position, kind;

COMMENT ON VIEW data_dictionary IS 'One row per table, view, column, type and macro of this store, with what it is. Each derived table is in the schema recomputed too, as the view that makes it.';
COMMENT ON COLUMN data_dictionary.object IS 'Name of the table, view, type or macro.';
COMMENT ON COLUMN data_dictionary.column_name IS 'Name of the column; null in the row of the object itself.';
COMMENT ON COLUMN data_dictionary.kind IS 'table, view, column, type or macro.';
COMMENT ON COLUMN data_dictionary.type IS 'Type of a column, what a type is made of, or a macro with its parameters; null for tables and views.';
COMMENT ON COLUMN data_dictionary.comment IS 'What it is.';
