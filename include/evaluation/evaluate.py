"""Measures how good a model is, with the same figures for every model, family and stage (guide 14.5)."""

from typing import Any

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    precision_recall_fscore_support,
    roc_auc_score,
)

from include.evaluation.errors import OneClassOnlyError


def evaluate_classification_model(
    y_true: Any, probability: Any, threshold: float
) -> dict[str, float]:
    """Return the figures of one model on one set of leads.

    Args:
        y_true: outcomes 0 or 1, shape (n,).
        probability: predicted probabilities of conversion, shape (n,).
        threshold: from this probability on a lead is predicted to convert.

    Returns:
        accuracy, precision, recall, f1 at the threshold; roc_auc, pr_auc, brier without one; all in [0, 1].

    Raises:
        OneClassOnlyError: all outcomes are the same, so ROC-AUC does not exist.
    """
    outcome = np.asarray(y_true, dtype=int)
    probability = np.asarray(probability, dtype=float)
    if len(np.unique(outcome)) < 2:
        raise OneClassOnlyError(
            f"all {len(outcome)} leads to judge on have one outcome; take a snapshot with both"
        )
    predicted = (probability >= threshold).astype(int)
    precision, recall, f1, _ = precision_recall_fscore_support(
        outcome, predicted, average="binary", zero_division=0.0
    )
    figures = {
        "accuracy": np.mean(outcome == predicted),
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "roc_auc": roc_auc_score(outcome, probability),
        "pr_auc": average_precision_score(outcome, probability),
        "brier": brier_score_loss(outcome, probability),
    }
    return {name: float(value) for name, value in figures.items()}
