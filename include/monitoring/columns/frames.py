"""Bring reference and current leads into the form in which their columns are compared."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.contract import Column, Contract
from include.lake.columns import ParquetColumns
from include.monitoring.columns.config import Missing, drift_config
from include.monitoring.columns.tally import Tally
from include.monitoring.errors import NotNumbersError

BRACKETS = re.compile("[<>]")
HARMLESS = str.maketrans("<>", "‹›")
"""Evidently writes levels into a script of its page as they are, where `</script>` would end it, and its pictures take
`<a href=…>` for a link."""

HANDFUL = 20
"""Of so few numbers each one is a share that counts."""


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
    """Return the columns whose distribution says something: none with a role such as key or clock, and no free text.

    Near-constant columns are among them, so that a switch that starts to be used is seen.
    """
    columns = []
    for column in contract.columns:
        if column.field not in contract.roles and column.type != "string":
            columns.append(column)
    return tuple(columns)


def monitored_columns(
    reference: Leads, contract: Contract
) -> tuple[Column, ...]:
    """Return the comparable columns that `reference` has and that vary in it, missing counted as a value."""
    columns = columns_of_both(
        reference, reference, comparable_columns(contract)
    )
    return tuple(
        column for column in columns if Tally(values(reference, column)).varies
    )


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
    """Reduce both sides to `columns`, which both have, with missing values made comparable.

    A missing category becomes a level. A missing number becomes the sentinel where the column is mostly missing on
    either side, so that a column never arrives empty; elsewhere it stays NaN, which Evidently leaves out. Extreme
    numbers are drawn in (`draw_in`).

    Raises:
        KeyError: a column is absent on one side; `columns_of_both` leaves those out.
        NotNumbersError: a column of numbers holds text.
    """
    pairs = {}
    for column in columns:
        reference_values = values(reference, column)
        current_values = values(current, column)
        if column.numeric:
            numbers = fill_numbers(reference_values, current_values, missing)
            pairs[column.field] = draw_in(
                *numbers, drift_config().extremes.share
            )
        else:
            pairs[column.field] = (
                as_levels(reference_values, missing),
                as_levels(current_values, missing),
            )
    return side_by_side(pairs, columns)


def side_by_side(
    pairs: dict[str, tuple[pd.Series, pd.Series]], columns: Sequence[Column]
) -> Comparison:
    """Return the comparison of prepared columns, each given as (reference, current)."""
    reference = {}
    current = {}
    for field, (reference_values, current_values) in pairs.items():
        reference[field] = reference_values.reset_index(drop=True)
        current[field] = current_values.reset_index(drop=True)
    return Comparison(
        pd.DataFrame(reference),
        pd.DataFrame(current),
        numeric=tuple(column.field for column in columns if column.numeric),
        categorical=tuple(
            column.field for column in columns if not column.numeric
        ),
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


def fill_numbers(
    before: pd.Series, after: pd.Series, missing: Missing
) -> tuple[pd.Series, pd.Series]:
    """Return the numbers of both sides, with the sentinel for missing ones where either side mostly misses them."""
    missing_share = max(before.isna().mean(), after.isna().mean())
    if missing_share >= missing.mostly:
        return before.fillna(missing.sentinel), after.fillna(missing.sentinel)
    return before, after


def draw_in(
    before: pd.Series, after: pd.Series, share: float
) -> tuple[pd.Series, pd.Series]:
    """Return the numbers of both sides between bounds that the outermost `share` of neither side can move.

    A distance of sums, as the Wasserstein distance over the standard deviation is, else belongs to the largest number:
    one wrong lead among thousands makes a drift, or hides one. What more than `share` of one side holds is within the
    bounds of that side, so a tail that grows is seen whole.

    Args:
        before: of the reference, NaN where missing.
        after: of the current rows.
        share: of the numbers, at either end of each side, in [0, 0.5).
    """
    bounds = [
        _bounds(side.dropna().to_numpy(), share)
        for side in (before, after)
        if side.notna().any()
    ]
    if not share or not bounds:
        return before, after
    lowest = min(low for low, _ in bounds)
    highest = max(high for _, high in bounds)
    return before.clip(lowest, highest), after.clip(lowest, highest)


def _bounds(
    numbers: npt.NDArray[np.float64], share: float
) -> tuple[float, float]:
    """Return the smallest and the largest number when the outermost `share` at either end, one at least, are left out.

    Of a handful of numbers none is left out.
    """
    last = len(numbers) - 1
    outermost = 0
    if last >= HANDFUL:
        outermost = min(math.ceil(share * len(numbers)), last // 2)
    ordered = np.partition(numbers, [outermost, last - outermost])
    return float(ordered[outermost]), float(ordered[last - outermost])


def as_levels(series: pd.Series, missing: Missing) -> pd.Series:
    """Return everything as text that a web page takes for no markup, and a level for what is missing."""
    levels = series.astype(object).where(series.notna(), missing.level)
    texts = levels.astype(str)
    harmless_texts = {
        text: text.translate(HARMLESS)
        for text in texts.unique()
        if BRACKETS.search(text)
    }
    if not harmless_texts:
        return texts
    return texts.map(lambda text: harmless_texts.get(text, text))
