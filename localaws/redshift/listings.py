"""List schemas, tables and columns for the Data API: what users have made, with Redshift's own schemas."""

import re
from typing import Any, NamedTuple

import duckdb
from sqlglot import exp

from localaws.redshift.catalog import Catalog
from localaws.redshift.cells import describe_column
from localaws.redshift.columns import origin_of

_SYSTEM_SCHEMAS = ("information_schema", "pg_catalog")
_SCHEMAS = "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? AND NOT internal"
_TABLES = """
SELECT schema_name, table_name, 'TABLE' FROM duckdb_tables() WHERE database_name = $database AND NOT internal
UNION ALL
SELECT schema_name, view_name, 'VIEW' FROM duckdb_views() WHERE database_name = $database AND NOT internal
ORDER BY 1, 2
"""


class Table(NamedTuple):
    """One table or view."""

    schema: str
    name: str
    type: str


class Listing:
    """What there is in one database."""

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, database: str
    ) -> None:
        self._cursor = cursor
        self._database = database

    def schemas(self, pattern: str | None) -> list[str]:
        """Return the schemas whose names match a pattern of LIKE, in order."""
        rows = self._cursor.execute(_SCHEMAS, [self._database]).fetchall()
        names = {row[0] for row in rows if row[0] != "main"}
        names |= {"public", *_SYSTEM_SCHEMAS}
        return sorted(name for name in names if matches(name, pattern))

    def tables(
        self, schema_pattern: str | None, table_pattern: str | None
    ) -> list[Table]:
        """Return the tables and views whose schemas and names match patterns of LIKE, in order."""
        rows = self._cursor.execute(
            _TABLES, {"database": self._database}
        ).fetchall()
        tables = [Table(*row) for row in rows]
        return [
            table
            for table in tables
            if matches(table.schema, schema_pattern)
            and matches(table.name, table_pattern)
        ]

    def columns(
        self, schema: str | None, table: str | None
    ) -> list[dict[str, Any]]:
        """Return the ColumnMetadata of a table; of all tables where none is named."""
        columns: list[dict[str, Any]] = []
        for candidate in self.tables(None, None):
            is_schema = schema in (None, candidate.schema)
            if is_schema and table in (None, candidate.name):
                columns += self._columns_of(candidate)
        return columns

    def _columns_of(self, table: Table) -> list[dict[str, Any]]:
        catalog = Catalog(self._cursor)
        name = exp.table_(table.name, db=table.schema)
        relation = catalog.relation(name)
        if relation is None:  # dropped a moment ago
            return []
        columns: list[dict[str, Any]] = []
        for column in relation.columns.values():
            origin = origin_of(column, relation)
            metadata = describe_column(column.name, column.engine_type, origin)
            # Of a table length is the column's size, which a result's metadata has as precision only.
            metadata["length"] = metadata["precision"]
            is_own = column.default and "nextval(" not in column.default
            if is_own:
                metadata["columnDefault"] = column.default
            columns.append(metadata)
        return columns


def matches(name: str, pattern: str | None) -> bool:
    r"""Tell whether a name matches a pattern: `%` any text, `_` any character, `\` before either takes its meaning."""
    if pattern is None:
        return True
    expression = ""
    is_escaped = False
    for character in pattern:
        if is_escaped or character not in "%_\\":
            expression += re.escape(character)
            is_escaped = False
        elif character == "\\":
            is_escaped = True
        else:
            expression += ".*" if character == "%" else "."
    return re.fullmatch(expression, name, re.DOTALL) is not None
