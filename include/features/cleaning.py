"""First steps of every pipeline: raw rows of any dtype to typed columns, then levels to groups."""

from collections.abc import Callable, Container, Mapping, Sequence
from functools import lru_cache
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from include.contract.cells import (
    LARGEST,
    LARGEST_INTEGER,
    SMALLEST_INTEGER,
    CellError,
    cell_rule,
    read_cell,
)
from include.features.columns import FeatureColumn
from include.features.text import typed_frame

FLAG_LEVELS = ("No", "Yes")
"""Levels of a flag, in the order of their numbers."""
OTHER = "Other"


class TypedColumns(TransformerMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn is untyped
    """Selects the columns of a stage and types them by the rules of a cell (`include.contract.cells`).

    What breaks a rule is missing, as are null tokens and absent columns. Numbers, ordinals (position in their order)
    and flags (Yes 1, No 0) come out as float64 with NaN, nominal columns as text with None. Columns that are not listed
    are ignored.
    """

    def __init__(
        self,
        columns: tuple[FeatureColumn, ...],
        null_tokens: tuple[str, ...] = (),
    ) -> None:
        self.columns = columns
        self.null_tokens = null_tokens

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: N803 - scikit-learn's names
        """Learn nothing: the columns are given."""
        self.n_features_in_ = len(self.columns)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Return the typed frame, shape (rows, columns of the stage), index as in `X`."""
        cells = cells_of(X, self.numbers)
        return typed_frame(self.typed(cells, len(X)), X.index)

    @property
    def numbers(self) -> set[str]:
        """Fields of the columns that are read as numbers."""
        return {
            column.field for column in self.columns if column.kind == "number"
        }

    def typed(
        self, cells: Mapping[str, Any], rows: int
    ) -> dict[str, np.ndarray]:
        """Return field to array, from field to the cells of so many rows (see `cells_of`), without a frame."""
        typed: dict[str, np.ndarray] = {}
        for column in self.columns:
            typed[column.field] = self._typed(
                cells.get(column.field), rows, column
            )
        return typed

    def get_feature_names_out(
        self, input_features: Sequence[str] | None = None
    ) -> np.ndarray:
        """Return the field names in the order of the output."""
        fields = [column.field for column in self.columns]
        return np.array(fields, dtype=object)

    def _typed(
        self, cells: Any, rows: int, column: FeatureColumn
    ) -> np.ndarray:
        """Return the typed cells of one column; None stands for a column that is absent."""
        if cells is None:
            missing: np.ndarray = np.full(
                rows, None if column.kind == "nominal" else np.nan
            )
            return missing
        if isinstance(cells, np.ndarray):
            if column.kind == "number" and cells.dtype == np.float64:
                return _allowed_numbers(column, cells)
            cells = cells.tolist()
        null_tokens = column.null_tokens
        if null_tokens is None:
            null_tokens = tuple(self.null_tokens)
        read = _ReadCells(column, null_tokens)
        try:
            values = [read[cell] for cell in cells]
        except TypeError:  # a list or an object, which is read as its text
            values = [read[str(cell)] for cell in cells]
        return np.array(
            values, dtype=object if column.kind == "nominal" else "float64"
        )


def cells_of(frame: pd.DataFrame, numbers: Container[str]) -> dict[str, Any]:
    """Return a frame's columns as plain cells: lists, and float64 with NaN for those of `numbers` that are numeric."""
    cells: dict[str, Any] = {}
    for name, column in frame.items():
        if name in numbers and pd.api.types.is_numeric_dtype(column):
            cells[str(name)] = column.to_numpy(dtype="float64", na_value=np.nan)
        else:
            cells[str(name)] = column.tolist()
    return cells


def _allowed_numbers(column: FeatureColumn, numbers: np.ndarray) -> np.ndarray:
    """Return numbers with NaN for those that `read_cell` would refuse, all at once."""
    lowest, highest = _bounds(column.cell_type, column.minimum, column.maximum)
    allowed = (numbers >= lowest) & (
        numbers <= highest
    )  # neither holds for NaN
    if column.cell_type == "integer":
        allowed &= numbers == np.floor(numbers)
    return np.where(allowed, numbers, np.nan)


@lru_cache(maxsize=1024)
def _bounds(
    cell_type: str, minimum: float | None, maximum: float | None
) -> tuple[float, float]:
    """Return the lowest and the highest number that a column may hold."""
    lowest: float = -LARGEST
    highest: float = LARGEST
    if cell_type == "integer":
        lowest = SMALLEST_INTEGER
        highest = LARGEST_INTEGER
    if minimum is not None:
        lowest = max(lowest, minimum)
    if maximum is not None:
        highest = min(highest, maximum)
    return lowest, highest


class _ReadCells(dict[Any, Any]):
    """Cell to value of one column. Cells repeat, so each different one is read once.

    That is ten times faster than pandas' text methods for a single lead, and no slower for many.
    """

    def __init__(
        self, column: FeatureColumn, null_tokens: tuple[str, ...]
    ) -> None:
        self._read = _reader(
            column.cell_type,
            column.order,
            column.minimum,
            column.maximum,
            null_tokens,
        )

    def __missing__(self, cell: Any) -> Any:
        if isinstance(cell, str):
            value = self._read(cell)
        elif pd.isna(cell):
            value = None
        else:
            value = self._read(str(cell))
        self[cell] = value
        return value


@lru_cache(maxsize=1024)
def _reader(
    cell_type: str,
    order: tuple[str, ...],
    minimum: float | None,
    maximum: float | None,
    null_tokens: tuple[str, ...],
) -> Callable[[str], Any]:
    """Return the function from the text of a cell to a column's value; None for a missing or refused one."""
    column = {
        "type": cell_type,
        "order": order,
        "minimum": minimum,
        "maximum": maximum,
    }
    rule = cell_rule(column, frozenset(null_tokens))
    levels = FLAG_LEVELS if cell_type == "yes_no" else order
    codes: dict[Any, float] = {
        level: float(position) for position, level in enumerate(levels)
    }

    def read(text: str) -> Any:
        try:
            value = read_cell(rule, text)
        except CellError:
            return None
        return codes.get(value) if codes else value

    return read


class GroupedLevels(TransformerMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn is untyped
    """Replaces the levels of grouped columns by their groups; a level that no group names becomes `Other`.

    With `enabled=False` levels pass as they are, so that a search can compare both.

    Attributes:
        unmapped_: field to level to number of training rows, for levels that no group names.
    """

    def __init__(
        self, columns: tuple[FeatureColumn, ...], enabled: bool = True
    ) -> None:
        self.columns = columns
        self.enabled = enabled

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: N803 - scikit-learn's names
        """Count unmapped levels; otherwise learn nothing: the groups are given."""
        self.n_features_in_ = X.shape[1]
        self.unmapped_: dict[str, dict[str, int]] = {}
        for column in self.columns:
            counts = _unmapped(X, column)
            if counts:
                self.unmapped_[column.field] = counts
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Return a frame of the same shape; missing stays missing."""
        if not self.enabled:
            return X
        grouped = X.copy()
        for column in self.columns:
            if column.groups:
                grouped[column.field] = _grouped(
                    X[column.field], dict(column.groups)
                )
        return grouped

    def get_feature_names_out(
        self, input_features: Sequence[str] | None = None
    ) -> np.ndarray:
        """Return the field names in the order of the output."""
        fields = [column.field for column in self.columns]
        return np.array(fields, dtype=object)


def _grouped(levels: pd.Series, groups: Mapping[str, str]) -> pd.Series:
    """Return the group of every level; missing stays missing."""
    names: list[str | None] = []
    for level in levels:
        if pd.isna(level):
            names.append(None)
        else:
            names.append(groups.get(level, OTHER))
    return pd.Series(names, index=levels.index, dtype=object)


def _unmapped(frame: pd.DataFrame, column: FeatureColumn) -> dict[str, int]:
    """Return how often each level occurs that no group names."""
    if not column.groups:
        return {}
    levels = frame[column.field].dropna()
    in_a_group = levels.isin(dict(column.groups))
    counts = levels[~in_a_group].value_counts()
    return {str(level): int(count) for level, count in counts.items()}
