"""Choose where the tiers begin: at fixed scores, around the threshold, or by the rank of the leads."""

from collections import Counter
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from include.evaluation.errors import TierUnreachableError
from include.evaluation.scores import Floats
from include.features.calibration import Decision
from include.features.tiers import (
    PROBABILITY_DIGITS,
    predictions_by,
    tiers_by,
)

TierPolicy = Literal["ranked", "fixed", "threshold"]
TIERS = (("A", 80), ("B", 50), ("C", 20), ("D", 0))
"""Of the policy `fixed`: tier and its lowest score."""


def with_tiers(
    decision: Decision, policy: TierPolicy, probability: Any
) -> Decision:
    """Return the decision with the tiers that the policy gives it.

    Args:
        decision: its threshold stays.
        policy: of the business. `fixed` is the same for every model; `threshold` begins B at the model's own
            threshold; `ranked` looks at the leads.
        probability: calibrated probabilities of leads that the model has not learnt from, shape (n,).
    """
    if policy == "fixed":
        return replace(decision, tiers=TIERS, tier_scale="score")
    if policy == "threshold":
        tiers = around_threshold(decision.threshold)
        return replace(decision, tiers=tiers, tier_scale="score")
    ranked = by_rank(decision.threshold, np.asarray(probability, dtype=float))
    return replace(decision, tiers=ranked, tier_scale="probability")


def around_threshold(threshold: float) -> tuple[tuple[str, int], ...]:
    """Return tiers in scores: B begins at the threshold, A half-way from there to 100, and C at half of it."""
    lowest_of_b = round(threshold * 100)
    return (
        ("A", round((lowest_of_b + 100) / 2)),
        ("B", lowest_of_b),
        ("C", round(lowest_of_b / 2)),
        ("D", 0),
    )


def by_rank(
    threshold: float, probability: Floats
) -> tuple[tuple[str, float], ...]:
    """Return tiers in probabilities: A and B are predicted to convert, C and D are not.

    A holds the best leads that together have half of the conversions to expect of A and B, as near as ties allow; C the
    same of C and D. The conversions to expect of leads are the sum of their calibrated probabilities. Leads whose
    probabilities are all the same cannot be divided: then there is no B, or no D.

    Args:
        threshold: of the decision.
        probability: shape (n,).
    """
    rounded = np.round(probability, PROBABILITY_DIGITS)
    is_predicted = rounded >= round(threshold, PROBABILITY_DIGITS)
    predicted = _halves("A", "B", rounded[is_predicted], threshold)
    if threshold <= 0:
        return predicted
    return (*predicted, *_halves("C", "D", rounded[~is_predicted], 0.0))


def _halves(
    first: str, second: str, probability: Floats, lowest: float
) -> tuple[tuple[str, float], ...]:
    """Return the two tiers of leads above `lowest`; only the first where they tie, only the second without leads."""
    values, counts = np.unique(probability, return_counts=True)
    if not len(values):
        return ((second, float(lowest)),)
    if len(values) == 1:
        return ((first, float(lowest)),)
    expected = np.cumsum((values * counts)[::-1])
    distance = np.abs(expected[:-1] - expected[-1] / 2)
    place = len(values) - 1 - int(np.argmin(distance))
    boundary = (values[place - 1] + values[place]) / 2
    return ((first, float(boundary)), (second, float(lowest)))


def check_tiers(decision: Decision, probability: Any) -> None:
    """Pass a decision each of whose tiers holds a lead, but for the last one.

    The last tier takes whatever is below all others, so a later lead can always reach it. It is empty, for example,
    where most leads convert and all of them are predicted to.

    Args:
        decision: threshold and tiers.
        probability: of all leads at hand, those that were learnt from among them, shape (n,), one at least.

    Raises:
        TierUnreachableError: a tier holds nobody.
    """
    p = np.asarray(probability, dtype=float)
    leads = Counter(tiers_by(decision, p))
    for place, (name, _) in enumerate(decision.tiers[:-1]):
        if leads[name]:
            continue
        predicted_share = float(predictions_by(decision, p).mean())
        raise TierUnreachableError(
            f"tier {name} ({_bounds(decision, place)}) holds none of {len(p):,} leads: their probabilities go from "
            f"{p.min():.4g} to {p.max():.4g}, and from the threshold {decision.threshold:.4g} of policy "
            f"{decision.policy} on {predicted_share:.0%} of them are predicted to convert. The model is not "
            f"registered. {_way_out(decision)}"
        )


def _bounds(decision: Decision, place: int) -> str:
    """Say from where to where a tier goes."""
    _, lowest = decision.tiers[place]
    bounds = f"{decision.tier_scale} from {lowest:.4g}"
    if place == 0:
        return bounds
    _, next_lowest = decision.tiers[place - 1]
    return f"{bounds} to below {next_lowest:.4g}"


def _way_out(decision: Decision) -> str:
    """Say what to change in the contract."""
    if decision.tier_scale == "score":
        return "Set tier_policy: ranked in the contract's decisions, and tiers follow the leads"
    return (
        "Set a threshold_policy in the contract's decisions that predicts more leads to convert: f1, precision_biased, "
        "cost or capacity=N"
    )
