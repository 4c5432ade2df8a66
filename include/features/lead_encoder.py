"""The matrix that fitted preprocessing makes of leads, without frames: pandas takes milliseconds for a single lead.

Two ways lead to the same matrix. Steps that this module knows, with their numbers scaled and their levels in tables,
are worked through as arrays (`_Tables`). All others are asked to transform a frame: steps added by a later version of
the project, binned numbers and native levels.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from include.features.cleaning import (
    OTHER,
    GroupedLevels,
    TypedColumns,
    cells_of,
)
from include.features.columns import FeatureColumn
from include.features.encoding import Encoder, LevelTable
from include.features.errors import UntypedPipelineError
from include.features.selection import CappedOutliers, UsefulColumns
from include.features.text import typed_frame

Cells = Sequence[Any] | NDArray[Any]
Columns = Mapping[str, Cells]
"""Field to its cells, one for each lead; numbers as float64 with NaN, or any cells that TypedColumns reads."""
Typed = dict[str, NDArray[Any]]
"""Field to its cells as TypedColumns types them."""
KNOWN_STEPS = [
    TypedColumns,
    GroupedLevels,
    UsefulColumns,
    CappedOutliers,
    Encoder,
]
"""Classes of the steps that `_Tables` can stand for, in their order."""


@dataclass(frozen=True)
class LeadEncoder:
    """The fitted steps of one pipeline up to its classifier; gives what they give, to the last bit.

    Attributes:
        earlier_steps: steps before the one that types columns; usually none.
        clean: the step that types columns.
        later_steps: the steps after it.
    """

    earlier_steps: Pipeline
    clean: TypedColumns
    later_steps: Pipeline
    _tables: "_Tables | None"

    @classmethod
    def of(cls, preprocess: Pipeline) -> Self:
        """Return the encoder of fitted preprocessing.

        Raises:
            UntypedPipelineError: no step types columns.
        """
        steps = [step for _, step in preprocess.steps]
        kinds = [type(step) for step in steps]
        if TypedColumns not in kinds:
            raise UntypedPipelineError(list(preprocess.named_steps))
        place = kinds.index(TypedColumns)
        tables = None
        if kinds == KNOWN_STEPS:
            tables = _Tables.of(*steps)
        return cls(
            earlier_steps=preprocess[:place],
            clean=steps[place],
            later_steps=preprocess[place + 1 :],
            _tables=tables,
        )

    @property
    def finite(self) -> bool:
        """Whether the matrix never holds a missing or infinite cell, which is what `Encoder` promises."""
        if not len(self.later_steps):
            return False
        return type(self.later_steps[-1]) is Encoder

    def typed(self, leads: Columns, rows: int) -> Typed:
        """Return the pipeline's columns of so many leads, typed."""
        if len(self.earlier_steps):
            frame = pd.DataFrame(dict(leads))
            transformed = self.earlier_steps.transform(frame)
            leads = cells_of(transformed, self.clean.numbers)
        return self.clean.typed(leads, rows)

    def matrix(self, typed: Typed, rows: int) -> Any:
        """Return the matrix of typed columns, shape (rows, features); a frame where levels are native."""
        if self._tables:
            return self._tables.matrix(typed, rows)
        matrix: Any = typed_frame(typed)
        if len(self.later_steps):
            matrix = self.later_steps.transform(matrix)
        if issparse(matrix):
            matrix = matrix.toarray()
        return matrix


@dataclass(frozen=True)
class _Tables:
    """The known steps as arrays: bounds, fills and scales of the numbers, and one matrix row for each level."""

    numbers: "_Numbers | None"
    levels: Sequence["_Levels"]
    width: int

    @classmethod
    def of(
        cls,
        clean: TypedColumns,
        group: GroupedLevels,
        select: UsefulColumns,
        cap: CappedOutliers,
        encode: Encoder,
    ) -> Self | None:
        """Return the tables of the known steps; None where numbers are binned, or levels are not in tables."""
        if encode.numbers != "scaled" or not hasattr(encode, "tables_"):
            return None
        places = encode.columns_.output_indices_
        numbers = None
        for name, block, fields in encode.columns_.transformers_:
            if name == "number":
                numbers = _Numbers.of(block, fields, places[name], cap)
        groups = _groups(clean.columns) if group.enabled else {}
        levels: list[_Levels] = []
        for table in encode.tables_:
            levels.append(_Levels.of(table, groups.get(table.field, {})))
        width = max(place.stop for place in places.values())
        return cls(numbers, levels, width)

    def matrix(self, typed: Typed, rows: int) -> NDArray[np.float64]:
        """Return the matrix of typed columns, shape (rows, features)."""
        matrix = np.empty((rows, self.width))
        if self.numbers:
            matrix[:, self.numbers.places] = self.numbers.of_leads(typed, rows)
        for levels in self.levels:
            matrix[:, levels.table.places] = levels.of_leads(typed)
        return matrix


@dataclass(frozen=True)
class _Numbers:
    """What capping, filling, flagging and scaling do to numbers, as the fitted steps do it."""

    fields: list[str]
    places: slice
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    fill: NDArray[np.float64]
    flagged: NDArray[np.intp]
    scaled: Callable[[NDArray[np.float64]], NDArray[np.float64]]

    @classmethod
    def of(
        cls,
        block: Pipeline,
        fields: Sequence[str],
        places: slice,
        cap: CappedOutliers,
    ) -> Self:
        """Read the arrays off the fitted block of numbers and the fitted caps."""
        imputer = block[0]
        scaler = block[-1]
        lower = np.full(len(fields), -np.inf)
        upper = np.full(len(fields), np.inf)
        if cap.share > 0:
            lower = np.array(
                [cap.lower_.get(field, -np.inf) for field in fields]
            )
            upper = np.array(
                [cap.upper_.get(field, np.inf) for field in fields]
            )
        return cls(
            fields=list(fields),
            places=places,
            lower=lower,
            upper=upper,
            fill=imputer.statistics_,
            flagged=imputer.indicator_.features_,
            scaled=_scaling(scaler),
        )

    def of_leads(self, typed: Typed, rows: int) -> NDArray[np.float64]:
        """Return the scaled numbers of leads, and behind them the flags of those that are missing."""
        numbers = np.empty((rows, len(self.fields)))
        for place, field in enumerate(self.fields):
            numbers[:, place] = typed[field]
        missing = np.isnan(numbers)
        capped = np.clip(numbers, self.lower, self.upper)
        filled = np.where(missing, self.fill, capped)
        with_flags = np.hstack([filled, missing[:, self.flagged]])
        return self.scaled(with_flags)


def _scaling(
    scaler: StandardScaler | MinMaxScaler,
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return what a fitted scaler does to a matrix, to the last bit. Models from before December 2026 have MinMax."""
    if isinstance(scaler, StandardScaler):
        return partial(_standardised, mean=scaler.mean_, scale=scaler.scale_)
    return partial(_within_range, scale=scaler.scale_, shift=scaler.min_)


def _standardised(
    numbers: NDArray[np.float64],
    mean: NDArray[np.float64],
    scale: NDArray[np.float64],
) -> NDArray[np.float64]:
    centred = numbers - mean
    return np.asarray(centred / scale, dtype="float64")


def _within_range(
    numbers: NDArray[np.float64],
    scale: NDArray[np.float64],
    shift: NDArray[np.float64],
) -> NDArray[np.float64]:
    return np.asarray(np.clip(numbers * scale + shift, 0, 1), dtype="float64")


@dataclass(frozen=True)
class _Levels:
    """The matrix rows of one field by its level before grouping."""

    table: LevelTable
    rows_of: Mapping[str | None, int]
    unseen: int

    @classmethod
    def of(cls, table: LevelTable, groups: Mapping[str, str]) -> Self:
        """Return a table whose levels are those before grouping; without groups they are the table's own."""
        unseen = len(table.levels)
        if not groups:
            return cls(table, table.levels, unseen)
        rows_of: dict[str | None, int] = {}
        for level, group in groups.items():
            rows_of[level] = table.levels.get(group, unseen)
        rows_of[None] = table.levels[None]
        return cls(table, rows_of, table.levels.get(OTHER, unseen))

    def of_leads(self, typed: Typed) -> NDArray[np.float64]:
        """Return the matrix rows of leads, shape (leads, columns of the field)."""
        levels = typed[self.table.field].tolist()
        rows = [self.rows_of.get(level, self.unseen) for level in levels]
        return self.table.rows.take(rows, axis=0)


def _groups(columns: Sequence[FeatureColumn]) -> dict[str, dict[str, str]]:
    """Return field to level to group, for columns with groups."""
    groups: dict[str, dict[str, str]] = {}
    for column in columns:
        if column.groups:
            groups[column.field] = dict(column.groups)
    return groups
