"""CREATE TABLE of Redshift as DuckDB takes it: physical hints go, length limits and IDENTITY become constraints."""

import sqlglot
from sqlglot import exp

_MAX_BYTES = 65535
_DEFAULT_BYTES = {"VARCHAR": 256, "NVARCHAR": 256, "TEXT": 256, "CHAR": 1, "NCHAR": 1, "BPCHAR": 256}
_HINTS = (exp.DistKeyProperty, exp.SortKeyProperty, exp.DistStyleProperty, exp.BackupProperty)
_NOT_ENFORCED = (exp.PrimaryKeyColumnConstraint, exp.UniqueColumnConstraint, exp.Reference)
_NOT_ENFORCED_TABLE = (exp.PrimaryKey, exp.UniqueColumnConstraint, exp.ForeignKey)


def drop_column_keys(sql: str) -> str:
    """Blank the column attributes DISTKEY and SORTKEY, which sqlglot reads only as table attributes."""
    if sql.lstrip()[:6].upper() != "CREATE":
        return sql
    tokens = sqlglot.tokenize(sql, read="redshift")
    following = [*tokens[1:], None]
    for token, after in zip(reversed(tokens), reversed(following), strict=True):
        is_attribute = after is None or after.token_type in (sqlglot.TokenType.COMMA, sqlglot.TokenType.R_PAREN)
        if token.text.upper() in ("DISTKEY", "SORTKEY") and (is_attribute or after.text.upper() in _ATTRIBUTES):
            sql = sql[: token.start] + sql[token.end + 1 :]
    return sql


_ATTRIBUTES = ("DISTKEY", "SORTKEY", "ENCODE", "NOT", "NULL", "DEFAULT", "PRIMARY", "UNIQUE")


def rewrite_create(tree: exp.Create) -> list[str]:
    """Change a CREATE in place; returns statements to run before it (the sequences of IDENTITY columns)."""
    properties = tree.args.get("properties")
    if properties:
        kept = [item for item in properties.expressions if not isinstance(item, _HINTS)]
        tree.set("properties", exp.Properties(expressions=kept) if kept else None)
    if tree.kind != "TABLE" or not isinstance(tree.this, exp.Schema):
        return []
    like = tree.this.find(exp.LikeProperty)
    if like:
        empty = exp.select("*").from_(like.this).limit(0)
        tree.set("this", tree.this.this)
        tree.set("expression", empty)
        return []
    required = _primary_key(tree.this)
    tree.this.set("expressions", [item for item in tree.this.expressions if not _is_informational(item)])
    setup: list[str] = []
    for column in tree.this.find_all(exp.ColumnDef):
        setup += _rewrite_column(column, tree.this.this, column.name in required)
    return setup


def _is_informational(item: exp.Expression) -> bool:
    inner = item.expressions if isinstance(item, exp.Constraint) else [item]
    return any(isinstance(part, _NOT_ENFORCED_TABLE) for part in inner)


def _primary_key(schema: exp.Schema) -> set[str]:
    return {part.name for key in schema.find_all(exp.PrimaryKey) for part in key.expressions}


def _rewrite_column(column: exp.ColumnDef, table: exp.Table, required: bool) -> list[str]:
    """Rewrite one column's type and constraints; returns the sequence an IDENTITY column needs."""
    setup: list[str] = []
    constraints = []
    for constraint in column.args.get("constraints") or []:
        kind = constraint.kind
        if isinstance(kind, exp.PrimaryKeyColumnConstraint):
            required = True
        if isinstance(kind, exp.GeneratedAsIdentityColumnConstraint):
            name = f"{table.name}_{column.name}_seq"
            first, step = kind.args.get("start") or 1, kind.args.get("increment") or 1
            setup.append(f'CREATE SEQUENCE IF NOT EXISTS "{name}" START {first} INCREMENT {step}')
            constraints.append(_constraint(exp.DefaultColumnConstraint(this=_duckdb(f"nextval('{name}')"))))
        elif not isinstance(kind, (*_NOT_ENFORCED, exp.EncodeColumnConstraint)):
            constraints.append(constraint)
    if required and not any(isinstance(item.kind, exp.NotNullColumnConstraint) for item in constraints):
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
    """Bytes that a character type holds; 0 for other types. Source: Redshift's character types (VARCHAR is 256)."""
    default = _DEFAULT_BYTES.get(kind.this.name, 0)
    if not default or not kind.expressions:
        return default
    size = kind.expressions[0].name
    return int(size) if size.isdigit() else _MAX_BYTES


def _constraint(kind: exp.Expression) -> exp.ColumnConstraint:
    return exp.ColumnConstraint(kind=kind)


def _duckdb(sql: str) -> exp.Expression:
    return sqlglot.parse_one(sql, read="duckdb")
