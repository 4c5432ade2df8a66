"""Rewrite CREATE TABLE of Redshift for DuckDB: physical hints go, length limits and IDENTITY become constraints."""

import sqlglot
from sqlglot import exp

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
_ATTRIBUTES = (
    "DISTKEY",
    "SORTKEY",
    "ENCODE",
    "NOT",
    "NULL",
    "DEFAULT",
    "PRIMARY",
    "UNIQUE",
)


def drop_column_keys(sql: str) -> str:
    """Blank the column attributes DISTKEY and SORTKEY, which sqlglot reads only as table attributes."""
    if sql.lstrip()[:6].upper() != "CREATE":
        return sql
    tokens = sqlglot.tokenize(sql, read="redshift")
    following_tokens = [*tokens[1:], None]
    # From the end, so that the positions of the tokens before stay right.
    for token, following in zip(
        reversed(tokens), reversed(following_tokens), strict=True
    ):
        if token.text.upper() in (
            "DISTKEY",
            "SORTKEY",
        ) and _ends_or_continues_column(following):
            sql = sql[: token.start] + sql[token.end + 1 :]
    return sql


def _ends_or_continues_column(token: sqlglot.Token | None) -> bool:
    """Tell whether a token can follow an attribute of a column; after one of a table a parenthesis opens."""
    if token is None or token.token_type in (
        sqlglot.TokenType.COMMA,
        sqlglot.TokenType.R_PAREN,
    ):
        return True
    return token.text.upper() in _ATTRIBUTES


def rewrite_create(tree: exp.Create) -> list[str]:
    """Change a CREATE in place; return statements to run before it (the sequences of IDENTITY columns)."""
    _drop_hints(tree)
    schema = tree.this
    if tree.kind != "TABLE" or not isinstance(schema, exp.Schema):
        return []
    like = schema.find(exp.LikeProperty)
    if like:
        empty = exp.select("*").from_(like.this).limit(0)
        tree.set("this", schema.this)
        tree.set("expression", empty)
        return []
    key_columns = _primary_key(schema)
    schema.set(
        "expressions",
        [item for item in schema.expressions if not _is_informational(item)],
    )
    setup: list[str] = []
    for column in schema.find_all(exp.ColumnDef):
        setup += _rewrite_column(
            column, schema.this, column.name in key_columns
        )
    return setup


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
            sequence = f"{table.name}_{column.name}_seq"
            start = kind.args.get("start") or 1
            step = kind.args.get("increment") or 1
            setup.append(
                f'CREATE SEQUENCE IF NOT EXISTS "{sequence}" START {start} INCREMENT {step}'
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
    size = _byte_limit(column.kind)
    if size:
        check = _duckdb(f'strlen("{column.name}") <= {size}')
        constraints.append(_constraint(exp.CheckColumnConstraint(this=check)))
        column.set("kind", exp.DataType.build("VARCHAR", dialect="duckdb"))
    elif column.kind.this == exp.DataType.Type.SUPER:
        column.set("kind", exp.DataType.build("JSON", dialect="duckdb"))
    column.set("constraints", constraints)
    return setup


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
