"""Measures how sure the figures are: bootstrap intervals over resamples of the leads."""

from typing import Any

import numpy as np

from include.evaluation.calibration_error import BINS, probability_bin
from include.evaluation.scores import Floats, Integers

RESAMPLES = 500
CONFIDENCE = 0.95


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
