"""Read a file of leads as a contract says, with a value of its type in every cell: what the warehouse would hold."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from include.contract import Contract
from include.contract.cells import CellError, CellRule, cell_rules, read_cell
from include.contract.model import Column
from include.contract.text import Headings
from onboarding.errors import TryError
from onboarding.table import Table, read_table


@dataclass(frozen=True)
class Leads:
    """Leads of a file.

    Attributes:
        frame: contract fields as columns, in the order of the file.
        rejected: rows that a rule of the contract rejects, by field and rule; they are not in the frame.
        rows: of the file.
    """

    frame: pd.DataFrame
    rejected: dict[str, int]
    rows: int


def read_leads(path: Path, contract: Contract) -> Leads:
    """Return the leads of a file. The number of a row takes the place of a key that no column has.

    Raises:
        TryError: a column that must be there is not.
        UnreadableFileError: the file cannot be read.
    """
    table = read_table(path)
    headers = _headers(table, contract)
    columns: dict[str, pd.Series] = {}
    bad = pd.Series(False, index=table.cells.index)
    rejected: dict[str, int] = {}
    for field, rule in cell_rules(contract).items():
        if field not in headers:
            columns[field] = pd.Series(None, index=bad.index, dtype=object)
            continue
        cells = table.cells[headers[field]]
        values, problems = _read(rule, cells)
        columns[field] = values
        for problem, rows in problems.items():
            rejected[f"{field}: {problem}"] = int(rows.sum())
            bad |= rows
    frame = pd.DataFrame(columns)
    _add_derived(frame, contract)
    return Leads(frame[~bad].reset_index(drop=True), rejected, len(frame))


def _headers(table: Table, contract: Contract) -> dict[str, str]:
    """Return the header of each field that the file has."""
    headings = Headings(contract.spellings)
    headers = {
        field: header
        for header in table.headers
        if (field := headings.find(header)) is not None
    }
    missing = [
        column
        for column in contract.columns
        if column.field not in headers
        and not column.optional
        and not column.derived
    ]
    if missing:
        raise TryError("; ".join(_absent(column, table) for column in missing))
    return headers


def _absent(column: Column, table: Table) -> str:
    headers = table.headers
    near = difflib.get_close_matches(column.name, headers, n=1)
    advice = "if files may lack it, write optional: true"
    if near:
        advice = f"the file has {near[0]!r}; write aliases: [{near[0]}]"
    return f"the file has no column {column.name!r}: {advice}"


def _read(
    rule: CellRule, cells: "pd.Series[str]"
) -> tuple[pd.Series, dict[str, "pd.Series[bool]"]]:
    """Return the values of a column, and for each broken rule the rows that break it."""
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for cell in cells.unique():
        try:
            values[cell] = read_cell(rule, cell)
        except CellError as error:
            values[cell] = None
            problems[cell] = error.problem
    typed = cells.map(values)
    if rule.type in ("integer", "number"):
        typed = pd.to_numeric(typed)
    elif rule.type in ("date", "timestamp"):
        typed = pd.to_datetime(typed)
    else:
        typed = typed.astype(object).mask(typed.isna(), None)
    named = cells.map(problems)
    return typed, {
        problem: named == problem for problem in set(problems.values())
    }


def _add_derived(frame: pd.DataFrame, contract: Contract) -> None:
    """Fill the columns that no file has."""
    numbers = pd.RangeIndex(1, len(frame) + 1)
    for column in contract.columns:
        if column.derived == "row_number":
            frame[column.field] = numbers
        elif column.derived == "row_key":
            frame[column.field] = numbers.astype(str)
        elif column.derived == "joined_key":
            parts = [frame[field].astype(str) for field in contract.key_columns]
            frame[column.field] = pd.concat(parts, axis=1).agg(
                "\x1f".join, axis=1
            )
