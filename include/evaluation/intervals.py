"""Measures how sure the figures are: intervals from resamples of the leads, or from a formula."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm, rankdata

from include.evaluation.calibration_error import BINS, probability_bin
from include.evaluation.errors import OneClassOnlyError
from include.evaluation.scores import Floats, Integers

RESAMPLES = 500
CONFIDENCE = 0.95
ONE_SIDED = float(norm.ppf(CONFIDENCE))
"""Standard errors from a figure to the end of its interval, each end one-sided 95 %."""
SURELY = 0.975
"""Share of rankings by chance that stay below what counts as better than chance."""


@dataclass(frozen=True)
class Ranking:
    """How well leads are ranked.

    Attributes:
        roc_auc: in [0, 1].
        error: its standard error.
    """

    roc_auc: float
    error: float


@dataclass(frozen=True)
class Interval:
    """A figure with the ends of its interval, each one-sided 95 %."""

    value: float
    lower: float
    upper: float


def ranking(outcome: Any, probability: Any) -> Ranking:
    """Return the ROC-AUC of some leads with its standard error.

    The error comes from the spread of each lead's placement, its rank among leads of the other outcome, so nothing is
    supposed of the distribution of scores. Of a single lead there is no spread: it counts with the largest that its
    mean allows, a(1 - a). Source: DeLong et al. 1988, by ranks as in Sun and Xu 2014.

    Args:
        outcome: 0 or 1, shape (n,).
        probability: or any other score, shape (n,).

    Raises:
        OneClassOnlyError: all outcomes are the same.
    """
    y = np.asarray(outcome)
    p = np.asarray(probability, dtype=np.float64)
    positives = p[y == 1]
    negatives = p[y == 0]
    if not len(positives) or not len(negatives):
        raise OneClassOnlyError(
            f"all {len(y)} leads to judge on have one outcome; take leads with both"
        )
    ranks = rankdata(np.concatenate([positives, negatives]))
    positive_ranks = ranks[: len(positives)]
    negative_ranks = ranks[len(positives) :]
    above = (positive_ranks - rankdata(positives)) / len(negatives)
    below = 1 - (negative_ranks - rankdata(negatives)) / len(positives)
    variance = _variance_of_mean(above) + _variance_of_mean(below)
    return Ranking(float(above.mean()), float(np.sqrt(variance)))


def _variance_of_mean(placements: Floats) -> float:
    """Return the variance of the mean of placements in [0, 1]."""
    if len(placements) == 1:
        share = float(placements[0])
        return share * (1 - share)
    return float(np.var(placements, ddof=1)) / len(placements)


def chance_roc_auc(positives: int, negatives: int) -> float:
    """Return the ROC-AUC that a ranking by chance stays below in 97.5 % of all draws of so many leads.

    With few leads it is above 1: then no ranking is surely better than chance. The error is the exact one of rankings
    by chance, so it does not shrink to nothing where a few leads happen to be in perfect order.
    Source: Mann and Whitney 1947, "On a test of whether one of two random variables is stochastically larger".

    Args:
        positives: leads with outcome 1, one at least.
        negatives: leads with outcome 0, one at least.
    """
    pairs = positives * negatives
    error = float(np.sqrt((positives + negatives + 1) / (12 * pairs)))
    return 0.5 + float(norm.ppf(SURELY)) * error


def roc_auc_interval(outcome: Any, probability: Any) -> Interval:
    """Return the ROC-AUC with its interval: symmetric on the logit scale, so that it ends within [0, 1].

    Where both outcomes are separated perfectly the error is 0, which is no certainty. The interval is then Wilson's of
    a share; its trials are the harmonic mean of the numbers of leads of both outcomes.
    Source: Qin and Hotilovac 2008 (logit); Wilson 1927.

    Args:
        outcome: 0 or 1, shape (n,).
        probability: or any other score, shape (n,).

    Raises:
        OneClassOnlyError: all outcomes are the same.
    """
    figure = ranking(outcome, probability)
    area = figure.roc_auc
    if figure.error == 0 or area in (0, 1):
        positives = float(np.sum(outcome))
        negatives = len(outcome) - positives
        return _share_interval(
            area, 2 * positives * negatives / (positives + negatives)
        )
    margin = ONE_SIDED * figure.error / (area * (1 - area))
    return Interval(
        area,
        float(expit(logit(area) - margin)),
        float(expit(logit(area) + margin)),
    )


def brier_interval(outcome: Any, probability: Any) -> Interval:
    """Return the mean squared error of the probabilities with its interval, which ends at 0; the error is of a mean.

    Args:
        outcome: 0 or 1, shape (n,), two leads at least.
        probability: shape (n,).
    """
    errors = (np.asarray(probability) - np.asarray(outcome)) ** 2
    value = float(errors.mean())
    margin = ONE_SIDED * float(np.sqrt(np.var(errors, ddof=1) / len(errors)))
    return Interval(value, max(0.0, value - margin), value + margin)


def precision_interval(
    outcome: Any, probability: Any, threshold: float
) -> Interval:
    """Return the share of predicted conversions that convert, with its interval; 0 where none is predicted.

    The error is that of a share with one success and one failure added, which keeps the bound of a difference honest
    for small numbers. Source: Agresti and Caffo 2000.

    Args:
        outcome: 0 or 1, shape (n,).
        probability: shape (n,).
        threshold: from this probability on a lead is predicted to convert.
    """
    predicted = np.asarray(outcome)[np.asarray(probability) >= threshold]
    value = float(predicted.mean()) if len(predicted) else 0.0
    trials = len(predicted) + 2
    share = (float(predicted.sum()) + 1) / trials
    margin = ONE_SIDED * float(np.sqrt(share * (1 - share) / trials))
    return Interval(value, max(0.0, value - margin), min(1.0, value + margin))


def _share_interval(share: float, trials: float) -> Interval:
    """Return a share with its score interval. Source: Wilson 1927.

    Args:
        share: in [0, 1].
        trials: of which it is the share, more than 0.
    """
    squared = ONE_SIDED**2 / trials
    centre = (share + squared / 2) / (1 + squared)
    spread = np.sqrt(share * (1 - share) / trials + squared / (4 * trials))
    margin = float(ONE_SIDED * spread / (1 + squared))
    return Interval(
        share, min(share, centre - margin), max(share, centre + margin)
    )


def bootstrap_intervals(
    outcome: Any, probability: Any, threshold: float, seed: int = 0
) -> dict[str, list[float]]:
    """Return 95 % percentile intervals of the figures over 500 resamples of the leads, the same for the same seed.

    Each resample is a row of counts, so that matrix products measure all of them at once; for every family of a
    training this takes a small part of the run's time.

    Returns:
        [low, high] for accuracy, precision, recall, f1, roc_auc, pr_auc, brier and ece.
    """
    y = np.asarray(outcome, dtype=np.int64)
    p = np.asarray(probability, dtype=np.float64)
    random = np.random.default_rng(seed)
    same_chance = np.full(len(y), 1 / len(y))
    counts = random.multinomial(len(y), same_chance, size=RESAMPLES)
    with np.errstate(
        divide="ignore", invalid="ignore"
    ):  # a resample with one outcome only has no such figure
        figures = weighted_figures(y, p, threshold, counts.astype(np.float64))
    edges = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    return {
        name: np.nanquantile(values, edges).tolist()
        for name, values in figures.items()
    }


def weighted_figures(
    y: Integers, p: Floats, threshold: float, weights: Floats
) -> dict[str, Floats]:
    """Return the figures for many weightings of the same leads at once.

    Args:
        y: outcomes, shape (n,).
        p: probabilities, shape (n,).
        threshold: of the decision.
        weights: shape (weightings, n).

    Returns:
        Name → shape (weightings,); NaN where a figure does not exist.
    """
    predicted = p >= threshold
    total = weights.sum(axis=1)
    positives = weights @ y
    hits = weights @ (y * predicted)
    flagged = weights @ predicted.astype(np.float64)
    gap_by_bin = np.eye(BINS)[probability_bin(p)] * (y - p)[:, None]
    gaps = weights @ gap_by_bin
    return {
        "accuracy": 1 - (flagged + positives - 2 * hits) / total,
        "precision": hits / flagged,
        "recall": hits / positives,
        "f1": 2 * hits / (flagged + positives),
        **_ranking(y, p, weights),
        "brier": weights @ ((p - y) ** 2) / total,
        "ece": np.abs(gaps).sum(axis=1) / total,
    }


def _ranking(y: Integers, p: Floats, weights: Floats) -> dict[str, Floats]:
    """Return ROC-AUC (ties count half) and average precision for every weighting.

    Leads are put in order of falling probability; those with equal probabilities form a tie. Per tie, the sums of the
    weights of converting and of other leads are all that both figures need.
    """
    order = np.argsort(-p, kind="stable")
    tie_starts = np.flatnonzero(np.r_[True, np.diff(p[order]) != 0])
    positive = np.add.reduceat((weights * y)[:, order], tie_starts, axis=1)
    negative = np.add.reduceat(
        (weights * (1 - y))[:, order], tie_starts, axis=1
    )
    positives = positive.sum(axis=1)
    negatives = negative.sum(axis=1)
    true_positives = positive.cumsum(axis=1)
    false_positives = negative.cumsum(axis=1)
    flagged = true_positives + false_positives
    precision = np.divide(
        true_positives, flagged, out=np.zeros_like(flagged), where=flagged > 0
    )
    negatives_below = negatives[:, None] - false_positives + negative / 2
    return {
        "roc_auc": (positive * negatives_below).sum(axis=1)
        / (positives * negatives),
        "pr_auc": (positive * precision).sum(axis=1) / positives,
    }
