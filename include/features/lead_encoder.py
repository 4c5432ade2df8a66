"""The matrix that fitted preprocessing makes of leads, without frames: pandas takes milliseconds for a single lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from include.features.cleaning import OTHER, TypedColumns
from include.features.columns import FeatureColumn
from include.features.encoding import LevelTable
from include.features.text import typed_frame

Cells = Sequence[Any] | NDArray[Any]
Columns = Mapping[str, Cells]
"""Field to its cells, one for each lead; numbers as float64 with NaN, or any cells that TypedColumns reads."""
Typed = dict[str, NDArray[Any]]
"""Field to its cells as TypedColumns types them."""


@dataclass(frozen=True)
class _Numbers:
    """What capping, filling, flagging and scaling do to numbers, as the fitted steps do it."""

    fields: list[str]
    places: slice
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    fill: NDArray[np.float64]
    flagged: NDArray[np.intp]
    scale: NDArray[np.float64]
    shift: NDArray[np.float64]

    @classmethod
    def of(cls, block: Pipeline, fields: Sequence[str], places: slice, cap: Any) -> Self:
        imputer, scaler = block[0], block[-1]
        capped = cap.share > 0
        lower = [cap.lower_.get(field, -np.inf) if capped else -np.inf for field in fields]
        upper = [cap.upper_.get(field, np.inf) if capped else np.inf for field in fields]
        flagged = imputer.indicator_.features_
        return cls(
            list(fields), places, np.array(lower), np.array(upper), imputer.statistics_, flagged,
            scaler.scale_, scaler.min_,
        )  # fmt: skip

    def of_leads(self, typed: Typed, rows: int) -> NDArray[np.float64]:
        numbers = np.empty((rows, len(self.fields)))
        for place, field in enumerate(self.fields):
            numbers[:, place] = typed[field]
        missing = np.isnan(numbers)
        filled = np.where(missing, self.fill, np.clip(numbers, self.lower, self.upper))
        both = np.hstack([filled, missing[:, self.flagged]])
        return np.clip(both * self.scale + self.shift, 0, 1)


@dataclass(frozen=True)
class _Levels:
    """A table's rows by the ungrouped level."""

    table: LevelTable
    rows_of: Mapping[str | None, int]
    unseen: int

    @classmethod
    def of(cls, table: LevelTable, groups: Mapping[str, str]) -> Self:
        unseen = len(table.levels)
        if not groups:
            return cls(table, table.levels, unseen)
        rows = {level: table.levels.get(group, unseen) for level, group in groups.items()}
        return cls(table, rows | {None: table.levels[None]}, table.levels.get(OTHER, unseen))

    def of_leads(self, typed: Typed) -> NDArray[np.float64]:
        known, unseen = self.rows_of, self.unseen
        rows = [known.get(level, unseen) for level in typed[self.table.field].tolist()]
        return self.table.rows.take(rows, axis=0)


@dataclass(frozen=True)
class LeadEncoder:
    """The fitted steps of one pipeline up to its classifier; gives what they give, to the last bit.

    Attributes:
        clean: the step that types columns.
        steps: those after it, which are asked where the numbers are binned or the levels native.
    """

    clean: TypedColumns
    steps: Pipeline
    _numbers: _Numbers | None
    _levels: Sequence[_Levels]
    _width: int
    _by_table: bool

    @classmethod
    def of(cls, preprocess: Pipeline) -> Self:
        """The encoder of fitted `include.features.preprocess.preprocessing_steps`."""
        steps = preprocess.named_steps
        encode, by_table = steps["encode"], steps["encode"].numbers == "scaled" and hasattr(steps["encode"], "tables_")
        if not by_table:
            return cls(steps["clean"], preprocess[1:], None, (), 0, False)
        places = encode.columns_.output_indices_
        numbers = [
            _Numbers.of(block, fields, places[name], steps["cap"])
            for name, block, fields in encode.columns_.transformers_
            if name == "number"
        ]
        grouped = _groups(steps["clean"].columns) if steps["group"].enabled else {}
        levels = [_Levels.of(table, grouped.get(table.field, {})) for table in encode.tables_]
        width = max(place.stop for place in places.values())
        return cls(steps["clean"], preprocess[1:], numbers[0] if numbers else None, levels, width, True)

    def typed(self, leads: Columns, rows: int) -> Typed:
        """The pipeline's columns of so many leads, typed."""
        return self.clean.typed(leads, rows)

    def matrix(self, typed: Typed, rows: int) -> Any:
        """Matrix of typed columns, shape (rows, features); a frame where levels are native."""
        if not self._by_table:
            return self.steps.transform(typed_frame(typed))
        matrix = np.empty((rows, self._width))
        if self._numbers:
            matrix[:, self._numbers.places] = self._numbers.of_leads(typed, rows)
        for levels in self._levels:
            matrix[:, levels.table.places] = levels.of_leads(typed)
        return matrix


def _groups(columns: Sequence[FeatureColumn]) -> dict[str, dict[str, str]]:
    return {column.field: dict(column.groups) for column in columns if column.groups}
