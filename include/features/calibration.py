"""The last step of a deployed pipeline: a fitted classifier, its calibration and the decision that goes with it."""

from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

Method = Literal["none", "sigmoid", "beta", "shift"]
EPSILON = 1e-6
LARGEST_LOG_ODDS = 40.0
"""No mean of probabilities is a rate beyond this: expit(-40) is 4e-18."""


@dataclass(frozen=True)
class Decision:
    """From which probability on a lead is predicted to convert, and how that was chosen.

    Attributes:
        policy: name of the threshold policy.
        threshold: probability in [0, 1].
        tiers: tier and the lowest value it holds, best first.
        tier_scale: whether these values are scores (0-100, whole numbers) or probabilities. A model from before
            probabilities has scores.
    """

    policy: str
    threshold: float
    tiers: tuple[tuple[str, float], ...]
    tier_scale: Literal["score", "probability"] = "score"


@dataclass(frozen=True)
class Calibration:
    """A monotone map from a classifier's probability to a calibrated one.

    `sigmoid` is Platt's on the log-odds; `beta` weighs log p and log(1 - p) apart (Kull et al., 2017), which also
    mends probabilities that are too bold on one side only. `shift` adds one number to the log-odds, so that the mean
    probability is the rate: the correction for another prior (Saerens et al., 2002; Elkan, 2001). All keep the ranking.

    Attributes:
        method: kind of map; `none` changes nothing.
        weights: of log p and of -log(1 - p).
        intercept: added to their sum.
    """

    method: Method = "none"
    weights: tuple[float, float] = (1.0, 1.0)
    intercept: float = 0.0

    @classmethod
    def fitted(
        cls, method: Method, probability: np.ndarray, outcome: np.ndarray
    ) -> Self:
        """Return the map from probabilities, shape (n,), of leads the classifier has not seen, to their outcomes.

        A map that would turn the ranking round is refused: `none` comes back. While the weights are fitted, of n leads
        no probability is taken for less than 1 / (n + 2), or for more than 1 minus that (Laplace's rule of succession):
        a tree's leaf without conversions says 0, and at log-odds of -13.8 a few such leads would bend the whole map.
        The map is applied without that limit, so its intercept is chosen afterwards: the mean of what these leads are
        given is their rate, by every method but `none`.
        """
        if method == "none":
            return cls()
        if method == "shift":
            log_odds = _terms(probability).sum(axis=1)
            return cls(method, intercept=_shift(log_odds, outcome))
        terms = _terms(probability, lowest=1 / (len(probability) + 2))
        inputs = terms if method == "beta" else terms.sum(axis=1, keepdims=True)
        model = LogisticRegression(C=1e6, max_iter=1000)
        model.fit(inputs, outcome)
        weights = model.coef_[0]
        first = float(weights[0])
        last = float(weights[-1])  # the same one for `sigmoid`
        if min(first, last) <= 0:
            return cls()
        log_odds = _terms(probability) @ np.array([first, last])
        return cls(method, (first, last), _shift(log_odds, outcome))

    def __call__(self, probability: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities, of the same shape."""
        if self.method == "none":
            return probability
        log_odds = _terms(probability) @ np.array(self.weights) + self.intercept
        return np.asarray(expit(log_odds))


def _shift(log_odds: np.ndarray, outcome: np.ndarray) -> float:
    """Return what has to be added to the log-odds so that the mean probability is the rate of outcome 1.

    Args:
        log_odds: shape (n,).
        outcome: 0 or 1, shape (n,), with at least one of either.
    """
    rate = float(np.mean(outcome))

    def excess(shift: float) -> float:
        return float(expit(log_odds + shift).mean()) - rate

    largest = LARGEST_LOG_ODDS + float(np.abs(log_odds).max())
    return float(brentq(excess, -largest, largest))


def _terms(probability: np.ndarray, lowest: float = EPSILON) -> np.ndarray:
    """Return log p and -log(1 - p), shape (n, 2), of probabilities from `lowest` to 1 - `lowest`."""
    inside = np.clip(probability, lowest, 1 - lowest)
    of_outcome = np.log(inside)
    of_other = -np.log1p(-inside)
    return np.column_stack([of_outcome, of_other])


class CalibratedModel(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn is untyped
    """A classifier that is already fitted, with calibrated probabilities and a decision of its own.

    Attributes:
        classifier: what was fitted, for explanations.
        calibration: applied to its probability of conversion.
        decision: policy, threshold and tiers; `predict` uses the threshold.
        resampling: how the rows were balanced that the classifier was fitted on; "none" where they were not.
    """

    resampling: str = "none"  # of models from before they said it

    def __init__(
        self,
        classifier: Any,
        calibration: Calibration,
        decision: Decision,
        resampling: str = "none",
    ) -> None:
        self.classifier = classifier
        self.calibration = calibration
        self.decision = decision
        self.resampling = resampling

    @property
    def classes_(self) -> np.ndarray:
        """Outcomes 0 and 1."""
        return np.array([0, 1])

    def __sklearn_is_fitted__(self) -> bool:
        """Return True: it wraps what has been fitted."""
        return True

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 - scikit-learn's names
        """Refuse: fit the classifier and its calibration by a training."""
        raise TypeError(
            "a CalibratedModel is made from a fitted classifier; train with include.training instead"
        )

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return the probability of 0 and of 1, shape (rows, 2)."""
        positive = self.positive(X)
        return np.column_stack([1 - positive, positive])

    def positive(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return the probability of 1, shape (rows,)."""
        by_outcome = self.classifier.predict_proba(X)
        probability = np.asarray(by_outcome[:, 1], dtype="float64")
        return self.calibration(probability)

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return outcome 1 from the decision's threshold on, else 0; shape (rows,)."""
        converts = self.positive(X) >= self.decision.threshold
        return converts.astype("int64")
