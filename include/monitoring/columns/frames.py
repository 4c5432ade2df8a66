"""Bring reference and current leads into the form in which their columns are compared."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from include.contract import Column, Contract
from include.lake.columns import ParquetColumns
from include.monitoring.columns.config import Missing, drift_config
from include.monitoring.columns.pairs import Pair, prepare_pair
from include.monitoring.columns.tally import Tally
from include.monitoring.errors import NotNumbersError


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
    """Two frames with the same monitored columns: numbers as normal scores, everything else as str levels.

    `thresholds` has the score from which on a column has drifted; one that is not in it has that of drift.yaml.
    """

    reference: pd.DataFrame
    current: pd.DataFrame
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    thresholds: Mapping[str, float] = field(default_factory=dict)


def comparable_columns(contract: Contract) -> tuple[Column, ...]:
    """Return the columns whose distribution says something: none with a role such as key or clock, and no free text.

    Near-constant columns are among them, so that a switch that starts to be used is seen.
    """
    columns = []
    for column in contract.columns:
        if column.field not in contract.roles and column.type != "string":
            columns.append(column)
    return tuple(columns)


def monitored_columns(
    reference: Leads, contract: Contract, current: Leads | None = None
) -> tuple[Column, ...]:
    """Return the comparable columns that vary in `reference`, missing counted as a value.

    With `current`, those that vary in both together: a constant that starts to vary is among them.
    """
    both = reference if current is None else current
    columns = columns_of_both(reference, both, comparable_columns(contract))
    return tuple(
        column
        for column in columns
        if varies_together(
            Tally(values(reference, column)), Tally(values(both, column))
        )
    )


def varies_together(before: Tally, after: Tally) -> bool:
    """Return whether a column holds more than one value on both sides together, missing counted as one."""
    if before.varies or after.varies:
        return True
    if bool(before.missing) != bool(after.missing):
        return True
    return not before.counts.index.equals(after.counts.index)


def columns_of_both(
    reference: Leads, current: Leads, columns: Sequence[Column]
) -> tuple[Column, ...]:
    """Return those of the columns that both sides have."""
    fields = set(reference.columns) & set(current.columns)
    return tuple(column for column in columns if column.field in fields)


def compare_frames(
    reference: Leads,
    current: Leads,
    columns: Sequence[Column],
    missing: Missing,
) -> Comparison:
    """Reduce both sides to `columns`, which both have, in the form in which Evidently compares them.

    Numbers become normal scores, a missing category becomes a level. A missing number becomes the sentinel where the
    column is mostly missing on either side, so that a column never arrives empty; elsewhere it stays NaN, which
    Evidently leaves out.

    Raises:
        KeyError: a column is absent on one side; `columns_of_both` leaves those out.
        NotNumbersError: a column of numbers holds text.
    """
    config = drift_config().model_copy(update={"missing": missing})
    pairs = {
        column.field: prepare_pair(
            Tally(values(reference, column)),
            Tally(values(current, column)),
            column,
            config,
        )
        for column in columns
    }
    return side_by_side(pairs)


def side_by_side(pairs: Mapping[str, Pair]) -> Comparison:
    """Return the comparison of prepared columns."""
    reference = {}
    current = {}
    for name, pair in pairs.items():
        reference[name] = pair.reference.reset_index(drop=True)
        current[name] = pair.current.reset_index(drop=True)
    return Comparison(
        pd.DataFrame(reference),
        pd.DataFrame(current),
        numeric=tuple(name for name, pair in pairs.items() if pair.numeric),
        categorical=tuple(
            name for name, pair in pairs.items() if not pair.numeric
        ),
        thresholds={name: pair.threshold for name, pair in pairs.items()},
    )


def side_values(leads: Leads, columns: Sequence[Column]) -> Iterator[pd.Series]:
    """Yield the columns one after the other; of leads on disk, the next is read while the last is worked on.

    Raises NotNumbersError.
    """
    if not isinstance(leads, ParquetColumns):
        for column in columns:
            yield values(leads, column)
        return
    fields = [column.field for column in columns]
    for column, (_, series) in zip(columns, leads.each(fields), strict=True):
        yield _clean(series, column)


def values(leads: Leads, column: Column) -> pd.Series:
    """Return a column of either side: numbers as float64, infinite ones as missing, everything else as it is.

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
    if np.isinf(numbers.to_numpy()).any():
        return numbers.replace([np.inf, -np.inf], np.nan)
    return numbers
