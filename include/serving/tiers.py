"""What the sales team reads off a probability: a score from 0 to 100 and a tier."""

import pandas as pd

TIERS = (("A", 80), ("B", 50), ("C", 20), ("D", 0))
"""Tier and the lowest score it holds, best first. Fixed for all models, so that a rep's A means the same after a
promotion: A is called today, B this week, C goes to nurture mails, D waits."""


def score_of(probability: pd.Series) -> pd.Series:
    """Probability in [0, 1] as a whole number from 0 to 100, halves to the even number."""
    return (probability * 100).round().astype("int64")


def tier_of(score: pd.Series) -> pd.Series:
    """Tier of each score."""
    names = [name for name, _ in reversed(TIERS)]
    lowest = [limit for _, limit in reversed(TIERS)]
    return pd.cut(score, [*lowest, float("inf")], right=False, labels=names).astype(str)
