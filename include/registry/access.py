"""Looks up how to reach an MLflow server that asks for a login and has signed its certificate itself.

MLflow's client takes both from environment variables of its own, which are set here from the secret and the object
that the settings name. On a laptop the settings name neither, and nothing is set.
"""

import json
import os
import tempfile
import time
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from include.lake.aws import aws_client
from include.lake.errors import ObjectMissingError
from include.lake.objects import read_bytes
from include.registry.errors import TrackingLoginError
from include.settings import MlflowSettings

USERNAME = "MLFLOW_TRACKING_USERNAME"
PASSWORD = "MLFLOW_TRACKING_PASSWORD"  # noqa: S105 - the name of a variable
CERTIFICATE = "MLFLOW_TRACKING_SERVER_CERT_PATH"
KEPT_SECONDS = 300
"""How long an answer is used: a process that serves for months follows a changed password within this time."""
UNREADABLE = (
    ClientError,
    BotoCoreError,
    ObjectMissingError,
    ValueError,
    KeyError,
)


def log_in(server: MlflowSettings) -> None:
    """Set MLflow's own variables for user name, password and certificate, as far as the settings name them.

    Raises:
        TrackingLoginError: the secret or the certificate cannot be read.
    """
    period = int(time.monotonic() // KEPT_SECONDS)
    if server.secret:
        os.environ[USERNAME], os.environ[PASSWORD] = _login(
            server.secret, period
        )
    if server.certificate:
        os.environ[CERTIFICATE] = _certificate(server.certificate, period)


def trusted() -> str | bool:
    """Return what `requests` verifies a server by: the certificate's path, or True for the system's authorities."""
    return os.environ.get(CERTIFICATE) or True


@lru_cache(maxsize=1)
def _login(secret: str, period: int) -> tuple[str, str]:
    """Return user name and password; `period` makes the answer a new one from time to time."""
    try:
        value = aws_client("secretsmanager").get_secret_value(SecretId=secret)
        account = json.loads(value["SecretString"])
        return account["username"], account["password"]
    except UNREADABLE as error:
        raise TrackingLoginError(
            f"the secret {secret} with MLflow's login cannot be read ({type(error).__name__}); it needs the keys "
            "username and password, and the role the right to read it"
        ) from error


@lru_cache(maxsize=1)
def _certificate(uri: str, period: int) -> str:
    """Return the path of a local copy of the certificate; equal certificates have one path."""
    try:
        content = read_bytes(uri)
    except UNREADABLE as error:
        raise TrackingLoginError(
            f"MLflow's certificate {uri} cannot be read ({type(error).__name__}); the server puts it there when it "
            "starts, and the role needs the right to read it"
        ) from error
    name = sha256(content).hexdigest()[:16]
    path = Path(tempfile.gettempdir(), f"mlflow-{os.getuid()}-{name}.pem")
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
        part.write(content)
    Path(part.name).replace(path)
    return str(path)
