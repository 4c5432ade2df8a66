"""Refuse expressions of types that Redshift refuses and the engine would convert."""

import re
from collections.abc import Callable
from types import UnionType
from typing import Any

from sqlglot import exp

from localaws.redshift.catalog import Catalog, Column
from localaws.redshift.errors import (
    RedshiftError,
    RedshiftSyntaxError,
    UnsupportedFeatureError,
)
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
_NO_BOOLEANS = _NUMBERS | {"DATE", "TIMESTAMP"}
_SIGNS: dict[type[exp.Expression], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_COMPARISONS = tuple(_SIGNS)
_NUMBER_TEXT = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*", re.I)
_INFINITE = re.compile(r"\s*[+-]?infinity\s*", re.I)
_NOT_SUMMED = frozenset({"BOOLEAN", "VARCHAR", "DATE", "TIMESTAMP"})


def check_types(tree: exp.Expression, kinds: Kinds, catalog: Catalog) -> None:
    """Refuse conditions that are no booleans, sums of what is no number, and columns of a UNION that do not fit."""
    for node in tree.walk():
        for classes, check in _OF_TYPES:
            if isinstance(node, classes):
                check(node, kinds)
        if isinstance(node, exp.Insert):
            _check_insert(node, kinds, catalog)
        elif isinstance(node, exp.Update) and isinstance(node.this, exp.Table):
            _check_update(node, kinds, catalog)
        elif isinstance(node, exp.Column) and not node.table:
            _check_whole_row(node, catalog)


def _check_conditions(node: exp.Expression, kinds: Kinds) -> None:
    word = type(node).__name__.upper()
    for part in (node.this, node.args.get("expression")):
        if not isinstance(part, exp.Expression) or isinstance(
            part, exp.Placeholder
        ):
            continue
        if isinstance(part, exp.Literal) and part.is_string:
            continue
        kind = kinds.of(part)
        if kind in _NUMBERS or kind in ("VARCHAR", "DATE", "TIMESTAMP"):
            raise RedshiftError(
                f"argument of {word} must be type boolean, not type {_name(kind)}"
            )


def _check_join_condition(node: exp.Join, kinds: Kinds) -> None:
    _check_boolean(node.args.get("on"), "JOIN/ON", kinds)


def _check_case(node: exp.Case, kinds: Kinds) -> None:
    """Refuse WHEN of what is no boolean; CASE with an operand compares with it instead."""
    if node.this is None:
        for branch in node.args["ifs"]:
            _check_boolean(branch.this, "CASE/WHEN", kinds)


def _check_boolean(
    condition: exp.Expression | None, word: str, kinds: Kinds
) -> None:
    is_unknown = isinstance(condition, exp.Placeholder | exp.Literal | None)
    kind = "" if is_unknown else kinds.of(condition)
    if kind in _NUMBERS or kind in ("VARCHAR", "DATE", "TIMESTAMP"):
        raise RedshiftError(
            f"argument of {word} must be type boolean, not type {_name(kind)}"
        )


def _check_concatenation(node: exp.DPipe, kinds: Kinds) -> None:
    """Refuse `||` with a boolean, which Redshift does not convert to text.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_Type_conversion.html
    """
    sides = [kinds.of(node.this), kinds.of(node.expression)]
    if "BOOLEAN" in sides:
        names = [_name(kind) if kind else "unknown" for kind in sides]
        raise RedshiftError(
            f"operator does not exist: {names[0]} || {names[1]}"
        )


def _check_alternatives(node: exp.Expression, kinds: Kinds) -> None:
    """Refuse text that is no number among alternatives that are numbers."""
    parts = [node.this, *node.expressions]
    others = {kinds.of(part) for part in parts if not _is_text(part)}
    numbers = others & _NUMBERS
    for part in parts:
        is_wrong = _is_text(part) and not _NUMBER_TEXT.fullmatch(part.name)
        if numbers and is_wrong:
            kind = _name(sorted(numbers)[0])
            raise RedshiftError(
                f'invalid input syntax for type {kind}: "{part.name}"'
            )


def _is_text(node: exp.Expression) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _check_moment(node: exp.Cast, _kinds: Kinds) -> None:
    """Refuse an infinite date, which PostgreSQL has since 8.4, and name an infinite timestamp."""
    is_infinite = _is_text(node.this) and _INFINITE.fullmatch(node.this.name)
    if not is_infinite:
        return
    if node.to.this == exp.DataType.Type.DATE:
        raise RedshiftError(
            f'invalid input syntax for type date: "{node.this.name}"'
        )
    if node.to.this.name.startswith("TIMESTAMP"):
        raise UnsupportedFeatureError("an infinite TIMESTAMP")


def _check_summed(node: exp.Expression, kinds: Kinds) -> None:
    kind = kinds.of(node.this)
    is_extreme = isinstance(node, exp.Max | exp.Min)
    if kind == "BOOLEAN" or (kind in _NOT_SUMMED and not is_extreme):
        name = type(node).__name__.lower()
        raise RedshiftError(f"function {name}({_name(kind)}) does not exist")


def _check_median(node: exp.Median, kinds: Kinds) -> None:
    kind = kinds.of(node.this)
    if kind in ("VARCHAR", "BOOLEAN"):
        raise RedshiftError(f"function median({_name(kind)}) does not exist")


def _check_comparison(node: exp.Expression, kinds: Kinds) -> None:
    """Refuse to compare a boolean with what is none."""
    if isinstance(node.parent, exp.Update):
        return
    sides = [node.this, node.expression]
    first, second = (kinds.of(side) for side in sides)
    others = {first, second} - {"BOOLEAN"}
    is_mixed = "BOOLEAN" in (first, second) and others <= _NO_BOOLEANS
    if is_mixed and others:
        sign = _SIGNS[type(node)]
        raise RedshiftError(
            f"operator does not exist: {_name(first)} {sign} {_name(second)}"
        )


def _check_position(node: exp.SplitPart, _kinds: Kinds) -> None:
    position = node.args.get("part_index")
    is_wrong = isinstance(position, exp.Neg) or (
        isinstance(position, exp.Literal) and position.name == "0"
    )
    if is_wrong:
        raise RedshiftError("field position must be greater than zero")


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


def _check_insert(node: exp.Insert, kinds: Kinds, catalog: Catalog) -> None:
    """Refuse rows of a query whose types the target's columns do not take."""
    target = node.this
    names: list[str] = []
    if isinstance(target, exp.Schema):
        names = [item.name.lower() for item in target.expressions]
        target = target.this
    is_table = isinstance(target, exp.Table)  # no branch of a MERGE
    relation = catalog.relation(target) if is_table else None
    if relation is None or not isinstance(node.expression, exp.Select):
        return
    items = node.expression.expressions
    if any(item.is_star for item in items):
        return
    for name, item in zip(names or relation.columns, items, strict=False):
        _check_assignment(relation.columns[name], item.unalias(), kinds)


def _check_update(node: exp.Update, kinds: Kinds, catalog: Catalog) -> None:
    relation = catalog.relation(node.this)
    if relation is None:
        return
    for assignment in node.expressions:
        column = relation.columns.get(assignment.this.name.lower())
        if column is not None:
            _check_assignment(column, assignment.expression, kinds)


def _check_assignment(
    column: Column, value: exp.Expression, kinds: Kinds
) -> None:
    """Refuse a value for a column of a type to which Redshift does not convert it by itself.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_Type_conversion.html (implicit conversion types)
    """
    source = kinds.of(value)
    is_unknown = isinstance(value, exp.Literal | exp.Placeholder | exp.Null)
    target = column.engine_type.partition("(")[0]
    if is_unknown or not source or target in (source, "JSON", "VARCHAR"):
        return
    families = (_family(source), _family(target))
    is_flag = target == "BOOLEAN" and source in (
        "SMALLINT",
        "INTEGER",
        "BIGINT",
    )
    if families[0] == families[1] or is_flag or source == "JSON":
        return
    raise RedshiftError(
        f'column "{column.name}" is of type {_name(target)} but expression is of type {_name(source)}'
    )


def _check_list(node: exp.In, _kinds: Kinds) -> None:
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


_OF_TYPES: tuple[
    tuple[type | UnionType | tuple[type, ...], Callable[[Any, Kinds], None]],
    ...,
] = (
    (
        exp.Where | exp.Having | exp.Not | exp.And | exp.Or,
        _check_conditions,
    ),
    (exp.Join, _check_join_condition),
    (exp.Case, _check_case),
    (exp.DPipe, _check_concatenation),
    (exp.Coalesce | exp.Greatest | exp.Least, _check_alternatives),
    (exp.Cast, _check_moment),
    (exp.Sum | exp.Avg | exp.Max | exp.Min, _check_summed),
    (exp.Median, _check_median),
    (_COMPARISONS, _check_comparison),
    (exp.SplitPart, _check_position),
    (exp.SetOperation, _check_set_operation),
    (exp.In, _check_list),
)
