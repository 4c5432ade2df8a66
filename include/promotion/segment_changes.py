"""Compare two models on every segment of the holdout: what each segment gains or loses, and how sure that is."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t

from include.evaluation.scores import Floats, Integers, checked
from include.evaluation.segments import MISSING
from include.promotion.gate_report import SegmentChange
from include.promotion.paired import LEVEL
from include.training.data.dataset import MIN_PER_CLASS

METRIC = "brier_skill"

Groups = npt.NDArray[np.intp]


def segment_changes(
    outcome: Any,
    champion: Any,
    challenger: Any,
    groups: Any,
    segments: pd.DataFrame,
    least_rows: int,
) -> tuple[SegmentChange, ...]:
    """Compare both models' Brier skill on every level of every segment field.

    The Brier score is proper: a model cannot win by predicting nobody. Its scale depends on the share converted, so
    it is divided by rate × (1 − rate), the score of a model that knows only the segment's rate (Brier skill score,
    Murphy 1973). The rate has one lead of each outcome added (Laplace), so that it is never 0 or 1.

    The change has a paired standard error, which takes leads with identical rows as one piece of evidence
    (linearised cluster variance, Liang and Zeger 1986), and bounds by Student's t. Its degrees of freedom are one less
    than the different leads of the rarer outcome: these few carry the error. The bounds are one-sided 95 %
    for all compared segments together (Bonferroni; Dunn 1961).

    A segment with fewer leads than `least_rows`, or fewer than MIN_PER_CLASS of either outcome, gets no bounds. Few
    positives are the reason: where chance has drawn none of them, every lead agrees and the error looks like 0.

    Args:
        outcome: 0 or 1, shape (n,).
        champion: its probabilities, shape (n,).
        challenger: the same of the challenger.
        groups: number of the group of identical rows per lead, shape (n,).
        segments: fields to break the leads down by, shape (n, fields).
        least_rows: smaller levels are too small to say.

    Returns:
        One change for each level, in the order of the fields.

    Raises:
        OneClassOnlyError: all outcomes are the same.
        ScoresUnusableError: lengths differ, or a probability is not a number in [0, 1].
    """
    y, champion_probability = checked(outcome, champion)
    _, challenger_probability = checked(outcome, challenger)
    group_numbers = pd.factorize(np.asarray(groups))[0]
    levels = _levels(segments)
    compared = 0
    for _, _, rows in levels:
        evidence = _evidence(y[rows], group_numbers[rows])
        if _too_small(len(rows), evidence, least_rows) is None:
            compared += 1
    confidence = 1 - (1 - LEVEL) / max(compared, 1)
    changes = []
    for field, level, rows in levels:
        change = _segment_change(
            field,
            level,
            y[rows],
            champion_probability[rows],
            challenger_probability[rows],
            group_numbers[rows],
            least_rows,
            confidence,
        )
        changes.append(change)
    return tuple(changes)


def _levels(segments: pd.DataFrame) -> list[tuple[str, str, Groups]]:
    """Return field, level and row numbers of every level of every field; missing cells are a level."""
    levels = []
    for field in segments.columns:
        cells = segments[field]
        names = cells.astype(object).where(cells.notna(), MISSING).astype(str)
        for level, rows in names.groupby(names).indices.items():
            levels.append((str(field), str(level), np.asarray(rows, np.intp)))
    return levels


def _evidence(y: Integers, groups: Groups) -> int:
    """Return the number of different leads of the rarer outcome: identical rows count once."""
    converted = len(np.unique(groups[y == 1]))
    not_converted = len(np.unique(groups[y == 0]))
    return min(converted, not_converted)


def _too_small(rows: int, evidence: int, least_rows: int) -> str | None:
    """Return why nothing can be said about a segment, None where both models can be compared on it."""
    if rows < least_rows:
        return f"fewer than {least_rows} leads"
    if evidence < MIN_PER_CLASS:
        return f"only {evidence} different leads of the rarer outcome, {MIN_PER_CLASS} are needed"
    return None


def _segment_change(
    field: str,
    level: str,
    y: Integers,
    champion: Floats,
    challenger: Floats,
    groups: Groups,
    least_rows: int,
    confidence: float,
) -> SegmentChange:
    """Return the change on one segment, with bounds of this one-sided confidence where it is large enough."""
    positives = int(y.sum())
    rate = (positives + 1) / (len(y) + 2)
    rate_only_brier = rate * (1 - rate)
    champion_errors = (champion - y) ** 2
    challenger_errors = (challenger - y) ** 2
    champion_skill = float(1 - champion_errors.mean() / rate_only_brier)
    challenger_skill = float(1 - challenger_errors.mean() / rate_only_brier)
    change = challenger_skill - champion_skill
    evidence = _evidence(y, groups)
    too_small = _too_small(len(y), evidence, least_rows)
    lower = None
    upper = None
    if too_small is None:
        gains = (champion_errors - challenger_errors) / rate_only_brier
        margin = float(t.ppf(confidence, evidence - 1) * _error(gains, groups))
        lower = change - margin
        upper = change + margin
    return SegmentChange(
        field=field,
        level=level,
        rows=len(y),
        metric=METRIC,
        challenger=challenger_skill,
        champion=champion_skill,
        change=change,
        positives=positives,
        lower=lower,
        upper=upper,
        too_small=too_small,
    )


def _error(gains: Floats, groups: Groups) -> float:
    """Return the standard error of the mean gain where leads of one group are no independent evidence."""
    _, numbers = np.unique(groups, return_inverse=True)
    deviations = np.bincount(numbers, weights=gains - gains.mean())
    group_count = len(deviations)
    correction = group_count / (group_count - 1)
    return float(np.sqrt(correction * (deviations**2).sum()) / len(gains))
