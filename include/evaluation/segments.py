"""Measures a model level by level: where it is weaker than on all leads."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from include.evaluation.scores import Floats, Integers

MIN_SEGMENT_ROWS = 30
SMALL_SEGMENTS = "(levels with fewer leads)"
MISSING = "(missing)"


def segment_table(
    outcome: Any, probability: Any, threshold: float, segments: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return the figures per level of each segment field; levels with fewer than 30 leads are taken together.

    Returns:
        Per level: field, level, rows, rate (share converted), mean_probability, accuracy, precision, recall, roc_auc,
        brier. A figure that does not exist is None: precision without a predicted, recall without a real conversion,
        ROC-AUC where all leads have one outcome.
    """
    y = np.asarray(outcome, dtype=np.int64)
    p = np.asarray(probability, dtype=np.float64)
    table = []
    for field in segments.columns:
        levels = _levels(segments[field])
        for level in _largest_first(levels):
            mask = (levels == level).to_numpy()
            figures = _segment(y[mask], p[mask], threshold)
            table.append({"field": str(field), "level": level, **figures})
    return table


def _largest_first(levels: pd.Series) -> list[str]:
    """Return the distinct levels, that with the most leads first; equal ones by name."""
    counts = levels.value_counts()
    return sorted(counts.index, key=lambda level: (-int(counts[level]), level))


def _levels(values: pd.Series) -> pd.Series:
    """Return the level of every lead as text, with small levels put together."""
    levels = values.astype(object).where(values.notna(), MISSING).astype(str)
    counts = levels.value_counts()
    is_large = levels.map(counts) >= MIN_SEGMENT_ROWS
    return levels.where(is_large, SMALL_SEGMENTS)


def _segment(y: Integers, p: Floats, threshold: float) -> dict[str, Any]:
    """Return the figures of one level; None where a figure does not exist."""
    predicted = p >= threshold
    has_both_outcomes = 0 < y.sum() < len(y)
    return {
        "rows": len(y),
        "rate": float(y.mean()),
        "mean_probability": float(p.mean()),
        "accuracy": float((predicted == y).mean()),
        "precision": float(y[predicted].mean()) if predicted.any() else None,
        "recall": float(predicted[y == 1].mean()) if y.any() else None,
        "roc_auc": float(roc_auc_score(y, p)) if has_both_outcomes else None,
        "brier": float(((p - y) ** 2).mean()),
    }
