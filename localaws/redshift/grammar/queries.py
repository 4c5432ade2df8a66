"""Check queries: clauses, joins, windows, and names that their place does not allow."""

from collections.abc import Callable, Iterator
from types import UnionType
from typing import Any

from sqlglot import exp

from localaws.redshift.catalog import Catalog
from localaws.redshift.errors import (
    RedshiftError,
    RedshiftSyntaxError,
    UnsupportedFeatureError,
)
from localaws.redshift.grammar.system import check_system_relation
from localaws.redshift.system_views import stand_in

_WINDOWED_AGGREGATES = (
    exp.AggFunc, exp.FirstValue, exp.LastValue, exp.NthValue,
)  # fmt: skip
_RANKING = (
    exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.CumeDist, exp.PercentRank, exp.Lag, exp.Lead,
)  # fmt: skip
"""These take no frame. Source: https://docs.aws.amazon.com/redshift/latest/dg/r_Window_function_synopsis.html"""
_UNORDERED = (
    exp.PercentileCont,
    exp.PercentileDisc,
    exp.Median,
    exp.GroupConcat,
)
_JOIN_KINDS = frozenset({"", "INNER", "OUTER", "CROSS"})
_JOIN_SIDES = frozenset({"", "LEFT", "RIGHT", "FULL"})
_NOT_ON_COMPUTE_NODES = "Specified types or functions (one per INFO message) not supported on Redshift tables."
_SYSTEM_COLUMNS = frozenset(
    {"rowid", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "oid"}
)
"""Source: https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-features.html"""


def check_queries(tree: exp.Expression, catalog: Catalog) -> None:
    """Refuse what Redshift refuses in a query, wherever the query stands in a statement.

    Raises:
        RedshiftError: in Redshift's words.
    """
    names = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        _check_relation(table, names, catalog)
    for node in tree.walk():
        if isinstance(node, exp.Select):
            _check_aliases(node, catalog)
        if isinstance(node, exp.Column):
            _check_system_column(node, catalog)
        for kinds, check in _CHECKS:
            if isinstance(node, kinds):
                check(node)


def sources(select: exp.Expression) -> Iterator[exp.Expression]:
    """Yield what a SELECT, UPDATE or DELETE reads from: tables and subqueries of FROM, JOIN and USING."""
    origin = select.args.get("from_")
    if origin:
        yield origin.this
        for join in origin.this.args.get("joins") or []:
            yield join.this
    yield from select.args.get("using") or []
    for join in select.args.get("joins") or []:
        yield join.this
        for inner in join.this.args.get("joins") or []:
            yield inner.this


def _check_relation(
    table: exp.Table, common: set[str], catalog: Catalog
) -> None:
    """Refuse a table function, a file and a table that does not exist."""
    if not isinstance(table.this, exp.Identifier):
        name = table.this.sql("redshift").split("(")[0].lower()
        raise RedshiftError(f"function {name}() does not exist")
    parent = table.parent
    is_created = isinstance(
        parent,
        exp.Schema
        | exp.Create
        | exp.Drop
        | exp.Alter
        | exp.AlterRename
        | exp.Reference,
    )
    if isinstance(parent, exp.Reference | exp.Schema) and isinstance(
        table.find_ancestor(exp.Reference), exp.Reference
    ):
        _check_referenced(table, catalog)
    if is_created or (not table.db and table.name.lower() in common):
        return
    if isinstance(parent, exp.TruncateTable) and parent.args.get("exists"):
        return
    _check_database(table, catalog)
    if check_system_relation(table):
        return
    if catalog.relation(table) is None:
        shown = f"{table.db}.{table.name}" if table.db else table.name
        raise RedshiftError(f'relation "{shown.lower()}" does not exist')


def _check_database(table: exp.Table, catalog: Catalog) -> None:
    """Refuse a table of another database; local AWS has one."""
    database = table.catalog.lower()
    if database and database != catalog.database().lower():
        raise RedshiftError(f'database "{database}" does not exist')


def _check_referenced(table: exp.Table, catalog: Catalog) -> None:
    """Refuse a foreign key to a table that does not exist; to the table itself is right."""
    create = table.find_ancestor(exp.Create)
    own = create.find(exp.Table) if create is not None else None
    is_own = own is not None and own.name.lower() == table.name.lower()
    if not is_own and catalog.relation(table) is None:
        raise RedshiftError(f'relation "{table.name.lower()}" does not exist')


def _check_select(select: exp.Select) -> None:
    if not select.expressions:
        raise RedshiftSyntaxError("FROM")
    distinct = select.args.get("distinct")
    if distinct is not None and distinct.args.get("on"):
        raise RedshiftError("SELECT DISTINCT ON is not supported")
    if select.args.get("kind"):
        raise RedshiftSyntaxError(str(select.args["kind"]))
    _check_system_star(select)
    _check_source_names(select)
    _check_places(select)
    _check_sorted_aggregates(select)
    having = select.args.get("having")
    if having and select.args.get("qualify") and not select.args.get("from_"):
        raise RedshiftSyntaxError("QUALIFY")
    order = select.args.get("order")
    if distinct is not None and order is not None:
        _check_distinct_order(select, order)
    for item in order.expressions if order else []:
        if (
            isinstance(item.this, exp.Column)
            and item.this.name.lower() == "all"
        ):
            raise RedshiftSyntaxError("ALL")


def _check_sorted_aggregates(select: exp.Select) -> None:
    """Refuse LISTAGG, MEDIAN and PERCENTILE_CONT of several orders in one query.

    MEDIAN orders by its argument.
    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_PERCENTILE_CONT.html (usage notes)
    """
    orders: set[str] = set()
    for node in select.find_all(exp.WithinGroup, exp.Median):
        is_own = node.find_ancestor(exp.Select) is select
        if not is_own or isinstance(node.parent, exp.Window):
            continue
        keys = [node.this]
        if isinstance(node, exp.WithinGroup):
            keys = node.expression.expressions
        texts = [key.sql("redshift").lower() for key in keys]
        orders.add(", ".join(texts))
    if len(orders) > 1:
        raise RedshiftError(
            "within group ORDER BY clauses for aggregate functions must be the same"
        )


def _check_system_star(select: exp.Select) -> None:
    """Name `*` of a table of pg_catalog, of which local AWS has some columns only."""
    for source in sources(select):
        is_system = isinstance(source, exp.Table) and stand_in(
            source.db.lower(), source.name.lower()
        ).startswith("rs_pg_")
        if is_system and select.is_star:
            raise UnsupportedFeatureError(
                f"every column of {source.name.upper()}"
            )


def _check_source_names(select: exp.Select) -> None:
    """Refuse two tables of one name in a FROM clause."""
    names: set[str] = set()
    for source in sources(select):
        name = source.alias_or_name.lower()
        if name and name in names:
            raise RedshiftError(f'table name "{name}" specified more than once')
        names.add(name)


def _check_places(select: exp.Select) -> None:
    """Refuse places of ORDER BY and GROUP BY that the SELECT list does not have."""
    if select.is_star:
        return
    order = select.args.get("order")
    keys = [item.this for item in order.expressions] if order else []
    _check_places_of("ORDER", keys, len(select.expressions))
    group = select.args.get("group")
    groups = group.expressions if group else []
    _check_places_of("GROUP", groups, len(select.expressions))


def _check_places_of(
    word: str, keys: list[exp.Expression], number: int
) -> None:
    for key in keys:
        is_place = isinstance(key, exp.Literal) and key.name.isdigit()
        if is_place and not 1 <= int(key.name) <= number:
            raise RedshiftError(
                f"{word} BY position {key.name} is not in select list"
            )


def _check_with(node: exp.With) -> None:
    """Refuse a recursive table without a list of its columns, and one that is no UNION ALL.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_WITH_clause.html (the recursive form)
    """
    for cte in node.expressions:
        name = cte.alias.lower()
        reads_itself = any(
            table.name.lower() == name and not table.db
            for table in cte.this.find_all(exp.Table)
        )
        columns = cte.args["alias"].columns
        is_counted = isinstance(cte.this, exp.Select) and not cte.this.is_star
        number = len(cte.this.expressions) if is_counted else len(columns)
        if columns and len(columns) != number:
            raise RedshiftError(
                f'WITH query "{name}" has {number} columns available but {len(columns)} columns specified'
            )
        if not reads_itself or not node.args.get("recursive"):
            continue
        if not cte.args["alias"].columns:
            raise RedshiftSyntaxError(
                "AS",
                f'the recursive table "{name}" needs a list of its columns',
            )
        query = cte.this
        is_union = isinstance(query, exp.Union) and not query.args.get(
            "distinct"
        )
        if not is_union:
            raise RedshiftError(
                f'the recursive table "{name}" must be a UNION ALL'
            )


def _check_distinct_order(select: exp.Select, order: exp.Expression) -> None:
    """Refuse an order of DISTINCT rows by what is not in their list.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_ORDER_BY_clause.html
    """
    if select.is_star:
        return
    listed: set[str] = set()
    for item in select.expressions:
        listed |= {item.alias_or_name.lower(), item.unalias().sql().lower()}
    for key in order.expressions:
        is_place = isinstance(key.this, exp.Literal)
        names = {key.this.name.lower(), key.this.sql().lower()}
        if not is_place and not names & listed:
            raise RedshiftError(
                "for SELECT DISTINCT, ORDER BY expressions must appear in select list"
            )


def _check_aliases(select: exp.Select, catalog: Catalog) -> None:
    """Refuse an output name in WHERE, HAVING or ON: only later items of the SELECT list may use it.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_SELECT_list.html (usage notes)
    """
    aliases = {item.alias.lower() for item in select.expressions if item.alias}
    if not aliases:
        return
    clauses = [select.args.get("where"), select.args.get("having")]
    clauses += [join.args.get("on") for join in select.args.get("joins") or []]
    for clause in clauses:
        for column in clause.find_all(exp.Column) if clause else []:
            name = column.name.lower()
            if column.table or name not in aliases:
                continue
            inner = column.find_ancestor(exp.Select)
            names = visible_columns(inner or select, catalog)
            if inner is not None and inner is not select:
                names |= {item.alias.lower() for item in inner.expressions}
            if name not in names:
                raise RedshiftError(f'column "{name}" does not exist')


def visible_columns(select: exp.Expression, catalog: Catalog) -> set[str]:
    """Return the names of all columns that a query and the queries around it read from."""
    names: set[str] = set()
    query: exp.Expression | None = select
    while query is not None:
        for source in sources(query):
            is_around = any(node is source for node in _around(select))
            if not is_around:
                names |= set(output_names(source, catalog))
        query = query.find_ancestor(exp.Select)
    return names


def _around(node: exp.Expression) -> Iterator[exp.Expression]:
    """Yield a node and all nodes that it is in."""
    outer: exp.Expression | None = node
    while outer is not None:
        yield outer
        outer = outer.parent


def output_names(source: exp.Expression, catalog: Catalog) -> list[str]:
    """Return the names of the columns of a table, subquery or common table expression."""
    alias = source.args.get("alias")
    if isinstance(alias, exp.TableAlias) and alias.columns:
        return [column.name.lower() for column in alias.columns]
    if isinstance(source, exp.Subquery):
        return output_names(source.this, catalog)
    if isinstance(source, exp.SetOperation):
        return output_names(source.this, catalog)
    if isinstance(source, exp.Select):
        return _select_names(source, catalog)
    if isinstance(source, exp.Table):
        common = common_table(source)
        if common is not None:
            return output_names(common, catalog)
        relation = catalog.relation(source)
        return list(relation.columns) if relation else []
    return []


def common_table(table: exp.Table) -> exp.Expression | None:
    """Return the query that a table's name stands for, or None for a real table."""
    if table.db:
        return None
    node: exp.Expression | None = table
    while node is not None:
        clause = node.args.get("with_")
        for cte in clause.expressions if clause else []:
            is_itself = table.find_ancestor(exp.CTE) is cte
            if cte.alias.lower() == table.name.lower() and not is_itself:
                names = cte.args["alias"]
                return exp.Subquery(
                    this=cte.this.copy(),
                    alias=names.copy() if names.columns else None,
                )
        node = node.parent
    return None


def _select_names(select: exp.Select, catalog: Catalog) -> list[str]:
    names: list[str] = []
    for item in select.expressions:
        is_star = isinstance(item, exp.Star) or (
            isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
        )
        if is_star:
            for source in sources(select):
                names += output_names(source, catalog)
        else:
            names.append(item.alias_or_name.lower())
    return names


def check_leader_node(tree: exp.Expression) -> None:
    """Refuse a statement that calls functions of the leader node and reads tables.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions_leader_node_only.html
    """
    is_ddl = isinstance(tree, exp.Create) and tree.expression is None
    if tree.find(exp.Table) and not is_ddl:
        raise RedshiftError(_NOT_ON_COMPUTE_NODES)


def _check_join(join: exp.Join) -> None:
    kind = str(join.args.get("kind") or "").upper()
    side = str(join.args.get("side") or "").upper()
    method = str(join.args.get("method") or "").upper()
    if kind not in _JOIN_KINDS:
        raise RedshiftSyntaxError(kind)
    if side not in _JOIN_SIDES:
        raise RedshiftSyntaxError(side)
    if method not in ("", "NATURAL"):
        raise RedshiftSyntaxError(method)
    if isinstance(join.this, exp.Lateral):
        raise RedshiftSyntaxError("LATERAL")
    condition = join.args.get("on")
    if side == "FULL" and condition is not None and not condition.find(exp.EQ):
        raise RedshiftError(
            "FULL JOIN is only supported with merge-joinable or hash-joinable join conditions"
        )


def _check_window(window: exp.Window) -> None:
    """Check a window's parts.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_Window_function_synopsis.html
    """
    opening = str(window.args.get("over") or "OVER").upper()
    if window.args.get("alias") or opening != "OVER":
        raise RedshiftSyntaxError(str(window.args.get("alias") or opening))
    function = window.this
    while isinstance(
        function, exp.IgnoreNulls | exp.RespectNulls | exp.WithinGroup
    ):
        function = function.this
    if isinstance(function, exp.Func) and isinstance(
        function.this, exp.Distinct
    ):
        raise RedshiftError("DISTINCT is not supported for window functions")
    frame = window.args.get("spec")
    if (
        frame is not None
        and str(frame.args.get("kind") or "").upper() != "ROWS"
    ):
        raise RedshiftError(
            "RANGE frames are not supported: use ROWS in the frame clause"
        )
    if frame is not None:
        _check_bounds(frame)
    if isinstance(function, exp.NthValue):
        _check_offset(function)
    _check_order_and_frame(function, window.args.get("order"), frame)


def _check_bounds(frame: exp.Expression) -> None:
    """Allow a whole number, UNBOUNDED and CURRENT ROW as a frame's bounds."""
    for side in ("start", "end"):
        bound = frame.args.get(side)
        is_word = not isinstance(bound, exp.Expression)
        if is_word or isinstance(bound, exp.Placeholder):
            continue
        is_number = isinstance(bound, exp.Literal) and bound.name.isdigit()
        if not is_number:
            raise RedshiftSyntaxError(
                bound.sql("redshift"), "a frame's bounds are whole numbers"
            )


def _check_offset(function: exp.NthValue) -> None:
    offset = function.args.get("offset")
    is_wrong = isinstance(offset, exp.Neg) or (
        isinstance(offset, exp.Literal) and offset.name == "0"
    )
    if is_wrong:
        raise RedshiftError("argument of nth_value must be greater than zero")


def _check_order_and_frame(
    function: exp.Expression,
    order: exp.Expression | None,
    frame: exp.Expression | None,
) -> None:
    """Refuse an order or a frame that the function does not take, and an order without the frame that it needs."""
    if isinstance(function, exp.Lag | exp.Lead) and order is None:
        raise RedshiftError(
            "LAG and LEAD require an ORDER BY in the OVER clause"
        )
    if isinstance(function, _RANKING):
        if frame is not None:
            raise RedshiftError("this window function takes no frame clause")
        return
    is_unordered = isinstance(function, _UNORDERED)
    if is_unordered or function.name.lower() == "ratio_to_report":
        if order is not None:
            raise RedshiftError(
                "ORDER BY is not supported in the OVER clause of this function"
            )
        return
    if not isinstance(function, _WINDOWED_AGGREGATES):
        raise RedshiftError(
            "OVER clause can only be used with window functions and aggregates"
        )
    if order is not None and frame is None:
        raise RedshiftError(
            "Aggregate window functions with an ORDER BY clause require a frame clause"
        )


def _check_count(node: exp.Limit | exp.Offset) -> None:
    """Allow a whole number or a parameter only.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_ORDER_BY_clause.html (LIMIT number | ALL)
    """
    count = node.expression
    if isinstance(count, exp.Placeholder):
        return
    is_number = isinstance(count, exp.Literal) and not count.is_string
    if not is_number or not count.name.isdigit():
        word = type(node).__name__.upper()
        if (
            isinstance(count, exp.Var | exp.Column)
            and count.name.upper() == "ALL"
        ):
            return
        raise RedshiftError(f"argument of {word} must be a whole number")


def _check_set_operation(node: exp.SetOperation) -> None:
    """Refuse INTERSECT ALL and EXCEPT ALL.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_UNION.html
    """
    side = node.this
    word = type(node).__name__.upper()
    if isinstance(side, exp.Select) and (
        side.args.get("limit") or side.args.get("order")
    ):
        raise RedshiftSyntaxError(
            word, "a query with ORDER BY or LIMIT needs parentheses"
        )
    order = node.args.get("order")
    for key in order.expressions if order else []:
        if isinstance(key.this, exp.Column) and key.this.table:
            raise RedshiftError(
                f'missing FROM-clause entry for table "{key.this.table}"'
            )
    if not isinstance(node, exp.Union) and not node.args.get("distinct"):
        raise RedshiftError(
            f"{type(node).__name__.upper()} ALL is not supported"
        )


def _check_in(node: exp.In) -> None:
    if node.args.get("unnest") or node.args.get("field"):
        raise RedshiftSyntaxError("IN")


def _check_tuple(node: exp.Tuple) -> None:
    """Refuse row constructors outside VALUES, IN and grouping sets.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-features.html
    """
    parent = node.parent
    if isinstance(
        parent,
        exp.Values | exp.GroupingSets | exp.Rollup | exp.Cube | exp.Group,
    ):
        return
    if isinstance(parent, exp.When | exp.Insert | exp.Merge):
        return
    if isinstance(parent, exp.In) and parent.args.get("query") is not None:
        raise UnsupportedFeatureError("IN with several columns")
    raise RedshiftError("row constructors are not supported")


def _check_values(node: exp.Values) -> None:
    """Refuse VALUES as a table.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-features.html
    """
    if not isinstance(node.parent, exp.Insert):
        raise RedshiftSyntaxError(
            "VALUES", "a list of VALUES is no table in Redshift"
        )
    lengths = {len(row.expressions) for row in node.expressions}
    if len(lengths) > 1:
        raise RedshiftError("VALUES lists must all be the same length")


def _check_system_column(column: exp.Column, catalog: Catalog) -> None:
    if column.name.lower() not in _SYSTEM_COLUMNS:
        return
    select = column.find_ancestor(exp.Select, exp.Update, exp.Delete)
    if column.name.lower() == "oid" and _reads_system_table(select):
        return
    names = visible_columns(select, catalog) if select is not None else set()
    if select is None or column.name.lower() not in names:
        raise RedshiftError(f'column "{column.name.lower()}" does not exist')


def _reads_system_table(select: exp.Expression | None) -> bool:
    """Tell whether a query reads a table of pg_catalog, which has an oid."""
    origins = sources(select) if select is not None else []
    return any(source.name.lower().startswith("pg_") for source in origins)


def _check_within_group(node: exp.Expression) -> None:
    """Refuse ORDER BY inside an aggregate, and several keys of a percentile."""
    if isinstance(node, exp.GroupConcat) and isinstance(node.this, exp.Order):
        raise RedshiftSyntaxError("ORDER")
    if isinstance(node, exp.WithinGroup):
        is_ordered_set = isinstance(
            node.this, exp.GroupConcat | exp.PercentileCont | exp.PercentileDisc
        )
        if not is_ordered_set:
            raise RedshiftSyntaxError("WITHIN")


def _check_quantifier(node: exp.Expression) -> None:
    """Allow ANY and ALL before a subquery only, and never after LIKE."""
    inner = node.this
    while isinstance(inner, exp.Paren):
        inner = inner.this
    if not isinstance(inner, exp.Query | exp.Subquery):
        raise RedshiftSyntaxError("ANY")
    if isinstance(node.parent, exp.Like | exp.ILike):
        raise RedshiftSyntaxError("ANY")


_CHECKS: tuple[tuple[type | UnionType, Callable[[Any], None]], ...] = (
    (exp.Select, _check_select),
    (exp.SetOperation, _check_set_operation),
    (exp.With, _check_with),
    (exp.Join, _check_join),
    (exp.Window, _check_window),
    (exp.Limit | exp.Offset, _check_count),
    (exp.In, _check_in),
    (exp.Tuple, _check_tuple),
    (exp.Values, _check_values),
    (exp.WithinGroup | exp.GroupConcat, _check_within_group),
    (exp.Any | exp.All, _check_quantifier),
)
