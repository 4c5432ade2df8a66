"""Loads the model of a registered version, or says why it cannot be loaded."""

import pickle
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow.sklearn
from mlflow.exceptions import MlflowException
from sklearn.pipeline import Pipeline

from include.features.calibration import Decision
from include.registry.errors import ModelUnreadableError
from include.registry.model_files import download, unreadable
from include.registry.registry import ChampionInfo

UNREADABLE = (
    MlflowException,
    pickle.UnpicklingError,
    ImportError,
    AttributeError,
    EOFError,
    OSError,
)


def decision_of(version: ChampionInfo, pipeline: Any) -> Decision:
    """Return the decision that a loaded model brings along: policy, threshold and tiers.

    It is the only source of the threshold: the tag `threshold` of a version is for people who search the registry.

    Raises:
        ModelUnreadableError: the model carries no decision, or its threshold is no probability.
    """
    decision = (
        getattr(pipeline[-1], "decision", None)
        if isinstance(pipeline, Pipeline)
        else None
    )
    if not isinstance(decision, Decision) or not 0 <= decision.threshold <= 1:
        raise ModelUnreadableError(
            f"{version.uri} carries no decision with a threshold; promote a version that train_models registered, or "
            "roll back with promote_model, rollback=true"
        )
    return decision


def load_pipeline(version: ChampionInfo) -> Any:
    """Load the pipeline of a registered version: raw rows to probability. Raises what `load_with_digest` raises."""
    pipeline, _ = load_with_digest(version)
    return pipeline


def load_with_digest(version: ChampionInfo) -> tuple[Any, str]:
    """Load the pipeline of a registered version, and return it with the digest of the files that were loaded.

    Raises:
        ModelFilesChangedError: its files are not those that were registered.
        ModelUnreadableError: its artefact is missing or cannot be unpickled.
        TrackingUnavailableError: MLflow does not answer.
    """
    with TemporaryDirectory() as work:
        folder = Path(work)
        digest = download(version, folder)
        try:
            pipeline = load_folder(folder)
        except UNREADABLE as error:
            raise unreadable(version, error) from error
    return pipeline, digest


def load_folder(folder: Path) -> Any:
    """Load the pipeline of a logged model from its folder; this project's own modules are used.

    MLflow puts the model's copy of these modules first in the search path and leaves it there, where a process that is
    started later would find it. The search path is put back.

    Raises:
        one of UNREADABLE: the model's files are missing or cannot be unpickled.
    """
    search_path = list(sys.path)
    try:
        return mlflow.sklearn.load_model(str(folder))
    finally:
        sys.path[:] = search_path
