"""Tell Redshift's system tables and views from tables of users."""

from sqlglot import exp

from localaws.redshift.errors import RedshiftError, UnsupportedFeatureError
from localaws.redshift.system_views import VIEWS, stand_in

_INFORMATION_SCHEMA_TEXT = """
    applicable_roles check_constraints column_domain_usage column_privileges column_udt_usage columns
    constraint_column_usage constraint_table_usage data_type_privileges domain_constraints domain_udt_usage domains
    element_types enabled_roles information_schema_catalog_name key_column_usage parameters referential_constraints
    role_column_grants role_routine_grants role_table_grants role_usage_grants routine_privileges routines schemata
    sql_features sql_implementation_info sql_languages sql_packages sql_sizing sql_sizing_profiles table_constraints
    table_privileges tables triggered_update_columns triggers usage_privileges view_column_usage view_table_usage views
"""
_INFORMATION_SCHEMA = frozenset(_INFORMATION_SCHEMA_TEXT.split())
_PREFIXES = ("stl_", "stv_", "svl_", "svv_", "svcs_", "sys_", "pg_")
_ENGINES_OWN = ("duckdb_", "sqlite_", "pragma_", "rs_")


def check_system_relation(table: exp.Table) -> bool:
    """Tell whether a name is a system view that local AWS has; False for any other name.

    Raises:
        UnsupportedFeatureError: a system table of Redshift that local AWS has not.
        RedshiftError: a table of the engine that Redshift has not.
    """
    name = table.name.lower()
    schema = table.db.lower()
    if schema == "information_schema":
        if name not in _INFORMATION_SCHEMA:
            raise RedshiftError(
                f'relation "information_schema.{name}" does not exist'
            )
        if not stand_in(schema, name):
            raise UnsupportedFeatureError(f"information_schema.{name}")
        return True
    if stand_in(schema, name):
        return True
    if (
        name in VIEWS
        and name.startswith("svv_")
        and schema in ("", "pg_catalog")
    ):
        return True
    if name.startswith(_PREFIXES) and schema in ("", "pg_catalog"):
        raise UnsupportedFeatureError(f"system table {name.upper()}")
    if name.startswith(_ENGINES_OWN):
        raise RedshiftError(f'relation "{name}" does not exist')
    return False
