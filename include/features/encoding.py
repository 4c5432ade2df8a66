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
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, TargetEncoder

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
        """Learns the inner edges of every column."""
        self.n_features_in_, self.feature_names_in_ = X.shape[1], np.array(X.columns, dtype=object)
        steps = np.linspace(0, 1, self.bins + 1)[1:-1]
        self.edges_ = {field: np.unique(X[field].quantile(steps).dropna()) for field in X}
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Bin names, shape as `X`, dtype object."""
        return pd.DataFrame({field: self._named(X[field]) for field in X}, index=X.index, dtype=object)

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> np.ndarray:
        """Field names, unchanged."""
        return self.feature_names_in_

    def _named(self, column: pd.Series) -> pd.Series:
        places = np.searchsorted(self.edges_[column.name], column.to_numpy(), side="right")
        names = pd.Series([f"{place:02d}" for place in places], index=column.index, dtype=object)
        return names.mask(column.isna(), None)


class NativeLevels(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Levels to pandas categories fixed by the training rows; a level not seen there is missing, as None is.

    The categories are the levels' numbers: XGBoost needs pyarrow, which a deployed model does not bring, for text.
    """

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: N803 - scikit-learn's names
        """Learns the levels of every column, in alphabetical order."""
        self.n_features_in_, self.feature_names_in_ = X.shape[1], np.array(X.columns, dtype=object)
        self.levels_ = {field: sorted(X[field].dropna().unique()) for field in X}
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Categorical columns, shape as `X`."""
        return pd.DataFrame({field: self._numbered(X[field]) for field in X}, index=X.index)

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> np.ndarray:
        """Field names, unchanged."""
        return self.feature_names_in_

    def _numbered(self, column: pd.Series) -> pd.Categorical:
        levels = self.levels_[column.name]
        codes = pd.Index(levels, dtype=object).get_indexer(pd.Index(column, dtype=object))
        return pd.Categorical.from_codes(codes, categories=pd.RangeIndex(len(levels)))


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
    def of(cls, field: str, levels: Sequence[str | None], matrix: np.ndarray, columns: Sequence[bool]) -> Self:
        """The table of levels, the last one unseen, of which `matrix` holds a row each, in the marked columns."""
        places = np.flatnonzero(columns)
        beside = slice(int(places[0]), int(places[-1]) + 1)
        known = {level: row for row, level in enumerate(levels[:-1])}
        return cls(field, beside, known, matrix[: len(levels), beside].copy())

    def rows_of(self, cells: pd.Series) -> np.ndarray:
        """Matrix rows of cells, shape (cells, columns)."""
        unseen = len(self.levels)
        return self.rows.take([self.levels.get(cell, unseen) for cell in cells.tolist()], axis=0)


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

    def __init__(self, numbers: Numbers = "scaled", levels: Levels = "onehot", bins: int = 15, seed: int = 0) -> None:
        self.numbers = numbers
        self.levels = levels
        self.bins = bins
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: N803 - scikit-learn's names
        """Fits the blocks; `target` needs `y`."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: pd.DataFrame, y: Any = None) -> np.ndarray | pd.DataFrame:  # noqa: N803
        """The matrix of the training rows; unlike `transform`, no row's own outcome is in its target encoding."""
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
        """Matrix, shape (rows, features)."""
        X = text_as_objects(X)  # noqa: N806
        if self.levels == "native" or not hasattr(self, "tables_"):  # a model from before there were tables
            return self._matrix(self.columns_.transform(X))
        places = self.columns_.output_indices_
        matrix = np.empty((len(X), max(place.stop for place in places.values())))
        for name, block, fields in self.columns_.transformers_:
            if name in NUMBER_BLOCKS:
                matrix[:, places[name]] = block.transform(X[fields])
        for table in self.tables_:
            matrix[:, table.places] = table.rows_of(X[table.field])
        return matrix

    def get_feature_names_out(self, input_features: Sequence[str] | None = None) -> np.ndarray:
        """`<block>__<field>`, for one-hot columns followed by `=<level>`."""
        return np.asarray(self.columns_.get_feature_names_out(), dtype=object)

    def _matrix(self, encoded: Any) -> np.ndarray | pd.DataFrame:
        return encoded if self.levels == "native" else np.asarray(encoded, dtype="float64")

    def _tables(self, frame: pd.DataFrame) -> list["LevelTable"]:
        """What the fitted blocks make of every level, asked once: they take 8 ms, however few leads there are."""
        levels = {field: [*frame[field].dropna().unique(), None, UNSEEN] for field in text_fields(frame)}
        rows = max(map(len, levels.values()), default=0)
        if not rows:
            return []
        filled = {field: [*cells, *[None] * (rows - len(cells))] for field, cells in levels.items()}
        probe = pd.DataFrame(filled, dtype=object).reindex(columns=list(frame))
        matrix = np.asarray(self._matrix(self.columns_.transform(probe)))
        names = [str(name) for name in self.get_feature_names_out()]
        columns = [(name.split("__", 1)[0], source_field(name)) for name in names]
        return [
            LevelTable.of(field, levels[field], matrix, [column == (block, field) for column in columns])
            for block, field in dict.fromkeys(columns)
            if field in levels
        ]

    def _blocks(self, frame: pd.DataFrame) -> list[tuple[str, Pipeline, list[str]]]:
        texts = text_fields(frame)
        numbers = [str(field) for field in frame if field not in texts]
        blocks = [
            ("number", _scaled(), numbers, self.numbers != "bins"),
            ("bin", make_pipeline(QuantileBins(self.bins), *_one_hot()), numbers, self.numbers != "scaled"),
            ("level", make_pipeline(*_one_hot()), texts, self.levels in ("onehot", "both")),
            ("target", self._target(), texts, self.levels in ("target", "both")),
            ("native", NativeLevels(), texts, self.levels == "native"),
        ]
        return [(name, block, fields) for name, block, fields, wanted in blocks if wanted and fields]

    def _target(self) -> Pipeline:
        return make_pipeline(_filled(), TargetEncoder(target_type="binary", random_state=self.seed))


def _scaled() -> Pipeline:
    return make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), MinMaxScaler(clip=True)
    )


def _filled() -> SimpleImputer:
    return SimpleImputer(missing_values=None, strategy="constant", fill_value=MISSING_LEVEL)


def _one_hot() -> tuple[SimpleImputer, OneHotEncoder]:
    encoder = OneHotEncoder(
        handle_unknown="ignore", sparse_output=False, dtype="float64", feature_name_combiner=level_name
    )
    return _filled(), encoder


def level_name(field: str, level: object) -> str:
    """Name of a one-hot column; a field never holds `=`, so the field can be read off again."""
    return f"{field}={level}"


def source_field(name: str) -> str:
    """The field that a column of the matrix, named as by `Encoder`, comes from."""
    return name.split("__", 1)[1].removeprefix(INDICATOR).split("=", 1)[0]
