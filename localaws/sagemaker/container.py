"""Run a hosting container as a process: a model's archive below its own /opt/ml, and `serve` on a free port."""

import logging
import socket
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import requests
import tenacity

from localaws.errors import NotServingError
from localaws.processes import LogStream, end_group
from localaws.roles import role_name
from localaws.runtime import Runtime, split_uri
from localaws.sagemaker.image import (
    CHECKOUT,
    GRACE_SECONDS,
    ROOT_VARIABLE,
    SERVE,
    container_environment,
)
from localaws.sagemaker.model_request import one_container

log = logging.getLogger(__name__)

GROUP = "/aws/sagemaker/Endpoints"
PORT_VARIABLE = "SAGEMAKER_BIND_TO_PORT"
PING_SECONDS = 2.0  # AWS's limit for an answer to /ping
INVOCATION_SECONDS = 60.0  # AWS's limit for an answer to /invocations
_POLL_SECONDS = 0.2


class Container:
    """One model's server. Not done: the image (the project's checkout stands for it), network isolation, instances."""

    def __init__(
        self, runtime: Runtime, endpoint: str, model: Any, folder: Path
    ) -> None:
        """`model` is moto's; `folder` becomes the container's own and is not there yet."""
        self._runtime = runtime
        self._model = model
        self._definition = one_container(
            {
                "primary_container": model.primary_container,
                "containers": model.containers,
            }
        )
        self._folder = folder
        self._role = role_name(model.execution_role_arn)
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._group = f"{GROUP}/{endpoint}"

    def start(self, seconds: float) -> None:
        """Start the server and wait until it answers /ping with 200.

        Raises:
            NotServingError: it ended, or did not answer within `seconds`, or its archive is none.
            botocore.exceptions.ClientError: the model's archive cannot be had.
        """
        self._unpack()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        with (self._folder / "container.log").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *SERVE],
                cwd=CHECKOUT,
                env=self._environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._process = process
        poll = tenacity.Retrying(
            retry=tenacity.retry_if_result(
                lambda answers: not answers and process.poll() is None
            ),
            wait=tenacity.wait_fixed(_POLL_SECONDS),
            stop=tenacity.stop_after_delay(seconds),
            retry_error_callback=lambda state: False,
        )
        if not poll(self._answers_ping):
            self.stop()
            raise NotServingError(
                "The primary container for production variant did not pass the ping health check. Please check "
                f"CloudWatch logs for this endpoint ({self._group})."
            )

    def invoke(self, body: bytes, headers: dict[str, str]) -> requests.Response:
        """Return what POST /invocations answers."""
        url = f"http://127.0.0.1:{self._port}/invocations"
        return requests.post(
            url, data=body, headers=headers, timeout=INVOCATION_SECONDS
        )

    def stop(self) -> None:
        """End the process, if it was started, and ship its log."""
        if self._process is None:
            return
        if self._process.poll() is None:
            end_group(self._process, GRACE_SECONDS)
        logs = self._runtime.client("logs", self._role)
        stream = LogStream(
            logs, self._group, self._folder.name, self._folder / "container.log"
        )
        stream.ship()

    def _unpack(self) -> None:
        """Put the files of the model's archive where the container looks for them."""
        folder = self._folder / "ml" / "model"
        folder.mkdir(parents=True)
        archive = self._folder / "model.tar.gz"
        bucket, key = split_uri(self._definition["ModelDataUrl"])
        self._runtime.client("s3", self._role).download_file(
            bucket, key, str(archive)
        )
        try:
            with tarfile.open(archive) as packed:
                packed.extractall(folder, filter="data")
        except tarfile.TarError as error:
            raise NotServingError(
                f"Failed to extract model data archive: {error}"
            ) from error

    def _environment(self) -> dict[str, str]:
        return {
            **container_environment(),
            **self._runtime.environment(self._role),
            ROOT_VARIABLE: str(self._folder / "ml"),
            PORT_VARIABLE: str(self._port),
            **(self._definition.get("Environment") or {}),
        }

    def _answers_ping(self) -> bool:
        try:
            answer = requests.get(
                f"http://127.0.0.1:{self._port}/ping", timeout=PING_SECONDS
            )
        except requests.exceptions.RequestException:
            return False
        return bool(answer.ok)
