"""Types the cells of one row by the contract's rules."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from include.contract.cells import CellError, read_cell
from include.glue.job_contract import JobContract

SHOWN_CHARACTERS = 40


class BrokenRule(NamedTuple):
    """A rule that a row breaks: the same words for every such row, and the reason, which shows the cell."""

    rule: str
    reason: str


def type_row(
    contract: JobContract, cells: Sequence[str]
) -> tuple[tuple[Any, ...], list[BrokenRule]]:
    """Return the typed values of one row and every rule that it breaks; the cells come in the contract's order."""
    values: list[Any] = []
    broken_rules: list[BrokenRule] = []
    for column, cell in zip(contract.columns, cells, strict=True):
        value = None
        try:
            value = read_cell(column.rule, cell)
        except CellError as error:
            broken_rules.append(_broken_rule(column.name, error.problem, cell))
        else:
            if value is None and column.field == contract.key:
                broken_rules.append(
                    _broken_rule(column.name, "the key is empty", cell)
                )
        values.append(value)
    return tuple(values), broken_rules


def _broken_rule(column_name: str, problem: str, cell: str) -> BrokenRule:
    rule = f"{column_name}: {problem}"
    return BrokenRule(rule, f"{rule} ({_shorten(cell.strip())})")


def _shorten(text: str) -> str:
    """Return the text quoted, and cut where it is long."""
    if len(text) > SHOWN_CHARACTERS:
        text = text[:SHOWN_CHARACTERS] + "…"
    return repr(text)
