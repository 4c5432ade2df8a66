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

Singles = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


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
    reference = _single(before)
    current = _single(after)
    if len(reference) > LONG:
        reference.sort()
    if len(current) > LONG:
        current.sort()
    ranks = _Ranks(reference)
    return pd.Series(ranks.scores(reference)), pd.Series(ranks.scores(current))


class _Ranks:
    """The different numbers of the reference in ascending order, and how many lie below each of them."""

    def __init__(self, reference: Singles) -> None:
        present = reference[~np.isnan(reference)]
        if len(present) <= LONG:
            present = np.sort(present)
        self._numbers, starts = _runs(present)
        self._below = np.append(starts, len(present))

    def scores(self, values: Singles) -> Floats:
        """Return the normal score of each value, NaN where it is missing; long ones have to be in ascending order."""
        if len(values) <= LONG:
            scores = self._scores(values)
            scores[np.isnan(values)] = np.nan
            return scores
        present = values[~np.isnan(values)]
        numbers, starts = _runs(present)
        rows = np.diff(starts, append=len(present))
        scores = np.full(len(values), np.nan)
        scores[: len(present)] = np.repeat(self._scores(numbers), rows)
        return scores

    def _scores(self, values: Singles) -> Floats:
        """Return the normal score of each value by its middle rank among the reference's numbers."""
        places = np.searchsorted(self._numbers, values)
        is_known = self._numbers[places.clip(max=len(self._numbers) - 1)]
        below = self._below[places]
        not_above = self._below[places + (is_known == values)]
        rank = (below + not_above) / (2 * self._below[-1])
        return np.asarray(np.clip(ndtri(rank), -OUTERMOST, OUTERMOST))


def _runs(ordered: Singles) -> tuple[Singles, npt.NDArray[np.intp]]:
    """Return the different numbers of an ascending array, and where each of them starts."""
    is_first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    starts = np.flatnonzero(is_first[: len(ordered)])
    return ordered[starts], starts


def _single(numbers: pd.Series) -> Singles:
    """Return a copy of the numbers as float32; one too large for that is beyond all others."""
    with np.errstate(over="ignore"):
        return numbers.to_numpy(dtype="float64").astype(np.float32)
