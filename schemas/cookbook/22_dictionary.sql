-- What a table or a column is
-- What is in this file, and what does each column of a table mean?
SELECT object, column_name, type, comment
FROM data_dictionary
WHERE object = 'rate';
