"""Types and checks one cell of a lead: the same rules for the Glue job, the API, its schema and the pipeline.

Runs on Glue 5.0 (Python 3.11) with nothing but the standard library.

    rule = cell_rules(contract)["visits"]
    read_cell(rule, " 3 ")   # 3
    read_cell(rule, "n/a")   # None: the contract calls it missing
    read_cell(rule, "many")  # raises CellError

Each of the four once had rules of its own. Where they differed the strictest one stayed:

- a whole number has at most 32 bits, as the column in the warehouse (API and pipeline took up to 2**53);
- a number lies between -2**53 and 2**53, as the API had it (Glue took any finite number);
- a number as text has ASCII digits without `_`, and a whole number no exponent, as Glue had it (API and pipeline
  took what Python's `float` takes, such as `1e3` for a whole number);
- minimum and maximum hold everywhere (the pipeline knew none);
- an ordinal has one of its levels, as the API had it (Glue counted and loaded others);
- a yes_no is exactly `Yes` or `No` (the pipeline took any case);
- text is compared and stored as `include.contract.text.clean_text` returns it;
- text fits into the column of the warehouse, as Glue had it, and can be written in UTF-8 without NUL (the API had no
  limit).
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from include.contract.moments import read_date, read_timestamp
from include.contract.text import clean_text
from include.contract.written import NumberStyle, plain_number

if TYPE_CHECKING:
    from include.contract.model import Contract

TEXT_BYTES = {"string": 1024, "category": 256, "ordinal": 256, "yes_no": 3}
"""Width of a text column in bytes of UTF-8. COPY fails on a longer value."""

YES_NO = ("Yes", "No")
NUMBERS = ("integer", "number")
TEMPORAL = ("date", "timestamp")
INTEGER = re.compile(
    r"[+-]?[0-9]+(\.0*)?"
)  # 3.0 is what pandas writes for 3 in a column with missing values
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
NOT_ZERO = re.compile(r"^[+-]?[0.]*[1-9]")
"""A number with a digit other than 0 before its exponent."""
SMALLEST_INTEGER = -(2**31)
LARGEST_INTEGER = 2**31 - 1
LARGEST = 2**53
"""No number may be larger either way: models that compute in single precision would read it as infinite."""

Cell = str | int | float | date | datetime


class CellError(ValueError):
    """A cell that breaks a rule of its column.

    Attributes:
        problem: what is wrong with the cell, such as `below 0`; the same words for every cell that breaks the rule.
        demand: what the cell must be, such as `must not be below 0`; also the error's message.
    """

    def __init__(self, problem: str, demand: str) -> None:
        super().__init__(demand)
        self.problem = problem
        self.demand = demand


@dataclass(frozen=True)
class CellRule:
    """What the cells of one column may hold.

    Attributes:
        type: the column's type in the contract.
        null_tokens: texts that mean missing, after `clean_text`; compared exactly.
        minimum: smallest number; None for no bound but the type's own.
        maximum: largest number; None for no bound but the type's own.
        levels: the only texts that are allowed; empty where any text is.
        text_bytes: longest text in bytes of UTF-8; None for a number.
        moment: whether the text says when a row was changed, so that it is compared with those of other rows.
        positive: cells that mean Yes (yes_no) or 1 (integer), in lower case; empty for the type's own rule.
        negative: cells that mean No or 0, in lower case.
        style: how numbers are written.
        date_formats: how dates and moments are written, besides ISO 8601.
        time_zone: of moments that do not name theirs.
    """

    type: str
    null_tokens: frozenset[str] = frozenset({""})
    minimum: float | None = None
    maximum: float | None = None
    levels: tuple[str, ...] = ()
    text_bytes: int | None = None
    moment: bool = False
    positive: frozenset[str] = frozenset()
    negative: frozenset[str] = frozenset()
    style: NumberStyle = NumberStyle()
    date_formats: tuple[str, ...] = ()
    time_zone: str = "UTC"


def cell_rule(
    column: Mapping[str, Any],
    null_tokens: frozenset[str],
    files: Mapping[str, Any] | None = None,
) -> CellRule:
    """Return the rule of a column.

    Args:
        column: as the contract's JSON has it: `type`, and `minimum`, `maximum`, `order`, `null_tokens`, `positive`,
            `negative` and `symbols` if any.
        null_tokens: of the contract; the column's own come before them.
        files: as the contract's JSON has them; None for cells that are written as the project writes them.

    Raises:
        KeyError: there is no `type`.
        ValueError: there is no such type.
    """
    kind = column["type"]
    if kind not in (*TEXT_BYTES, *NUMBERS, *TEMPORAL):
        raise ValueError(
            f"{kind!r} is not a type of column; see include/contract/model.py"
        )
    levels = tuple(column.get("order") or ())
    if kind == "yes_no":
        levels = YES_NO
    own_tokens = column.get("null_tokens")
    if own_tokens is not None:
        null_tokens = frozenset(own_tokens)
    written = files or {}
    style = NumberStyle(
        decimal=written.get("decimal", "."),
        thousands=written.get("thousands", ""),
        symbols=tuple(column.get("symbols") or ()),
    )
    return CellRule(
        type=kind,
        null_tokens=null_tokens,
        minimum=column.get("minimum"),
        maximum=column.get("maximum"),
        levels=levels,
        text_bytes=TEXT_BYTES.get(kind),
        positive=_folded(column.get("positive")),
        negative=_folded(column.get("negative")),
        style=style if kind in NUMBERS else NumberStyle(),
        date_formats=tuple(written.get("date_formats") or ()),
        time_zone=written.get("time_zone", "UTC"),
    )


def _folded(tokens: Any) -> frozenset[str]:
    """Return texts without regard to case."""
    return frozenset(token.casefold() for token in tokens or ())


def cell_rules(contract: "Contract") -> dict[str, CellRule]:
    """Return the rule of every column of the contract, by field, in the contract's order."""
    null_tokens = frozenset(contract.null_tokens)
    files = contract.files.model_dump()
    return {
        column.field: cell_rule(column.model_dump(), null_tokens, files)
        for column in contract.columns
    }


def read_cell(rule: CellRule, value: Any) -> Cell | None:
    """Return the value of a cell with the column's type, or None where it is missing.

    Args:
        rule: of the cell's column.
        value: text, or what JSON has in its place: None, a number, a truth value, a list or an object.

    Returns:
        int for an integer column, float for a number column, a date or a moment in UTC for those types, else text as
        `clean_text` returns it.

    Raises:
        CellError: the cell breaks the rule; its message says what the cell must be.
    """
    if value is None:
        return None
    if isinstance(value, str):
        value = clean_text(value)
        if value in rule.null_tokens:
            return None
    elif isinstance(value, dict | list):
        raise CellError("not a single value", "must be a single value")
    if rule.positive:
        return _one_of_two(rule, value)
    if rule.type in TEMPORAL:
        return _temporal(rule, value)
    if rule.text_bytes is not None:
        return _text(rule, value, rule.text_bytes)
    if isinstance(value, str):
        value = plain_number(rule.style, value)
    number = _integer(value) if rule.type == "integer" else _number(value)
    _check_bounds(rule, number)
    return number


def _one_of_two(rule: CellRule, value: object) -> Cell:
    """Return Yes or No, or 1 or 0 for an integer column, of a cell that the contract says the meaning of."""
    text = value if isinstance(value, str) else _as_text(value)
    token = text.casefold()
    if rule.type == "yes_no":
        if token in rule.positive:
            return "Yes"
        if token in rule.negative:
            return "No"
        if text in YES_NO:
            return text
    elif token in rule.positive:
        return 1
    elif token in rule.negative:
        return 0
    either = " or ".join([*sorted(rule.positive), *sorted(rule.negative)])
    raise CellError(f"not {either}", f"must be {either}")


def _as_text(value: object) -> str:
    """Return what JSON calls a truth value or a number as a file would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _temporal(rule: CellRule, value: object) -> date | datetime:
    """Return a date, or a moment in UTC without a zone."""
    if isinstance(value, datetime | date):
        value = value.isoformat()
    text = value if isinstance(value, str) else _as_text(value)
    try:
        if rule.type == "date":
            return read_date(text, rule.date_formats, rule.time_zone)
        return read_timestamp(text, rule.date_formats, rule.time_zone)
    except (ValueError, OverflowError):
        kind = "date" if rule.type == "date" else "moment"
        example = (
            "2026-01-31" if rule.type == "date" else "2026-01-31T08:30:00Z"
        )
        formats = " or ".join([f"ISO 8601 ({example})", *rule.date_formats])
        raise CellError(
            f"not a {kind} written as {formats}",
            f"must be a {kind} written as {formats}, between the years 1678 and 2261",
        ) from None


def _integer(value: object) -> int:
    """Return a whole number of at most 32 bits."""
    if isinstance(value, str):
        if not INTEGER.fullmatch(value):
            raise _not_whole(value)
        digits = value.partition(".")[0]
        # Python refuses to read thousands of digits; so many are too large anyway, whatever leading zeros they have
        number = int(digits) if len(digits) < 20 else LARGEST
    else:
        as_float = _finite(value)
        if not as_float.is_integer():
            raise CellError("not a whole number", "must be a whole number")
        number = int(as_float)
    if not SMALLEST_INTEGER <= number <= LARGEST_INTEGER:
        demand = f"must lie between {SMALLEST_INTEGER} and {LARGEST_INTEGER}"
        raise CellError("does not fit into 32 bits", demand)
    return number


def _not_whole(text: str) -> CellError:
    """Return the error of a text in an integer column; the caller is told whether it is a number at all."""
    if NUMBER.fullmatch(text):
        return CellError("not a whole number", "must be a whole number")
    return CellError("not a whole number", "must be a number")


def _number(value: object) -> float:
    """Return a finite number that models of single precision can read."""
    number = (
        _number_of_text(value) if isinstance(value, str) else _finite(value)
    )
    # 2**53 + 1 is 2**53 as a float
    exact = value if isinstance(value, int) else number
    if abs(exact) > LARGEST:
        raise CellError(
            f"not between {-LARGEST} and {LARGEST}",
            f"must lie between {-LARGEST} and {LARGEST}",
        )
    return number


def _number_of_text(text: str) -> float:
    if NUMBER.fullmatch(text):
        number = float(text)
        if not math.isfinite(number):
            raise CellError("not a number", "must be a finite number")
        if number == 0 and NOT_ZERO.search(text):
            raise CellError(
                "too close to 0",
                "must be 0 or a number that a computer can tell from 0",
            )
        return number
    if text.lstrip("+-").lower() in ("nan", "inf", "infinity"):
        raise CellError("not a number", "must be a finite number")
    raise CellError("not a number", "must be a number")


def _finite(value: object) -> float:
    """Return a number of JSON as a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CellError("not a number", "must be a number")
    try:
        number = float(value)
    except OverflowError:
        raise CellError("not a number", "must be a number") from None
    if not math.isfinite(number):
        raise CellError("not a number", "must be a finite number")
    return number


def _check_bounds(rule: CellRule, number: float) -> None:
    """Raise CellError for a number beyond the column's bounds."""
    if rule.minimum is not None and number < rule.minimum:
        raise CellError(
            f"below {rule.minimum:g}", f"must not be below {rule.minimum:g}"
        )
    if rule.maximum is not None and number > rule.maximum:
        raise CellError(
            f"above {rule.maximum:g}", f"must not be above {rule.maximum:g}"
        )


def _text(rule: CellRule, value: object, text_bytes: int) -> str:
    """Return a text that is one of the column's levels, if it has any, and fits into the warehouse."""
    text = _digits(value, text_bytes) if rule.type == "string" else value
    if not isinstance(text, str):
        raise CellError("not text", "must be text")
    if rule.type == "yes_no" and text not in YES_NO:
        raise CellError("neither Yes nor No", "must be Yes or No")
    if rule.levels and text not in rule.levels:
        raise CellError(
            f"none of {', '.join(rule.levels)}",
            f"must be one of {', '.join(rule.levels)}",
        )
    if rule.moment:
        text = _moment(text)
    _check_storable(text, text_bytes)
    return text


def _moment(text: str) -> str:
    """Return a date or moment in UTC and in one form, so that two of them compare as text."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise CellError(
            "not an ISO 8601 date or moment",
            "must be a date or moment such as 2026-01-31 or 2026-01-31T08:30Z",
        ) from None
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")


def _digits(value: object, text_bytes: int) -> object:
    """Return the digits of what JSON calls an integer, 7 and 7.0; anything else as it is."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return str(value)
        except ValueError:  # Python writes no number of more than 4,300 digits
            raise _too_long(text_bytes) from None
    return value


def _check_storable(text: str, text_bytes: int) -> None:
    """Raise CellError for a text that a column of so many bytes cannot hold."""
    if "\0" in text:
        raise CellError(
            "holds a NUL character", "must not hold a NUL character"
        )
    if text.isascii():
        length = len(text)
    else:
        try:
            length = len(text.encode())
        except UnicodeEncodeError:
            raise CellError(
                "not readable as UTF-8 text",
                "must be text that UTF-8 can write",
            ) from None
    if length > text_bytes:
        raise _too_long(text_bytes)


def _too_long(text_bytes: int) -> CellError:
    return CellError(
        f"longer than {text_bytes} bytes",
        f"must not be longer than {text_bytes} bytes",
    )
