"""What the champion itself shows: whether its scores have moved, and whether it still predicts as well as it did."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from include.contract import Contract, KnownAt
from include.monitoring.columns.config import drift_config
from include.monitoring.columns.drift import ColumnDrift
from include.monitoring.columns.frames import monitored_columns
from include.monitoring.columns.outage import find_outages
from include.monitoring.performance import FigureDrift, Scored, loss_limits, performance_drift, too_few
from include.monitoring.prediction import held_out, load, outcomes, prediction_drift, with_outcome
from include.registry.registry import ChampionInfo
from include.settings import Decisions

STAGE = KnownAt.CONTACT
OFF = "turned off by the setting drift_triggers"


@dataclass(frozen=True)
class ModelDrift:
    """Prediction and performance drift; `notes` says why one of them was not judged."""

    prediction: ColumnDrift | None = None
    performance: tuple[FigureDrift, ...] = ()
    matured_rows: int = 0
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def triggers(self) -> tuple[str, ...]:
        """Which of the two call for a new model."""
        moved = self.prediction is not None and self.prediction.drifted
        worse = any(figure.drifted for figure in self.performance)
        return ("prediction",) * moved + ("performance",) * worse


def model_drift(
    decisions: Decisions,
    contract: Contract,
    serving: ChampionInfo,
    reference: pd.DataFrame,
    current: pd.DataFrame,
    matured: pd.DataFrame,
) -> ModelDrift:
    """Scores current, matured and held-out leads with the champion, which is loaded once, or not at all if not needed.

    Args:
        decisions: which triggers count, least numbers and limits.
        contract: what a lead is.
        serving: the champion.
        reference: rows of its training snapshot, REFERENCE_ROWS are enough.
        current: leads of the window, SCORED are enough.
        matured: labelled leads that arrived after its training and are old enough for their label to be final.

    Raises:
        ChampionUnreadableError: it cannot be loaded or cannot score these leads.
        ColumnsDifferError: the snapshot lacks key, label or clock.
        TrackingUnavailableError: MLflow does not answer.
    """
    judged_on = held_out(reference, contract, STAGE) if set(decisions.drift_triggers) - {"data"} else reference.head(0)
    closed = with_outcome(matured, contract)
    notes = {
        "prediction": _no_prediction(decisions, judged_on),
        "performance": _no_performance(decisions, contract, reference, closed),
    }
    found = ModelDrift(matured_rows=len(closed), notes={kind: why for kind, why in notes.items() if why})
    if all(notes.values()):
        return found
    model = load(serving)
    before = model.scores(judged_on)
    if not notes["prediction"]:
        now = model.scores(current)
        found = replace(found, prediction=prediction_drift(before, now, drift_config()))
    if not notes["performance"]:
        holdout = Scored(outcomes(judged_on, contract), before, model.threshold)
        final = Scored(outcomes(closed, contract), model.scores(closed), model.threshold)
        found = replace(found, performance=performance_drift(holdout, final, loss_limits(decisions)))
    return found


def _no_prediction(decisions: Decisions, judged_on: pd.DataFrame) -> str | None:
    if "prediction" not in decisions.drift_triggers:
        return OFF
    if len(judged_on) < decisions.min_drift_rows:
        return f"only {len(judged_on)} held-out leads in the reference, {decisions.min_drift_rows} are needed"
    return None


def _no_performance(
    decisions: Decisions, contract: Contract, reference: pd.DataFrame, closed: pd.DataFrame
) -> str | None:
    if "performance" not in decisions.drift_triggers:
        return OFF
    if closed.empty:
        return "not enough matured labels: no lead since the champion has one"
    if why := too_few(decisions, outcomes(closed, contract)):
        return why
    # A champion that was fed gaps is no worse for it, and a new one would learn the gaps.
    broken = find_outages(reference, closed, monitored_columns(reference, contract), decisions.outage_missing_jump)
    return f"matured leads are from an outage of {', '.join(one.column for one in broken)}" if broken else None
