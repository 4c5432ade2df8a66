"""Compare the champion's figures segment by segment with those on its own holdout: where it has become worse."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from include.contract import Contract, KnownAt
from include.decisions import Decisions
from include.evaluation.segment_fields import segments
from include.evaluation.segments import MISSING
from include.monitoring.performance import (
    FigureDrift,
    Scored,
    loss_limits,
    performance_drift,
)

FIGURES = ("roc_auc", "brier")
"""What is compared: precision needs predicted conversions, of which a segment has few."""


@dataclass(frozen=True)
class SegmentDrift:
    """One figure of the champion on one segment: on its holdout, and on leads whose outcome is final now.

    Attributes:
        field: of the segment.
        level: as the contract groups it, or the band of a number.
        rows: matured leads of the segment.
        figure: how much worse it has become.
    """

    field: str
    level: str
    rows: int
    figure: FigureDrift


def segment_drift(
    decisions: Decisions,
    contract: Contract,
    stage: KnownAt,
    leads: tuple[pd.DataFrame, pd.DataFrame],
    scores: tuple[Scored, Scored],
) -> tuple[SegmentDrift, ...]:
    """Compare every segment that has enough leads on both sides; what is said of one starts no retrain.

    Args:
        decisions: how many leads a segment needs (`gate_segment_rows`, `min_matured_per_outcome`), and the limits.
        contract: which columns are segments.
        stage: of the champion.
        leads: those of the holdout, and those whose outcome is final.
        scores: of both, rows as in `leads`.
    """
    holdout, matured = leads
    # Both sides are put into the same bands of a number.
    together = pd.concat([holdout, matured], ignore_index=True)
    fields = segments(together, contract, stage)
    limits = loss_limits(decisions)
    compared = {name: limits[name] for name in FIGURES}
    drifts: list[SegmentDrift] = []
    for field in fields.columns:
        values = fields[field].astype(object)
        filled = values.where(values.notna(), MISSING)
        levels = filled.astype(str).to_numpy()
        for level in sorted(set(levels)):
            drifts += _of_level(
                decisions,
                (str(field), level),
                levels == level,
                scores,
                compared,
            )
    return tuple(drifts)


def _of_level(
    decisions: Decisions,
    segment: tuple[str, str],
    members: np.ndarray,
    scores: tuple[Scored, Scored],
    limits: Mapping[str, float],
) -> list[SegmentDrift]:
    """Return the figures of one segment; none where it has too few leads on a side."""
    on_holdout, on_matured = scores
    rows_of_holdout = len(on_holdout.outcome)
    reference = _part(on_holdout, members[:rows_of_holdout])
    current = _part(on_matured, members[rows_of_holdout:])
    if not (
        _is_enough(decisions, reference) and _is_enough(decisions, current)
    ):
        return []
    field, level = segment
    return [
        SegmentDrift(field, level, len(current.outcome), figure)
        for figure in performance_drift(reference, current, limits)
    ]


def _part(scored: Scored, members: np.ndarray) -> Scored:
    """Return the leads of a segment."""
    return Scored(
        scored.outcome[members],
        scored.probability[members],
        scored.threshold,
    )


def _is_enough(decisions: Decisions, scored: Scored) -> bool:
    """Return whether figures of so many leads say something."""
    rows = len(scored.outcome)
    positives = int(scored.outcome.sum())
    rarer = min(positives, rows - positives)
    return (
        rows >= decisions.gate_segment_rows
        and rarer >= decisions.min_matured_per_outcome
    )
