{# The names of a table's columns in their order; no row where there is no such table. #}
SELECT CAST(column_name AS VARCHAR(128)) AS name
FROM information_schema.columns
WHERE table_schema = {{ schema | literal }} AND table_name = {{ table | literal }}
ORDER BY ordinal_position
