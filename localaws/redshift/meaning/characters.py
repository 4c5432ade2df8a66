"""Give CHAR and the comparison of texts Redshift's meaning: trailing blanks do not count.

Values of CHAR are kept without trailing blanks, and padded where a client reads them.
Source: https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html (significance of trailing blanks)
"""

import re

from sqlglot import exp

from localaws.redshift.catalog import Catalog, Relation
from localaws.redshift.meaning.kinds import Kinds
from localaws.redshift.meaning.text import call

_CHAR = re.compile(r"(?:char|character|nchar|bpchar)(?:\((\d+)\))?")
_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)


def character_widths(types: list[str]) -> tuple[int, ...]:
    """Return the length of each CHAR among declared types, 0 for the others; empty if there is none."""
    widths = tuple(character_width(kind) for kind in types)
    return widths if any(widths) else ()


def character_width(kind: str) -> int:
    """Return the length of a CHAR type, 0 for any other type."""
    match = _CHAR.fullmatch(kind.strip())
    return int(match[1] or 1) if match else 0


def ignore_trailing_blanks(tree: exp.Expression, kinds: Kinds) -> None:
    """Compare texts without their trailing blanks."""
    comparisons = [
        node
        for node in tree.walk()
        if isinstance(node, _COMPARISONS)
        and not _is_assignment(node)
        and kinds.of(node.this) == "VARCHAR"
        and kinds.of(node.expression) == "VARCHAR"
    ]
    for node in reversed(comparisons):
        node.set("this", _trimmed(node.this))
        node.set("expression", _trimmed(node.expression))
    lists = [
        node
        for node in tree.find_all(exp.In)
        if node.expressions and kinds.of(node.this) == "VARCHAR"
    ]
    for node in lists:
        node.set("this", _trimmed(node.this))
        node.set("expressions", [_trimmed(item) for item in node.expressions])


def _is_assignment(node: exp.Expression) -> bool:
    return isinstance(node.parent, exp.Update)


def _trimmed(value: exp.Expression) -> exp.Expression:
    if isinstance(value, exp.Literal):
        return exp.Literal.string(value.name.rstrip(" "))
    if isinstance(value, exp.Null | exp.Placeholder):
        return value
    return call("rtrim", value)


def trim_characters(tree: exp.Expression, catalog: Catalog) -> None:
    """Store values of CHAR columns without trailing blanks."""
    if isinstance(tree, exp.Insert):
        _trim_insert(tree, catalog)
    elif isinstance(tree, exp.Update):
        _trim_assignments(tree, catalog.relation(tree.this))
    elif isinstance(tree, exp.Merge):
        relation = catalog.relation(tree.this)
        for branch in tree.args["whens"].expressions:
            action = branch.args["then"]
            if isinstance(action, exp.Update):
                _trim_assignments(action, relation)
            elif isinstance(action, exp.Insert) and relation is not None:
                names = [item.name.lower() for item in action.this.expressions]
                _trim_row(action.expression, names, _characters(relation))


def _characters(relation: Relation) -> frozenset[str]:
    """Return the names of the CHAR columns of a table."""
    return frozenset(
        column.name
        for column in relation.columns.values()
        if column.declaration and character_width(column.declaration.type)
    )


def _trim_insert(tree: exp.Insert, catalog: Catalog) -> None:
    target = tree.this
    names: list[str] = []
    if isinstance(target, exp.Schema):
        names = [item.name.lower() for item in target.expressions]
        target = target.this
    relation = catalog.relation(target)
    if relation is None or not _characters(relation):
        return
    names = names or list(relation.columns)
    rows = tree.expression
    if isinstance(rows, exp.Values):
        for row in rows.expressions:
            _trim_row(row, names, _characters(relation))
    elif isinstance(rows, exp.Query):
        tree.set("expression", _trimmed_query(rows, names, relation))


def _trimmed_query(
    query: exp.Query, names: list[str], relation: Relation
) -> exp.Expression:
    """Return a query whose columns for CHAR have no trailing blanks."""
    characters = _characters(relation)
    columns = [exp.to_identifier(name, quoted=True) for name in names]
    alias = exp.TableAlias(this=exp.to_identifier("source"), columns=columns)
    items = []
    for name in names:
        column = exp.column(name, quoted=True)
        is_text = name in characters
        text = exp.cast(column.copy(), "VARCHAR")
        items.append(call("rtrim", text) if is_text else column)
    return exp.select(*items).from_(
        exp.Subquery(this=query.copy(), alias=alias)
    )


def _trim_row(
    row: exp.Expression, names: list[str], characters: frozenset[str]
) -> None:
    if not isinstance(row, exp.Tuple):
        return
    values = []
    for name, value in zip(names, row.expressions, strict=False):
        is_default = value.name.upper() == "DEFAULT" and isinstance(
            value, exp.Column | exp.Var
        )
        is_text = name in characters and not is_default
        values.append(_trimmed(value) if is_text else value)
    row.set("expressions", [*values, *row.expressions[len(values) :]])


def _trim_assignments(action: exp.Update, relation: Relation | None) -> None:
    characters = _characters(relation) if relation else frozenset()
    for assignment in action.expressions:
        value = assignment.expression
        is_default = value.name.upper() == "DEFAULT"
        if assignment.this.name.lower() in characters and not is_default:
            assignment.set("expression", _trimmed(value))
