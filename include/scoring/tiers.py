"""What the sales team reads off a probability: a score from 0 to 100 and a tier."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Tiers = Sequence[tuple[str, int]]
"""Tier and the lowest score it holds, best first, as a model's decision has them; the last one holds 0."""


def score_of(probability: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return a probability in [0, 1] as a whole number from 0 to 100, halves to the even number."""
    return np.round(probability * 100).astype("int64")


def tier_of(score: NDArray[np.int64], tiers: Tiers) -> list[str]:
    """Return the tier of each score: the best one whose lowest score it reaches."""
    names = [name for name, _ in reversed(tiers)]
    lowest_scores = [lowest for _, lowest in reversed(tiers)]
    tiers_reached = np.searchsorted(lowest_scores, score, side="right")
    return [names[count - 1] for count in tiers_reached.tolist()]
