"""From which probability on a lead is predicted to convert."""

from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_curve


def f1_threshold(y_true: Any, probability: Any) -> float:
    """The probability in (0, 1] that gives the largest F1; the highest of them where several tie.

    Args:
        y_true: outcomes 0 or 1, shape (n,), with at least one 1.
        probability: predicted probabilities, shape (n,), of leads the model has not seen.
    """
    precision, recall, thresholds = precision_recall_curve(y_true, probability)
    total = precision + recall
    f1 = np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)[: len(thresholds)]
    return float(thresholds[np.flatnonzero(f1 == f1.max())[-1]])
