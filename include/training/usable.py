"""Decides whether a refitted model may be registered at all: it ranks, and its mean probability is the rate."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from include.evaluation.intervals import ranking
from include.training.errors import UnusableModelError
from include.training.windows import DEVIATIONS

LARGEST_MISS = 3.0
"""In standard errors of the holdout's rate."""


@dataclass(frozen=True)
class Usability:
    """What is known of a model on leads that it has not seen.

    Attributes:
        leads: how many.
        auc_lower: lower bound of ROC-AUC's 95 % interval.
        mean_probability: of the leads.
        rate: share of them with outcome 1.
        miss: distance of the two, in standard errors of the rate.
    """

    leads: int
    auc_lower: float
    mean_probability: float
    rate: float
    miss: float


def usability(outcome: np.ndarray, probability: np.ndarray) -> Usability:
    """Return what decides whether a model can be used.

    The rate of n leads varies by s²/n. If the model is right, s² is the mean of p(1 - p): each lead has a chance of its
    own (Spiegelhalter, 1986). If it says nothing, s² is rate · (1 - rate), the variance of a binomial. The smaller one
    counts: a model that is unsure of every lead must not be allowed a larger miss for that.

    The model's own mean varies with the leads that it has learnt from, and this is not allowed for. So a model that is
    right is refused more often than once in 370 trainings: with a holdout of a fifth, once in 140.

    Args:
        outcome: 0 or 1, shape (n,), with at least one of either.
        probability: calibrated probabilities, shape (n,).
    """
    leads = len(outcome)
    mean_probability = float(np.mean(probability))
    rate = float(np.mean(outcome))
    of_model = float(np.mean(probability * (1 - probability)))
    of_rate = rate * (1 - rate)
    error = sqrt(min(of_model, of_rate) / leads)
    error = max(error, float(np.finfo("float64").eps))
    ranked = ranking(outcome, probability)
    return Usability(
        leads=leads,
        auc_lower=ranked.roc_auc - DEVIATIONS * ranked.error,
        mean_probability=mean_probability,
        rate=rate,
        miss=abs(mean_probability - rate) / error,
    )


def check_usable(
    outcome: np.ndarray, probability: np.ndarray, may_miss_rate: bool = False
) -> None:
    """Pass a model that can be used.

    Args:
        outcome: of leads that it has not seen, 0 or 1, shape (n,), with at least one of either.
        probability: its calibrated probabilities, shape (n,).
        may_miss_rate: whether its mean probability may miss the rate, because the leads came later than all others.

    Raises:
        UnusableModelError: it ranks no better than chance, or its mean probability misses the rate.
    """
    result = usability(outcome, probability)
    if result.auc_lower <= 0.5:
        raise UnusableModelError(
            f"the model ranks no better than chance: on {result.leads} holdout leads ROC-AUC's 95 % lower bound is "
            f"{result.auc_lower:.3f}; it is not registered. Train on more leads, or on columns that tell them apart"
        )
    if result.miss > LARGEST_MISS and not may_miss_rate:
        raise UnusableModelError(
            f"the model's mean probability {result.mean_probability:.4f} misses the rate {result.rate:.4f} of "
            f"{result.leads} holdout leads by {result.miss:.1f} standard errors, more than {LARGEST_MISS:.0f}; "
            "it is not registered. Train on more leads, or look whether the leads changed within the snapshot"
        )
