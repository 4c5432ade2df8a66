"""Define the system views that tools such as dbt ask, over the engine's own catalog.

Source: https://docs.aws.amazon.com/redshift/latest/dg/svv_views.html
"""

_DECLARED = "coalesce(comment ->> '$.type', lower(data_type))"
_NAME = f"trim(split_part({_DECLARED}, '(', 1))"
_TYPE = f"""
    CASE {_NAME}
        WHEN 'varchar' THEN 'character varying' WHEN 'nvarchar' THEN 'character varying'
        WHEN 'text' THEN 'character varying' WHEN 'char' THEN 'character' WHEN 'nchar' THEN 'character'
        WHEN 'bpchar' THEN 'character' WHEN 'int' THEN 'integer' WHEN 'decimal' THEN 'numeric'
        WHEN 'double' THEN 'double precision' WHEN 'float' THEN 'real' WHEN 'json' THEN 'super'
        WHEN 'timestamp' THEN 'timestamp without time zone' WHEN 'timestamptz' THEN 'timestamp with time zone'
        ELSE {_NAME} END
"""
_SIZE = rf"TRY_CAST(regexp_extract({_DECLARED}, '\((\d+)', 1) AS INTEGER)"
_LENGTH = f"""
    CASE WHEN {_TYPE} NOT LIKE 'character%' THEN NULL
        WHEN {_DECLARED} LIKE '%max%' THEN 65535
        ELSE coalesce({_SIZE}, CASE WHEN {_TYPE} = 'character' THEN 1 ELSE 256 END) END
"""
_NULLABLE = "CASE WHEN is_nullable THEN 'YES' ELSE 'NO' END"
_COLUMNS = "duckdb_columns() WHERE NOT internal AND database_name NOT IN ('memory', 'system', 'temp')"
_RELATIONS = """
    (SELECT database_name, schema_name, table_name, 'BASE TABLE' AS kind, table_oid AS oid, schema_oid
        FROM duckdb_tables() WHERE NOT internal
     UNION ALL SELECT database_name, schema_name, view_name, 'VIEW', view_oid, schema_oid
        FROM duckdb_views() WHERE NOT internal)
    WHERE database_name NOT IN ('memory', 'system', 'temp')
"""
_SCHEMAS = """
    duckdb_schemas() WHERE database_name NOT IN ('memory', 'system', 'temp')
        AND schema_name NOT IN ('main', 'information_schema', 'pg_catalog')
"""
_INFORMATION_COLUMNS = f"""
    SELECT database_name AS table_catalog, schema_name AS table_schema, table_name, column_name,
        column_index AS ordinal_position, column_default, {_NULLABLE} AS is_nullable, {_TYPE} AS data_type,
        {_LENGTH} AS character_maximum_length, numeric_precision, 10 AS numeric_precision_radix, numeric_scale
    FROM {_COLUMNS}
"""  # noqa: S608 - constants
_INFORMATION_TABLES = f"""
    SELECT database_name AS table_catalog, schema_name AS table_schema, table_name, kind AS table_type
    FROM {_RELATIONS}
"""  # noqa: S608
VIEWS = {
    "svv_tables": f"SELECT *, NULL::VARCHAR AS remarks FROM ({_INFORMATION_TABLES})",  # noqa: S608
    "svv_columns": f"SELECT *, NULL::VARCHAR AS remarks FROM ({_INFORMATION_COLUMNS})",  # noqa: S608
    "svv_redshift_tables": f"""
        SELECT database_name, schema_name, table_name, replace(kind, 'BASE ', '') AS table_type,
            NULL::VARCHAR AS table_acl, NULL::VARCHAR AS remarks
        FROM {_RELATIONS}
    """,  # noqa: S608
    "svv_redshift_columns": f"""
        SELECT database_name, schema_name, table_name, column_name, column_index AS ordinal_position,
            {_DECLARED} AS data_type, column_default, {_NULLABLE} AS is_nullable, 'none' AS encoding,
            coalesce(TRY_CAST(comment ->> '$.is_dist_key' AS BOOLEAN), FALSE) AS distkey,
            coalesce(TRY_CAST(comment ->> '$.sort_place' AS INTEGER), 0) AS sortkey,
            NULL::VARCHAR AS column_acl, NULL::VARCHAR AS remarks
        FROM {_COLUMNS}
    """,  # noqa: S608
    "svv_redshift_schemas": f"SELECT database_name, schema_name, 'local' AS schema_type FROM {_SCHEMAS}",  # noqa: S608
    "svv_all_schemas": f"SELECT database_name, schema_name, 'local' AS schema_type FROM {_SCHEMAS}",  # noqa: S608
    "svv_redshift_databases": f"SELECT DISTINCT database_name, 'local' AS database_type FROM {_SCHEMAS}",  # noqa: S608
    "svv_all_tables": f"""
        SELECT database_name, schema_name, table_name, replace(kind, 'BASE ', '') AS table_type,
            NULL::VARCHAR AS remarks
        FROM {_RELATIONS}
    """,  # noqa: S608
    "svv_all_columns": f"""
        SELECT database_name, schema_name, table_name, column_name, column_index AS ordinal_position, column_default,
            {_NULLABLE} AS is_nullable, {_TYPE} AS data_type, {_LENGTH} AS character_maximum_length,
            numeric_precision, numeric_scale, NULL::VARCHAR AS remarks
        FROM {_COLUMNS}
    """,  # noqa: S608
    "rs_schemata": f"SELECT database_name AS catalog_name, schema_name FROM {_SCHEMAS}",  # noqa: S608
    "rs_views": f"""
        SELECT database_name AS table_catalog, schema_name AS table_schema, table_name FROM {_RELATIONS}
            AND kind = 'VIEW'
    """,  # noqa: S608
    "rs_pg_namespace": f"SELECT oid, schema_name AS nspname FROM {_SCHEMAS}",  # noqa: S608
    "rs_pg_database": f"SELECT DISTINCT database_oid AS oid, database_name AS datname FROM {_SCHEMAS}",  # noqa: S608
    "rs_pg_tables": f"""
        SELECT schema_name AS schemaname, table_name AS tablename FROM {_RELATIONS} AND kind = 'BASE TABLE'
    """,  # noqa: S608
    "rs_pg_views": f"""
        SELECT schema_name AS schemaname, table_name AS viewname FROM {_RELATIONS} AND kind = 'VIEW'
    """,  # noqa: S608
    "rs_pg_class": f"""
        SELECT oid, table_name AS relname, schema_oid AS relnamespace,
            CASE kind WHEN 'VIEW' THEN 'v' ELSE 'r' END AS relkind
        FROM {_RELATIONS}
    """,  # noqa: S608
    "rs_columns": _INFORMATION_COLUMNS,
    "rs_tables": _INFORMATION_TABLES,
}
"""Queries of the views, by name."""
STAND_INS = {
    ("information_schema", "columns"): "rs_columns",
    ("information_schema", "tables"): "rs_tables",
    ("information_schema", "schemata"): "rs_schemata",
    ("information_schema", "views"): "rs_views",
    ("pg_catalog", "pg_class"): "rs_pg_class",
    ("pg_catalog", "pg_database"): "rs_pg_database",
    ("pg_catalog", "pg_namespace"): "rs_pg_namespace",
    ("pg_catalog", "pg_tables"): "rs_pg_tables",
    ("pg_catalog", "pg_views"): "rs_pg_views",
}
"""Views that the engine has under the same name, and what stands for each."""


def stand_in(schema: str, name: str) -> str:
    """Return the view that stands for a system view; empty if none does. Those of pg_catalog need no schema."""
    if not schema and name.startswith("pg_"):
        schema = "pg_catalog"
    return STAND_INS.get((schema, name), "")


DEFINITIONS = tuple(
    f"CREATE VIEW {name} AS {query}" for name, query in VIEWS.items()
)
