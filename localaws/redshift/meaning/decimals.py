"""Divide and average DECIMAL values as DECIMAL, with the scale that Redshift computes.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_numeric_computations201.html and r_AVG.html. What follows the
last digit is cut off: the page does not say how Redshift rounds, and its engine divides whole numbers.
"""

import re
from dataclasses import dataclass

from sqlglot import exp

from localaws.redshift.errors import UnsupportedFeatureError
from localaws.redshift.meaning.kinds import WHOLE, Kinds
from localaws.redshift.meaning.text import call

_DIGITS = {"SMALLINT": 5, "INTEGER": 10, "BIGINT": 19}
_MOST_DIGITS = 38
_LEAST_SCALE = 4
_DEFAULT_DIGITS = 18
_DECLARED = re.compile(r"(?:decimal|numeric)(?:\((\d+)(?:,\s*(\d+))?\))?")
_SAME = (
    exp.Paren, exp.Neg, exp.Max, exp.Min, exp.Abs, exp.Alias, exp.Window, exp.Nullif, exp.Round, exp.AnyValue,
)  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """How many digits a DECIMAL has, and how many of them after the point."""

    digits: int
    scale: int

    def limited(self) -> "Shape":
        """Return the shape within Redshift's limits: digits after the point go first."""
        if self.digits <= _MOST_DIGITS:
            return self
        rest = _MOST_DIGITS + self.scale - self.digits
        return Shape(_MOST_DIGITS, max(rest, _LEAST_SCALE))


def rewrite_decimals(tree: exp.Expression, kinds: Kinds) -> None:
    """Replace divisions and averages of DECIMAL values; the engine would give DOUBLE.

    Raises:
        UnsupportedFeatureError: the scale of a value is not known here.
    """
    replacements: list[tuple[exp.Expression, Shape, Shape]] = []
    for node in tree.walk():
        if isinstance(node, exp.Div) and _is_decimal(node, kinds):
            left = _shape(node.this, kinds)
            right = _shape(node.expression, kinds)
            replacements.append((node, left, right))
        elif isinstance(node, exp.Avg) and kinds.of(node.this) == "DECIMAL":
            shape = _shape(node.this, kinds)
            replacements.append((node, shape, shape))
    for node, left, right in reversed(replacements):
        if isinstance(node, exp.Avg):
            _replace_average(node, left)
        else:
            node.replace(_quotient(node.this, node.expression, left, right))


def _is_decimal(node: exp.Div, kinds: Kinds) -> bool:
    both = {kinds.of(node.this), kinds.of(node.expression)}
    return "DECIMAL" in both and both <= {"DECIMAL", *WHOLE}


def _quotient(
    left: exp.Expression, right: exp.Expression, one: Shape, other: Shape
) -> exp.Expression:
    result = _of_division(one, other)
    power = result.scale - one.scale + other.scale
    if power < 0:
        raise UnsupportedFeatureError("division of DECIMAL values so long")
    dividend = _cast(left, one)
    divisor = _cast(right, other)
    return _scaled(dividend, divisor, power, result)


def _scaled(
    dividend: exp.Expression,
    divisor: exp.Expression,
    power: int,
    result: Shape,
) -> exp.Expression:
    """Return `dividend` times 10 to a power, divided as whole numbers, with the point put back."""
    factor = exp.cast(
        exp.Literal.string(str(10**power)), "HUGEINT", dialect="duckdb"
    )
    scale = exp.Literal.number(result.scale)
    text = call("rs_quotient", dividend, divisor, factor, scale)
    return _cast(text, result)


def _cast(value: exp.Expression, shape: Shape) -> exp.Expression:
    kind = exp.DataType.build(f"DECIMAL({shape.digits}, {shape.scale})")
    return exp.Cast(this=value.copy(), to=kind)


def _replace_average(node: exp.Avg, shape: Shape) -> None:
    window = node.parent if isinstance(node.parent, exp.Window) else None
    total: exp.Expression = exp.Sum(this=node.this.copy())
    number: exp.Expression = exp.Count(this=node.this.copy())
    if window is not None:
        total = _with(window, total)
        number = _with(window, number)
    divisor = exp.func("NULLIF", number, exp.Literal.number(0))
    result = Shape(_MOST_DIGITS, shape.scale)
    total = _cast(total, result)
    (window or node).replace(_scaled(total, divisor, 0, result))


def _with(window: exp.Window, aggregate: exp.Expression) -> exp.Expression:
    changed = window.copy()
    changed.set("this", aggregate)
    return changed


def _of_division(one: Shape, other: Shape) -> Shape:
    scale = max(_LEAST_SCALE, one.scale + other.digits - other.scale + 1)
    digits = one.digits - one.scale + other.scale + scale
    return Shape(digits, scale).limited()


def _shape(node: exp.Expression, kinds: Kinds) -> Shape:
    """Return the shape of a value. Raises UnsupportedFeatureError where it is not known."""
    if isinstance(node, exp.Literal):
        return _of_literal(node)
    digits = _DIGITS.get(kinds.of(node))
    if digits:
        return Shape(digits, 0)
    if isinstance(node, exp.Cast):
        return _of_type(node.to.sql("redshift").lower())
    if isinstance(node, exp.Column):
        return _of_column(node, kinds)
    if isinstance(node, exp.Sum | exp.Avg):
        return Shape(_MOST_DIGITS, _shape(node.this, kinds).scale)
    if isinstance(node, _SAME):
        return _shape(node.this, kinds)
    if isinstance(node, exp.Binary):
        return _of_operation(node, kinds)
    return _of_branches(node, kinds)


def _of_column(column: exp.Column, kinds: Kinds) -> Shape:
    declared = kinds.declared_type(column)
    origin = None if declared else kinds.origin(column)
    if origin is not None:
        return _shape(origin, kinds)
    return _of_type(declared)


def _of_branches(node: exp.Expression, kinds: Kinds) -> Shape:
    """Return the shape that holds each of several values."""
    shapes = [_shape(branch, kinds) for branch in _branches(node)]
    if not shapes:
        raise _unknown()
    scale = max(shape.scale for shape in shapes)
    whole = max(shape.digits - shape.scale for shape in shapes)
    return Shape(whole + scale, scale).limited()


def _branches(node: exp.Expression) -> list[exp.Expression]:
    """Return the values of which an expression gives one; empty for any other expression."""
    if isinstance(node, exp.Distinct):
        values = [node.expressions[0]]
    elif isinstance(node, exp.Coalesce | exp.Greatest | exp.Least):
        values = [node.this, *node.expressions]
    elif isinstance(node, exp.Case):
        values = [branch.args["true"] for branch in node.args["ifs"]]
        values.append(node.args.get("default"))
    else:
        return []
    return [
        value
        for value in values
        if value is not None and not isinstance(value, exp.Null)
    ]


def _of_operation(node: exp.Binary, kinds: Kinds) -> Shape:
    one = _shape(node.this, kinds)
    other = _shape(node.expression, kinds)
    if isinstance(node, exp.Div):
        return _of_division(one, other)
    if isinstance(node, exp.Mul):
        digits = one.digits + other.digits + 1
        return Shape(digits, one.scale + other.scale).limited()
    if isinstance(node, exp.Add | exp.Sub):
        scale = max(one.scale, other.scale)
        whole = max(one.digits - one.scale, other.digits - other.scale)
        return Shape(whole + 1 + scale, scale).limited()
    raise _unknown()


def _of_literal(node: exp.Literal) -> Shape:
    whole, _, fraction = node.name.partition(".")
    if not fraction and "." not in node.name:
        is_short = int(whole) < 2**31
        return Shape(_DIGITS["INTEGER" if is_short else "BIGINT"], 0)
    digits = len(whole.lstrip("0")) + len(fraction)
    return Shape(max(digits, len(fraction), 1), len(fraction))


def _of_type(declared: str) -> Shape:
    match = _DECLARED.fullmatch(declared)
    if match is None:
        raise _unknown()
    return Shape(int(match[1] or _DEFAULT_DIGITS), int(match[2] or 0))


def _unknown() -> UnsupportedFeatureError:
    return UnsupportedFeatureError(
        "division of a DECIMAL value whose scale is not known (cast it to DECIMAL(p, s))"
    )
