"""Brings reference and current leads into the form in which their columns are compared."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from include.contract import Column, Contract
from include.monitoring.config import Missing


class ColumnsDiffer(ValueError):  # noqa: N818 - says what happened
    """A monitored column that only one of the two frames has; the message names it and the side that lacks it."""


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


def monitored_columns(reference: pd.DataFrame, contract: Contract) -> tuple[Column, ...]:
    """The comparable columns that are not constant in `reference`, missing counted as a value.

    Raises:
        ColumnsDiffer: `reference` lacks a column of the contract.
    """
    columns = comparable_columns(contract)
    _require(reference, columns, "reference")
    return tuple(column for column in columns if reference[column.field].nunique(dropna=False) > 1)


def compare_frames(
    reference: pd.DataFrame, current: pd.DataFrame, columns: Sequence[Column], missing: Missing
) -> Comparison:
    """Both frames reduced to `columns`, with missing values made comparable.

    A missing category becomes a level. A missing number becomes the sentinel where the column is mostly missing on
    either side, so that a column never arrives empty; elsewhere it stays NaN, which Evidently leaves out.

    Raises:
        ColumnsDiffer: a column is absent on one side.
    """
    _require(reference, columns, "reference")
    _require(current, columns, "current window")
    sides = reference[[c.field for c in columns]].copy(), current[[c.field for c in columns]].copy()
    for column in columns:
        values = _comparable([side[column.field] for side in sides], column, missing)
        for side, series in zip(sides, values, strict=True):
            side[column.field] = series
    return Comparison(
        *sides,
        numeric=tuple(c.field for c in columns if c.numeric),
        categorical=tuple(c.field for c in columns if not c.numeric),
    )


def missing_shares(frame: pd.DataFrame, columns: Sequence[Column]) -> dict[str, float]:
    """Share of missing values per column, in [0, 1]; nothing for a frame without rows."""
    return {c.field: float(frame[c.field].isna().mean()) for c in columns} if len(frame) else {}


def _comparable(values: list[pd.Series], column: Column, missing: Missing) -> list[pd.Series]:
    if not column.numeric:
        return [v.astype(object).where(v.notna(), missing.level).astype(str) for v in values]
    numbers = [v.astype("float64").replace([np.inf, -np.inf], np.nan) for v in values]
    if any(v.isna().mean() >= missing.mostly for v in numbers):
        return [v.fillna(missing.sentinel) for v in numbers]
    return numbers


def _require(frame: pd.DataFrame, columns: Sequence[Column], side: str) -> None:
    if absent := [column.field for column in columns if column.field not in frame.columns]:
        raise ColumnsDiffer(
            f"the {side} has no column {', '.join(absent)}; rebuild it with the contract in use, or retrain the "
            "champion if the contract has changed since its training"
        )
