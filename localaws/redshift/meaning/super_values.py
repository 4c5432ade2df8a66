"""Read paths into SUPER values as JSON paths.

Source: https://docs.aws.amazon.com/redshift/latest/dg/query-super.html
"""

from sqlglot import exp

from localaws.redshift.errors import RedshiftError, UnsupportedFeatureError
from localaws.redshift.meaning.kinds import Kinds
from localaws.redshift.meaning.text import call


def rewrite_paths(tree: exp.Expression, kinds: Kinds) -> None:
    """Replace `column[0].name` by a JSON path, whose indexes start at 0 as Redshift's do."""
    for node in list(tree.walk()):
        is_inner = (
            isinstance(node.parent, exp.Dot | exp.Bracket)
            and node.arg_key == "this"
        )
        if is_inner:
            continue
        if isinstance(node, exp.Dot | exp.Bracket):
            node.replace(_path(node, kinds))
        elif isinstance(node, exp.Column) and node.table and not kinds.of(node):
            base = exp.column(node.parts[0].copy())
            base.parent = node.parent
            if kinds.of(base) == "JSON":
                names = [part.name for part in node.parts[1:]]
                node.replace(_extract(exp.column(node.parts[0].copy()), names))


def _path(node: exp.Expression, kinds: Kinds) -> exp.Expression:
    steps: list[str | int] = []
    base = node
    while isinstance(base, exp.Dot | exp.Bracket):
        steps.append(_step(base))
        base = base.this
    steps.reverse()
    if isinstance(base, exp.Column) and base.table and kinds.of(base) != "JSON":
        steps = [part.name for part in base.parts[1:]] + steps
        base = exp.column(base.parts[0].copy())
    if not isinstance(base, exp.Column | exp.Func | exp.Paren):
        raise UnsupportedFeatureError("a path into this expression")
    place = base.copy()
    place.parent = node.parent
    kind = kinds.of(place)
    if kind not in ("", "JSON"):
        raise RedshiftError(
            f"a value of type {kind.lower()} has no elements: only SUPER is navigated"
        )
    return _extract(base, steps)


def _step(node: exp.Expression) -> str | int:
    if isinstance(node, exp.Dot):
        return str(node.expression.name)
    index = node.expressions[0]
    if not isinstance(index, exp.Literal):
        raise UnsupportedFeatureError("a computed index of a SUPER value")
    return str(index.name) if index.is_string else int(index.name)


def _extract(
    base: exp.Expression, steps: list[str | int] | list[str]
) -> exp.Expression:
    path = "$"
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f'."{step.lower()}"'
    return call("json_extract", base, exp.Literal.string(path))
