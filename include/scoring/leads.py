"""Turns leads as callers write them into columns of contract fields, refusing what the contract refuses."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from include.contract import Column, Contract
from include.features.lead_encoder import Cells, Columns
from include.scoring.errors import LeadsRefusedError, Problem

LARGEST = 2**53
"""No number may be larger either way: models that compute in single precision would read it as infinite."""


def read_leads(contract: Contract, leads: Sequence[Mapping[str, Any]], first: int = 1) -> Columns:
    """Leads column by column, by contract field: null tokens and empty cells missing, numbers as float64.

    Business headers and field names are both read; what the contract does not know is ignored; a category level that
    nobody has seen yet is accepted. `first` is the row number of the first lead in errors.

    Raises:
        LeadsRefusedError: names row, field and reason of every refused value.
    """
    known = {name: column for column in contract.columns for name in (column.name, column.field)}
    problems: list[Problem] = []
    rows: list[dict[str, Any]] = []
    for number, lead in enumerate(leads, start=first):
        row: dict[str, Any] = {}
        for name, value in lead.items():
            if (column := known.get(name)) is None:
                continue
            if column.field in row:
                problems.append(Problem(number, name, f"given twice, as {column.name} and as {column.field}"))
                continue
            try:
                row[column.field] = _value(value, column, contract.null_tokens)
            except ValueError as error:
                problems.append(Problem(number, name, str(error)))
        rows.append(row)
    if problems:
        raise LeadsRefusedError(problems)
    return {column.field: _cells(rows, column) for column in contract.columns}


def _cells(rows: Sequence[Mapping[str, Any]], column: Column) -> Cells:
    values = [row.get(column.field) for row in rows]
    return np.array(values, dtype=np.float64) if column.numeric else values  # None becomes NaN


def _value(value: Any, column: Column, null_tokens: Sequence[str]) -> Any:
    if isinstance(value, str):
        value = value.strip()
    if value is None or value in null_tokens:
        return None
    if isinstance(value, dict | list):
        raise ValueError("must be a single value")
    return _number(value, column) if column.numeric else _text(value, column)


def _number(value: Any, column: Column) -> float:
    if isinstance(value, bool) or "_" in str(value):  # float() would read 1_000
        raise ValueError("must be a number")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("must be a number") from None
    if not math.isfinite(number):
        raise ValueError("must be a finite number")
    if abs(value if isinstance(value, int) else number) > LARGEST:  # 2**53 + 1 is 2**53 as a float
        raise ValueError(f"must lie between {-LARGEST} and {LARGEST}")
    if column.type == "integer" and not number.is_integer():
        raise ValueError("must be a whole number")
    if column.minimum is not None and number < column.minimum:
        raise ValueError(f"must not be below {column.minimum:g}")
    if column.maximum is not None and number > column.maximum:
        raise ValueError(f"must not be above {column.maximum:g}")
    return number


def _text(value: Any, column: Column) -> str:
    if column.type == "string" and _whole(value):
        return str(int(value))
    if not isinstance(value, str):
        raise ValueError("must be text")
    if column.type == "yes_no" and value not in ("Yes", "No"):
        raise ValueError("must be Yes or No")
    if column.order and value not in column.order:
        raise ValueError(f"must be one of {', '.join(column.order)}")
    return value


def _whole(value: Any) -> bool:
    """Whether JSON calls the value an integer: 7 and 7.0, but not true, which Python takes for 1."""
    return value.is_integer() if isinstance(value, float) else isinstance(value, int) and not isinstance(value, bool)
