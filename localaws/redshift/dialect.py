"""Translate Redshift SQL to DuckDB SQL: sqlglot does most, the differences that matter to a warehouse are here.

Differences kept, so that what runs here also runs on Redshift: identifiers fold to lower case, PRIMARY KEY and UNIQUE
are not enforced, VARCHAR(n) counts bytes and refuses longer values, MERGE takes neither target alias nor conditions.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import sqlglot
from sqlglot import Token, exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import ParseError, SqlglotError

from localaws.redshift.alteration import alter
from localaws.redshift.catalog import (
    Catalog,
    Declaration,
    comment_on_column,
    comment_on_relation,
)
from localaws.redshift.columns import Origin, origins_of
from localaws.redshift.commands import CopyCommand, UnloadCommand, read_command
from localaws.redshift.ddl import (
    Keys,
    declare_columns,
    expand_like,
    quoted,
    rewrite_create,
    write,
)
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
from localaws.redshift.grammar.correlation import check_correlation
from localaws.redshift.grammar.foreign import check_foreign_clauses
from localaws.redshift.grammar.leading import (
    check_alteration,
    check_leading_words,
    unread,
)
from localaws.redshift.grammar.nodes import check_nodes
from localaws.redshift.grammar.queries import (
    check_leader_node,
    check_queries,
    common_table,
)
from localaws.redshift.grammar.tables import (
    check_alter,
    check_create,
    check_drop,
    check_truncate,
)
from localaws.redshift.grammar.tokens import check_tokens, tokenize
from localaws.redshift.grammar.types import check_type_names
from localaws.redshift.grammar.upkeep import check_upkeep
from localaws.redshift.meaning.characters import character_widths
from localaws.redshift.meaning.kinds import Kinds
from localaws.redshift.meaning.rewrite import apply_meaning
from localaws.redshift.merging import (
    check_columns,
    merge_statements,
    removes_duplicates,
    with_branches,
)
from localaws.redshift.system_views import stand_in
from localaws.redshift.uses import (
    Use,
    created_schema,
    created_table,
    uses_of,
)

_UPKEEP = ("vacuum", "analyze", "analyse")
_CHANGES = re.compile(r"\b(?:into|update|delete)\b")
"""Words by which a statement that begins with WITH or SELECT may change a table."""
_READS = ("select", "with", "(", "unload")
_CHECKS: dict[type[exp.Expression], Callable[[Any, Catalog], None]] = {
    exp.Insert: check_insert,
    exp.Update: check_update,
    exp.Delete: check_delete,
    exp.Merge: check_merge,
    exp.Drop: check_drop,
    exp.Alter: check_alter,
}
_KEYS = "keys"
"""Where a CREATE TABLE keeps the keys that stood in its text."""
_DEFAULT_DECIMAL = "DECIMAL(18, 0)"
"""Source: https://docs.aws.amazon.com/redshift/latest/dg/r_Numeric_types201.html"""
_NOW = "CAST(get_current_timestamp() AS TIMESTAMP)"
_USER = "getvariable('rs_user')"
_TODAY = "CAST(get_current_timestamp() AS DATE)"
_STAND_INS: tuple[tuple[tuple[type[exp.Expression], ...], str], ...] = (
    ((exp.CurrentUser, exp.SessionUser), _USER),
    ((exp.CurrentTimestamp,), _NOW),
    ((exp.CurrentDate,), _TODAY),
)
"""Words that stand for a value, and the engine's expression for each."""


_READ_AS_CALLS = frozenset(
    {"TO_CHAR", "TO_DATE", "TO_TIMESTAMP", "ADD_MONTHS", "LAST_DAY", "CBRT"}
)


class _Reader(Redshift):  # type: ignore[misc] # sqlglot's dialects are untyped
    """Redshift's dialect, which keeps formats of dates as they are written."""

    class Parser(Redshift.Parser):  # type: ignore[misc]
        FUNCTIONS: ClassVar[dict[str, Any]] = {
            name: build
            for name, build in Redshift.Parser.FUNCTIONS.items()
            if name not in _READ_AS_CALLS
        }


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
    uses: tuple[Use, ...] = ()
    """What it does with tables and schemas, for which its user needs privileges."""
    creates: exp.Table | None = None
    creates_schema: str = ""
    origins: tuple[Origin, ...] = ()
    """The table's column behind each column of the result."""
    widths: tuple[int, ...] = ()
    """Length of each column of CHAR, whose values are padded with blanks; 0 for other types. Empty if it has none."""


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
    """Tell by its words whether a statement changes no table, so that it may run beside others."""
    text = sql.lstrip().lower()
    return text.startswith(_READS) and not _CHANGES.search(text)


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
    check_foreign_clauses(tokens)
    check_leading_words(tokens)
    if tokens[0].text.lower() in _UPKEEP:
        check_upkeep(tokens, catalog)
        return Query((), returns_rows=False)
    return _translate_tree(sql, tokens, catalog, dict(parameters or {}))


def _translate_tree(
    sql: str,
    tokens: Sequence[Token],
    catalog: Catalog,
    parameters: dict[str, str],
) -> Query:
    """Return a query or a change of tables or rows as what the engine runs."""
    is_simple_merge = removes_duplicates(tokens)
    if is_simple_merge:
        sql = with_branches(sql, tokens)
        tokens = tokenize(sql)
    tree = _read(sql, tokens, catalog)
    if is_simple_merge:
        check_columns(tree, catalog)
    uses = uses_of(tree, catalog)
    table = created_table(tree)
    schema = created_schema(tree)
    origins = origins_of(tree, catalog)
    return replace(
        _compile(tree, catalog, parameters, is_simple_merge),
        uses=uses,
        creates=table.copy() if table is not None else None,
        creates_schema=schema,
        origins=origins,
    )


def _compile(
    tree: exp.Expression,
    catalog: Catalog,
    parameters: dict[str, str],
    is_simple_merge: bool,
) -> Query:
    """Return what the engine runs for a tree that has been checked."""
    for select in list(tree.find_all(exp.Select)):
        _name_columns(select)
    types = _declared_types(tree, catalog)
    reads = _relations_read(tree, catalog)
    apply_meaning(tree, catalog)
    tree = tree.transform(_rewrite, parameters)
    match tree:
        case exp.Create():
            return _create(tree, catalog, types, reads)
        case exp.Alter():
            return Query(tuple(alter(tree, catalog)), returns_rows=False)
        case exp.Drop() if tree.kind in ("TABLE", "VIEW"):
            return _drop(tree, catalog)
        case exp.Merge() if is_simple_merge:
            parts = merge_statements(tree)
        case _:
            parts = _parts(tree)
    is_query = isinstance(tree, exp.Query)
    return Query(
        statements=tuple(write(part) for part in parts),
        returns_rows=is_query,
        commits=isinstance(tree, exp.TruncateTable),
        has_limit=bool(tree.args.get("limit")),
        widths=character_widths(types) if is_query else (),
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
    if isinstance(tree, exp.Select) and tree.args.get("into"):
        tree = _create_from_into(tree)
    if isinstance(tree, exp.Merge):
        _check_merge_insert(tree)
    if isinstance(tree, exp.Delete) and len(tree.args.get("tables") or []) == 1:
        tree.set("this", tree.args["tables"][0])  # DELETE without FROM
        tree.set("tables", None)
    if attributes is not None:
        dist_keys = tuple(attributes.dist_keys)
        tree.meta[_KEYS] = Keys(dist_keys, tuple(attributes.sort_keys))
    check_nodes(tree)
    _check_statement(tree, attributes, catalog)
    if tree.args.get("kind") == "SCHEMA":
        return tree
    check_queries(tree, catalog)
    check_correlation(tree, catalog)
    if uses_leader:
        check_leader_node(tree)
    return tree


def _create_from_into(select: exp.Select) -> exp.Create:
    """Return SELECT … INTO as the CREATE TABLE AS that it stands for.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_SELECT_INTO.html
    """
    into = select.args["into"]
    select.set("into", None)
    create = exp.Create(this=into.this, kind="TABLE", expression=select)
    if into.args.get("temporary"):
        temporary = [exp.TemporaryProperty()]
        create.set("properties", exp.Properties(expressions=temporary))
    return create


def _declared_types(tree: exp.Expression, catalog: Catalog) -> list[str]:
    """Return the types of the columns of a query or CREATE … AS, as Redshift declares them."""
    query = tree.expression if isinstance(tree, exp.Create) else tree
    if isinstance(query, exp.Query):
        return Kinds(catalog).declared_types(query)
    return []


def _relations_read(tree: exp.Expression, catalog: Catalog) -> list[str]:
    """Return the tables and views that a view is bound to; none for a late-binding one."""
    if not isinstance(tree, exp.Create) or tree.args.get("no_schema_binding"):
        return []
    if tree.kind != "VIEW" or tree.expression is None:
        return []
    names: list[str] = []
    for table in tree.expression.find_all(exp.Table):
        relation = catalog.relation(table)
        if relation is not None and common_table(table) is None:
            names.append(f"{relation.schema}.{relation.name}")
    return names


def _create(
    tree: exp.Create, catalog: Catalog, types: list[str], reads: list[str]
) -> Query:
    if _exists_already(tree, catalog):
        return Query((), returns_rows=False)
    if tree.kind == "SCHEMA":
        return Query((write(tree),), returns_rows=False)
    query = tree.expression
    if tree.kind == "VIEW":
        return _create_view(tree, catalog, types, reads)
    insertion: list[str] = []
    if isinstance(query, exp.Query):
        tree = declare_columns(tree, types, catalog.describe(write(query)))
        table = tree.this.this
        insertion = [f"INSERT INTO {quoted(table)} {write(query)}"]
    expand_like(tree, catalog)
    before, after = rewrite_create(tree, tree.meta.get(_KEYS))
    return Query((*before, write(tree), *after, *insertion), returns_rows=False)


def _create_view(
    tree: exp.Create, catalog: Catalog, types: list[str], reads: list[str]
) -> Query:
    """Create a view with the columns that it has now, and keep what it reads.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_VIEW.html
    """
    schema = tree.this
    table = schema.this if isinstance(schema, exp.Schema) else schema
    names = [name for name, _ in catalog.describe(write(tree.expression))]
    if isinstance(schema, exp.Schema):
        names = [item.name for item in schema.expressions]
    doubled = [name for name in names if names.count(name) > 1]
    if doubled:
        raise RedshiftError(f'column "{doubled[0]}" duplicated')
    existing = catalog.relation(table)
    is_changed = existing is not None and list(existing.columns) != names
    if tree.args.get("replace") and existing is not None and is_changed:
        raise RedshiftError(
            f'cannot change the columns of view "{existing.name}"'
        )
    is_bound = bool(reads)
    if is_bound and not isinstance(schema, exp.Schema):
        columns = [exp.to_identifier(name, quoted=True) for name in names]
        tree.set("this", exp.Schema(this=table.copy(), expressions=columns))
    if is_bound and isinstance(tree.expression, exp.Select):
        _expand_star(tree.expression, names)
    rewrite_create(tree)
    note = comment_on_relation("VIEW", quoted(table), {"reads": reads})
    comments = [
        comment_on_column(quoted(table), name, Declaration(kind))
        for name, kind in zip(names, types, strict=False)
        if kind and len(types) == len(names)
    ]
    return Query((write(tree), note, *comments), returns_rows=False)


def _expand_star(select: exp.Select, names: list[str]) -> None:
    """Name the columns that a lone `*` stands for, so that a view does not gain those that its table gains."""
    is_lone_star = len(select.expressions) == 1 and select.is_star
    if is_lone_star and not select.args.get("joins"):
        columns = [exp.column(name, quoted=True) for name in names]
        select.set("expressions", columns)


def _drop(tree: exp.Drop, catalog: Catalog) -> Query:
    """Drop relations; with CASCADE the views on them before.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_DROP_TABLE.html

    Raises:
        RedshiftError: a view reads what is dropped, and there is no CASCADE.
    """
    statements: list[str] = []
    dropped = {table.name for table in tree.args.get("tables") or []}
    for part in _parts(tree):
        for table in part.args.get("tables") or []:
            relation = catalog.relation(table)
            views = catalog.dependents(relation) if relation else []
            views = [view for view in views if view.name not in dropped]
            if views and not tree.args.get("cascade"):
                raise RedshiftError(
                    f"cannot drop {tree.kind.lower()} {table.name} because other objects depend on it\n"
                    "Hint: Use DROP ... CASCADE to drop the dependent objects too."
                )
            statements += [
                f'DROP VIEW IF EXISTS "{view.schema}"."{view.name}"'
                for view in views
            ]
        part.set("cascade", None)
        statements.append(write(part))
    return Query(tuple(statements), returns_rows=False)


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
        trees = sqlglot.parse(sql, read=_Reader)
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


def _rewrite(
    node: exp.Expression, parameters: dict[str, str]
) -> exp.Expression:
    """Fold identifiers, bind `:name` parameters, give the statement's time in UTC as Redshift's TIMESTAMP."""
    if isinstance(node, exp.Column) and _is_default(node):
        return exp.Var(this="DEFAULT")
    if isinstance(node, exp.Table):
        _rename_system_view(node)
    elif (
        isinstance(node, exp.DataType) and node.this == exp.DataType.Type.SUPER
    ):
        return exp.DataType.build("JSON", dialect="duckdb")
    elif isinstance(node, exp.DataType) and _is_bare_decimal(node):
        return exp.DataType.build(_DEFAULT_DECIMAL)
    elif isinstance(node, exp.Identifier):
        node.set("this", node.this.lower())
        if node.this.startswith("#"):
            node.set("quoted", True)
    elif isinstance(node, exp.Placeholder):
        return _bind(node, parameters)
    for classes, sql in _STAND_INS:
        if isinstance(node, classes):
            return sqlglot.parse_one(sql, read="duckdb")
    return node


def _is_bare_decimal(kind: exp.DataType) -> bool:
    """Tell whether a DECIMAL has no digits, for which the engine would take others than Redshift."""
    return kind.this == exp.DataType.Type.DECIMAL and not kind.expressions


def _rename_system_view(table: exp.Table) -> None:
    """Point a system view to the one that stands for it."""
    view = stand_in(table.db.lower(), table.name.lower())
    if view:
        if not table.alias:
            table.set(
                "alias",
                exp.TableAlias(this=exp.to_identifier(table.name.lower())),
            )
        table.set("this", exp.to_identifier(view))
        table.set("db", None)
        table.set("catalog", None)


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
    if isinstance(item, exp.CurrentTimestamp):
        return "getdate"
    if isinstance(item, exp.CurrentDate):
        return "date"
    if isinstance(item, exp.GroupConcat):
        return "listagg"
    if isinstance(item, exp.Anonymous):
        return str(item.name.lower())
    while isinstance(
        item, exp.Window | exp.WithinGroup | exp.Filter | exp.Cast
    ):
        item = item.this
    if isinstance(item, exp.Column):
        return str(item.name)
    if isinstance(item, exp.Func):
        return str(item.sql_name().lower())
    return "?column?"
