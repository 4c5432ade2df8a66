"""Type the cells of one row by the contract's rules."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from include.contract.cells import CellError, read_cell
from include.contract.text import clean_text
from include.glue.job_contract import JOINED_KEY, ROW_KEY, JobContract
from include.glue.records.made_keys import join_texts, row_digest

SHOWN_CHARACTERS = 40

SUSPECT_KEY = re.compile(
    r"^[#='\"]|[Tt][Oo][Tt][Aa][Ll]"
    r"|^[+-]?[0-9\s]+[.,]?[0-9\s]*[eExX*][-+0-9\s^.,'\"=]*$"
)
"""A key in ASCII in which this is not found breaks none of the rules below.

The pattern means the same in Python and in RE2.
"""

SCIENTIFIC = re.compile(
    r"[+-]?\d+([.,]\d+([eE][+-]?|[xX*×]10\^)|[eE][+-]|[xX*×]10\^)\d+[.,]?0*"
)
"""How a spreadsheet writes a long number; digits behind are lost for ever.

`12E3` has neither a fraction nor a sign: it may well be a key.
"""

SHEET_ERROR = re.compile(
    r"#+|#(ref|name|value|num|div/0|null|calc|spill)[!?]", re.IGNORECASE
)
"""What a spreadsheet shows in a cell in place of its value."""

FORMULA = re.compile(r"""=.*|'.*""", re.DOTALL)
"""A formula, or a text marked as one, in place of the value: `="00123"`."""

TOTAL = re.compile(r"(grand |sub[- ]?)?totals?\W*[\d.,]*\W*", re.IGNORECASE)
"""What stands in the place of the key where a row sums up others."""

SCIENTIFIC_KEY = "the key is in scientific notation, its last digits are lost"
SHEET_KEY = "the key is an error or a formula of a spreadsheet"
TOTAL_KEY = "the key is the label of a total"
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


def type_row(contract: JobContract, cells: Sequence[str | None]) -> TypedRow:
    """Return the typed values of one row and every rule that it breaks.

    The cells come in the contract's order, None for a column that the file
    does not have.
    """
    values: list[Any] = []
    broken_rules: list[BrokenRule] = []
    null_tokens: list[tuple[str, str]] = []
    for column, cell in zip(contract.columns, cells, strict=True):
        value = None
        if cell is None:
            values.append(None)
            continue
        try:
            value = read_cell(column.rule, cell)
        except CellError as error:
            broken_rules.append(_broken_rule(column.name, error.problem, cell))
        else:
            if value is None and (token := clean_text(cell)):
                null_tokens.append((column.field, token))
        values.append(value)
    key_rule = _key_rule(contract, cells, values, not broken_rules)
    if key_rule is not None:
        broken_rules.insert(0, key_rule)
    if not broken_rules and contract.key_column.derived:
        _make_key(contract, cells, values, broken_rules)
    return TypedRow(tuple(values), broken_rules, null_tokens)


def _make_key(
    contract: JobContract,
    cells: Sequence[str | None],
    values: list[Any],
    broken_rules: list[BrokenRule],
) -> None:
    """Put the key that no cell holds among the values of a good row."""
    key_column = contract.key_column
    if key_column.derived == JOINED_KEY:
        key = join_texts(_clean_cells(cells, contract.key_parts))
        try:
            # without regard to what a missing cell looks like
            read_cell(replace(key_column.rule, null_tokens=frozenset()), key)
        except CellError as error:
            rule = _broken_rule(key_column.name, error.problem, key)
            broken_rules.append(rule)
    elif key_column.derived == ROW_KEY:
        texts = _clean_cells(cells, contract.digested_positions)
        key = row_digest(join_texts(texts))
    values[contract.key_position] = key


def _clean_cells(
    cells: Sequence[str | None], positions: Sequence[int]
) -> list[str]:
    return [clean_text(cells[position] or "") for position in positions]


def damaged_key_rules(contract: JobContract) -> tuple[str, ...]:
    """Return the rules that a key breaks which a spreadsheet has damaged."""
    rules: list[str] = []
    for position in contract.key_parts:
        name = contract.columns[position].name
        rules += [f"{name}: {SCIENTIFIC_KEY}", f"{name}: {SHEET_KEY}"]
    return tuple(rules)


def _key_rule(
    contract: JobContract,
    cells: Sequence[str | None],
    values: Sequence[Any],
    good: bool,
) -> BrokenRule | None:
    """Return the rule that the row's key breaks, or None.

    Args:
        contract: names the key.
        cells: as they are written.
        values: of the row; None where a cell is missing or broken.
        good: whether no cell breaks a rule.
    """
    keys: list[str] = []
    complete = True
    for position in contract.key_parts:
        column = contract.columns[position]
        cell = clean_text(cells[position] or "")
        damage = _damage(cell)
        if damage is not None:
            return _broken_rule(column.name, damage, cell)
        if values[position] is None:
            if cells[position] is None or cell in column.rule.null_tokens:
                return _broken_rule(column.name, "the key is empty", cell)
            complete = False
        keys.append(cell)
    alone = all(
        values[position] is None for position in contract.value_positions
    )
    if good and complete and alone:
        key_list = _shorten(", ".join(keys))
        return BrokenRule(KEY_ALONE, f"{KEY_ALONE} ({key_list})")
    return None


def _damage(key: str) -> str | None:
    """Return what stands in the place of a key, or None if it is one."""
    if key.isascii():
        if not SUSPECT_KEY.search(key):
            return None
    else:
        # full-width digits and the like
        key = unicodedata.normalize("NFKC", key).replace("\u2212", "-")
    bare_key = "".join(key.split()).strip("='\"")
    if SCIENTIFIC.fullmatch(bare_key):
        return SCIENTIFIC_KEY
    if SHEET_ERROR.fullmatch(key) or FORMULA.fullmatch(key):
        return SHEET_KEY
    if TOTAL.fullmatch(key):
        return TOTAL_KEY
    return None


def _broken_rule(column_name: str, problem: str, cell: str) -> BrokenRule:
    rule = f"{column_name}: {problem}"
    return BrokenRule(rule, f"{rule} ({_shorten(cell.strip())})")


def _shorten(text: str) -> str:
    """Return the text quoted, and cut where it is long."""
    if len(text) > SHOWN_CHARACTERS:
        text = text[:SHOWN_CHARACTERS] + "…"
    return repr(text)
