"""Translate Redshift SQL to DuckDB SQL: sqlglot does most, the differences that matter to a warehouse are here.

Differences kept, so that what runs here also runs on Redshift: identifiers fold to lower case, PRIMARY KEY and UNIQUE
are not enforced, VARCHAR(n) counts bytes and refuses longer values, MERGE takes neither target alias nor conditions.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import ErrorLevel, Token, exp
from sqlglot.errors import ParseError, SqlglotError, UnsupportedError

from localaws.redshift.catalog import Catalog
from localaws.redshift.commands import CopyCommand, UnloadCommand, read_command
from localaws.redshift.ddl import expand_like, rewrite_create
from localaws.redshift.errors import (
    RedshiftError,
    RedshiftSyntaxError,
    UnsupportedFeatureError,
)
from localaws.redshift.grammar.attributes import Attributes, TableText
from localaws.redshift.grammar.changes import (
    check_delete,
    check_insert,
    check_merge,
    check_update,
)
from localaws.redshift.grammar.leading import (
    check_alteration,
    check_leading_words,
    unread,
)
from localaws.redshift.grammar.nodes import check_nodes
from localaws.redshift.grammar.queries import check_leader_node, check_queries
from localaws.redshift.grammar.tables import (
    check_alter,
    check_create,
    check_drop,
    check_truncate,
)
from localaws.redshift.grammar.tokens import check_tokens, tokenize
from localaws.redshift.grammar.types import check_type_names
from localaws.redshift.grammar.upkeep import check_upkeep
from localaws.redshift.grants import read_grant

_UPKEEP = ("vacuum", "analyze", "analyse")
_READS = ("select", "with", "(", "unload")
_CHECKS: dict[type[exp.Expression], Callable[[Any, Catalog], None]] = {
    exp.Insert: check_insert,
    exp.Update: check_update,
    exp.Delete: check_delete,
    exp.Merge: check_merge,
    exp.Drop: check_drop,
    exp.Alter: check_alter,
}
_NOW = "CAST(get_current_timestamp() AS TIMESTAMP)"
_TODAY = "CAST(get_current_timestamp() AS DATE)"


@dataclass(frozen=True)
class Query:
    """DuckDB statements to run in order; the last one gives the result."""

    statements: tuple[str, ...]
    returns_rows: bool
    commits: bool = (
        False  # TRUNCATE commits the transaction that it runs in, on Redshift
    )
    has_limit: bool = False
    """The outermost query has LIMIT or TOP, which UNLOAD refuses."""


Statement = Query | CopyCommand | UnloadCommand


def split(sql: str) -> list[str]:
    """Return the statements of a text, without surrounding comments and semicolons.

    A text with a quote that is not closed is one statement, which fails when it runs.
    """
    statements: list[str] = []
    tokens: list[sqlglot.Token] = []
    try:
        all_tokens = tokenize(sql)
    except RedshiftError:
        return [sql]
    for token in all_tokens:
        if token.token_type != sqlglot.TokenType.SEMICOLON:
            tokens.append(token)
        elif tokens:
            statements.append(sql[tokens[0].start : tokens[-1].end + 1])
            tokens = []
    if tokens:
        statements.append(sql[tokens[0].start : tokens[-1].end + 1])
    return statements


def is_read_only(sql: str) -> bool:
    """Tell by its first word whether a statement changes no table, so that it may run beside others."""
    text = sql.lstrip().lower()
    return text.startswith(_READS)


def translate(
    sql: str, catalog: Catalog, parameters: Mapping[str, str] | None = None
) -> Statement:
    """Return a Redshift statement as what the engine runs.

    Raises:
        RedshiftError: the text is not Redshift SQL, or names what does not exist.
        UnsupportedFeatureError: Redshift has it, this engine has not; the message names it.
    """
    sql = sql.strip().rstrip(";")
    tokens = tokenize(sql)
    if not tokens:
        return Query((), returns_rows=False)
    command = read_command(sql)
    if command:
        return command
    check_leading_words(tokens)
    grant = read_grant(sql)
    if grant is not None:
        return Query(grant, returns_rows=False)
    if tokens[0].text.lower() in _UPKEEP:
        check_upkeep(tokens, catalog)
        return Query((), returns_rows=False)
    tree = _read(sql, tokens, catalog)
    tree = tree.transform(_rewrite, dict(parameters or {}))
    if isinstance(tree, exp.Create):
        return _create(tree, catalog)
    if isinstance(tree, exp.Delete) and tree.args.get("tables"):
        tree.set("this", tree.args["tables"][0])
        tree.set("tables", None)
    elif isinstance(tree, exp.Select):
        _name_columns(tree)
    return Query(
        statements=tuple(_write(part) for part in _parts(tree)),
        returns_rows=isinstance(tree, exp.Query),
        commits=isinstance(tree, exp.TruncateTable),
        has_limit=bool(tree.args.get("limit")),
    )


def _read(
    sql: str, tokens: Sequence[Token], catalog: Catalog
) -> exp.Expression:
    """Return the tree of a statement in which everything is Redshift's."""
    uses_leader = check_tokens(sql, tokens)
    check_type_names(tokens)
    text, attributes = _read_attributes(sql, tokens)
    check_alteration(tokens)
    tree = _parse(text)
    if isinstance(tree, exp.Command):
        raise unread(tokens)
    if isinstance(tree, exp.Merge):
        _check_merge_insert(tree)
    check_nodes(tree)
    _check_statement(tree, attributes, catalog)
    check_queries(tree, catalog)
    if uses_leader:
        check_leader_node(tree)
    return tree


def _create(tree: exp.Create, catalog: Catalog) -> Query:
    if _exists_already(tree, catalog):
        return Query((), returns_rows=False)
    expand_like(tree, catalog)
    before, after = rewrite_create(tree)
    return Query((*before, _write(tree), *after), returns_rows=False)


def _exists_already(tree: exp.Create, catalog: Catalog) -> bool:
    """Tell whether CREATE … IF NOT EXISTS has nothing to do."""
    if not tree.args.get("exists") or tree.kind != "TABLE":
        return False
    table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    return catalog.relation(table) is not None


def _parts(tree: exp.Expression) -> list[exp.Expression]:
    """Return a statement as the engine takes it: it drops one table at a time."""
    tables = tree.args.get("tables")
    if not isinstance(tree, exp.Drop) or not tables:
        return [tree]
    parts = []
    for table in tables:
        part = tree.copy()
        part.set("tables", [table.copy()])
        parts.append(part)
    return parts


def _read_attributes(
    sql: str, tokens: Sequence[Token]
) -> tuple[str, Attributes | None]:
    """Return a text without the attributes of CREATE TABLE, and these; None for any other statement."""
    words = [token.text.lower() for token in tokens[:4]]
    if words[0] != "create" or "table" not in words:
        return sql, None
    table = TableText(sql, tokens)
    return table.read(), table.attributes


def _parse(sql: str) -> exp.Expression:
    try:
        trees = sqlglot.parse(sql, read="redshift")
    except ParseError as error:
        place = error.errors[0] if error.errors else {}
        raise RedshiftSyntaxError(
            str(place.get("highlight") or "end of input")
        ) from error
    except SqlglotError as error:
        raise RedshiftError(f"syntax error: {error}") from error
    if len(trees) != 1 or trees[0] is None:
        raise RedshiftError(
            "cannot insert multiple commands into a prepared statement"
        )
    return trees[0]


def _check_statement(
    tree: exp.Expression, attributes: Attributes | None, catalog: Catalog
) -> None:
    """Check what belongs to one kind of statement."""
    if isinstance(tree, exp.Query):
        return
    if isinstance(tree, exp.Create):
        check_create(tree, attributes, catalog)
    elif isinstance(tree, exp.TruncateTable):
        check_truncate(tree)
    elif type(tree) in _CHECKS:
        _CHECKS[type(tree)](tree, catalog)
    else:
        raise RedshiftSyntaxError(tree.sql("redshift").split()[0])


def _check_merge_insert(tree: exp.Merge) -> None:
    actions = [
        branch.args.get("then") for branch in tree.args["whens"].expressions
    ]
    for action in actions:
        if isinstance(action, exp.Insert) and not action.expression:
            raise UnsupportedFeatureError(
                "MERGE … INSERT without a column list"
            )


def _write(tree: exp.Expression) -> str:
    try:
        return str(tree.sql("duckdb", unsupported_level=ErrorLevel.RAISE))
    except UnsupportedError as error:
        raise UnsupportedFeatureError(str(error)) from error


def _rewrite(
    node: exp.Expression, parameters: dict[str, str]
) -> exp.Expression:
    """Fold identifiers, bind `:name` parameters, give the statement's time in UTC as Redshift's TIMESTAMP."""
    if isinstance(node, exp.Column) and _is_default(node):
        return exp.Var(this="DEFAULT")
    if isinstance(node, exp.Identifier):
        node.set("this", node.this.lower())
    elif isinstance(node, exp.Placeholder):
        return _bind(node, parameters)
    elif isinstance(node, exp.CurrentTimestamp):
        return sqlglot.parse_one(_NOW, read="duckdb")
    elif isinstance(node, exp.CurrentDate):
        return sqlglot.parse_one(_TODAY, read="duckdb")
    return node


def _is_default(column: exp.Column) -> bool:
    """Tell whether this is the word DEFAULT of `SET column = DEFAULT`."""
    is_word = column.name.upper() == "DEFAULT" and not column.table
    return is_word and not column.this.args.get("quoted")


def _bind(node: exp.Placeholder, parameters: dict[str, str]) -> exp.Expression:
    """Return a parameter's value as a literal: a whole number in LIMIT and OFFSET, else text."""
    if node.name not in parameters:
        raise RedshiftSyntaxError(":", f"there is no parameter {node.name}")
    value = parameters[node.name]
    if not isinstance(node.parent, exp.Limit | exp.Offset):
        return exp.Literal.string(value)
    if not (value.isascii() and value.isdigit()):
        raise RedshiftError(f'invalid input syntax for integer: "{value}"')
    return exp.Literal.number(value)


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
    if item.sql("duckdb").upper() == _TODAY.upper():
        return "date"
    while isinstance(
        item, exp.Window | exp.WithinGroup | exp.Filter | exp.Cast
    ):
        item = item.this
    if isinstance(item, exp.Column):
        return str(item.name)
    if isinstance(item, exp.Func):
        return str(item.sql_name().lower())
    return "?column?"
