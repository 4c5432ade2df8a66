"""Give Redshift's meaning to patterns, substrings and casts to text."""

import re

from sqlglot import exp

from localaws.redshift.errors import RedshiftError, UnsupportedFeatureError
from localaws.redshift.meaning.kinds import kind_name

_DEFAULT_BYTES = 256
"""Length of VARCHAR and TEXT without one. Source: https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html"""
_TEXT_KINDS = frozenset({"VARCHAR", "NVARCHAR", "TEXT"})
_PADDED_KINDS = frozenset({"CHAR", "NCHAR", "BPCHAR"})
_REFERENCE = re.compile(r"[$\\]")


def rewrite_text(node: exp.Expression, kind: str) -> exp.Expression:
    """Return a node of text as the engine must read it; the same node if it means the same.

    `kind` is the type of what is cast, empty where it is not known.
    """
    match node:
        case exp.Cast():
            return _cast(node, kind)
        case exp.EQ() | exp.NEQ():
            return _compare(node, kind)
        case exp.Substring():
            return _substring(node)
        case exp.RegexpReplace():
            return _replace_pattern(node)
        case exp.SimilarTo():
            return _similar(node)
        case exp.Like() | exp.ILike() if not isinstance(
            node.parent, exp.Escape
        ):
            # The backslash escapes unless ESCAPE says otherwise (r_patternmatching_condition_like.html).
            return exp.Escape(
                this=node.copy(), expression=exp.Literal.string("\\")
            )
    return node


def call(name: str, *arguments: exp.Expression) -> exp.Expression:
    """Return a call of one of the engine's functions or macros."""
    return exp.Anonymous(
        this=name, expressions=[part.copy() for part in arguments]
    )


def _cast(node: exp.Cast, source: str) -> exp.Expression:
    target = node.to.this.name
    if target in _TEXT_KINDS | _PADDED_KINDS:
        if source == "BOOLEAN":
            raise RedshiftError("cannot cast type boolean to character varying")
        return _cast_to_text(node, source)
    if kind_name(node.to) in ("SMALLINT", "INTEGER", "BIGINT"):
        if source in ("DATE", "TIMESTAMP"):
            raise RedshiftError(f"cannot cast type {source.lower()} to integer")
        if source in ("VARCHAR", ""):
            checked = node.copy()
            is_try = isinstance(node, exp.TryCast)
            macro = "rs_try_whole" if is_try else "rs_whole"
            checked.set("this", call(macro, node.this))
            return checked
    return node


def _cast_to_text(node: exp.Cast, source: str) -> exp.Expression:
    target = node.to.this.name
    parameters = node.to.expressions
    length = parameters[0].name if parameters else str(_DEFAULT_BYTES)
    if target in _PADDED_KINDS and not parameters:
        length = "1"
    if not length.isdigit():
        return node
    text = exp.cast(node.this.copy(), "VARCHAR")
    if source == "JSON":
        text = call("rs_text", node.this)
    text = call("rs_cut", text, exp.Literal.number(length))
    # Values of CHAR have no trailing blanks here: see `characters`.
    return call("rtrim", text) if target in _PADDED_KINDS else text


def _compare(node: exp.Expression, kind: str) -> exp.Expression:
    """Compare a SUPER value with text as text; numbers compare as they are."""
    other = node.expression
    is_text = isinstance(other, exp.Literal) and other.is_string
    if kind != "JSON" or not is_text:
        return node
    changed = node.copy()
    changed.set("this", call("rs_text", node.this))
    return changed


def _substring(node: exp.Substring) -> exp.Expression:
    start = node.args.get("start") or exp.Literal.number(1)
    length = node.args.get("length")
    if length is None:
        return call("rs_substring_from", node.this, start)
    return call("rs_substring", node.this, start, length)


def _replace_pattern(node: exp.RegexpReplace) -> exp.Expression:
    """Replace every match.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/REGEXP_REPLACE.html
    """
    for option in ("position", "occurrence", "modifiers"):
        if node.args.get(option):
            raise UnsupportedFeatureError("REGEXP_REPLACE from a position")
    replacement = node.args.get("replacement") or exp.Literal.string("")
    if _REFERENCE.search(replacement.name):
        raise UnsupportedFeatureError(
            "REGEXP_REPLACE with references to groups"
        )
    return call(
        "regexp_replace",
        node.this,
        node.expression,
        replacement,
        exp.Literal.string("g"),
    )


def _similar(node: exp.SimilarTo) -> exp.Expression:
    """Match the whole text.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/pattern-matching-conditions-similar-to.html
    """
    pattern = node.expression
    if not isinstance(pattern, exp.Literal) or not pattern.is_string:
        raise UnsupportedFeatureError(
            "SIMILAR TO with a pattern that is no literal"
        )
    regular = exp.Literal.string(similar_to_regular(pattern.name))
    return call(
        "regexp_full_match", node.this, regular, exp.Literal.string("s")
    )


def similar_to_regular(pattern: str) -> str:
    """Return the regular expression of a SIMILAR TO pattern: `%` and `_` are wildcards, `.`, `^` and `$` are not."""
    parts: list[str] = []
    signs = iter(pattern)
    for sign in signs:
        if sign == "\\":
            parts.append(re.escape(next(signs, "")))
        elif sign == "%":
            parts.append(".*")
        elif sign == "_":
            parts.append(".")
        elif sign in ".^$":
            parts.append("\\" + sign)
        else:
            parts.append(sign)
    return "".join(parts)
