"""Give Redshift's meaning to functions that the engine has not, or has with another one."""

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from localaws.redshift.errors import UnsupportedFeatureError
from localaws.redshift.grammar.dateparts import PARTS
from localaws.redshift.meaning.formats import (
    check_moment_pattern,
    check_number_pattern,
    reading_pattern,
)
from localaws.redshift.meaning.text import call

_MACROS = {
    "date_cmp": "rs_date_cmp",
    "date_cmp_timestamp": "rs_date_cmp",
    "timestamp_cmp": "rs_date_cmp",
    "timestamp_cmp_date": "rs_date_cmp",
    "is_valid_json": "rs_is_json",
    "is_valid_json_array": "rs_is_json_array",
    "can_json_parse": "json_valid",
    "json_array_length": "json_array_length",
    "json_serialize": "rs_serialize",
    "replicate": "repeat",
    "textlen": "length",
    "btrim": "trim",
    "dexp": "exp",
    "dlog1": "ln",
    "dlog10": "log10",
    "sha": "sha1",
    "current_database": "current_database",
    "quote_literal": "rs_quote_literal",
    "quote_ident": "rs_quote_ident",
    "func_sha1": "sha1",
    "add_months": "rs_add_months",
    "last_day": "rs_last_day",
    "cbrt": "rs_cbrt",
    "date_part_year": "year",
    "octet_length": "strlen",
    "json_extract_array_element_text": "rs_element",
    "json_typeof": "rs_kind",
    "is_object": "rs_is_object",
    "is_scalar": "rs_is_scalar",
    "is_integer": "rs_is_whole",
    "is_boolean": "rs_is_boolean",
    "is_varchar": "rs_is_text",
    "get_array_length": "json_array_length",
}
"""Functions that sqlglot does not know, and what the engine calls instead."""
_JSON_READERS = {"json_array_length", "json_extract_array_element_text"}
"""Functions whose last argument may be a flag, as that of JSON_EXTRACT_PATH_TEXT: `null_if_invalid`."""
_VERSION = (
    "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), "
    "Redshift 1.0 (local AWS)"
)
_MOMENTS = frozenset({"TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"})


def rewrite_function(node: exp.Expression, kind: str) -> exp.Expression:
    """Return a call as the engine must read it; the same node if it means the same.

    `kind` is the type of the first argument, empty where it is not known.
    """
    if isinstance(node, exp.Anonymous):
        return _rewrite_call(node, kind)
    _check_support(node)
    match node:
        case exp.Window() if node.this.name.lower() == "ratio_to_report":
            return _ratio(node)
        case exp.Sqrt() | exp.Ln() | exp.Log() if not node.args.get(
            "expression"
        ):
            return call(f"rs_{type(node).__name__.lower()}", node.this)
        case exp.CurrentVersion():
            return exp.Literal.string(_VERSION)
        case exp.Trunc() if kind in _MOMENTS or kind == "DATE":
            return exp.cast(node.this.copy(), "DATE")
        case exp.JSONExtractScalar() if node.expressions:
            return _path_text(node)
        case exp.GroupConcat() if isinstance(node.this, exp.Distinct):
            return _distinct_list(node)
    rewrite = _REWRITES.get(type(node))
    return rewrite(node) if rewrite else node


def _rewrite_call(node: exp.Anonymous, kind: str) -> exp.Expression:
    """Return a call of a function that sqlglot does not know."""
    name = node.name.lower()
    if name in ("to_char", "to_date", "to_timestamp"):
        return _formatted(name, node, kind)
    if name in _JSON_READERS:
        arguments = list(node.expressions)
        flag = arguments.pop() if _is_flag(arguments[-1]) else None
        return _if_valid(call(_MACROS[name], *arguments), arguments[0], flag)
    if name in _MACROS:
        return call(_MACROS[name], *node.expressions)
    return node


def _path_text(node: exp.JSONExtractScalar) -> exp.Expression:
    """Return JSON_EXTRACT_PATH_TEXT whose last argument is its flag, which sqlglot reads as one more part of the path.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/JSON_EXTRACT_PATH_TEXT.html
    """
    names = [node.expression, *node.expressions]
    flag = names.pop()
    if not _is_flag(flag) or not all(
        isinstance(name, exp.Literal) for name in names
    ):
        raise UnsupportedFeatureError(
            "JSON_EXTRACT_PATH_TEXT with a path of several parts that are no literals"
        )
    path = exp.JSONPath(
        expressions=[
            exp.JSONPathRoot(),
            *(exp.JSONPathKey(this=name.name) for name in names),
        ]
    )
    extracted = exp.JSONExtractScalar(
        this=node.this.copy(), expression=path, only_json_types=False
    )
    return _if_valid(extracted, node.this, flag)


def _is_flag(argument: exp.Expression) -> bool:
    return isinstance(argument, exp.Boolean)


def _if_valid(
    value: exp.Expression, text: exp.Expression, flag: exp.Expression | None
) -> exp.Expression:
    """Return a value read from a JSON text; NULL where the text is no JSON and the flag `null_if_invalid` is set."""
    if flag is None or not flag.this:
        return value
    valid = call("json_valid", text)
    return exp.Case(ifs=[exp.If(this=valid, true=value)])


def _concatenated(node: exp.Concat) -> exp.Expression:
    """Return CONCAT as the operator, which is NULL where one of the two is; the engine's function leaves NULL out.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_CONCAT.html
    """
    first, second = node.expressions
    pipe = exp.DPipe(this=first.copy(), expression=second.copy(), safe=True)
    return exp.Paren(this=pipe)


def _part(unit: exp.Expression) -> str:
    """Return the part of a date that a name or an abbreviation stands for."""
    name: str = unit.name.lower()
    return PARTS.get(name, name)


def _extracted(node: exp.Extract) -> exp.Expression:
    """Return a part of a date; EXTRACT gives milliseconds and microseconds without the seconds.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_Dateparts_for_datetime_functions.html
    """
    part = _part(node.this)
    value = exp.Extract(
        this=exp.var(part.upper()), expression=node.expression.copy()
    )
    if part == "epoch":
        return exp.cast(exp.Floor(this=value), "BIGINT")
    if part == "decade":  # the first one has nine years
        return exp.Paren(
            this=exp.Add(this=value, expression=exp.Literal.number(1))
        )
    if part in ("millisecond", "microsecond"):
        return exp.Mod(this=value, expression=exp.Literal.number(1000))
    return value


def _check_support(node: exp.Expression) -> None:
    """Name what the engine would answer in another way, and let NEXT_DAY take text."""
    if isinstance(node, exp.NextDay):
        node.set("this", exp.cast(node.this.copy(), "DATE"))
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc):
        unit = node.args["unit"]
        node.set("unit", exp.var(_part(unit).upper()))
    if isinstance(node, exp.Collate):
        raise UnsupportedFeatureError("COLLATE")
    # Redshift has PERCENTILE_DISC as a window function, and as an approximate aggregate.
    is_discrete = isinstance(node.this, exp.PercentileDisc)
    if is_discrete and not isinstance(node.parent, exp.Window):
        raise UnsupportedFeatureError(
            "APPROXIMATE PERCENTILE_DISC (PERCENTILE_DISC without OVER)"
        )


def _formatted(name: str, node: exp.Expression, kind: str) -> exp.Expression:
    """Return TO_CHAR, TO_DATE or TO_TIMESTAMP as the engine has it.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_TO_CHAR.html, r_TO_DATE_function.html, r_TO_TIMESTAMP.html
    """
    value, pattern, *rest = node.expressions
    if not isinstance(pattern, exp.Literal) or not pattern.is_string:
        raise UnsupportedFeatureError(
            f"{name.upper()} with a format that is no literal"
        )
    if name == "to_char" and (kind in _MOMENTS or kind == "DATE"):
        check_moment_pattern(pattern.name)
        moment = exp.cast(value.copy(), "TIMESTAMP")
        return call("rs_format_moment", moment, pattern)
    if name == "to_char":
        if not kind or kind in ("VARCHAR", "BOOLEAN", "JSON"):
            raise UnsupportedFeatureError(
                "TO_CHAR of a value whose type is not known (cast it)"
            )
        check_number_pattern(pattern.name)
        number = exp.cast(value.copy(), "VARCHAR")
        return call("rs_format_number", number, pattern)
    if rest:
        raise UnsupportedFeatureError(f"{name.upper()} with is_strict")
    reading = exp.Literal.string(reading_pattern(pattern.name))
    moment = call("strptime", exp.cast(value.copy(), "VARCHAR"), reading)
    is_date = name == "to_date"
    return exp.cast(moment, "DATE" if is_date else "TIMESTAMPTZ")


def _renamed(node: exp.Expression) -> exp.Expression:
    """Return a function that has another name here; an approximate count is exact."""
    if isinstance(node, exp.IsArray):
        return call("rs_is_array", node.this)
    if isinstance(node, exp.Array):
        return call("json_array", *node.expressions)
    return exp.Count(this=exp.Distinct(expressions=[node.this.copy()]))


def _ratio(window: exp.Window) -> exp.Expression:
    """Return a value's share of its partition.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_WF_RATIO_TO_REPORT.html
    """
    value = window.this.expressions[0]
    total = window.copy()
    total.set("this", exp.Sum(this=value.copy()))
    share = exp.Div(this=exp.cast(value.copy(), "DOUBLE"), expression=total)
    return exp.Paren(this=share)


def _distinct_list(node: exp.GroupConcat) -> exp.Expression:
    """Return LISTAGG(DISTINCT value, separator), whose separator sqlglot takes for a second value."""
    values = node.this.expressions
    if len(values) < 2:
        return node
    changed = node.copy()
    changed.this.set("expressions", [values[0].copy()])
    changed.set("separator", values[1].copy())
    return changed


_REWRITES: dict[type, Callable[[Any], exp.Expression]] = {
    exp.ApproxDistinct: _renamed,
    exp.Array: _renamed,
    exp.Concat: _concatenated,
    exp.Extract: _extracted,
    exp.IsArray: _renamed,
}
"""What is rewritten whatever it is made of."""
