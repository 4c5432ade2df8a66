"""Brings reference and current leads into the form in which their columns are compared."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from include.contract import Column, Contract
from include.lake.columns import ParquetColumns
from include.monitoring.columns.config import Missing
from include.monitoring.columns.tally import Tally
from include.monitoring.errors import ColumnsDifferError, NotNumbersError


class Leads(Protocol):
    """Rows of leads of which single columns are asked for: a frame, or a `ParquetColumns` of any size."""

    @property
    def columns(self) -> Iterable[Any]:
        """Field names."""

    def __len__(self) -> int:
        """Rows."""

    def __getitem__(self, field: str, /) -> Any:
        """All values of a column as a pandas Series."""


@dataclass(frozen=True)
class Comparison:
    """Two frames with the same monitored columns: numbers as float64, everything else as str levels."""

    reference: pd.DataFrame
    current: pd.DataFrame
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]


def comparable_columns(contract: Contract) -> tuple[Column, ...]:
    """Columns whose distribution says something: no key, label or clock, and no free text.

    Near-constant columns are among them, so that a switch that starts to be used is seen.
    """
    roles = {contract.key, contract.label, contract.clock}
    return tuple(column for column in contract.columns if column.field not in roles and column.type != "string")


def monitored_columns(reference: Leads, contract: Contract) -> tuple[Column, ...]:
    """The comparable columns that are not constant in `reference`, missing counted as a value.

    Raises:
        ColumnsDifferError: `reference` lacks a column of the contract.
    """
    columns = comparable_columns(contract)
    require(reference, columns, "reference")
    return tuple(column for column in columns if Tally(values(reference, column)).varies)


def compare_frames(reference: Leads, current: Leads, columns: Sequence[Column], missing: Missing) -> Comparison:
    """Both sides reduced to `columns`, with missing values made comparable.

    A missing category becomes a level. A missing number becomes the sentinel where the column is mostly missing on
    either side, so that a column never arrives empty; elsewhere it stays NaN, which Evidently leaves out.

    Raises:
        ColumnsDifferError: a column is absent on one side.
    """
    require(reference, columns, "reference")
    require(current, columns, "current window")
    pairs = {}
    for column in columns:
        before, now = values(reference, column), values(current, column)
        if column.numeric:
            pairs[column.field] = fill_numbers(before, now, missing)
        else:
            pairs[column.field] = (as_levels(before, missing), as_levels(now, missing))
    return side_by_side(pairs, columns)


def side_by_side(pairs: dict[str, tuple[pd.Series, pd.Series]], columns: Sequence[Column]) -> Comparison:
    """The comparison of prepared columns, each given as (reference, current)."""
    before, now = ({field: pair[side].reset_index(drop=True) for field, pair in pairs.items()} for side in (0, 1))
    return Comparison(
        pd.DataFrame(before),
        pd.DataFrame(now),
        numeric=tuple(c.field for c in columns if c.numeric),
        categorical=tuple(c.field for c in columns if not c.numeric),
    )


def side_values(leads: Leads, columns: Sequence[Column]) -> Iterator[pd.Series]:
    """The columns one after the other; of leads on disk, the next one is read while one is being worked on.

    Raises NotNumbersError.
    """
    fields = [column.field for column in columns]
    found = leads.each(fields) if isinstance(leads, ParquetColumns) else ((field, leads[field]) for field in fields)
    for column, (_, series) in zip(columns, found, strict=True):
        yield _clean(series, column)


def values(leads: Leads, column: Column) -> pd.Series:
    """A column of either side: numbers as float64, where infinite ones count as missing, everything else as it is.

    Raises:
        NotNumbersError: a column of numbers holds text.
    """
    return _clean(leads[column.field], column)


def _clean(series: pd.Series, column: Column) -> pd.Series:
    if not column.numeric:
        return series
    try:
        numbers = series.astype("float64")
    except (TypeError, ValueError) as error:
        raise NotNumbersError(
            f"column {column.field} should hold numbers ({error}); look at the file that brought it, or correct its "
            "type in the contract"
        ) from error
    return numbers.replace([np.inf, -np.inf], np.nan) if np.isinf(numbers.to_numpy()).any() else numbers


def fill_numbers(before: pd.Series, now: pd.Series, missing: Missing) -> tuple[pd.Series, pd.Series]:
    """Numbers of both sides, with the sentinel for missing ones where either side mostly misses them."""
    if max(before.isna().mean(), now.isna().mean()) >= missing.mostly:
        return before.fillna(missing.sentinel), now.fillna(missing.sentinel)
    return before, now


def as_levels(series: pd.Series, missing: Missing) -> pd.Series:
    """Everything as text, and a level for what is missing."""
    return series.astype(object).where(series.notna(), missing.level).astype(str)


def require(leads: Leads, columns: Sequence[Column], side: str) -> None:
    """Raises ColumnsDifferError, naming `side` ("reference" or "current window"), if it lacks one of the columns."""
    present = set(leads.columns)
    if absent := [column.field for column in columns if column.field not in present]:
        raise ColumnsDifferError(
            f"the {side} has no column {', '.join(absent)}; rebuild it with the contract in use, or retrain the "
            "champion if the contract has changed since its training"
        )
