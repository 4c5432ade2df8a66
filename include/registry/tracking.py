"""The way to the MLflow server: one client factory, short timeouts, one error when it is unreachable."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import mlflow
import requests
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from include.registry.errors import TrackingUnavailableError
from include.settings import Settings, settings

LIMITS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
PING_SECONDS = 5.0


@contextmanager
def tracking_errors() -> Iterator[None]:
    """Turns a lost connection to MLflow, also in the middle of a block, into TrackingUnavailableError."""
    try:
        yield
    except (MlflowException, requests.exceptions.RequestException) as error:
        if _lost_connection(error):
            raise TrackingUnavailableError(settings().mlflow.tracking_uri) from error
        raise


def _lost_connection(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, requests.exceptions.ConnectionError | requests.exceptions.Timeout):
            return True
        error = error.__cause__ or error.__context__
    return False


def connect(current: Settings | None = None) -> MlflowClient:
    """A client of the settings' MLflow server, which also becomes the default of `mlflow.*` calls.

    Raises:
        TrackingUnavailableError: nothing answers at the address.
    """
    address = (current or settings()).mlflow.tracking_uri
    for name, value in LIMITS.items():
        os.environ.setdefault(name, value)
    _ping(address)
    mlflow.set_tracking_uri(address)
    return MlflowClient(address)


def run_url(client: MlflowClient, run_id: str) -> str:
    """Address of a run's page in MLflow."""
    experiment = client.get_run(run_id).info.experiment_id
    address = settings().web.mlflow or settings().mlflow.tracking_uri
    return f"{address.rstrip('/')}/#/experiments/{experiment}/runs/{run_id}"


def _ping(address: str) -> None:
    if not address.startswith("http"):
        return
    try:
        requests.get(f"{address.rstrip('/')}/health", timeout=PING_SECONDS).raise_for_status()
    except requests.exceptions.RequestException as error:
        raise TrackingUnavailableError(address) from error
