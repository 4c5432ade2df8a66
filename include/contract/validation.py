"""Derives the pandera schema that says whether a frame of fields keeps its contract."""

from collections import Counter

import pandas as pd
from pandera.errors import SchemaErrors
from pandera.pandas import Check, Column, DataFrameSchema

from include.contract import model

DTYPES = {"integer": "Int64", "number": "float64"}


class ContractBrokenError(ValueError):
    """A frame that breaks its contract; the message names each column, the rule and how many rows break it."""


def frame_schema(contract: model.Contract) -> DataFrameSchema:
    """Schema of a frame whose columns are the contract's fields.

    Numbers are coerced and must lie in the contract's range, yes/no columns hold only Yes and No, categories and
    ordinals accept levels nobody has seen yet, and the key is there and unique. Further columns are ignored.
    """
    return DataFrameSchema({column.field: _column(column, contract) for column in contract.columns}, strict=False)


def validate_frame(frame: pd.DataFrame, contract: model.Contract) -> pd.DataFrame:
    """The frame with the contract's dtypes.

    Raises:
        ContractBrokenError: a column is absent or holds values that the contract refuses.
    """
    try:
        valid: pd.DataFrame = frame_schema(contract).validate(frame, lazy=True)
    except SchemaErrors as errors:
        raise ContractBrokenError(_explain(errors.failure_cases)) from errors
    return valid


def _column(column: model.Column, contract: model.Contract) -> Column:
    is_key = column.field == contract.key
    dtype = DTYPES.get(column.type, "object")
    return Column(dtype, _checks(column), nullable=not is_key, unique=is_key, coerce=True)


def _checks(column: model.Column) -> list[Check]:
    checks = []
    if column.minimum is not None:
        checks.append(Check.ge(column.minimum))
    if column.maximum is not None:
        checks.append(Check.le(column.maximum))
    if column.type == "yes_no":
        checks.append(Check.isin(["Yes", "No"]))
    return checks


def _explain(failures: pd.DataFrame) -> str:
    columns = failures["column"].fillna(failures["failure_case"])  # an absent column is a case of the whole frame
    counts = Counter(zip(columns, failures["check"], strict=True))
    return "; ".join(
        f"column {column!r} breaks {check} in {count} place(s)" for (column, check), count in counts.items()
    )
