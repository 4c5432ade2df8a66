"""SMOTE as a step of the search: the folds decide whether made-up leads of the rarer outcome help (guide 14.1)."""

from typing import Any, Literal

import numpy as np
from imblearn.over_sampling import SMOTE
from sklearn.base import BaseEstimator

NEIGHBOURS = 5


class Resample(BaseEstimator):  # type: ignore[misc] # scikit-learn is untyped
    """Balances the rows that a model is fitted on (`smote`), or leaves them (`none`); never touches rows to score."""

    def __init__(self, method: Literal["none", "smote"] = "none", seed: int = 0) -> None:
        self.method = method
        self.seed = seed

    def fit_resample(self, X: np.ndarray, y: Any) -> tuple[np.ndarray, np.ndarray]:  # noqa: N803 - imblearn's names
        """Rows and outcomes, with made-up rows appended; unchanged where the rarer outcome has fewer than two rows."""
        outcome = np.asarray(y)
        rarer = int(np.unique(outcome, return_counts=True)[1].min())
        if self.method == "none" or rarer < 2:
            return X, outcome
        made = SMOTE(k_neighbors=min(NEIGHBOURS, rarer - 1), random_state=self.seed)
        rows, outcomes = made.fit_resample(X, outcome)
        return rows, outcomes
