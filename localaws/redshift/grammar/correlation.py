"""Refuse correlated subqueries that Redshift cannot rewrite as joins, and the engine can."""

from dataclasses import dataclass

from sqlglot import exp

from localaws.redshift.catalog import Catalog
from localaws.redshift.errors import RedshiftError
from localaws.redshift.grammar.queries import output_names, sources

_MESSAGE = "This type of correlated subquery pattern is not supported yet"
_READERS = (exp.Select, exp.Update, exp.Delete, exp.Merge)
_OUTER = frozenset({"LEFT", "RIGHT", "FULL"})
_FREE_OF_GROUPS = (exp.Min, exp.Max)


@dataclass(frozen=True)
class _Reference:
    """A subquery, and the query around it whose column it uses."""

    subquery: exp.Expression
    query: exp.Expression
    skipped: int
    """Number of query blocks between the two."""


def check_correlation(tree: exp.Expression, catalog: Catalog) -> None:
    """Refuse the patterns of correlated subqueries that Redshift refuses.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_correlated_subqueries.html

    Raises:
        RedshiftError: with the reason behind Redshift's message.
    """
    correlated: set[int] = set()
    accepted: set[tuple[int, int]] = set()
    for column in tree.find_all(exp.Column):
        reference = _outer_reference(column, catalog)
        if reference is None:
            continue
        pair = (id(reference.subquery), id(reference.query))
        if pair in accepted:
            continue
        reason = _reason(reference)
        if reason:
            raise RedshiftError(f"{_MESSAGE} ({reason})")
        accepted.add(pair)
        correlated.add(id(reference.subquery))
    if correlated:
        _check_groups(tree, correlated)


def _outer_reference(column: exp.Column, catalog: Catalog) -> _Reference | None:
    """Return what a column's use of an outer query is; None for a column of its own query, or of none."""
    own = column.find_ancestor(*_READERS)
    query = own
    blocks = 0
    while query is not None:
        if _has_column(query, column, catalog):
            is_outer = own is not None and blocks > 0
            return _Reference(own, query, blocks - 1) if is_outer else None
        query = query.find_ancestor(*_READERS)
        blocks += 1
    return None


def _has_column(
    query: exp.Expression, column: exp.Column, catalog: Catalog
) -> bool:
    name = column.name.lower()
    for source in _sources(query):
        if column.table:
            if source.alias_or_name.lower() == column.table.lower():
                return True
        elif name in output_names(source, catalog):
            return True
    aliases = {item.alias.lower() for item in query.expressions if item.alias}
    return not column.table and name in aliases


def _sources(query: exp.Expression) -> list[exp.Expression]:
    """Return the tables and subqueries whose columns a query sees; for a change of rows its target too."""
    if isinstance(query, exp.Merge):
        return [query.this, query.args["using"]]
    has_target = not isinstance(query, exp.Select) and query.this
    targets = [query.this] if has_target else []
    return [*targets, *sources(query)]


def _reason(reference: _Reference) -> str:
    """Return why Redshift does not rewrite a subquery; empty if it does."""
    subquery = reference.subquery
    if reference.skipped:
        return "a correlation that skips a query block"
    join = subquery.find_ancestor(exp.Join)
    is_in_join = join is not None and join.parent is reference.query
    if is_in_join and str(join.args.get("side") or "").upper() in _OUTER:
        return "a correlation from the ON clause of an outer join"
    if _find_own(subquery, exp.Window):
        return "a correlated subquery with a window function"
    is_existence = isinstance(_around(subquery), exp.Exists)
    if subquery.args.get("limit") and not is_existence:
        return "a correlated subquery with LIMIT"
    in_list = isinstance(_around(subquery), exp.In)
    aggregates = _find_own(subquery, exp.AggFunc)
    others = [node for node in aggregates if type(node) not in _FREE_OF_GROUPS]
    if in_list and others and subquery.args.get("group"):
        return "IN of a correlated subquery with an aggregate and GROUP BY"
    return ""


def _around(subquery: exp.Expression) -> exp.Expression | None:
    """Return the node that a subquery with its parentheses stands in."""
    parent = subquery.parent
    while isinstance(parent, exp.Subquery | exp.Paren):
        parent = parent.parent
    return parent


def _find_own(
    subquery: exp.Expression, kind: type[exp.Expression]
) -> list[exp.Expression]:
    """Return nodes that stand in a query itself, not in a query inside of it."""
    return [
        node
        for node in subquery.find_all(kind)
        if node.find_ancestor(*_READERS) is subquery
    ]


def _check_groups(tree: exp.Expression, correlated: set[int]) -> None:
    """Refuse GROUP BY of a column that a correlated subquery gives."""
    for query in tree.find_all(exp.Select):
        group = query.args.get("group")
        keys = {key.name.lower() for key in group.expressions} if group else ()
        for item in query.expressions:
            inner = item.unalias()
            select = inner.this if isinstance(inner, exp.Subquery) else None
            if id(select) in correlated and item.alias.lower() in keys:
                raise RedshiftError(
                    f"{_MESSAGE} (GROUP BY of a correlated subquery)"
                )
