"""What the sales team reads off a probability: a score from 0 to 100 and a tier."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from include.features.calibration import Decision

PROBABILITY_DIGITS = 12
"""To so many decimals a probability, and what it is compared with, are rounded: what differs by less is a tie.

A linear model's last bit depends on how many leads are multiplied at once; a lead's score must not.
"""
Tiers = Sequence[tuple[str, float]]
"""Tier and the lowest value it holds, best first, as a model's decision has them; the last one holds 0."""


def score_of(probability: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return a probability in [0, 1] as a whole number from 0 to 100, halves to the even number."""
    return np.round(probability * 100).astype("int64")


def tiers_by(decision: Decision, probability: NDArray[np.float64]) -> list[str]:
    """Return the tier of each lead by a model's decision.

    Args:
        decision: of the model.
        probability: shape (leads,).
    """
    if decision.tier_scale == "score":
        return tier_of(score_of(probability), decision.tiers)
    rounded = np.round(probability, PROBABILITY_DIGITS)
    tiers = [
        (name, round(lowest, PROBABILITY_DIGITS))
        for name, lowest in decision.tiers
    ]
    return tier_of(rounded, tiers)


def predictions_by(
    decision: Decision, probability: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return 1 for each lead from the decision's threshold on, else 0; shape (leads,)."""
    rounded = np.round(probability, PROBABILITY_DIGITS)
    threshold = round(decision.threshold, PROBABILITY_DIGITS)
    return (rounded >= threshold).astype("int64")


def tier_of(
    values: NDArray[np.int64] | NDArray[np.float64], tiers: Tiers
) -> list[str]:
    """Return the tier of each score or probability: the best one whose lowest value it reaches."""
    names = [name for name, _ in reversed(tiers)]
    lowest_values = [lowest for _, lowest in reversed(tiers)]
    tiers_reached = np.searchsorted(lowest_values, values, side="right")
    return [names[count - 1] for count in tiers_reached.tolist()]
