"""First steps of every pipeline: raw rows of any dtype to typed columns, then levels to groups."""

from collections.abc import Callable, Container, Mapping, Sequence
from functools import lru_cache
from math import isfinite, nan
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from include.features.columns import FeatureColumn, Kind
from include.features.text import typed_frame

FLAG_LEVELS = ("no", "yes")
OTHER = "Other"


class TypedColumns(TransformerMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn is untyped
    """Selects the columns of a stage and types them: what is unreadable, infinite, unknown or absent is missing.

    Numbers, ordinals (position in their order) and flags (Yes 1, No 0) come out as float64 with NaN,
    nominal columns as text with None. Columns that are not listed are ignored.
    """

    def __init__(self, columns: tuple[FeatureColumn, ...], null_tokens: tuple[str, ...] = ()) -> None:
        self.columns = columns
        self.null_tokens = null_tokens

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: N803 - scikit-learn's names
        """Learns nothing: the columns are given."""
        self.n_features_in_ = len(self.columns)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Typed frame, shape (rows, columns of the stage), index as in `X`."""
        cells = cells_of(X, self.numbers)
        return typed_frame(self.typed(cells, len(X)), X.index)

    @property
    def numbers(self) -> set[str]:
        """Fields of the columns that are read as numbers."""
        return {column.field for column in self.columns if column.kind == "number"}

    def typed(self, cells: Mapping[str, Any], rows: int) -> dict[str, np.ndarray]:
        """The same without a frame: field to array, from field to the cells of so many rows (see `cells_of`)."""
        return {column.field: self._typed(cells.get(column.field), rows, column) for column in self.columns}

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> np.ndarray:
        """Field names in the order of the output."""
        return np.array([column.field for column in self.columns], dtype=object)

    def _typed(self, cells: Any, rows: int, column: FeatureColumn) -> np.ndarray:
        if cells is None:
            missing: np.ndarray = np.full(rows, None if column.kind == "nominal" else np.nan)
            return missing
        if isinstance(cells, np.ndarray):
            if column.kind == "number" and cells.dtype == np.float64:
                return np.where(np.isfinite(cells), cells, np.nan)
            cells = cells.tolist()
        read = _Read(column, self.null_tokens)
        try:
            values = [read[cell] for cell in cells]
        except TypeError:  # a list or an object, which is read as its text
            values = [read[str(cell)] for cell in cells]
        return np.array(values, dtype=object if column.kind == "nominal" else "float64")


def cells_of(frame: pd.DataFrame, numbers: Container[str]) -> dict[str, Any]:
    """A frame's columns as plain cells: lists, for those of `numbers` that are numeric float64 with NaN."""
    return {
        str(name): column.to_numpy(dtype="float64", na_value=np.nan)
        if name in numbers and pd.api.types.is_numeric_dtype(column)
        else column.tolist()
        for name, column in frame.items()
    }


class _Read(dict[Any, Any]):
    """Cell to value of one column. Cells repeat, so each different one is read once.

    That is ten times faster than pandas' text methods for a single lead, and no slower for many.
    """

    def __init__(self, column: FeatureColumn, null_tokens: Sequence[str]) -> None:
        self._null_tokens = null_tokens
        self._value = _reader(column.kind, column.order)

    def __missing__(self, cell: Any) -> Any:
        text = cell.strip() if isinstance(cell, str) else None if pd.isna(cell) else str(cell).strip()
        self[cell] = None if text is None or text in self._null_tokens else self._value(text)
        return self[cell]


@lru_cache(maxsize=1024)
def _reader(kind: Kind, order: tuple[str, ...]) -> Callable[[str], Any]:
    """What turns the text of a cell into a column's value; None for what it cannot read."""
    if kind == "number":
        return _finite
    if kind == "nominal":
        return str
    codes = {level: float(position) for position, level in enumerate(order if kind == "ordinal" else FLAG_LEVELS)}
    return (lambda text: codes.get(text.lower())) if kind == "flag" else codes.get


def _finite(text: str) -> float:
    # float() and not pd.to_numeric, whose parser is off in the last digit: text and number must score alike
    try:
        return number if isfinite(number := float(text)) else nan
    except ValueError:
        return nan


class GroupedLevels(TransformerMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn is untyped
    """Replaces the levels of grouped columns by their groups; a level that no group names becomes `Other`.

    With `enabled=False` levels pass as they are, so that a search can compare both.

    Attributes:
        unmapped_: field to level to number of training rows, for levels that no group names.
    """

    def __init__(self, columns: tuple[FeatureColumn, ...], enabled: bool = True) -> None:
        self.columns = columns
        self.enabled = enabled

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: N803 - scikit-learn's names
        """Counts unmapped levels; otherwise learns nothing: the groups are given."""
        self.n_features_in_ = X.shape[1]
        self.unmapped_ = {column.field: counts for column in self.columns if (counts := _unmapped(X, column))}
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Frame of the same shape; missing stays missing."""
        if not self.enabled:
            return X
        grouped = X.copy()
        for column in self.columns:
            if column.groups:
                groups = dict(column.groups)
                levels = [None if pd.isna(level) else groups.get(level, OTHER) for level in X[column.field]]
                grouped[column.field] = pd.Series(levels, index=X.index, dtype=object)
        return grouped

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> np.ndarray:
        """Field names in the order of the output."""
        return np.array([column.field for column in self.columns], dtype=object)


def _unmapped(frame: pd.DataFrame, column: FeatureColumn) -> dict[str, int]:
    if not column.groups:
        return {}
    levels = frame[column.field].dropna()
    counts = levels[~levels.isin(dict(column.groups))].value_counts()
    return {str(level): int(count) for level, count in counts.items()}
