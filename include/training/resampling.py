"""SMOTE as a step of the search: the folds decide whether synthetic leads of the rarer outcome help (guide 14.1)."""

from typing import Any, Literal

import numpy as np
from imblearn.over_sampling import SMOTE
from sklearn.base import BaseEstimator

NEIGHBOURS = 5


class Resample(BaseEstimator):  # type: ignore[misc] # scikit-learn is untyped
    """Balances the rows that a model is fitted on (`smote`), or leaves them (`none`); never touches rows to score."""

    def __init__(
        self, method: Literal["none", "smote"] = "none", seed: int = 0
    ) -> None:
        self.method = method
        self.seed = seed

    def fit_resample(
        self,
        X: np.ndarray,  # noqa: N803
        y: Any,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return rows and outcomes with synthetic rows appended.

        They come back unchanged where the rarer outcome has fewer than two rows, between which SMOTE could interpolate.
        """
        outcome = np.asarray(y)
        _, counts = np.unique(outcome, return_counts=True)
        rarer_count = int(counts.min())
        if self.method == "none" or rarer_count < 2:
            return X, outcome
        smote = SMOTE(
            k_neighbors=min(NEIGHBOURS, rarer_count - 1), random_state=self.seed
        )
        rows, outcomes = smote.fit_resample(X, outcome)
        return rows, outcomes
