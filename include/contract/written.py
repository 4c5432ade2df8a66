"""Read a number as people write it: with a decimal comma, marks between thousands, a currency or a percent sign.

Runs on Glue 5.0 (Python 3.11) with nothing but the standard library.

    plain_number(NumberStyle(",", ".", ("EUR",)), "1.234,50 EUR")   # "1234.50"
"""

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class NumberStyle:
    """How the numbers of a column are written.

    Attributes:
        decimal: the decimal mark, `.` or `,`.
        thousands: the mark between thousands; empty for none.
        symbols: texts before or behind a number that mean nothing.
    """

    decimal: str = "."
    thousands: str = ""
    symbols: tuple[str, ...] = ()


PLAIN = NumberStyle()


def plain_number(style: NumberStyle, text: str) -> str:
    """Return a number as programs write it: no symbols, no marks between thousands, a decimal point.

    A text that is not written in this style comes back so that no program reads it as a number, never as another
    number: with a decimal comma, `1.5` is not read as one and a half.
    """
    if style == PLAIN:
        return text
    bare = _without_symbols(style.symbols, text)
    if style.decimal == "." and not style.thousands:
        return bare
    match = _pattern(style).fullmatch(bare)
    if match is None:
        return f"({text})"
    sign, whole, fraction, exponent = match.groups()
    if style.thousands:
        whole = whole.replace(style.thousands, "")
    point = "." if fraction is not None else ""
    return f"{sign}{whole}{point}{fraction or ''}{exponent or ''}"


def _without_symbols(symbols: tuple[str, ...], text: str) -> str:
    """Return the text without symbols and white space at its ends; a sign may stand before a symbol."""
    bare = text
    for symbol in symbols:
        bare = bare.strip()
        sign = bare[:1] if bare[:1] in ("+", "-") else ""
        behind_sign = bare.removeprefix(sign).strip()
        if behind_sign.startswith(symbol):
            bare = sign + behind_sign.removeprefix(symbol).strip()
        bare = bare.removesuffix(symbol).strip()
    return bare


@lru_cache(maxsize=64)
def _pattern(style: NumberStyle) -> re.Pattern[str]:
    """Return what a number looks like: sign, whole part, fraction, exponent."""
    decimal = re.escape(style.decimal)
    whole = r"[0-9]*"
    if style.thousands:
        mark = re.escape(style.thousands)
        whole = rf"[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]*"
    return re.compile(
        rf"([+-]?)({whole})(?:{decimal}([0-9]*))?([eE][+-]?[0-9]+)?"
    )
