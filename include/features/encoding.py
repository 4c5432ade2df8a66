"""From typed columns to the model matrix: the guide's encoders (13) and the better ones that a search may choose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

from include.features.text import text_as_objects, text_fields

MISSING_LEVEL = "(missing)"
INDICATOR = "missingindicator_"
UNSEEN = "\0"
"""No level of any column: a text with it cannot come out of a CSV file."""
NUMBER_BLOCKS = ("number", "bin")
Numbers = Literal["scaled", "bins", "both"]
Levels = Literal["onehot", "target", "both", "native"]


class QuantileBins(TransformerMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn is untyped
    """Numbers to the name of their quantile bin, as many bins as the training rows can tell apart, missing to None."""

    def __init__(self, bins: int = 15) -> None:
        self.bins = bins

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: N803 - scikit-learn's names
        """Learn the inner edges of every column."""
        self.n_features_in_ = X.shape[1]
        self.feature_names_in_ = np.array(X.columns, dtype=object)
        inner_shares = np.linspace(0, 1, self.bins + 1)[1:-1]
        self.edges_ = {}
        for field in X:
            quantiles = X[field].quantile(inner_shares)
            self.edges_[field] = np.unique(quantiles.dropna())
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Return bin names, shape as `X`, dtype object."""
        names = {field: self._named(X[field]) for field in X}
        return pd.DataFrame(names, index=X.index, dtype=object)

    def get_feature_names_out(
        self, input_features: Sequence[str] | None = None
    ) -> np.ndarray:
        """Return the field names, unchanged."""
        return self.feature_names_in_

    def _named(self, column: pd.Series) -> pd.Series:
        """Return the names of one column's bins."""
        edges = self.edges_[column.name]
        places = np.searchsorted(edges, column.to_numpy(), side="right")
        texts = [f"{place:02d}" for place in range(len(edges) + 1)]
        cells = np.array(texts, dtype=object)[places]
        names = pd.Series(cells, index=column.index)
        return names.mask(column.isna(), None)


class NativeLevels(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Levels to pandas categories fixed by the training rows; a level not seen there is missing, as None is.

    The categories are the levels' numbers: XGBoost needs pyarrow, which a deployed model does not bring, for text.
    """

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: N803 - scikit-learn's names
        """Learn the levels of every column, in alphabetical order."""
        self.n_features_in_ = X.shape[1]
        self.feature_names_in_ = np.array(X.columns, dtype=object)
        self.levels_ = {}
        for field in X:
            levels = X[field].dropna().unique()
            self.levels_[field] = sorted(levels)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Return categorical columns, shape as `X`."""
        columns = {field: self._numbered(X[field]) for field in X}
        return pd.DataFrame(columns, index=X.index)

    def get_feature_names_out(
        self, input_features: Sequence[str] | None = None
    ) -> np.ndarray:
        """Return the field names, unchanged."""
        return self.feature_names_in_

    def _numbered(self, column: pd.Series) -> pd.Categorical:
        """Return one column's levels by their numbers."""
        levels = pd.Index(self.levels_[column.name], dtype=object)
        cells = pd.Index(column, dtype=object)
        codes = levels.get_indexer(cells)
        categories = pd.RangeIndex(len(levels))
        return pd.Categorical.from_codes(codes, categories=categories)


@dataclass(frozen=True)
class LevelTable:
    """The matrix columns that one block makes of each level of a field.

    Attributes:
        field: of the frame.
        places: of the columns in the matrix, which stand side by side.
        levels: level to its row; None is what is missing.
        rows: shape (levels, columns), the last one for a level that training has not seen.
    """

    field: str
    places: slice
    levels: Mapping[str | None, int]
    rows: np.ndarray

    @classmethod
    def of(
        cls,
        field: str,
        levels: Sequence[str | None],
        matrix: np.ndarray,
        columns: Sequence[bool],
    ) -> Self:
        """Return the table of levels, the last one unseen; `matrix` holds a row of each, in the marked columns."""
        places = np.flatnonzero(columns)
        first = int(places[0])
        last = int(places[-1])
        beside_each_other = slice(first, last + 1)
        rows = matrix[: len(levels), beside_each_other]
        row_of_level = {level: row for row, level in enumerate(levels[:-1])}
        return cls(field, beside_each_other, row_of_level, rows.copy())

    def rows_of(self, cells: pd.Series) -> np.ndarray:
        """Return the matrix rows of cells, shape (cells, columns)."""
        unseen = len(self.levels)
        places = [self.levels.get(cell, unseen) for cell in cells.tolist()]
        return self.rows.take(places, axis=0)


class Encoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Dense matrix of finite float64 from a frame of numbers (float64, NaN) and levels (text, None).

    Numbers: median and a missing flag, scaled to [0, 1] (`scaled`), one-hot quantile bins (`bins`) or `both`.
    Levels: missing as a level and one-hot (`onehot`), the level's smoothed conversion rate, cross-fitted on the rows
    it is fitted on (`target`), or `both`. Levels not seen in training give zeros, or the mean rate. With `native` the
    matrix is a frame with one categorical column per field, for families that split levels themselves.

    Attributes:
        mean_: mean of every column over the training rows, the ordinary lead that a linear model's reasons start from;
            not with `native`, which no linear model takes.
    """

    def __init__(
        self,
        numbers: Numbers = "scaled",
        levels: Levels = "onehot",
        bins: int = 15,
        seed: int = 0,
    ) -> None:
        self.numbers = numbers
        self.levels = levels
        self.bins = bins
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: N803 - scikit-learn's names
        """Fit the blocks; `target` needs `y`."""
        self.fit_transform(X, y)
        return self

    def fit_transform(
        self,
        X: pd.DataFrame,  # noqa: N803
        y: Any = None,
    ) -> np.ndarray | pd.DataFrame:
        """Return the matrix of the training rows; no row's own outcome is in its target encoding."""
        self.n_features_in_ = X.shape[1]
        X = text_as_objects(X)  # noqa: N806
        self.columns_ = ColumnTransformer(self._blocks(X))
        if self.levels == "native":
            self.columns_.set_output(transform="pandas")
            return self._matrix(self.columns_.fit_transform(X, y))
        matrix = np.asarray(self._matrix(self.columns_.fit_transform(X, y)))
        self.mean_ = matrix.mean(axis=0)
        self.tables_ = self._tables(X)
        return matrix

    def transform(self, X: pd.DataFrame) -> np.ndarray | pd.DataFrame:  # noqa: N803
        """Return the matrix, shape (rows, features)."""
        X = text_as_objects(X)  # noqa: N806
        if self.levels == "native" or not hasattr(
            self, "tables_"
        ):  # a model from before there were tables
            return self._matrix(self.columns_.transform(X))
        places = self.columns_.output_indices_
        width = max(place.stop for place in places.values())
        matrix = np.empty((len(X), width))
        for name, block, fields in self.columns_.transformers_:
            if name in NUMBER_BLOCKS:
                matrix[:, places[name]] = block.transform(X[fields])
        for table in self.tables_:
            matrix[:, table.places] = table.rows_of(X[table.field])
        return matrix

    def get_feature_names_out(
        self, input_features: Sequence[str] | None = None
    ) -> np.ndarray:
        """Return `<block>__<field>` for each column, for one-hot columns followed by `=<level>`."""
        return np.asarray(self.columns_.get_feature_names_out(), dtype=object)

    def _matrix(self, encoded: Any) -> np.ndarray | pd.DataFrame:
        return (
            encoded
            if self.levels == "native"
            else np.asarray(encoded, dtype="float64")
        )

    def _tables(self, frame: pd.DataFrame) -> list["LevelTable"]:
        """Return what the fitted blocks make of every level, asked once: they take 8 ms even for a single lead."""
        levels: dict[str, list[Any]] = {}
        for field in text_fields(frame):
            levels[field] = [*frame[field].dropna().unique(), None, UNSEEN]
        if not levels:
            return []
        probe = _side_by_side(levels).reindex(columns=list(frame))
        matrix = np.asarray(self._matrix(self.columns_.transform(probe)))
        columns: list[tuple[str, str]] = []
        for name in self.get_feature_names_out():
            block = str(name).split("__", 1)[0]
            columns.append((block, source_field(str(name))))
        tables: list[LevelTable] = []
        for block, field in dict.fromkeys(columns):
            if field in levels:
                marked = [column == (block, field) for column in columns]
                tables.append(
                    LevelTable.of(field, levels[field], matrix, marked)
                )
        return tables

    def _blocks(self, frame: pd.DataFrame) -> list[tuple[str, Any, list[str]]]:
        """Return name, transformer and fields of every block that the parameters ask for."""
        texts = text_fields(frame)
        numbers = [str(field) for field in frame if field not in texts]
        blocks: list[tuple[str, Any, list[str]]] = []
        if numbers and self.numbers != "bins":
            blocks.append(("number", _scaled(), numbers))
        if numbers and self.numbers != "scaled":
            binned = make_pipeline(QuantileBins(self.bins), *_one_hot())
            blocks.append(("bin", binned, numbers))
        if texts and self.levels in ("onehot", "both"):
            blocks.append(("level", make_pipeline(*_one_hot()), texts))
        if texts and self.levels in ("target", "both"):
            blocks.append(("target", self._target(), texts))
        if texts and self.levels == "native":
            blocks.append(("native", NativeLevels(), texts))
        return blocks

    def _target(self) -> Pipeline:
        encoder = TargetEncoder(target_type="binary", random_state=self.seed)
        return make_pipeline(_filled(), encoder)


def _side_by_side(levels: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """Return a frame with the levels of each field as a column, filled up with None."""
    rows = max(len(cells) for cells in levels.values())
    columns: dict[str, list[Any]] = {}
    for field, cells in levels.items():
        filling = [None] * (rows - len(cells))
        columns[field] = [*cells, *filling]
    return pd.DataFrame(columns, dtype=object)


def _scaled() -> Pipeline:
    imputer = SimpleImputer(
        strategy="median",
        add_indicator=True,
        keep_empty_features=True,
    )
    return make_pipeline(imputer, StandardScaler())


def _filled() -> SimpleImputer:
    return SimpleImputer(
        missing_values=None,
        strategy="constant",
        fill_value=MISSING_LEVEL,
    )


def _one_hot() -> tuple[SimpleImputer, OneHotEncoder]:
    encoder = OneHotEncoder(
        handle_unknown="ignore",
        sparse_output=False,
        dtype="float64",
        feature_name_combiner=level_name,
    )
    return _filled(), encoder


def level_name(field: str, level: object) -> str:
    """Return the name of a one-hot column; a field never holds `=`, so the field can be read off again."""
    return f"{field}={level}"


def source_field(name: str) -> str:
    """Return the field that a column of the matrix, named as by `Encoder`, comes from."""
    _, _, column = name.partition("__")
    field, _, _ = column.removeprefix(INDICATOR).partition("=")
    return field
