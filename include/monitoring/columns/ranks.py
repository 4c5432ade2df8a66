"""Turn numbers into normal scores by the reference's own ranks, so that no single number counts for much.

A distance between raw numbers belongs to the largest of them: one wrong lead makes a drift, or hides one. A number's
normal score is what the standard normal distribution has at its rank among the reference's numbers (van der Waerden,
"Order tests for the two-sample problem", 1952). For normal numbers it is their distance from the mean in standard
deviations, so a threshold in standard deviations keeps its meaning.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

OUTERMOST = 4.0
"""The score of a number beyond all of the reference; no score is further out."""

LONG = 100_000
"""So many numbers are put in order before they are looked up, which is faster; their order has no meaning."""


def normal_scores(
    before: pd.Series, after: pd.Series
) -> tuple[pd.Series, pd.Series]:
    """Return the normal scores of both sides by the ranks of `before`; missing numbers stay missing.

    Equal numbers have the score of their middle rank. Numbers are compared as float32, so that the last digits of a
    float64 decide nothing.

    Args:
        before: numbers of the reference, at least one of them present.
        after: current numbers.
    """
    ordered = np.sort(_single(before.dropna()))
    return _scores(before, ordered), _scores(after, ordered)


def _scores(numbers: pd.Series, ordered: npt.NDArray[np.float32]) -> pd.Series:
    """Return the normal score of each number by its rank among the ordered ones."""
    values = _single(numbers)
    if len(values) > LONG:
        values = np.sort(values)
    below = np.searchsorted(ordered, values, side="left")
    not_above = np.searchsorted(ordered, values, side="right")
    rank = (below + not_above) / (2 * len(ordered))
    scores = np.clip(ndtri(rank), -OUTERMOST, OUTERMOST)
    scores[np.isnan(values)] = np.nan
    return pd.Series(scores)


def _single(numbers: pd.Series) -> npt.NDArray[np.float32]:
    """Return the numbers as float32; one too large for that is beyond all others."""
    with np.errstate(over="ignore"):
        return numbers.to_numpy(dtype="float64").astype(np.float32)
