"""Which columns a pipeline leaves out by rule, and what it does with outliers (guide 11.1, 11.2)."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from include.features.errors import NoUsefulColumnError


class UsefulColumns(TransformerMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn is untyped
    """Drops what the training rows show to be useless: constant columns, and largely missing ones if asked to.

    Missing counts as a value of its own, so a column that is all missing is constant. A rare value is kept: few leads
    have it, but it may say much about these. A column that is known to say nothing is marked in the contract
    (`near_constant`). Source: guide 11.1, whose text drops columns over 40 % missing and whose code keeps them; with
    the default of 1.0 they are kept.

    Attributes:
        dropped_: field to the reason in words.
    """

    def __init__(self, max_missing: float = 1.0) -> None:
        self.max_missing = max_missing

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: N803 - scikit-learn's names
        """Decide on every column. Raises NoUsefulColumnError where none is left."""
        self.n_features_in_ = X.shape[1]
        self.dropped_: dict[str, str] = {}
        self.kept_: list[str] = []
        for field in X:
            reason = self._reason(X[field])
            if reason:
                self.dropped_[str(field)] = reason
            else:
                self.kept_.append(str(field))
        if not self.kept_:
            raise NoUsefulColumnError(
                f"all {X.shape[1]} columns of {len(X)} training rows are useless ({self.dropped_}); check the snapshot"
            )
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Return the useful columns, shape (rows, useful columns)."""
        return X[self.kept_]

    def get_feature_names_out(
        self, input_features: Sequence[str] | None = None
    ) -> np.ndarray:
        """Return the useful fields in the order of the output."""
        return np.array(self.kept_, dtype=object)

    def _reason(self, column: pd.Series) -> str:
        """Return why a column is useless; empty if it is useful."""
        if column.nunique(dropna=False) == 1:
            return "constant: the training rows have one value"
        missing = float(column.isna().mean())
        if missing > self.max_missing:
            return f"missing in {missing:.1%}"
        return ""


class CappedOutliers(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Moves numbers beyond the quantiles `share` and 1 - `share` of the training rows to them; 0 leaves all as is."""

    def __init__(self, fields: tuple[str, ...], share: float = 0.0) -> None:
        self.fields = fields
        self.share = share

    def fit(self, X: pd.DataFrame, y: Any = None) -> Self:  # noqa: N803
        """Learn the two quantiles of every field that is there."""
        self.n_features_in_ = X.shape[1]
        self.fields_out_ = list(X)
        numbers = X[[field for field in self.fields if field in X]]
        # Indexed by objects: an index of pandas' text dtype needs pyarrow, which a deployed model does not bring.
        numbers.columns = numbers.columns.astype(object)
        self.lower_ = numbers.quantile(self.share)
        self.upper_ = numbers.quantile(1 - self.share)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:  # noqa: N803
        """Return a frame of the same shape; missing stays missing."""
        if not self.share:
            return X
        fields = list(self.lower_.index)
        capped = X[fields].clip(self.lower_, self.upper_, axis=1)
        return X.assign(**capped)

    def get_feature_names_out(
        self, input_features: Sequence[str] | None = None
    ) -> np.ndarray:
        """Return the field names in the order of the output."""
        return np.array(self.fields_out_, dtype=object)
