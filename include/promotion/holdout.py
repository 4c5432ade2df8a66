"""Score registered versions on leads that they have not learnt from."""

import logging

import pandas as pd

from include.contract import Contract, KnownAt
from include.evaluation.scores import Floats
from include.lake.errors import ObjectMissingError
from include.registry.models import decision_of, load_with_digest
from include.registry.registry import ChampionInfo
from include.training.data.dataset import Dataset
from include.training.data.snapshot import load_snapshot
from include.training.data.splits import assign_split, held_out_of
from include.training.errors import SnapshotChangedError

log = logging.getLogger(__name__)

Scored = tuple[Floats, float]
"""A model's probabilities, shape (n,), and its threshold."""


def seen_by(
    contract: Contract, version: ChampionInfo, data: Dataset, stage: KnownAt
) -> pd.Series | None:
    """Return which leads of `data` a registered version learnt from (bool, index as in `data.frame`).

    A drawn split goes by a hash of the key, so an untouched lead is always on the same side; one whose own values, or
    an older twin's, were changed between two snapshots may have moved. Where the newest leads were held out, the
    version may have learnt from others that are held out now. None where the version's snapshot is gone or no longer
    readable under the present contract: then nobody can tell.
    """
    try:
        frame = load_snapshot(version.tags["snapshot_uri"])
        sides = assign_split(frame, contract, stage, held_out_of(version.tags))
        keys = frame.loc[sides != "holdout", contract.key]
    except (ObjectMissingError, SnapshotChangedError, KeyError) as error:
        log.warning(
            "Cannot tell which leads version %s learnt from: %s",
            version.version,
            error,
        )
        return None
    return data.frame[contract.key].isin(set(keys))


def holdout_scores(version: ChampionInfo, rows: pd.DataFrame) -> Scored:
    """Return what `judged_scores` returns, without the digest."""
    scores, _ = judged_scores(version, rows)
    return scores


def judged_scores(
    version: ChampionInfo, rows: pd.DataFrame
) -> tuple[Scored, str]:
    """Return a registered version's probabilities on raw rows with the model's own threshold, and its files' digest.

    Raises:
        ModelUnreadableError: the version cannot be loaded, or carries no decision.
        TrackingUnavailableError: MLflow does not answer.
    """
    pipeline, digest = load_with_digest(version)
    probability = pipeline.predict_proba(rows)[:, 1].astype("float64")
    return (probability, decision_of(version, pipeline).threshold), digest
