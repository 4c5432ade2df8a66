"""Refuse expressions of types that Redshift refuses and the engine would convert."""

from sqlglot import exp

from localaws.redshift.catalog import Catalog
from localaws.redshift.errors import RedshiftError, RedshiftSyntaxError
from localaws.redshift.grammar.queries import sources, visible_columns
from localaws.redshift.meaning.kinds import Kinds

_NAMES = {
    "VARCHAR": "character varying",
    "TIMESTAMP": "timestamp without time zone",
    "DOUBLE": "double precision",
}
_NUMBERS = frozenset(
    {"SMALLINT", "INTEGER", "BIGINT", "DECIMAL", "FLOAT", "DOUBLE"}
)
_NOT_SUMMED = frozenset({"BOOLEAN", "VARCHAR", "DATE", "TIMESTAMP"})


def check_types(tree: exp.Expression, kinds: Kinds, catalog: Catalog) -> None:
    """Refuse conditions that are no booleans, sums of what is no number, and columns of a UNION that do not fit."""
    for node in tree.walk():
        if isinstance(
            node, exp.Where | exp.Having | exp.Not | exp.And | exp.Or
        ):
            _check_conditions(node, kinds)
        elif isinstance(node, exp.Sum | exp.Avg | exp.Max | exp.Min):
            _check_summed(node, kinds)
        elif isinstance(node, exp.SetOperation):
            _check_set_operation(node, kinds)
        elif isinstance(node, exp.In):
            _check_list(node)
        elif isinstance(node, exp.Column) and not node.table:
            _check_whole_row(node, catalog)


def _check_conditions(node: exp.Expression, kinds: Kinds) -> None:
    word = type(node).__name__.upper()
    for part in (node.this, node.args.get("expression")):
        if not isinstance(part, exp.Expression) or isinstance(
            part, exp.Literal | exp.Placeholder
        ):
            continue
        kind = kinds.of(part)
        if kind in _NUMBERS or kind in ("VARCHAR", "DATE", "TIMESTAMP"):
            raise RedshiftError(
                f"argument of {word} must be type boolean, not type {_name(kind)}"
            )


def _check_summed(node: exp.Expression, kinds: Kinds) -> None:
    kind = kinds.of(node.this)
    is_extreme = isinstance(node, exp.Max | exp.Min)
    if kind == "BOOLEAN" or (kind in _NOT_SUMMED and not is_extreme):
        name = type(node).__name__.lower()
        raise RedshiftError(f"function {name}({_name(kind)}) does not exist")


def _check_set_operation(node: exp.SetOperation, kinds: Kinds) -> None:
    left = _items(node.this)
    right = _items(node.expression)
    for one, other in zip(left, right, strict=False):
        if isinstance(one, exp.Literal | exp.Star) or isinstance(
            other, exp.Literal | exp.Star
        ):
            continue
        first = kinds.of(one)
        second = kinds.of(other)
        if first and second and _family(first) != _family(second):
            word = type(node).__name__.upper()
            raise RedshiftError(
                f"{word} types {_name(first)} and {_name(second)} cannot be matched"
            )


def _items(query: exp.Expression) -> list[exp.Expression]:
    while isinstance(query, exp.Subquery | exp.SetOperation):
        query = query.this
    items = query.expressions if isinstance(query, exp.Select) else []
    return [
        item.this if isinstance(item, exp.Alias) else item for item in items
    ]


def _family(kind: str) -> str:
    if kind in _NUMBERS:
        return "NUMBER"
    return "TIMESTAMP" if kind in ("DATE", "TIMESTAMPTZ") else kind


def _check_list(node: exp.In) -> None:
    if not node.expressions and node.args.get("query") is None:
        raise RedshiftSyntaxError(")")


def _check_whole_row(column: exp.Column, catalog: Catalog) -> None:
    """Refuse a table's name where a column must stand."""
    name = column.name.lower()
    query = column.find_ancestor(exp.Select)
    if query is None or isinstance(column.this, exp.Star):
        return
    aliases = {source.alias_or_name.lower() for source in sources(query)}
    if name not in aliases or name in visible_columns(query, catalog):
        return
    if name not in {item.alias.lower() for item in query.expressions}:
        raise RedshiftError(f'column "{name}" does not exist')


def _name(kind: str) -> str:
    return _NAMES.get(kind, kind.lower())
