"""Translate Redshift SQL to DuckDB SQL: sqlglot does most, the differences that matter to a warehouse are here.

Differences kept, so that what runs here also runs on Redshift: identifiers fold to lower case, PRIMARY KEY and UNIQUE
are not enforced, VARCHAR(n) counts bytes and refuses longer values, MERGE takes neither target alias nor conditions.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import ErrorLevel, exp
from sqlglot.errors import ParseError, UnsupportedError

from localaws.redshift.commands import CopyCommand, UnloadCommand, read_command
from localaws.redshift.ddl import drop_column_keys, rewrite_create
from localaws.redshift.errors import RedshiftError, UnsupportedFeatureError
from localaws.redshift.grants import read_grant

_NOTHING_TO_DO = ("VACUUM", "ANALYZE")
_RUNS = (
    exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.TruncateTable,
)  # fmt: skip
_NOW = "CAST(get_current_timestamp() AS TIMESTAMP)"


@dataclass(frozen=True)
class Query:
    """DuckDB statements to run in order; the last one gives the result."""

    statements: tuple[str, ...]
    returns_rows: bool
    commits: bool = (
        False  # TRUNCATE commits the transaction that it runs in, on Redshift
    )


Statement = Query | CopyCommand | UnloadCommand


def split(sql: str) -> list[str]:
    """Return the statements of a text, without surrounding comments and semicolons."""
    statements: list[str] = []
    tokens: list[sqlglot.Token] = []
    for token in sqlglot.tokenize(
        sql, read="postgres"
    ):  # redshift's tokenizer swallows UNLOAD up to any semicolon
        if token.token_type != sqlglot.TokenType.SEMICOLON:
            tokens.append(token)
        elif tokens:
            statements.append(sql[tokens[0].start : tokens[-1].end + 1])
            tokens = []
    if tokens:
        statements.append(sql[tokens[0].start : tokens[-1].end + 1])
    return statements


def is_read_only(statement: Statement) -> bool:
    """Tell whether a statement changes no table, so that it may run beside others."""
    if isinstance(statement, Query):
        return statement.returns_rows
    return isinstance(statement, UnloadCommand)


def translate(
    sql: str, parameters: Mapping[str, str] | None = None
) -> Statement:
    """Return a Redshift statement as what the engine runs.

    Raises:
        RedshiftError: the text is not Redshift SQL.
        UnsupportedFeatureError: Redshift has it, this engine has not; the message names it.
    """
    command = read_command(sql)
    if command:
        return command
    grant = read_grant(sql)
    if grant is not None:
        return Query(grant, returns_rows=False)
    if sql.split(None, 1)[0].upper() in _NOTHING_TO_DO:
        return Query((), returns_rows=False)
    tree = _parse(sql)
    tree = tree.transform(_rewrite, dict(parameters or {}))
    setup: list[str] = []
    if isinstance(tree, exp.Merge):
        _check_merge(tree)
    elif isinstance(tree, exp.Create):
        setup = rewrite_create(tree)
    elif isinstance(tree, exp.Select):
        _name_columns(tree)
    return Query(
        statements=(*setup, _write(tree)),
        returns_rows=isinstance(tree, exp.Query),
        commits=isinstance(tree, exp.TruncateTable),
    )


def _parse(sql: str) -> exp.Expression:
    try:
        tree = sqlglot.parse_one(drop_column_keys(sql), read="redshift")
    except ParseError as error:
        raise RedshiftError(
            f"syntax error: {str(error).splitlines()[0]}"
        ) from error
    if not isinstance(tree, _RUNS):
        raise UnsupportedFeatureError(" ".join(sql.split()[:2]).upper())
    return tree


def _write(tree: exp.Expression) -> str:
    try:
        return str(tree.sql("duckdb", unsupported_level=ErrorLevel.RAISE))
    except UnsupportedError as error:
        raise UnsupportedFeatureError(str(error)) from error


def _rewrite(
    node: exp.Expression, parameters: dict[str, str]
) -> exp.Expression:
    """Fold identifiers, bind `:name` parameters, give the statement's time in UTC as Redshift's TIMESTAMP."""
    if isinstance(node, exp.Identifier):
        node.set("this", node.this.lower())
    elif isinstance(node, exp.Placeholder) and node.name in parameters:
        value = parameters[node.name]
        is_count = isinstance(node.parent, exp.Limit | exp.Offset)
        return (
            exp.Literal.number(value) if is_count else exp.Literal.string(value)
        )
    elif isinstance(node, exp.CurrentTimestamp):
        return sqlglot.parse_one(_NOW, read="duckdb")
    return node


def _check_merge(tree: exp.Merge) -> None:
    """Refuse what DuckDB's MERGE takes and Redshift's does not."""
    branches = tree.args["whens"].expressions
    if tree.this.alias:
        raise RedshiftError(
            f'syntax error at or near "{tree.this.alias}": the target of MERGE takes no alias'
        )
    if any(branch.args.get("condition") for branch in branches):
        raise RedshiftError(
            'syntax error at or near "AND": MERGE takes no condition on a WHEN branch'
        )
    if sorted(bool(branch.args.get("matched")) for branch in branches) != [
        False,
        True,
    ]:
        raise RedshiftError(
            "syntax error: MERGE needs one WHEN MATCHED and one WHEN NOT MATCHED branch"
        )
    actions = [branch.args["then"] for branch in branches]
    if any(
        isinstance(action, exp.Insert) and not action.expression
        for action in actions
    ):
        raise UnsupportedFeatureError("MERGE … INSERT without a column list")


def _name_columns(tree: exp.Select) -> None:
    """Name unnamed result columns as Redshift does: the function's name, the cast column's, else `?column?`."""
    columns = []
    for item in tree.expressions:
        if isinstance(item, exp.Column | exp.Star | exp.Alias):
            columns.append(item)
        else:
            columns.append(exp.alias_(item, _column_name(item), quoted=True))
    tree.set("expressions", columns)


def _column_name(item: exp.Expression) -> str:
    if item.sql("duckdb").upper() == _NOW.upper():
        return "getdate"
    while isinstance(
        item, exp.Window | exp.WithinGroup | exp.Filter | exp.Cast
    ):
        item = item.this
    if isinstance(item, exp.Column):
        return str(item.name)
    if isinstance(item, exp.Func):
        return str(item.sql_name().lower())
    return "?column?"
