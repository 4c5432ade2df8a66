"""Levels of features and how they convert: shares, rates with intervals, and how well each feature ranks alone."""

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
    """Every lead's level as text: of a number its range, about a tenth of the leads, of a missing cell `(missing)`."""
    if column.numeric:
        return _ranges(values)
    names: dict[object, str] = dict(enumerate(column.order or ("No", "Yes")))
    named = values.map(names) if values.dtype == float else values
    return named.where(values.notna(), MISSING).astype(str)


def _ranges(values: pd.Series) -> pd.Series:
    edges, times = np.unique(values.quantile(np.linspace(0, 1, RANGES + 1)).dropna(), return_counts=True)
    alone = np.nextafter(edges[times > 1], np.inf)  # a value that a tenth of the leads share is a range of its own
    position = np.searchsorted(np.union1d(edges[1:-1], alone), values.to_numpy(), side="right")
    names = {}
    for place in np.unique(position[values.notna()]):
        inside = values[(position == place) & values.notna().to_numpy()]
        low, high = f"{inside.min():,.6g}", f"{inside.max():,.6g}"
        names[place] = low if low == high else f"{low} to {high}"
    return pd.Series(position, index=values.index).map(names).where(values.notna(), MISSING).astype(str)


def level_rates(levels: dict[str, pd.Series], outcome: pd.Series) -> pd.DataFrame:
    """Leads, share, conversion rate and its 95 % interval (Wilson) per feature and level, most frequent first.

    Args:
        levels: field to every lead's level.
        outcome: 0 or 1, index as in the levels.
    """
    tables = [_rates(field, names, outcome) for field, names in levels.items()]
    return pd.concat(tables, ignore_index=True)


def _rates(field: str, names: pd.Series, outcome: pd.Series) -> pd.DataFrame:
    found = outcome.groupby(names).agg(["size", "mean"])
    found = found.sort_values("size", ascending=False, kind="stable")
    leads, rate = found["size"].to_numpy(dtype=float), found["mean"].to_numpy(dtype=float)
    centre = (rate + Z95**2 / (2 * leads)) / (1 + Z95**2 / leads)  # Wilson's interval
    half = Z95 * np.sqrt(rate * (1 - rate) / leads + Z95**2 / (4 * leads**2)) / (1 + Z95**2 / leads)
    return pd.DataFrame(
        {
            "field": field,
            "level": found.index.astype(str),
            "leads": leads.astype(int),
            "share": leads / max(len(outcome), 1),
            "rate": rate,
            "low": (centre - half).clip(0, 1),
            "high": (centre + half).clip(0, 1),
        }
    )


def auc_alone(levels: dict[str, pd.Series], outcome: pd.Series) -> dict[str, float]:
    """How well each feature ranks leads alone: ROC-AUC of its levels' conversion rates, learnt on other folds.

    NaN where an outcome has fewer leads than there are folds.
    """
    counts = outcome.value_counts()
    if len(counts) < 2 or counts.min() < FOLDS:
        return dict.fromkeys(levels, float("nan"))
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(outcome, outcome))
    return {field: _auc(names, outcome, folds) for field, names in levels.items()}


def _auc(names: pd.Series, outcome: pd.Series, folds: list[tuple[np.ndarray, np.ndarray]]) -> float:
    score = np.zeros(len(outcome))
    for others, fold in folds:
        rate = outcome.iloc[others].mean()
        seen = outcome.iloc[others].groupby(names.iloc[others]).agg(["sum", "size"])
        smooth = (seen["sum"] + SMOOTHING * rate) / (seen["size"] + SMOOTHING)
        score[fold] = names.iloc[fold].map(smooth).fillna(rate)
    return float(roc_auc_score(outcome, score))
