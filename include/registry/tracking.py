"""Connects to the MLflow server: one client factory, short timeouts, one error when it is unreachable."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import mlflow
import requests
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from include.registry.access import log_in, trusted
from include.registry.errors import TrackingUnavailableError
from include.settings import MlflowSettings, Settings

LIMITS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # Asks for a second address of each file that is downloaded; a model's files are small.
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
PING_SECONDS = 5.0


@contextmanager
def tracking_errors() -> Iterator[None]:
    """Turn a lost connection to MLflow, also in the middle of a block, into TrackingUnavailableError."""
    try:
        yield
    except (MlflowException, requests.exceptions.RequestException) as error:
        if _lost_connection(error):
            raise TrackingUnavailableError(mlflow.get_tracking_uri()) from error
        raise


def _lost_connection(error: BaseException | None) -> bool:
    """Tell whether a lost connection stands anywhere in the chain of causes."""
    while error is not None:
        if isinstance(
            error,
            requests.exceptions.ConnectionError | requests.exceptions.Timeout,
        ):
            return True
        error = error.__cause__ or error.__context__
    return False


def connect(server: MlflowSettings | str) -> MlflowClient:
    """Return a client of an MLflow server, which also becomes the default of `mlflow.*` calls.

    Args:
        server: `settings.mlflow`, whose secret and certificate are used; or the address of a server without login.

    Raises:
        TrackingLoginError: the secret or the certificate cannot be read.
        TrackingUnavailableError: nothing answers at the address.
    """
    for name, value in LIMITS.items():
        os.environ.setdefault(name, value)
    if isinstance(server, str):
        tracking_uri = server
    else:
        log_in(server)
        tracking_uri = server.tracking_uri
    require_server(tracking_uri)
    mlflow.set_tracking_uri(tracking_uri)
    return MlflowClient(tracking_uri)


def run_url(settings: Settings, client: MlflowClient, run_id: str) -> str:
    """Return the address of a run's page in MLflow, as a person's browser reaches it."""
    experiment = client.get_run(run_id).info.experiment_id
    address = settings.web.mlflow or settings.mlflow.tracking_uri
    return f"{address.rstrip('/')}/#/experiments/{experiment}/runs/{run_id}"


def require_server(address: str) -> None:
    """Make sure that the MLflow server answers; an address that is no URL of a server passes.

    Raises:
        TrackingUnavailableError: nothing answers at the address.
    """
    if not address.startswith("http"):
        return
    try:
        requests.get(
            f"{address.rstrip('/')}/health",
            timeout=PING_SECONDS,
            verify=trusted(),
        ).raise_for_status()
    except requests.exceptions.RequestException as error:
        raise TrackingUnavailableError(address) from error
