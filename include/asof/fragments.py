"""Write the small pieces of SQL that DuckDB, Spark 3.5 and Redshift read alike."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

DOUBLE_ONE = "EXP(0)"
"""One, as a floating-point number of 64 bits. The three engines share no name for that type, and Redshift divides whole
numbers to a whole number; multiplied by this they divide exactly."""
SO_FAR = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
"""Redshift wants the frame of a running sum to be written, and DuckDB and Spark read it the same."""
_APART = "'\\$"
"""Characters that the engines read in different ways inside of quotes: Spark drops the second of two quotes, reads a
backslash as an escape and ${name} as a variable."""


def literal(text: str) -> str:
    """Return a text as a literal; the characters of `_APART` stand as CHR of their code."""
    parts: list[str] = []
    plain = ""
    for character in text:
        if character in _APART:
            if plain:
                parts.append(f"'{plain}'")
            parts.append(f"CHR({ord(character)})")
            plain = ""
        else:
            plain += character
    if plain or not parts:
        parts.append(f"'{plain}'")
    if len(parts) == 1:
        return parts[0]
    return f"({' || '.join(parts)})"


def number(value: float) -> str:
    """Return a number as a literal without an exponent, which Redshift and Spark read as different types."""
    return format(Decimal(repr(value)), "f")


def fits(where: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the conditions that an event `e` has one of the levels of each column."""
    conditions: list[str] = []
    for column, levels in where.items():
        texts = ", ".join(literal(level) for level in levels)
        conditions.append(f"e.{column} IN ({texts})")
    return conditions


def case(conditions: Sequence[str], value: str) -> str:
    """Return a value where all conditions hold, NULL elsewhere; the value itself without conditions."""
    if not conditions:
        return value
    return f"CASE WHEN {' AND '.join(conditions)} THEN {value} END"


def known_by(moment: str) -> str:
    """Return the condition that an event `e` had occurred and had arrived at a moment."""
    return f"e.occurred_at <= {moment} AND e.arrived_at <= {moment}"


def cte(name: str, query: str) -> str:
    """Return a query with a name, as it stands behind WITH."""
    lines = query.strip().splitlines()
    body = "\n".join(f"    {line}" for line in lines)
    return f"{name} AS (\n{body}\n)"


def listed(items: Sequence[str]) -> str:
    """Return items of a SELECT, one a line."""
    return ",\n".join(f"    {item}" for item in items)
