"""Read what tables and views there are, with the columns as Redshift declares them.

The engine has fewer types than Redshift, so each column's own comment keeps its declaration. A comment is renamed,
dropped and rolled back together with its column.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

PUBLIC = "public"
_COLUMNS = """
SELECT schema_name, column_name, data_type, is_nullable, column_default, comment
FROM duckdb_columns()
WHERE table_name = ? AND (schema_name = ? OR database_name = 'temp') AND NOT internal
ORDER BY database_name = 'temp' DESC, schema_name, column_index
"""
_VIEWS = """
SELECT schema_name, comment, sql FROM duckdb_views() WHERE view_name = ? AND schema_name = ? AND NOT internal
"""
_TABLE = """
SELECT comment FROM duckdb_tables() WHERE table_name = ? AND schema_name = ? AND NOT internal
"""


@dataclass(frozen=True)
class Declaration:
    """What Redshift knows of a column and the engine does not: its type with its length, IDENTITY and keys."""

    type: str
    identity: str = ""
    """`always` or `default` for an IDENTITY column, else empty."""
    is_dist_key: bool = False
    sort_place: int = 0
    """Place of a column in the sort key, from 1; 0 for others."""


@dataclass(frozen=True)
class Column:
    """One column of a table or view."""

    name: str
    engine_type: str
    required: bool
    default: str
    declaration: Declaration | None


@dataclass(frozen=True)
class Relation:
    """A table or view and its columns in order."""

    schema: str
    name: str
    is_view: bool
    columns: dict[str, Column]
    notes: Mapping[str, Any] = field(default_factory=dict)


class Catalog:
    """The tables that one statement sees: temporary ones of its session first, then those of the named schema."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self._cursor = cursor
        self._relations: dict[tuple[str, str], Relation | None] = {}

    def relation(self, table: exp.Table) -> Relation | None:
        """Return the table or view that a name in SQL stands for; None if there is none."""
        key = (table.db.lower(), table.name.lower())
        if key not in self._relations:
            self._relations[key] = self._read(table)
        return self._relations[key]

    def _read(self, table: exp.Table) -> Relation | None:
        name = table.name.lower()
        schema = table.db.lower() or PUBLIC
        rows = self._rows(_COLUMNS, name, schema)
        if table.db:
            rows = [row for row in rows if row[0] == schema]
        if not rows:
            return None
        found_schema = rows[0][0]
        columns = {
            row[1]: Column(
                row[1], row[2], not row[3], row[4] or "", _declaration(row[5])
            )
            for row in rows
            if row[0] == found_schema
        }
        views = self._rows(_VIEWS, name, found_schema)
        tables = self._rows(_TABLE, name, found_schema)
        comments = [row[1] for row in views] or [row[0] for row in tables]
        notes = json.loads(comments[0]) if comments and comments[0] else {}
        return Relation(found_schema, name, bool(views), columns, notes)

    def database(self) -> str:
        """Return the name of the database that the session is in."""
        return str(self._rows("SELECT current_database()")[0][0])

    def has_schema(self, name: str) -> bool:
        """Tell whether there is a schema of this name."""
        return (
            bool(
                self._rows(
                    "SELECT 1 FROM duckdb_schemas() WHERE schema_name = ? AND NOT internal LIMIT 1",
                    name,
                )
            )
            or name == PUBLIC
        )

    def describe(self, sql: str) -> list[tuple[str, str]]:
        """Return name and engine type of each column of a query in the engine's dialect."""
        rows = self._rows(f"DESCRIBE {sql}")
        return [(row[0], row[1]) for row in rows]

    def dependents(self, relation: Relation) -> list[Relation]:
        """Return the views that read a table or view, those that read these first."""
        rows = self._rows(
            "SELECT schema_name, view_name, comment FROM duckdb_views() WHERE NOT internal AND comment IS NOT NULL"
        )
        views: list[Relation] = []
        for schema, name, comment in rows:
            reads = json.loads(comment).get("reads", [])
            if f"{relation.schema}.{relation.name}" in reads:
                view = Relation(schema, name, is_view=True, columns={})
                views += [*self.dependents(view), view]
        return views

    def readers(self, relation: Relation, column: str) -> list[str]:
        """Return the names of the views that read a table's column."""
        names: list[str] = []
        for view in self.dependents(relation):
            rows = self._rows(_VIEWS, view.name, view.schema)
            tree = sqlglot.parse_one(rows[0][2], read="duckdb")
            columns = {item.name for item in tree.find_all(exp.Column)}
            if column in columns:
                names.append(view.name)
        return names

    def _rows(self, sql: str, *values: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._cursor.execute(
            sql, list(values)
        ).fetchall()
        return rows


def _declaration(comment: str | None) -> Declaration | None:
    return Declaration(**json.loads(comment)) if comment else None


def comment_on_column(table: str, column: str, declaration: Declaration) -> str:
    """Return the statement that keeps a column's declaration; `table` is a quoted name."""
    text = json.dumps(asdict(declaration)).replace("'", "''")
    return f"COMMENT ON COLUMN {table}.\"{column}\" IS '{text}'"


def comment_on_relation(kind: str, table: str, notes: Mapping[str, Any]) -> str:
    """Return the statement that keeps what Redshift knows of a TABLE or VIEW: owner, grants, keys."""
    text = json.dumps(notes).replace("'", "''")
    return f"COMMENT ON {kind} {table} IS '{text}'"
