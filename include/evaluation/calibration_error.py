"""Measures how far probabilities are from outcomes: the expected calibration error and its bins."""

from typing import Any

import numpy as np

from include.evaluation.scores import Floats, Integers

BINS = 10


def ece(outcome: Any, probability: Any) -> float:
    """Return the expected calibration error over ten bins of equal width, in [0, 1].

    It is the mean of |conversion rate − mean probability| over the bins, each weighted by its leads.

    Args:
        outcome: 0 or 1, shape (n,).
        probability: shape (n,).
    """
    y = np.asarray(outcome, dtype=np.float64)
    p = np.asarray(probability, dtype=np.float64)
    gaps = np.bincount(
        probability_bin(p),
        weights=y - p,
        minlength=BINS,
    )
    total_gap = np.abs(gaps).sum()
    return float(total_gap / len(y))


def probability_bin(probability: Floats) -> Integers:
    """Return the number 0–9 of the bin of equal width that each probability lies in; 1.0 belongs to the last one."""
    numbers = (probability * BINS).astype(np.int64)
    return np.minimum(numbers, BINS - 1)
