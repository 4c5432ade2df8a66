"""Reads leads as callers write them into columns of contract fields, refusing what the contract refuses."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from include.contract import Column, Contract
from include.contract.cells import CellError, CellRule, cell_rules, read_cell
from include.features.lead_encoder import Cells, Columns
from include.scoring.errors import LeadsRefusedError, Problem
from include.scoring.leads.names import IgnoredNames, LeadNames, shortened

Row = dict[str, Any]
EXPLAINED = 5
"""Problems after which a lead without a known name is told so in short: a wrong body repeats it in every lead."""
NESTED = (
    "means no column and holds a list or an object; a lead holds single values"
)


class LeadReader:
    """Reads the leads of one contract. It is made once, because it derives the rules of all cells from the contract."""

    def __init__(self, contract: Contract) -> None:
        """Business headers and field names are both read, in any case, with any spaces or underscores."""
        self.names = LeadNames(contract)
        self._columns = contract.columns
        rules = cell_rules(contract)
        self._rules: dict[str, tuple[str, CellRule]] = {}
        for column in contract.columns:
            rule = (column.field, rules[column.field])
            self._rules[column.field] = rule
            for heading in (column.name, *column.aliases):
                self._rules[heading] = rule

    def read(
        self,
        leads: Sequence[Mapping[str, Any]],
        first: int = 1,
        ignored: IgnoredNames | None = None,
    ) -> Columns:
        """Return leads column by column, by field: null tokens and empty cells missing, numbers as float64.

        A category level that nobody has seen yet is accepted.

        Args:
            leads: name to value.
            first: row number of the first lead in errors.
            ignored: gets every name that means no column.

        Raises:
            LeadsRefusedError: names row, field and reason of every refused value, and of every lead in which no name
                means a column.
        """
        problems: list[Problem] = []
        if ignored is None:
            ignored = IgnoredNames()
        rows = [
            self._read_lead(lead, number, problems, ignored)
            for number, lead in enumerate(leads, start=first)
        ]
        if problems:
            raise LeadsRefusedError(problems, ignored.listed)
        return {column.field: _cells(rows, column) for column in self._columns}

    def _read_lead(
        self,
        lead: Mapping[str, Any],
        number: int,
        problems: list[Problem],
        ignored: IgnoredNames,
    ) -> Row:
        """Return field to value of one lead, and add what is wrong with it to `problems`."""
        row: Row = {}
        problems_before = len(problems)
        for name, value in lead.items():
            rule = self._rules.get(name) or self._loose_rule(name)
            if rule is None:
                ignored.add(name)
                if isinstance(value, dict | list):
                    problems.append(Problem(number, name, NESTED))
                continue
            field, cell = rule
            if field in row:
                problems.append(self._twice(lead, number, name, field))
                continue
            try:
                row[field] = read_cell(cell, value)
            except CellError as error:
                problems.append(Problem(number, name, error.demand))
        if not row and len(problems) == problems_before:
            problems.append(self._unrecognised(lead, number, problems))
        return row

    def _loose_rule(self, name: str) -> tuple[str, CellRule] | None:
        """Return the rule of the column that a name means though it is spelled in another way."""
        field = self.names.find(name)
        if field is None:
            return None
        return self._rules[field]

    def _twice(
        self, lead: Mapping[str, Any], number: int, name: str, field: str
    ) -> Problem:
        """Return the problem of a lead of which two names mean one column."""
        names = [
            spelling for spelling in lead if self.names.find(spelling) == field
        ]
        spellings = " and as ".join(map(shortened, sorted(names)))
        return Problem(number, name, f"given twice, as {spellings}")

    def _unrecognised(
        self, lead: Mapping[str, Any], number: int, problems: Sequence[Problem]
    ) -> Problem:
        """Return the problem of a lead of which no name means a column."""
        reason = "no name of this lead means a column"
        if len(problems) < EXPLAINED:
            reason += f": {self.names.explain(list(lead))}"
        return Problem(number, next(iter(lead), ""), reason)


def _cells(rows: Sequence[Row], column: Column) -> Cells:
    values = [row.get(column.field) for row in rows]
    return (
        np.array(values, dtype=np.float64) if column.numeric else values
    )  # None becomes NaN
