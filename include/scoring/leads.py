"""Reads leads as callers write them into columns of contract fields, refusing what the contract refuses."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from include.contract import Column, Contract
from include.contract.cells import CellError, CellRule, cell_rules, read_cell
from include.features.lead_encoder import Cells, Columns
from include.scoring.errors import LeadsRefusedError, Problem

Row = dict[str, Any]


class LeadReader:
    """Reads the leads of one contract. It is made once, because it derives the rules of all cells from the contract."""

    def __init__(self, contract: Contract) -> None:
        """Business headers and field names are both read."""
        self._columns = contract.columns
        self._rules: dict[str, tuple[Column, CellRule]] = {}
        rules = cell_rules(contract)
        for column in contract.columns:
            self._rules[column.name] = (column, rules[column.field])
            self._rules[column.field] = (column, rules[column.field])

    def read(
        self, leads: Sequence[Mapping[str, Any]], first: int = 1
    ) -> Columns:
        """Return leads column by column, by field: null tokens and empty cells missing, numbers as float64.

        Names that the contract does not know are ignored; a category level that nobody has seen yet is accepted.

        Args:
            leads: name to value.
            first: row number of the first lead in errors.

        Raises:
            LeadsRefusedError: names row, field and reason of every refused value.
        """
        problems: list[Problem] = []
        rows = [
            self._read_lead(lead, number, problems)
            for number, lead in enumerate(leads, start=first)
        ]
        if problems:
            raise LeadsRefusedError(problems)
        return {column.field: _cells(rows, column) for column in self._columns}

    def _read_lead(
        self, lead: Mapping[str, Any], number: int, problems: list[Problem]
    ) -> Row:
        """Return field to value of one lead, and add what is wrong with it to `problems`."""
        row: Row = {}
        for name, value in lead.items():
            if name not in self._rules:
                continue
            column, rule = self._rules[name]
            if column.field in row:
                problems.append(
                    Problem(
                        number,
                        name,
                        f"given twice, as {column.name} and as {column.field}",
                    )
                )
                continue
            try:
                row[column.field] = read_cell(rule, value)
            except CellError as error:
                problems.append(Problem(number, name, error.demand))
        return row


def _cells(rows: Sequence[Row], column: Column) -> Cells:
    values = [row.get(column.field) for row in rows]
    return (
        np.array(values, dtype=np.float64) if column.numeric else values
    )  # None becomes NaN
