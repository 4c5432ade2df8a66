"""Two models on the same leads: by how much the second is better, and how sure that is."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.evaluation.intervals import weighted_figures
from include.evaluation.scores import Floats, Integers, checked
from include.evaluation.segments import MISSING
from include.promotion.gate_report import Change, SegmentChange
from include.training.dataset import MIN_PER_CLASS

RESAMPLES = 1000
LEVEL = 0.95
CELLS = 8_000_000
"""Weights held at once, so that memory stays bounded (some 200 MB) however many leads the holdout has."""

Weights = npt.NDArray[np.float32]


def paired_changes(
    outcome: Any,
    champion: tuple[Any, float],
    challenger: tuple[Any, float],
    groups: Any,
    metric: str,
    seed: int = 0,
) -> dict[str, Change]:
    """Paired bootstrap: both models judged on the same 1,000 resamples of the leads.

    Leads with identical feature rows get identical scores and are no independent evidence, so whole groups are drawn.
    Bounds are percentiles of the resampled changes, each one-sided 95 %.

    Args:
        outcome: 0 or 1, shape (n,).
        champion: its probabilities, shape (n,), and its threshold.
        challenger: the same of the challenger.
        groups: number of the group of identical rows per lead, shape (n,).
        metric: roc_auc, pr_auc, f1, accuracy, precision or recall.
        seed: of the resampling; the same input gives the same bounds.

    Returns:
        `metric` and "brier" to the change; positive means that the challenger is better.

    Raises:
        OneClassOnlyError: all outcomes are the same.
        ScoresUnusableError: lengths differ, or a probability is not a number in [0, 1].
    """
    models = [(*checked(outcome, scores), threshold) for scores, threshold in (champion, challenger)]
    gains: dict[str, list[Floats]] = {metric: [], "brier": []}
    for weights in _weightings(pd.factorize(np.asarray(groups))[0], seed):
        before, after = (_figures(*model, metric, weights) for model in models)
        gains[metric].append(after[metric] - before[metric])
        gains["brier"].append(before["brier"] - after["brier"])
    return {name: _change(name, np.concatenate(values)) for name, values in gains.items()}


def _change(metric: str, gains: Floats) -> Change:
    """The first weighting is the holdout as it is; a resample with one outcome only has no figure and is left out."""
    lower, upper = np.nanquantile(gains[1:], [1 - LEVEL, LEVEL])
    return Change(metric=metric, value=float(gains[0]), lower=float(lower), upper=float(upper))


def _weightings(groups: npt.NDArray[np.intp], seed: int) -> Iterator[Weights]:
    """How often each lead counts, shape (n, weightings) a piece: first once each, then as each resample drew it."""
    random, count = np.random.default_rng(seed), int(groups.max()) + 1
    yield np.ones((len(groups), 1), dtype=np.float32)
    size = max(1, min(RESAMPLES, CELLS // len(groups)))
    for done in range(0, RESAMPLES, size):
        columns = min(size, RESAMPLES - done)
        drawn = random.integers(0, count, size=(columns, count)) + np.arange(columns)[:, None] * count
        times = np.bincount(drawn.ravel(), minlength=columns * count).reshape(columns, count)
        yield np.ascontiguousarray(times.T, dtype=np.float32)[groups]


def _figures(y: Integers, p: Floats, threshold: float, metric: str, weights: Weights) -> dict[str, Floats]:
    if metric == "roc_auc":
        return {"roc_auc": _roc_auc(y, p, weights), "brier": ((p - y) ** 2) @ weights / weights.sum(axis=0)}
    with np.errstate(divide="ignore", invalid="ignore"):
        return weighted_figures(y, p, threshold, weights.T.astype(np.float64))


def _roc_auc(y: Integers, p: Floats, weights: Weights) -> Floats:
    """Share of (converted, not converted) pairs in the right order, ties half, for many weightings at once.

    The same figure as `weighted_figures` gives, in a tenth of the time: leads are rows here, so that sorting them
    moves whole rows. Whole numbers stay exact in 32 bits up to 16 million leads.
    """
    won, lost = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    lost = lost[np.argsort(p[lost], kind="stable")]
    below = np.concatenate([np.zeros((1, weights.shape[1]), np.float32), np.cumsum(weights[lost], axis=0)])
    beaten = below[np.searchsorted(p[lost], p[won], "left")]
    beaten += below[np.searchsorted(p[lost], p[won], "right")]
    pairs = weights[won].sum(axis=0, dtype=np.float64) * below[-1]
    score = np.einsum("ij,ij->j", weights[won], beaten, dtype=np.float64) / 2
    share: Floats = np.divide(score, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)
    return share


def segment_changes(
    outcome: Any,
    champion: tuple[Any, float],
    challenger: tuple[Any, float],
    segments: pd.DataFrame,
    least_rows: int,
) -> tuple[SegmentChange, ...]:
    """Both models on every level of every segment field that has at least `least_rows` leads.

    The figure is ROC-AUC, which no threshold moves, where the level has ten leads of each outcome; else accuracy.

    Args:
        outcome: 0 or 1, shape (n,).
        champion: its probabilities, shape (n,), and its threshold.
        challenger: the same of the challenger.
        segments: fields to break the leads down by, shape (n, fields).
        least_rows: smaller levels are left out.
    """
    (y, before), (_, after) = checked(outcome, champion[0]), checked(outcome, challenger[0])
    found = []
    for field in segments.columns:
        levels = segments[field].astype(object).where(segments[field].notna(), MISSING).astype(str)
        for level, inside in levels.groupby(levels).indices.items():
            if len(inside) < least_rows:
                continue
            metric, old = _segment_figure(y[inside], before[inside], champion[1])
            _, new = _segment_figure(y[inside], after[inside], challenger[1])
            figures = {"challenger": new, "champion": old, "change": new - old}
            found.append(SegmentChange(field=str(field), level=str(level), rows=len(inside), metric=metric, **figures))
    return tuple(found)


def _segment_figure(y: Integers, p: Floats, threshold: float) -> tuple[str, float]:
    if min(y.sum(), len(y) - y.sum()) < MIN_PER_CLASS:
        return "accuracy", float(((p >= threshold) == y).mean())
    return "roc_auc", float(_roc_auc(y, p, np.ones((len(y), 1), dtype=np.float32))[0])
