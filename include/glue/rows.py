"""Type the cells of one row by the contract's rules."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

from include.contract.cells import CellError, read_cell
from include.contract.text import clean_text
from include.glue.job_contract import JobContract

SHOWN_CHARACTERS = 40

SCIENTIFIC = re.compile(r"'?[+-]?\d+([.,]\d+[eE][+-]?|[eE][+-])\d+")
"""How a spreadsheet writes a long number; digits behind are lost for ever.

`12E3` has neither a fraction nor a sign: it may well be a key.
"""

TOTAL = re.compile(r"(grand |sub[- ]?)?totals?\W*[\d.,]*\W*", re.IGNORECASE)
"""What stands in the place of the key where a row sums up others."""

SCIENTIFIC_KEY = "the key is in scientific notation, its last digits are lost"
TOTAL_KEY = "the key is the label of a total"
REFUSED_KEYS = {SCIENTIFIC: SCIENTIFIC_KEY, TOTAL: TOTAL_KEY}
"""Why a key of this form is refused; the whole key is compared. The fast path asks for the same forms."""

KEY_ALONE = "row: nothing but its key is filled"


class BrokenRule(NamedTuple):
    """A rule that a row breaks.

    The rule has the same words for every such row; the reason shows the cell.
    """

    rule: str
    reason: str


class TypedRow(NamedTuple):
    """What the cells of one row mean.

    Attributes:
        values: in the contract's order; None where a cell is missing or
            breaks a rule.
        broken_rules: the key's first.
        null_tokens: field and text of each cell that is not empty and means
            missing by the contract.
    """

    values: tuple[Any, ...]
    broken_rules: list[BrokenRule]
    null_tokens: list[tuple[str, str]]


def type_row(contract: JobContract, cells: Sequence[str]) -> TypedRow:
    """Return the typed values of one row and every rule that it breaks.

    The cells come in the contract's order.
    """
    values: list[Any] = []
    broken_rules: list[BrokenRule] = []
    null_tokens: list[tuple[str, str]] = []
    for column, cell in zip(contract.columns, cells, strict=True):
        value = None
        try:
            value = read_cell(column.rule, cell)
        except CellError as error:
            broken_rules.append(_broken_rule(column.name, error.problem, cell))
        else:
            if value is None and (token := clean_text(cell)):
                null_tokens.append((column.field, token))
        values.append(value)
    key_cell = cells[contract.key_position]
    key_rule = _key_rule(contract, key_cell, values, not broken_rules)
    if key_rule is not None:
        broken_rules.insert(0, key_rule)
    return TypedRow(tuple(values), broken_rules, null_tokens)


def scientific_key_rule(contract: JobContract) -> str:
    """Return the rule that a key in scientific notation breaks."""
    return f"{contract.key_column.name}: {SCIENTIFIC_KEY}"


def _key_rule(
    contract: JobContract, key_cell: str, values: Sequence[Any], good: bool
) -> BrokenRule | None:
    """Return the rule that the row's key breaks, or None.

    Args:
        contract: names the key.
        key_cell: the key as it is written.
        values: of the row; None where a cell is missing or broken.
        good: whether no cell breaks a rule.
    """
    name = contract.key_column.name
    cell = clean_text(key_cell)
    for form, problem in REFUSED_KEYS.items():
        if form.fullmatch(_plain_digits(cell)):
            return _broken_rule(name, problem, cell)
    if values[contract.key_position] is None:
        if cell in contract.key_column.rule.null_tokens:
            return _broken_rule(name, "the key is empty", cell)
        return None
    filled = sum(value is not None for value in values)
    if good and filled == 1:
        return BrokenRule(KEY_ALONE, f"{KEY_ALONE} ({_shorten(cell)})")
    return None


def _plain_digits(text: str) -> str:
    """Return the text with full-width digits and the like as plain ones."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", text).replace("\u2212", "-")


def _broken_rule(column_name: str, problem: str, cell: str) -> BrokenRule:
    rule = f"{column_name}: {problem}"
    return BrokenRule(rule, f"{rule} ({_shorten(cell.strip())})")


def _shorten(text: str) -> str:
    """Return the text quoted, and cut where it is long."""
    if len(text) > SHOWN_CHARACTERS:
        text = text[:SHOWN_CHARACTERS] + "…"
    return repr(text)
