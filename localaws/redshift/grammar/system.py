"""Tell Redshift's system tables and views from tables of users."""

from sqlglot import exp

from localaws.redshift.errors import RedshiftError, UnsupportedFeatureError
from localaws.redshift.system_views import VIEWS, stand_in

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
