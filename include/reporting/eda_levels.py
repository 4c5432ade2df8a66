"""Divide features into levels, and say how each level converts and how well each feature ranks leads alone."""

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from include.contract import Column

MISSING = "(missing)"
RANGES = 10
FOLDS = 5
SMOOTHING = 10.0
Z95 = 1.96


def levels_of(values: pd.Series, column: Column) -> pd.Series:
    """Return every lead's level as text.

    The level of a number is its range, about a tenth of the leads; that of a missing cell is `(missing)`.
    """
    if column.numeric:
        return _ranges(values)
    names: dict[object, str] = dict(enumerate(column.order or ("No", "Yes")))
    levels = values
    if values.dtype == float:  # ordinals and flags are codes
        levels = values.map(names)
    return levels.where(values.notna(), MISSING).astype(str)


def _ranges(values: pd.Series) -> pd.Series:
    """Return the range of each number as text, such as `3 to 7`."""
    present = values.notna()
    position = _range_positions(values)
    names = {}
    for place in np.unique(position[present]):
        inside = values[(position == place) & present.to_numpy()]
        low = f"{inside.min():,.6g}"
        high = f"{inside.max():,.6g}"
        names[place] = low if low == high else f"{low} to {high}"
    levels = pd.Series(position, index=values.index).map(names)
    return levels.where(present, MISSING).astype(str)


def _range_positions(values: pd.Series) -> np.ndarray:
    """Return the number of the range in which each value lies; the ranges are cut at the tenths of the leads."""
    tenths = values.quantile(np.linspace(0, 1, RANGES + 1)).dropna()
    edges, times = np.unique(tenths, return_counts=True)
    # A value that a tenth of the leads share is an edge twice; it becomes a range of its own.
    after_repeated = np.nextafter(edges[times > 1], np.inf)
    cuts = np.union1d(edges[1:-1], after_repeated)
    return np.searchsorted(cuts, values.to_numpy(), side="right")


def level_rates(
    levels: dict[str, pd.Series], outcome: pd.Series
) -> pd.DataFrame:
    """Return leads, share, conversion rate and its 95 % interval (Wilson) per feature and level, most frequent first.

    Args:
        levels: field to every lead's level.
        outcome: 0 or 1, index as in the levels.
    """
    tables = [_rates(field, names, outcome) for field, names in levels.items()]
    return pd.concat(tables, ignore_index=True)


def _rates(field: str, names: pd.Series, outcome: pd.Series) -> pd.DataFrame:
    counts = outcome.groupby(names).agg(["size", "mean"])
    counts = counts.sort_values("size", ascending=False, kind="stable")
    leads = counts["size"].to_numpy(dtype=float)
    rate = counts["mean"].to_numpy(dtype=float)
    low, high = _wilson_interval(rate, leads)
    return pd.DataFrame(
        {
            "field": field,
            "level": counts.index.astype(str),
            "leads": leads.astype(int),
            "share": leads / max(len(outcome), 1),
            "rate": rate,
            "low": low,
            "high": high,
        }
    )


def _wilson_interval(
    rate: np.ndarray, leads: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return Wilson's 95 % interval of each rate."""
    scale = 1 + Z95**2 / leads
    centre = (rate + Z95**2 / (2 * leads)) / scale
    variance = rate * (1 - rate) / leads + Z95**2 / (4 * leads**2)
    half_width = Z95 * np.sqrt(variance) / scale
    return (centre - half_width).clip(0, 1), (centre + half_width).clip(0, 1)


def auc_alone(
    levels: dict[str, pd.Series], outcome: pd.Series
) -> dict[str, float]:
    """Return how well each feature ranks leads alone: ROC-AUC of its levels' conversion rates, learnt on other folds.

    The value is NaN where an outcome has fewer leads than there are folds.
    """
    counts = outcome.value_counts()
    if len(counts) < 2 or counts.min() < FOLDS:
        return dict.fromkeys(levels, float("nan"))
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    folds = list(splitter.split(outcome, outcome))
    return {
        field: _auc(names, outcome, folds) for field, names in levels.items()
    }


def _auc(
    names: pd.Series,
    outcome: pd.Series,
    folds: list[tuple[np.ndarray, np.ndarray]],
) -> float:
    """Return the ROC-AUC of smoothed level rates, each fold scored with the rates of the others."""
    score = np.zeros(len(outcome))
    for others, fold in folds:
        learning = outcome.iloc[others]
        rate = learning.mean()
        counts = learning.groupby(names.iloc[others]).agg(["sum", "size"])
        smooth_rates = (counts["sum"] + SMOOTHING * rate) / (
            counts["size"] + SMOOTHING
        )
        score[fold] = names.iloc[fold].map(smooth_rates).fillna(rate)
    return float(roc_auc_score(outcome, score))
