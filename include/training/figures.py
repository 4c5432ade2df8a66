"""Figures beyond the usual ones: calibration error, lift and gain by decile, segments, bootstrap intervals."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.training.errors import OneClassOnlyError
from include.training.evaluate import evaluate_classification_model

BINS = 10
RESAMPLES = 500
CONFIDENCE = 0.95
MIN_SEGMENT_ROWS = 30
SMALL_SEGMENTS = "(levels with fewer leads)"
MISSING = "(missing)"

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class ScoresUnusableError(ValueError):
    """Outcomes and probabilities that cannot be judged; the message says what is wrong with them."""


def full_report(
    outcome: Any, probability: Any, threshold: float, segments: pd.DataFrame, seed: int = 0
) -> dict[str, Any]:
    """Everything that is said of one model on one set of leads, ready for JSON.

    Args:
        outcome: 0 or 1, shape (n,).
        probability: predicted probability of conversion, shape (n,).
        threshold: from this probability on a lead is predicted to convert.
        segments: fields to break the figures down by, shape (n, fields), rows as in `outcome`.
        seed: of the bootstrap.

    Returns:
        rows, positives, threshold; `metrics` (those of `evaluate_classification_model`, ece, top_decile_precision,
        top_decile_lift); `intervals` (name → [low, high]); `deciles` and `segments` (lists of rows).

    Raises:
        OneClassOnlyError: all outcomes are the same.
        ScoresUnusableError: lengths differ, or a probability is not a number in [0, 1].
    """
    y, p = checked(outcome, probability)
    if len(segments) != len(y):
        raise ScoresUnusableError(f"{len(segments)} rows of segments for {len(y)} outcomes; pass the same leads")
    by_decile = deciles(y, p)
    top = {"top_decile_precision": by_decile[0]["rate"], "top_decile_lift": by_decile[0]["lift"]}
    metrics = {**evaluate_classification_model(y, p, threshold), "ece": ece(y, p), **top}
    return {
        "rows": len(y),
        "positives": int(y.sum()),
        "threshold": float(threshold),
        "metrics": metrics,
        "intervals": bootstrap_intervals(y, p, threshold, seed),
        "deciles": by_decile,
        "segments": segment_table(y, p, threshold, segments),
    }


def checked(outcome: Any, probability: Any) -> tuple[Integers, Floats]:
    """Both as arrays of shape (n,). Raises what `full_report` raises."""
    y, p = np.asarray(outcome, dtype=np.int64), np.asarray(probability, dtype=np.float64)
    if y.ndim != 1 or y.shape != p.shape:
        raise ScoresUnusableError(f"outcomes of shape {y.shape} and probabilities of shape {p.shape} do not match")
    if not ((p >= 0) & (p <= 1)).all():
        bad = int((~((p >= 0) & (p <= 1))).sum())
        raise ScoresUnusableError(f"{bad} of {len(p)} probabilities are not numbers in [0, 1]; look at the model")
    if len(np.unique(y)) < 2:
        raise OneClassOnlyError(f"all {len(y)} leads to judge on have one outcome; take a snapshot with both")
    return y, p


def ece(outcome: Any, probability: Any) -> float:
    """Expected calibration error over ten bins of equal width: mean |conversion rate − mean probability|, in [0, 1].

    Args:
        outcome: 0 or 1, shape (n,).
        probability: shape (n,).
    """
    y, p = np.asarray(outcome, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    gaps = np.bincount(probability_bin(p), weights=y - p, minlength=BINS)
    return float(np.abs(gaps).sum() / len(y))


def probability_bin(probability: Floats) -> Integers:
    """Number 0–9 of the bin of equal width that each probability lies in; 1.0 belongs to the last one."""
    return np.minimum((probability * BINS).astype(np.int64), BINS - 1)


def deciles(outcome: Any, probability: Any) -> list[dict[str, float]]:
    """Lift and gain by tenths of the leads, best scores first.

    Leads with equal scores count with the mean outcome of their tie, so their order in the data does not matter.

    Returns:
        Per decile: decile (1 is the best), rows, lowest probability, rate (share converted), lift (rate over the
        rate of all), gain (share of all conversions found up to here).
    """
    y, p = np.asarray(outcome, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    order = np.argsort(-p, kind="stable")
    fair = pd.Series(y).groupby(p).transform("mean").to_numpy()[order]
    table, found = [], 0.0
    for number, part in enumerate(np.array_split(np.arange(len(y)), min(BINS, len(y))), start=1):
        found += fair[part].sum()
        rate = fair[part].mean()
        table.append(
            {
                "decile": number,
                "rows": len(part),
                "lowest": float(p[order][part[-1]]),
                "rate": float(rate),
                "lift": float(rate / y.mean()),
                "gain": float(found / y.sum()),
            }
        )
    return table


def segment_table(outcome: Any, probability: Any, threshold: float, segments: pd.DataFrame) -> list[dict[str, Any]]:
    """Figures per level of each segment field; levels with fewer than 30 leads are taken together.

    Returns:
        Per level: field, level, rows, rate (share converted), mean_probability, accuracy, precision, recall, roc_auc,
        brier. A figure that does not exist is None: precision without a predicted, recall without a real conversion,
        ROC-AUC where all leads have one outcome.
    """
    y, p = np.asarray(outcome, dtype=np.int64), np.asarray(probability, dtype=np.float64)
    table = []
    for field in segments.columns:
        levels = _levels(segments[field])
        for level in sorted(levels.unique(), key=lambda name: (-int((levels == name).sum()), name)):
            inside = (levels == level).to_numpy()
            table.append({"field": str(field), "level": level, **_segment(y[inside], p[inside], threshold)})
    return table


def _levels(values: pd.Series) -> pd.Series:
    levels = values.astype(object).where(values.notna(), MISSING).astype(str)
    rows = levels.map(levels.value_counts())
    return levels.where(rows >= MIN_SEGMENT_ROWS, SMALL_SEGMENTS)


def _segment(y: Integers, p: Floats, threshold: float) -> dict[str, Any]:
    predicted = p >= threshold
    both = 0 < y.sum() < len(y)
    return {
        "rows": len(y),
        "rate": float(y.mean()),
        "mean_probability": float(p.mean()),
        "accuracy": float((predicted == y).mean()),
        "precision": float(y[predicted].mean()) if predicted.any() else None,
        "recall": float(predicted[y == 1].mean()) if y.any() else None,
        "roc_auc": evaluate_classification_model(y, p, threshold)["roc_auc"] if both else None,
        "brier": float(((p - y) ** 2).mean()),
    }


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
