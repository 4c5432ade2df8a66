"""What the sales team reads off a probability: a score from 0 to 100 and a tier."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

Tiers = Sequence[tuple[str, int]]
"""Tier and the lowest score it holds, best first, as a model's decision has them; the last one holds 0."""


def score_of(probability: pd.Series) -> pd.Series:
    """Probability in [0, 1] as a whole number from 0 to 100, halves to the even number."""
    return (probability * 100).round().astype("int64")


def tier_of(score: pd.Series, tiers: Tiers) -> pd.Series:
    """Tier of each score: the best one whose lowest score it reaches."""
    names = np.array([name for name, _ in tiers], dtype=object)
    rising = [lowest for _, lowest in reversed(tiers)]
    reached = np.searchsorted(rising, score, side="right")
    return pd.Series(names[len(names) - reached], index=score.index)
