"""Rewrite CREATE TABLE of Redshift for DuckDB: physical hints go, length limits and IDENTITY become constraints."""

import uuid
from dataclasses import dataclass

import sqlglot
from sqlglot import ErrorLevel, exp
from sqlglot.errors import UnsupportedError

from localaws.redshift.catalog import (
    Catalog,
    Column,
    Declaration,
    comment_on_column,
)
from localaws.redshift.errors import RedshiftError, UnsupportedFeatureError

_FARTHEST = 2**63 - 1
_ENGINE_TYPES = {
    "VARCHAR": "VARCHAR(65535)",
    "JSON": "SUPER",
    "HUGEINT": "DECIMAL(38, 0)",
    "FLOAT": "REAL",
    "DOUBLE": "DOUBLE PRECISION",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ",
    "TINYINT": "SMALLINT",
    '"NULL"': "VARCHAR(65535)",
}
"""Types of the engine, and Redshift's for them."""
_MAX_BYTES = 65535
_DEFAULT_BYTES = {
    "VARCHAR": 256,
    "NVARCHAR": 256,
    "TEXT": 256,
    "CHAR": 1,
    "NCHAR": 1,
    "BPCHAR": 256,
}
_HINTS = (
    exp.DistKeyProperty,
    exp.SortKeyProperty,
    exp.DistStyleProperty,
    exp.BackupProperty,
)
_NOT_ENFORCED = (
    exp.PrimaryKeyColumnConstraint,
    exp.UniqueColumnConstraint,
    exp.Reference,
)
_NOT_ENFORCED_TABLE = (
    exp.PrimaryKey,
    exp.UniqueColumnConstraint,
    exp.ForeignKey,
)


def expand_like(tree: exp.Create, catalog: Catalog) -> None:
    """Give a CREATE TABLE (LIKE parent) the parent's columns, with their lengths and NOT NULL."""
    schema = tree.this
    like = (
        schema.find(exp.LikeProperty)
        if isinstance(schema, exp.Schema)
        else None
    )
    if like is None:
        return
    relation = catalog.relation(like.this)
    if relation is None:
        raise RedshiftError(f'relation "{like.this.name}" does not exist')
    items: list[exp.Expression] = []
    for item in schema.expressions:
        if item is like:
            items += [
                _definition(column) for column in relation.columns.values()
            ]
        else:
            items.append(item)
    schema.set("expressions", items)


def declare_columns(
    tree: exp.Create, types: list[str], described: list[tuple[str, str]]
) -> exp.Create:
    """Return the CREATE TABLE with columns that a CREATE TABLE AS stands for.

    Args:
        tree: the CREATE TABLE AS.
        types: of the query's columns as Redshift declares them, empty text where it is not known.
        described: names of the query's columns, and their types in the engine.
    """
    schema = tree.this
    names = [name for name, _ in described]
    table = schema
    if isinstance(schema, exp.Schema):
        listed_names = [item.name for item in schema.expressions]
        if len(listed_names) > len(names):
            raise RedshiftError(
                "CREATE TABLE AS specifies too many column names"
            )
        names = listed_names + names[len(listed_names) :]
        table = schema.this
    if len(types) != len(described):
        types = [""] * len(described)
    definitions = [
        _definition(
            Column(
                name,
                engine_type,
                False,
                "",
                Declaration(kind) if kind else None,
            )
        )
        for name, kind, (_, engine_type) in zip(
            names, types, described, strict=True
        )
    ]
    create = tree.copy()
    create.set("expression", None)
    create.set("this", exp.Schema(this=table.copy(), expressions=definitions))
    return create


def _definition(column: Column) -> exp.Expression:
    """Return the definition of a table's column, without its default and IDENTITY, as LIKE takes it."""
    kind = _ENGINE_TYPES.get(column.engine_type, column.engine_type)
    if column.declaration:
        kind = column.declaration.type
    required = " NOT NULL" if column.required else ""
    sql = f'CREATE TABLE t ("{column.name}" {kind}{required})'
    create = sqlglot.parse_one(sql, read="redshift")
    definition: exp.Expression = create.this.expressions[0]
    return definition


@dataclass(frozen=True)
class Keys:
    """Names of the columns of a table's DISTKEY and SORTKEY."""

    dist: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()


def rewrite_create(
    tree: exp.Create, keys: Keys | None = None
) -> tuple[list[str], list[str]]:
    """Change a CREATE in place.

    Args:
        tree: the CREATE.
        keys: of the table that it makes.

    Returns:
        Statements to run before it (the sequences of IDENTITY columns), and after it (comments that keep what Redshift
        knows of each column).
    """
    _drop_hints(tree)
    tree.set("no_schema_binding", None)
    schema = tree.this
    _mark_temporary(tree)
    if tree.kind != "TABLE" or not isinstance(schema, exp.Schema):
        return [], []
    key_columns = _primary_key(schema)
    schema.set(
        "expressions",
        [item for item in schema.expressions if not _is_informational(item)],
    )
    before: list[str] = []
    after: list[str] = []
    table = quoted(schema.this)
    for column in schema.find_all(exp.ColumnDef):
        declaration = _declaration(column, keys)
        after.append(comment_on_column(table, column.name, declaration))
        before += _rewrite_column(
            column, schema.this, column.name in key_columns
        )
    return before, after


def write(tree: exp.Expression) -> str:
    """Return a tree in the engine's dialect. Raises UnsupportedFeatureError for what that has not."""
    try:
        return str(tree.sql("duckdb", unsupported_level=ErrorLevel.RAISE))
    except UnsupportedError as error:
        raise UnsupportedFeatureError(str(error)) from error


def quoted(table: exp.Table) -> str:
    """Return a table's name with its schema, in quotes."""
    parts = [part for part in (table.db, table.name) if part]
    return ".".join(f'"{part}"' for part in parts)


def _declaration(column: exp.ColumnDef, keys: Keys | None) -> Declaration:
    identity = ""
    for constraint in column.find_all(exp.GeneratedAsIdentityColumnConstraint):
        is_default = (
            "on_null" in constraint.args
        )  # of GENERATED BY DEFAULT only
        identity = "default" if is_default else "always"
    name = column.name.lower()
    keys = keys or Keys()
    place = keys.sort.index(name) + 1 if name in keys.sort else 0
    kind = column.kind.sql("redshift").lower()
    return Declaration(kind, identity, name in keys.dist, place)


def _mark_temporary(tree: exp.Create) -> None:
    """Make a table temporary whose name begins with `#`."""
    name = tree.find(exp.Table).name
    if not name.startswith("#"):
        return
    properties = tree.args.get("properties") or exp.Properties(expressions=[])
    if not properties.find(exp.TemporaryProperty):
        properties.append("expressions", exp.TemporaryProperty())
    tree.set("properties", properties)


def _drop_hints(tree: exp.Create) -> None:
    properties = tree.args.get("properties")
    if properties:
        remaining = [
            item
            for item in properties.expressions
            if not isinstance(item, _HINTS)
        ]
        tree.set(
            "properties",
            exp.Properties(expressions=remaining) if remaining else None,
        )


def _is_informational(item: exp.Expression) -> bool:
    inner = item.expressions if isinstance(item, exp.Constraint) else [item]
    return any(isinstance(part, _NOT_ENFORCED_TABLE) for part in inner)


def _primary_key(schema: exp.Schema) -> set[str]:
    names: set[str] = set()
    for key in schema.find_all(exp.PrimaryKey):
        names |= {part.name for part in key.expressions}
    return names


def _rewrite_column(
    column: exp.ColumnDef, table: exp.Table, required: bool
) -> list[str]:
    """Rewrite one column's type and constraints; return the sequence that an IDENTITY column needs."""
    setup: list[str] = []
    constraints = []
    for constraint in column.args.get("constraints") or []:
        kind = constraint.kind
        if isinstance(kind, exp.PrimaryKeyColumnConstraint):
            required = True
        if isinstance(kind, exp.GeneratedAsIdentityColumnConstraint):
            # A name of its own for each table that is made: one that is dropped and made again starts anew.
            sequence = f"{table.name}_{column.name}_{uuid.uuid4().hex[:12]}"
            start = kind.args.get("start") or 1
            step = kind.args.get("increment") or 1
            setup.append(
                f'CREATE SEQUENCE "{sequence}" MINVALUE {-_FARTHEST} MAXVALUE {_FARTHEST} '
                f"START {start} INCREMENT {step}"
            )
            next_value = _duckdb(f"nextval('{sequence}')")
            constraints.append(
                _constraint(exp.DefaultColumnConstraint(this=next_value))
            )
        elif not isinstance(kind, (*_NOT_ENFORCED, exp.EncodeColumnConstraint)):
            constraints.append(constraint)
    has_not_null = any(
        isinstance(item.kind, exp.NotNullColumnConstraint)
        for item in constraints
    )
    if required and not has_not_null:
        constraints.append(_constraint(exp.NotNullColumnConstraint()))
    length = length_condition(column.name, column.kind)
    if length:
        check = _duckdb(length)
        constraints.append(_constraint(exp.CheckColumnConstraint(this=check)))
        column.set("kind", exp.DataType.build("VARCHAR", dialect="duckdb"))
    elif column.kind.this == exp.DataType.Type.SUPER:
        column.set("kind", exp.DataType.build("JSON", dialect="duckdb"))
    column.set("constraints", constraints)
    return setup


def length_condition(column: str, kind: exp.DataType) -> str:
    """Return the condition that keeps a column's values within its length; empty for types without one."""
    size = _byte_limit(kind)
    return f'strlen("{column}") <= {size}' if size else ""


def _byte_limit(kind: exp.DataType) -> int:
    """Return the bytes that a character type holds; 0 for other types.

    Source: Redshift's character types (a bare VARCHAR holds 256).
    """
    default = _DEFAULT_BYTES.get(kind.this.name, 0)
    if not default or not kind.expressions:
        return default
    size = kind.expressions[0].name
    return int(size) if size.isdigit() else _MAX_BYTES


def _constraint(kind: exp.Expression) -> exp.ColumnConstraint:
    return exp.ColumnConstraint(kind=kind)


def _duckdb(sql: str) -> exp.Expression:
    return sqlglot.parse_one(sql, read="duckdb")
