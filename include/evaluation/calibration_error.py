"""How far probabilities are from what happened: the expected calibration error and its bins."""

from typing import Any

import numpy as np

from include.evaluation.scores import Floats, Integers

BINS = 10


def ece(outcome: Any, probability: Any) -> float:
    """Expected calibration error over ten bins of equal width: mean |conversion rate − mean probability|, in [0, 1].

    Args:
        outcome: 0 or 1, shape (n,).
        probability: shape (n,).
    """
    y, p = np.asarray(outcome, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    gaps = np.bincount(probability_bin(p), weights=y - p, minlength=BINS)
    return float(np.abs(gaps).sum() / len(y))


def probability_bin(probability: Floats) -> Integers:
    """Number 0–9 of the bin of equal width that each probability lies in; 1.0 belongs to the last one."""
    return np.minimum((probability * BINS).astype(np.int64), BINS - 1)
