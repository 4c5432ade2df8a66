"""Chooses from which probability on a lead is predicted to convert: four policies, chosen by a setting."""

from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_curve

from include.decisions import Decisions
from include.evaluation.errors import ThresholdPolicyError
from include.evaluation.tiers import with_tiers
from include.features.calibration import Decision

PRECISION_BIASED_BETA = 0.5
LEADS_PER_CAPACITY = 1000


def decide(decisions: Decisions, outcome: Any, probability: Any) -> Decision:
    """Return the decision that the business's threshold policy makes on these leads.

    Args:
        decisions: threshold_policy, the hours of the `cost` policy and the tier policy.
        outcome: outcomes 0 or 1, shape (n,), with at least one 1.
        probability: calibrated probabilities, shape (n,), of leads the model has not seen.

    Raises:
        ThresholdPolicyError: an unknown policy.
    """
    outcomes = np.asarray(outcome)
    probabilities = np.asarray(probability, dtype="float64")
    threshold = _threshold(decisions, outcomes, probabilities)
    decision = Decision(decisions.threshold_policy, threshold, tiers=())
    return with_tiers(decision, decisions.tier_policy, probabilities)


def _threshold(
    decisions: Decisions, outcome: np.ndarray, probability: np.ndarray
) -> float:
    """Return the threshold of the policy. Raises ThresholdPolicyError where there is no such policy."""
    policy = decisions.threshold_policy
    name, _, amount = policy.partition("=")
    if name == "f1":
        return f_threshold(outcome, probability, beta=1.0)
    if name == "precision_biased":
        return f_threshold(outcome, probability, beta=PRECISION_BIASED_BETA)
    if name == "cost":
        return cost_threshold(
            decisions.false_positive_hours, decisions.missed_lead_hours
        )
    if (
        name == "capacity"
        and amount.isdecimal()
        and 0 < int(amount) <= LEADS_PER_CAPACITY
    ):
        return capacity_threshold(probability, int(amount))
    raise ThresholdPolicyError(
        f"no threshold policy {policy!r}; set LEADS_THRESHOLD_POLICY to f1, precision_biased, cost or capacity=N "
        f"(N leads of every {LEADS_PER_CAPACITY})"
    )


def f_threshold(outcome: Any, probability: Any, beta: float) -> float:
    """Return the probability that gives the largest F-beta; the highest of them where several tie.

    `beta` 1 is F1; 0.5 counts precision twice as much as recall, the story's choice.
    """
    precision, recall, thresholds = precision_recall_curve(outcome, probability)
    weight = beta * beta
    total = weight * precision + recall
    product = (1 + weight) * precision * recall
    scores = np.divide(
        product,
        total,
        out=np.zeros_like(total),
        where=total > 0,
    )
    scores = scores[: len(thresholds)]
    best_places = np.flatnonzero(scores == scores.max())
    return float(thresholds[best_places[-1]])


def cost_threshold(
    false_positive_hours: float, missed_lead_hours: float
) -> float:
    """Return the probability from which calling costs less than missing, for calibrated probabilities.

    Args:
        false_positive_hours: hours lost on a lead that does not convert.
        missed_lead_hours: hours that a missed conversion is worth.
    """
    return false_positive_hours / (false_positive_hours + missed_lead_hours)


def capacity_threshold(probability: np.ndarray, capacity: int) -> float:
    """Return the probability that the `capacity` best of every 1,000 leads reach, one lead at least."""
    ranked = np.sort(probability)[::-1]
    count = max(1, round(len(ranked) * capacity / LEADS_PER_CAPACITY))
    place = min(count, len(ranked))
    return float(ranked[place - 1])
