"""The model of a registered version, or a clear word on why it cannot be had."""

import pickle
from typing import Any

import mlflow
import mlflow.sklearn
from mlflow.exceptions import MlflowException

from include.registry.errors import ModelUnreadableError, TrackingUnavailableError
from include.registry.registry import ChampionInfo
from include.registry.tracking import require_server, tracking_errors

UNREADABLE = (MlflowException, pickle.UnpicklingError, ImportError, AttributeError, EOFError, OSError)


def load_pipeline(version: ChampionInfo) -> Any:
    """The pipeline of a registered version: raw rows to probability.

    Raises:
        ModelUnreadableError: its artefact is missing or cannot be unpickled.
        TrackingUnavailableError: MLflow does not answer.
    """
    try:
        with tracking_errors():
            return mlflow.sklearn.load_model(version.uri)
    except TrackingUnavailableError:  # an OSError too, but a passing one
        raise
    except UNREADABLE as error:
        # MLflow downloads in threads and reports a connection lost there as a missing file.
        require_server(mlflow.get_tracking_uri())
        reason = str(error).partition("\n")[0]
        raise ModelUnreadableError(
            f"{version.uri} cannot be loaded ({type(error).__name__}: {reason}); aliases stay as they are: restore the "
            f"artefact of run {version.run_id}, or roll back with promote_model, rollback=true"
        ) from error
