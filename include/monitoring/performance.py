"""Compare the champion's figures on leads with a final outcome with those on its own holdout: performance drift."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, rankdata

from include.decisions import Decisions

CONFIDENCE = 0.95

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """Leads with outcome and score.

    Attributes:
        outcome: 0 or 1, shape (n,), both present.
        probability: of conversion, shape (n,).
        threshold: from this probability on a lead is predicted to convert.
    """

    outcome: Floats
    probability: Floats
    threshold: float


@dataclass(frozen=True)
class FigureDrift:
    """How much worse one figure has become since the holdout.

    Attributes:
        name: roc_auc, brier or precision.
        holdout: the figure on the champion's holdout.
        current: the figure on matured leads.
        loss: how much worse that is; negative where it is better.
        at_least: one-sided 95 % lower bound of the loss.
        limit: loss from which on the champion counts as drifted.
        drifted: whether the loss exceeds its limit beyond what chance explains.
        holdout_lower: lower end of the holdout figure's interval (one-sided 95 %), None in older summaries.
        holdout_upper: upper end of it.
        current_lower: lower end of the interval on matured leads.
        current_upper: upper end of it.
        holdout_rows: leads of the holdout.
        holdout_positives: how many of them converted.
    """

    name: str
    holdout: float
    current: float
    loss: float
    at_least: float
    limit: float
    drifted: bool
    holdout_lower: float | None = None
    holdout_upper: float | None = None
    current_lower: float | None = None
    current_upper: float | None = None
    holdout_rows: int | None = None
    holdout_positives: int | None = None


Estimate = tuple[float, float]
"""A figure and the variance of its sampling error."""


@dataclass(frozen=True)
class Interval:
    """A figure with the ends of its interval, each one-sided 95 %."""

    value: float
    lower: float
    upper: float


def performance_drift(
    holdout: Scored, matured: Scored, limits: Mapping[str, float]
) -> tuple[FigureDrift, ...]:
    """Compare every figure of `limits` between two sets of different leads.

    Both sets are samples, so each figure has an interval, and the bound of the loss follows from both: the loss less
    the root of the sum of squares of both arms towards each other (MOVER; Zou and Donner 2008). With symmetric arms
    that is 1.645 standard errors of a difference of independent estimates. A figure counts as drifted where that bound
    is above its limit. A few hundred leads alarm only on a collapse, thousands on a small loss.
    """
    figures = []
    for name, limit in limits.items():
        figures.append(_compare(name, holdout, matured, limit))
    return tuple(figures)


def loss_limits(decisions: Decisions) -> dict[str, float]:
    """Return for each figure the loss that the business accepts."""
    return {
        "roc_auc": decisions.max_auc_drop,
        "brier": decisions.max_brier_rise,
        "precision": decisions.max_precision_drop,
    }


def too_few(decisions: Decisions, outcome: Floats) -> str | None:
    """Return why performance cannot be compared on these matured leads, None where it can."""
    won = int(outcome.sum())
    rarer = min(won, len(outcome) - won)
    if (
        len(outcome) >= decisions.min_matured_leads
        and rarer >= decisions.min_matured_per_outcome
    ):
        return None
    return (
        f"not enough matured labels: {len(outcome)} leads, {rarer} of the rarer outcome; "
        f"{decisions.min_matured_leads} and {decisions.min_matured_per_outcome} are needed"
    )


def _compare(
    name: str, holdout: Scored, matured: Scored, limit: float
) -> FigureDrift:
    reference = interval(name, holdout)
    current = interval(name, matured)
    if name == "brier":
        loss = current.value - reference.value
        reference_arm = reference.upper - reference.value
        current_arm = current.value - current.lower
    else:
        loss = reference.value - current.value
        reference_arm = reference.value - reference.lower
        current_arm = current.upper - current.value
    at_least = float(loss - np.hypot(reference_arm, current_arm))
    return FigureDrift(
        name,
        reference.value,
        current.value,
        loss,
        at_least,
        limit,
        drifted=at_least > limit,
        holdout_lower=reference.lower,
        holdout_upper=reference.upper,
        current_lower=current.lower,
        current_upper=current.upper,
        holdout_rows=len(holdout.outcome),
        holdout_positives=int(holdout.outcome.sum()),
    )


def interval(name: str, scored: Scored) -> Interval:
    """Return a figure with its interval of 1.645 standard errors to either side.

    Where both outcomes are separated perfectly, the variance of the ROC-AUC is 0, which is no certainty. It then has
    Wilson's interval (1927) of a share of 1; its trials are the harmonic mean of the numbers of leads of each outcome.

    Args:
        name: roc_auc, brier or precision.
        scored: leads with outcome and score.
    """
    value, variance = ESTIMATES[name](scored)
    if name == "roc_auc" and variance == 0:
        positives = float(scored.outcome.sum())
        negatives = len(scored.outcome) - positives
        trials = 2 * positives * negatives / (positives + negatives)
        return _wilson(value, trials)
    margin = float(norm.ppf(CONFIDENCE) * np.sqrt(variance))
    return Interval(value, value - margin, value + margin)


def _wilson(share: float, trials: float) -> Interval:
    """Return the score interval of a share. Source: Wilson 1927."""
    quantile = float(norm.ppf(CONFIDENCE))
    squared = quantile**2 / trials
    centre = (share + squared / 2) / (1 + squared)
    spread = np.sqrt(share * (1 - share) / trials + squared / (4 * trials))
    margin = float(quantile * spread / (1 + squared))
    return Interval(
        share, min(share, centre - margin), max(share, centre + margin)
    )


def roc_auc(scored: Scored) -> Estimate:
    """Return the area under the ROC curve; its variance is that of each lead's placement among the other outcome's.

    Source: DeLong et al. 1988, by ranks as in Sun and Xu 2014.
    """
    positives = scored.probability[scored.outcome == 1]
    negatives = scored.probability[scored.outcome == 0]
    positive_count = len(positives)
    negative_count = len(negatives)
    ranks = rankdata(np.concatenate([positives, negatives]))
    positive_ranks = ranks[:positive_count]
    negative_ranks = ranks[positive_count:]
    above = (positive_ranks - rankdata(positives)) / negative_count
    below = 1 - (negative_ranks - rankdata(negatives)) / positive_count
    positive_variance = np.var(above, ddof=1) / positive_count
    negative_variance = np.var(below, ddof=1) / negative_count
    return float(above.mean()), float(positive_variance + negative_variance)


def brier(scored: Scored) -> Estimate:
    """Return the mean squared error of the probabilities; its variance is that of a mean."""
    errors = (scored.probability - scored.outcome) ** 2
    variance = np.var(errors, ddof=1) / len(errors)
    return float(errors.mean()), float(variance)


def precision(scored: Scored) -> Estimate:
    """Return the share of predicted conversions that convert, 0 where none is predicted as in training.

    The variance is that of a share with one success and one failure added, which keeps the bound of a difference
    honest for small numbers. Source: Agresti and Caffo 2000.
    """
    predicted = scored.outcome[scored.probability >= scored.threshold]
    precision_of_sample = float(predicted.mean()) if len(predicted) else 0.0
    trials = len(predicted) + 2
    share = (predicted.sum() + 1) / trials
    variance = share * (1 - share) / trials
    return precision_of_sample, float(variance)


ESTIMATES: Mapping[str, Callable[[Scored], Estimate]] = {
    "roc_auc": roc_auc,
    "brier": brier,
    "precision": precision,
}
