"""Compare the champion with itself: whether its scores have moved, and whether it still predicts as well as it did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from include.contract import Contract, KnownAt
from include.decisions import Decisions
from include.monitoring.columns.config import drift_config
from include.monitoring.columns.drift import ColumnDrift
from include.monitoring.columns.frames import monitored_columns
from include.monitoring.columns.outage import find_outages
from include.monitoring.performance import (
    FigureDrift,
    Scored,
    loss_limits,
    performance_drift,
    too_few,
)
from include.monitoring.prediction import (
    held_out,
    load,
    outcomes,
    prediction_drift,
    with_outcome,
)
from include.monitoring.segment_watch import SegmentDrift, segment_drift
from include.registry.registry import ChampionInfo
from include.training.data.splits import held_out_of

STAGE = KnownAt.CONTACT
OFF = "turned off by the setting drift_triggers"


@dataclass(frozen=True)
class ModelDrift:
    """Prediction and performance drift; `notes` says why one of them was not looked at.

    `segments` has the performance segment by segment, which is shown and triggers nothing.
    """

    prediction: ColumnDrift | None = None
    performance: tuple[FigureDrift, ...] = ()
    matured_rows: int = 0
    notes: Mapping[str, str] = field(default_factory=dict)
    segments: tuple[SegmentDrift, ...] = ()

    @property
    def triggers(self) -> tuple[Literal["prediction", "performance"], ...]:
        """Return which of the two call for a new model."""
        triggers: list[Literal["prediction", "performance"]] = []
        if self.prediction is not None and self.prediction.drifted:
            triggers.append("prediction")
        if any(figure.drifted for figure in self.performance):
            triggers.append("performance")
        return tuple(triggers)


def model_drift(
    decisions: Decisions,
    contract: Contract,
    serving: ChampionInfo,
    reference: pd.DataFrame,
    current: pd.DataFrame,
    matured: pd.DataFrame,
) -> ModelDrift:
    """Score current, matured and held-out leads with the champion, and compare them.

    The champion is loaded once, or not at all if nothing needs its scores.

    Args:
        decisions: which triggers count, least numbers and limits.
        contract: what a lead is.
        serving: the champion.
        reference: rows of its training snapshot, REFERENCE_ROWS are enough.
        current: leads of the window, SCORED are enough.
        matured: labelled leads that arrived after its training and are old enough for their label to be final.

    Raises:
        ChampionUnreadableError: it cannot be loaded or cannot score these leads.
        TrackingUnavailableError: MLflow does not answer.
    """
    closed = with_outcome(matured, contract)
    holdout = _holdout(decisions, contract, reference, serving)
    notes = {
        "prediction": _no_prediction(decisions, contract, reference, holdout),
        "performance": _no_performance(decisions, contract, reference, closed),
    }
    reasons = {kind: reason for kind, reason in notes.items() if reason}
    if len(reasons) == len(notes):
        return ModelDrift(matured_rows=len(closed), notes=reasons)
    model = load(serving)
    holdout_scores = model.scores(holdout)
    prediction: ColumnDrift | None = None
    performance: tuple[FigureDrift, ...] = ()
    by_segment: tuple[SegmentDrift, ...] = ()
    if "prediction" not in reasons:
        reference_scores = holdout_scores
        seasonal = _seasonal_fields(contract)
        if seasonal:
            reference_scores = model.scores(_without(holdout, seasonal))
        prediction = prediction_drift(
            reference_scores,
            model.scores(_without(current, seasonal)),
            drift_config(),
        )
    if "performance" not in reasons:
        on_holdout = Scored(
            outcomes(holdout, contract), holdout_scores, model.threshold
        )
        on_matured = Scored(
            outcomes(closed, contract),
            model.scores(closed),
            model.threshold,
        )
        performance = performance_drift(
            on_holdout, on_matured, loss_limits(decisions)
        )
        by_segment = segment_drift(
            decisions,
            contract,
            STAGE,
            (holdout, closed),
            (on_holdout, on_matured),
        )
    return ModelDrift(prediction, performance, len(closed), reasons, by_segment)


def _seasonal_fields(contract: Contract) -> list[str]:
    """Return the columns that move by the calendar; scores are compared without them, so that they alone move none."""
    return [column.field for column in contract.columns if column.seasonal]


def _without(leads: pd.DataFrame, fields: list[str]) -> pd.DataFrame:
    """Return leads without some columns, which may be absent."""
    return leads.drop(columns=fields, errors="ignore")


def _holdout(
    decisions: Decisions,
    contract: Contract,
    reference: pd.DataFrame,
    serving: ChampionInfo,
) -> pd.DataFrame:
    """Return the held-out leads of the reference; none where nothing asks for the champion's scores."""
    watched = set(decisions.drift_triggers) - {"data"}
    if not watched or _no_roles(contract, reference):
        return reference.head(0)
    return held_out(reference, contract, STAGE, held_out_of(serving.tags))


def _no_roles(contract: Contract, reference: pd.DataFrame) -> str | None:
    """Return that the reference has no key, label or clock by the present contract, None where it has all three."""
    absent = [
        role
        for role in (contract.key, contract.label, contract.clock)
        if role not in reference.columns
    ]
    if not absent:
        return None
    return f"the reference has no column {', '.join(absent)}, which the contract uses as key, label or clock"


def _no_prediction(
    decisions: Decisions,
    contract: Contract,
    reference: pd.DataFrame,
    holdout: pd.DataFrame,
) -> str | None:
    """Return why the champion's scores cannot be compared, None where they can."""
    if "prediction" not in decisions.drift_triggers:
        return OFF
    reason = _no_roles(contract, reference)
    if reason:
        return reason
    if len(holdout) < decisions.min_drift_rows:
        return f"only {len(holdout)} held-out leads in the reference, {decisions.min_drift_rows} are needed"
    return None


def _no_performance(
    decisions: Decisions,
    contract: Contract,
    reference: pd.DataFrame,
    closed: pd.DataFrame,
) -> str | None:
    """Return why the champion's performance cannot be compared, None where it can."""
    if "performance" not in decisions.drift_triggers:
        return OFF
    reason = _no_roles(contract, reference)
    if reason:
        return reason
    if closed.empty:
        return "not enough matured labels: no lead since the champion has one"
    reason = too_few(decisions, outcomes(closed, contract))
    if reason:
        return reason
    # A champion that was fed gaps is no worse for it, and a new one would learn the gaps.
    monitored = monitored_columns(reference, contract)
    outages = find_outages(
        reference,
        closed,
        monitored,
        decisions.outage_missing_jump,
        contract.clock,
    )
    if not outages:
        return None
    return f"matured leads are from an outage of {', '.join(outage.column for outage in outages)}"
