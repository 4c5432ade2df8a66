"""Puts everything about one model on one set of leads into one report: figures, intervals, deciles, segments."""

from typing import Any

import pandas as pd

from include.evaluation.calibration_error import ece
from include.evaluation.deciles import deciles
from include.evaluation.errors import ScoresUnusableError
from include.evaluation.evaluate import evaluate_classification_model
from include.evaluation.intervals import bootstrap_intervals
from include.evaluation.scores import checked
from include.evaluation.segments import segment_table


def full_report(
    outcome: Any,
    probability: Any,
    threshold: float,
    segments: pd.DataFrame,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the report about one model on one set of leads, ready for JSON.

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
        raise ScoresUnusableError(
            f"{len(segments)} rows of segments for {len(y)} outcomes; pass the same leads"
        )
    by_decile = deciles(y, p)
    top = by_decile[0]
    metrics = {
        **evaluate_classification_model(y, p, threshold),
        "ece": ece(y, p),
        "top_decile_precision": top["rate"],
        "top_decile_lift": top["lift"],
    }
    return {
        "rows": len(y),
        "positives": int(y.sum()),
        "threshold": float(threshold),
        "metrics": metrics,
        "intervals": bootstrap_intervals(y, p, threshold, seed),
        "deciles": by_decile,
        "segments": segment_table(y, p, threshold, segments),
    }
