"""Checks outcomes and probabilities of the leads that a model is measured on."""

from typing import Any

import numpy as np
import numpy.typing as npt

from include.evaluation.errors import OneClassOnlyError, ScoresUnusableError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def checked(outcome: Any, probability: Any) -> tuple[Integers, Floats]:
    """Return both as arrays of shape (n,), or refuse what no figure can be computed from.

    Args:
        outcome: 0 or 1, shape (n,).
        probability: predicted probability of conversion, shape (n,).

    Raises:
        OneClassOnlyError: all outcomes are the same.
        ScoresUnusableError: lengths differ, or a probability is not a number in [0, 1].
    """
    y = np.asarray(outcome, dtype=np.int64)
    p = np.asarray(probability, dtype=np.float64)
    if y.ndim != 1 or y.shape != p.shape:
        raise ScoresUnusableError(
            f"outcomes of shape {y.shape} and probabilities of shape {p.shape} do not match"
        )
    is_probability = (p >= 0) & (p <= 1)
    if not is_probability.all():
        count = int((~is_probability).sum())
        raise ScoresUnusableError(
            f"{count} of {len(p)} probabilities are not numbers in [0, 1]; look at the model"
        )
    if len(np.unique(y)) < 2:
        raise OneClassOnlyError(
            f"all {len(y)} leads to judge on have one outcome; take a snapshot with both"
        )
    return y, p
