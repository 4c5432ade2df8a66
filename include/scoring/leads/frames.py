"""Reads the leads of a frame, whose columns are called as callers call them, into columns of contract fields."""

from typing import Any

import pandas as pd

from include.contract import Contract
from include.features.cleaning import cells_of
from include.features.lead_encoder import Columns
from include.scoring.errors import LeadsRefusedError, Problem
from include.scoring.leads.names import LeadNames


def to_columns(contract: Contract, frame: pd.DataFrame) -> Columns:
    """Return the contract's fields of a frame as plain cells: headers renamed, absent and foreign columns left out.

    Raises:
        LeadsRefusedError: two columns of the frame mean one field, or none means any.
    """
    lead_names = LeadNames(contract)
    fields_by_name: dict[Any, str] = {}
    problems: list[Problem] = []
    for name in frame.columns:
        field = lead_names.find(str(name))
        if field in fields_by_name.values():
            problems.append(Problem(0, str(name), f"gives {field} twice"))
        elif field is not None:
            fields_by_name[name] = field
    if not fields_by_name and len(frame):
        reason = lead_names.explain([str(name) for name in frame.columns])
        problems.append(Problem(0, "", f"no column is known: {reason}"))
    if problems:
        raise LeadsRefusedError(problems)
    names = list(fields_by_name)
    fields = list(fields_by_name.values())
    numbers = {column.field for column in contract.columns if column.numeric}
    renamed = frame[names].set_axis(fields, axis=1)
    return cells_of(renamed, numbers)
