"""The last step of a deployed pipeline: a fitted classifier, its calibration and the decision that goes with it."""

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

Method = Literal["none", "sigmoid", "beta"]
EPSILON = 1e-6


@dataclass(frozen=True)
class Decision:
    """From which probability on a lead is predicted to convert, and how that was chosen.

    Attributes:
        policy: name of the threshold policy.
        threshold: probability in [0, 1].
        tiers: tier and the lowest score (0-100) it holds, best first.
    """

    policy: str
    threshold: float
    tiers: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Calibration:
    """A monotone map from a classifier's probability to a calibrated one.

    `sigmoid` is Platt's on the log-odds; `beta` weighs log p and log(1 - p) apart (Kull et al., 2017), which also
    mends probabilities that are too bold on one side only. Both keep the ranking.

    Attributes:
        method: kind of map; `none` changes nothing.
        weights: of log p and of -log(1 - p).
        intercept: added to their sum.
    """

    method: Method = "none"
    weights: tuple[float, float] = (1.0, 1.0)
    intercept: float = 0.0

    @classmethod
    def fitted(cls, method: Method, probability: np.ndarray, outcome: np.ndarray) -> Self:
        """The map that suits probabilities, shape (n,), of leads the classifier has not seen, and their outcomes.

        A map that would turn the ranking round is refused: `none` comes back.
        """
        if method == "none":
            return cls()
        terms = _terms(probability)
        inputs = terms if method == "beta" else terms.sum(axis=1, keepdims=True)
        model = LogisticRegression(C=1e6, max_iter=1000).fit(inputs, outcome)
        first, last = float(model.coef_[0][0]), float(model.coef_[0][-1])
        if min(first, last) <= 0:
            return cls()
        return cls(method, (first, last), float(model.intercept_[0]))

    def __call__(self, probability: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, shape as given."""
        if self.method == "none":
            return probability
        return np.asarray(expit(_terms(probability) @ np.array(self.weights) + self.intercept))


def _terms(probability: np.ndarray) -> np.ndarray:
    certain = np.clip(probability, EPSILON, 1 - EPSILON)
    return np.column_stack([np.log(certain), -np.log1p(-certain)])


class CalibratedModel(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn is untyped
    """A classifier that is already fitted, with calibrated probabilities and a decision of its own.

    Attributes:
        classifier: what was fitted, for explanations.
        calibration: applied to its probability of conversion.
        decision: policy, threshold and tiers; `predict` uses the threshold.
    """

    def __init__(self, classifier: Any, calibration: Calibration, decision: Decision) -> None:
        self.classifier = classifier
        self.calibration = calibration
        self.decision = decision

    @property
    def classes_(self) -> np.ndarray:
        """Outcomes 0 and 1."""
        return np.array([0, 1])

    def __sklearn_is_fitted__(self) -> bool:
        """Always: it wraps what has been fitted."""
        return True

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 - scikit-learn's names
        """Refuses: fit the classifier and its calibration by a training."""
        raise TypeError("a CalibratedModel is made from a fitted classifier; train with include.training instead")

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: N803
        """Probability of 0 and of 1, shape (rows, 2)."""
        positive = self.positive(X)
        return np.column_stack([1 - positive, positive])

    def positive(self, X: Any) -> np.ndarray:  # noqa: N803
        """Probability of 1, shape (rows,)."""
        return self.calibration(np.asarray(self.classifier.predict_proba(X)[:, 1], dtype="float64"))

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Outcome 1 from the decision's threshold on, else 0; shape (rows,)."""
        return (self.predict_proba(X)[:, 1] >= self.decision.threshold).astype("int64")
