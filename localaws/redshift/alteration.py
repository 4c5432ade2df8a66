"""Alter tables, with the lengths that the engine's own ALTER TABLE would not keep."""

import uuid

import sqlglot
from sqlglot import exp

from localaws.redshift.catalog import (
    Catalog,
    Column,
    Declaration,
    Relation,
    comment_on_column,
    comment_on_relation,
)
from localaws.redshift.ddl import length_condition, quoted, write

_TEMPORARY_SCHEMA = "main"


def alter(tree: exp.Alter, catalog: Catalog) -> list[str]:
    """Return the statements that an ALTER TABLE stands for.

    A column of text is a new table: the engine adds no condition, here of a length, to one that exists.
    """
    action = tree.args["actions"][0]
    kind = action.args.get("dtype") or action.args.get("kind")
    if not isinstance(kind, exp.DataType):
        return [write(tree)]
    declaration = Declaration(kind.sql("redshift").lower())
    relation = catalog.relation(tree.this)
    if relation is None or not length_condition(action.name, kind):
        comment = comment_on_column(quoted(tree.this), action.name, declaration)
        return [write(tree), comment]
    columns = dict(relation.columns)
    present = columns.get(action.name)
    if present is None:
        present = _added(action)
    columns[action.name] = Column(
        present.name,
        "VARCHAR",
        present.required,
        present.default,
        declaration,
    )
    return _rebuild(relation, list(columns.values()))


def _added(action: exp.ColumnDef) -> Column:
    """Return the column of an ADD COLUMN."""
    default = action.find(exp.DefaultColumnConstraint)
    required = action.find(exp.NotNullColumnConstraint)
    is_required = required is not None and not required.args.get("allow_null")
    value = write(default.this) if default is not None else ""
    return Column(action.name, "VARCHAR", is_required, value, None)


def _rebuild(relation: Relation, columns: list[Column]) -> list[str]:
    """Return statements that make the table anew with other columns, and keep its rows, name and notes."""
    is_temporary = relation.schema == _TEMPORARY_SCHEMA
    schema = "" if is_temporary else f'"{relation.schema}".'
    table = f'{schema}"{relation.name}"'
    name = f"rs_{uuid.uuid4().hex[:12]}"
    new = f'{schema}"{name}"'
    definitions = ", ".join(_definition(column) for column in columns)
    names = ", ".join(f'"{column}"' for column in relation.columns)
    word = "TEMP TABLE" if is_temporary else "TABLE"
    statements = [
        f"CREATE {word} {new} ({definitions})",
        f"INSERT INTO {new} ({names}) SELECT {names} FROM {table}",  # noqa: S608 - names of the catalog
        f"DROP TABLE {table}",
        f'ALTER TABLE {new} RENAME TO "{relation.name}"',
    ]
    if relation.notes:
        statements.append(comment_on_relation("TABLE", table, relation.notes))
    for column in columns:
        if column.declaration:
            comment = comment_on_column(table, column.name, column.declaration)
            statements.append(comment)
    return statements


def _definition(column: Column) -> str:
    """Return a column as the engine defines it."""
    parts = [f'"{column.name}" {column.engine_type}']
    if column.default:
        parts.append(f"DEFAULT ({column.default})")
    if column.required:
        parts.append("NOT NULL")
    if column.declaration:
        kind = sqlglot.exp.DataType.build(
            column.declaration.type, dialect="redshift"
        )
        condition = length_condition(column.name, kind)
        if condition:
            parts.append(f"CHECK ({condition})")
    return " ".join(parts)
