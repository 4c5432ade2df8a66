"""Compare the champion's figures on leads with a final outcome with those on its own holdout: performance drift."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.decisions import Decisions
from include.evaluation.intervals import (
    Interval,
    brier_interval,
    precision_interval,
    roc_auc_interval,
)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """Leads with outcome and score.

    Attributes:
        outcome: 0 or 1, shape (n,), both present.
        probability: of conversion, shape (n,).
        threshold: from this probability on a lead is predicted to convert.
    """

    outcome: Floats
    probability: Floats
    threshold: float


@dataclass(frozen=True)
class FigureDrift:
    """How much worse one figure has become since the holdout.

    Attributes:
        name: roc_auc, brier or precision.
        holdout: the figure on the champion's holdout.
        current: the figure on matured leads.
        loss: how much worse that is; negative where it is better.
        at_least: one-sided 95 % lower bound of the loss.
        limit: loss from which on the champion counts as drifted.
        drifted: whether the loss exceeds its limit beyond what chance explains.
        holdout_lower: lower end of the holdout figure's interval (one-sided 95 %), None in older summaries.
        holdout_upper: upper end of it.
        current_lower: lower end of the interval on matured leads.
        current_upper: upper end of it.
        holdout_rows: leads of the holdout.
        holdout_positives: how many of them converted.
    """

    name: str
    holdout: float
    current: float
    loss: float
    at_least: float
    limit: float
    drifted: bool
    holdout_lower: float | None = None
    holdout_upper: float | None = None
    current_lower: float | None = None
    current_upper: float | None = None
    holdout_rows: int | None = None
    holdout_positives: int | None = None


def performance_drift(
    holdout: Scored, matured: Scored, limits: Mapping[str, float]
) -> tuple[FigureDrift, ...]:
    """Compare every figure of `limits` between two sets of different leads.

    Both sets are samples, so each figure has an interval, and the bound of the loss follows from both: the loss less
    the root of the sum of squares of both arms towards each other (MOVER; Zou and Donner 2008; of two shares that is
    Newcombe's method 10, 1998). With symmetric arms that is 1.645 standard errors of a difference of independent
    estimates. A figure counts as drifted where that bound is above its limit. A few hundred leads alarm only on a
    collapse, thousands on a small loss.
    """
    figures = []
    for name, limit in limits.items():
        figures.append(_compare(name, holdout, matured, limit))
    return tuple(figures)


def loss_limits(decisions: Decisions) -> dict[str, float]:
    """Return for each figure the loss that the business accepts."""
    return {
        "roc_auc": decisions.max_auc_drop,
        "brier": decisions.max_brier_rise,
        "precision": decisions.max_precision_drop,
    }


def too_few(decisions: Decisions, outcome: Floats) -> str | None:
    """Return why performance cannot be compared on these matured leads, None where it can."""
    won = int(outcome.sum())
    rarer = min(won, len(outcome) - won)
    if (
        len(outcome) >= decisions.min_matured_leads
        and rarer >= decisions.min_matured_per_outcome
    ):
        return None
    return (
        f"not enough matured labels: {len(outcome)} leads, {rarer} of the rarer outcome; "
        f"{decisions.min_matured_leads} and {decisions.min_matured_per_outcome} are needed"
    )


def _compare(
    name: str, holdout: Scored, matured: Scored, limit: float
) -> FigureDrift:
    reference = interval(name, holdout)
    current = interval(name, matured)
    if name == "brier":
        loss = current.value - reference.value
        reference_arm = reference.upper - reference.value
        current_arm = current.value - current.lower
    else:
        loss = reference.value - current.value
        reference_arm = reference.value - reference.lower
        current_arm = current.upper - current.value
    at_least = float(loss - np.hypot(reference_arm, current_arm))
    return FigureDrift(
        name,
        reference.value,
        current.value,
        loss,
        at_least,
        limit,
        drifted=at_least > limit,
        holdout_lower=reference.lower,
        holdout_upper=reference.upper,
        current_lower=current.lower,
        current_upper=current.upper,
        holdout_rows=len(holdout.outcome),
        holdout_positives=int(holdout.outcome.sum()),
    )


def interval(name: str, scored: Scored) -> Interval:
    """Return one of the figures with its interval.

    Args:
        name: roc_auc, brier or precision.
        scored: leads with outcome and score.
    """
    if name == "precision":
        return precision_interval(
            scored.outcome, scored.probability, scored.threshold
        )
    interval_of = {"roc_auc": roc_auc_interval, "brier": brier_interval}[name]
    return interval_of(scored.outcome, scored.probability)
