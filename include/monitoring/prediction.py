"""Compare the champion's scores on current leads with those on its held-out leads: prediction drift."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from include.contract import Contract, KnownAt
from include.monitoring.columns.config import DriftConfig
from include.monitoring.columns.drift import ColumnDrift, detect_drift
from include.monitoring.columns.frames import Comparison
from include.monitoring.errors import ChampionUnreadableError
from include.registry.errors import ModelUnreadableError
from include.registry.models import decision_of, load_pipeline
from include.registry.registry import ChampionInfo
from include.training.data.splits import (
    HOLDOUT_SHARE,
    HoldOut,
    assign_split,
)

log = logging.getLogger(__name__)

PREDICTION = "(prediction)"
"""Stands for the scores where columns are listed; no field of a contract can be called so."""
SCORED = 20_000
"""Leads of one side that are scored at most, drawn with a seed."""
REFERENCE_ROWS = round(SCORED / HOLDOUT_SHARE)
"""Of a snapshot: so many that about SCORED of them were held out."""
UNFIT = (LookupError, TypeError, ValueError, AttributeError)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Champion:
    """A champion, loaded once for everything that one analysis asks of it."""

    info: ChampionInfo
    threshold: float
    pipeline: Any

    def scores(self, leads: pd.DataFrame) -> Floats:
        """Return the probability of conversion per raw row, shape (n,). Raises ChampionUnreadableError."""
        if leads.empty:
            return np.empty(0)
        try:
            return np.asarray(
                self.pipeline.predict_proba(leads)[:, 1], dtype=np.float64
            )
        except UNFIT as error:
            raise ChampionUnreadableError(
                f"{self.info.uri} cannot score these leads ({type(error).__name__}: {error}); retrain it if the "
                "contract has changed since its training, or roll back with promote_model, rollback=true"
            ) from error


def load(info: ChampionInfo) -> Champion:
    """Return the registered champion, ready to score.

    Raises:
        ChampionUnreadableError: its artefact is missing or unreadable, or carries no decision.
        TrackingUnavailableError: MLflow does not answer.
    """
    try:
        pipeline = load_pipeline(info)
        threshold = decision_of(info, pipeline).threshold
    except ModelUnreadableError as error:
        raise ChampionUnreadableError(f"champion {error}") from error
    return Champion(info, threshold, pipeline)


def held_out(
    reference: pd.DataFrame,
    contract: Contract,
    stage: KnownAt,
    leads_held_out: HoldOut,
) -> pd.DataFrame:
    """Return the labelled leads of a training snapshot that were held out when its model was trained.

    Scores of leads that a model has learnt from lie nearer to 0 and 1 than those of any new lead, without any drift.
    On a sample of a snapshot, a twin of a lead that was trained on may be among them; and where the newest leads were
    held out, some of about the same age that were not.

    Args:
        reference: rows of the snapshot, with key, label and clock of the contract.
        contract: what a lead is.
        stage: of the model.
        leads_held_out: which ones, as the tags of the model's version say.
    """
    labelled = with_outcome(reference, contract).reset_index(drop=True)
    sides = assign_split(labelled, contract, stage, leads_held_out)
    return sample(labelled[sides == "holdout"], SCORED)


def sample(leads: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Return at most so many rows, the same ones every time."""
    if len(leads) <= rows:
        return leads
    return leads.sample(rows, random_state=0)


def with_outcome(leads: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Return the leads that are not open any more; a frame without rows may lack its columns."""
    if leads.empty:
        return leads
    is_open = np.isnan(outcomes(leads, contract))
    return leads[~is_open]


def outcomes(leads: pd.DataFrame, contract: Contract) -> Floats:
    """Return the label per row, 0 or 1, NaN while a lead is open, shape (n,)."""
    labels = pd.to_numeric(leads[contract.label], errors="coerce")
    return labels.to_numpy(dtype="float64")


def prediction_drift(
    reference: Floats, current: Floats, config: DriftConfig
) -> ColumnDrift:
    """Return Evidently's verdict on the scores, by the method and threshold that drift.yaml pins for them.

    Args:
        reference: scores of held-out leads of the champion's snapshot, shape (n,).
        current: scores of current leads, shape (m,).
        config: the pinned methods.
    """
    comparison = Comparison(
        pd.DataFrame({PREDICTION: reference}),
        pd.DataFrame({PREDICTION: current}),
        numeric=(PREDICTION,),
        categorical=(),
    )
    pinned = config.model_copy(update={"numeric": config.prediction})
    (drift,) = detect_drift(comparison, pinned).columns
    log.info(
        "Prediction drift: %s %.4f, threshold %.4f",
        drift.method,
        drift.score,
        drift.threshold,
    )
    return drift
