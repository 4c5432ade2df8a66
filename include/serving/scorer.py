"""The scorer: a stage's champion from the registry, from leads to score and tier."""

import logging
import pickle
from dataclasses import dataclass, field
from typing import Any

import mlflow.sklearn
import pandas as pd
from mlflow.exceptions import MlflowException

from include.contract import Contract, KnownAt, load_contract
from include.registry.registry import ChampionInfo, NoChampion, champion
from include.registry.tracking import TrackingUnavailable, tracking_errors
from include.serving.tiers import score_of, tier_of
from include.settings import settings

log = logging.getLogger(__name__)


class ChampionUnusable(RuntimeError):  # noqa: N818 - says what is the matter
    """The registry names a champion that cannot score; the message says which and what is wrong with it."""


@dataclass(frozen=True)
class Scorer:
    """One champion, loaded. Scoring changes nothing in it, so threads may share it."""

    champion: ChampionInfo
    stage: KnownAt
    threshold: float
    contract: Contract = field(repr=False)
    pipeline: Any = field(repr=False)

    def score(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Scores leads, one row out for each row in, in the same order and with the same index.

        Args:
            frame: leads with business headers or contract fields as columns; absent columns count as missing.

        Returns:
            Columns: the contract's key, score (0-100), probability, prediction (0 or 1 by the champion's
            threshold), tier (A to D).
        """
        leads = to_fields(frame, self.contract)
        positive = self.pipeline.predict_proba(leads)[:, 1] if len(leads) else []
        probability = pd.Series(positive, index=leads.index, dtype="float64")
        score = score_of(probability)
        key = leads[self.contract.key]
        return pd.DataFrame(
            {
                self.contract.key: [None if pd.isna(value) else value for value in key],
                "score": score,
                "probability": probability,
                "prediction": (probability >= self.threshold).astype("int64"),
                "tier": tier_of(score),
            }
        )


def to_fields(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """`frame` with exactly the contract's fields: headers renamed, absent columns empty, others dropped."""
    renamed = frame.rename(columns={column.name: column.field for column in contract.columns})
    return renamed.reindex(columns=list(contract.fields))


def load_champion(stage: KnownAt = KnownAt.CONTACT) -> Scorer:
    """The scorer of a stage's champion.

    Raises:
        NoChampion: nothing has been promoted for this stage.
        ChampionUnusable: the version's threshold or artifact is missing or unreadable.
        TrackingUnavailable: MLflow does not answer.
    """
    contract = load_contract(settings().contract)
    return load_version(find_champion(contract, stage), stage, contract)


def find_champion(contract: Contract, stage: KnownAt) -> ChampionInfo:
    """Which version the registry calls the stage's champion. Raises NoChampion and TrackingUnavailable."""
    model = contract.model_name(stage)
    found = champion(model)
    if found is None:
        raise NoChampion(f"{model} has no champion yet; run data_drift_redshift_retrain to train and promote the first")
    return found


def load_version(serving: ChampionInfo, stage: KnownAt, contract: Contract) -> Scorer:
    """The scorer of one registered version. Raises ChampionUnusable and TrackingUnavailable."""
    try:
        threshold = float(serving.tags["threshold"])
    except (KeyError, ValueError) as error:
        raise ChampionUnusable(
            f"{serving.uri}: its tag threshold is not a number ({error}); register it again"
        ) from error
    scorer = Scorer(serving, stage, threshold, contract, _load_pipeline(serving))
    log.info("Loaded champion %s, threshold %.3f", serving.uri, threshold)
    return scorer


UNREADABLE = (MlflowException, pickle.UnpicklingError, ImportError, AttributeError, EOFError, OSError)


def _load_pipeline(serving: ChampionInfo) -> Any:
    try:
        with tracking_errors():
            return mlflow.sklearn.load_model(serving.uri)
    except TrackingUnavailable:  # an OSError too, but a passing one
        raise
    except UNREADABLE as error:
        raise ChampionUnusable(
            f"{serving.uri} cannot be loaded ({type(error).__name__}: {error}); "
            "roll back with promote_model, rollback=true"
        ) from error
