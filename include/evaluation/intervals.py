"""How sure the figures are: bootstrap intervals over resamples of the leads."""

from typing import Any

import numpy as np

from include.evaluation.calibration_error import BINS, probability_bin
from include.evaluation.scores import Floats, Integers

RESAMPLES = 500
CONFIDENCE = 0.95


def bootstrap_intervals(outcome: Any, probability: Any, threshold: float, seed: int = 0) -> dict[str, list[float]]:
    """95 % percentile intervals of the figures over 500 resamples of the leads, the same for the same seed.

    Each resample is a row of counts, so that all of them are judged at once by matrix products: every family of a
    training gets its intervals without a part of the run's time that anyone would notice.

    Returns:
        [low, high] for accuracy, precision, recall, f1, roc_auc, pr_auc, brier and ece.
    """
    y, p = np.asarray(outcome, dtype=np.int64), np.asarray(probability, dtype=np.float64)
    counts = np.random.default_rng(seed).multinomial(len(y), np.full(len(y), 1 / len(y)), size=RESAMPLES)
    with np.errstate(divide="ignore", invalid="ignore"):  # a resample with one outcome only has no such figure
        figures = weighted_figures(y, p, threshold, counts.astype(np.float64))
    edges = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    return {name: [float(edge) for edge in np.nanquantile(values, edges)] for name, values in figures.items()}


def weighted_figures(y: Integers, p: Floats, threshold: float, weights: Floats) -> dict[str, Floats]:
    """The figures for many weightings of the same leads at once.

    Args:
        y: outcomes, shape (n,).
        p: probabilities, shape (n,).
        threshold: of the decision.
        weights: shape (weightings, n).

    Returns:
        Name → shape (weightings,); NaN where a figure does not exist.
    """
    predicted = p >= threshold
    total, positives = weights.sum(axis=1), weights @ y
    hits, flagged = weights @ (y * predicted), weights @ predicted.astype(np.float64)
    gaps = weights @ (np.eye(BINS)[probability_bin(p)] * (y - p)[:, None])
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
    """ROC-AUC (ties count half) and average precision from cumulated weights in order of falling probability."""
    order = np.argsort(-p, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(p[order]) != 0])
    won = np.add.reduceat((weights * y)[:, order], starts, axis=1)
    lost = np.add.reduceat((weights * (1 - y))[:, order], starts, axis=1)
    true, false = won.cumsum(axis=1), lost.cumsum(axis=1)
    below = lost.sum(axis=1, keepdims=True) - false + lost / 2
    positives = won.sum(axis=1)
    precision = np.divide(true, true + false, out=np.zeros_like(true), where=true + false > 0)
    return {
        "roc_auc": (won * below).sum(axis=1) / (positives * lost.sum(axis=1)),
        "pr_auc": (won * precision).sum(axis=1) / positives,
    }
