"""A hosting container as a process: a model's archive unpacked below its own /opt/ml, and `serve` on a free port."""

import logging
import os
import socket
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import requests

from localaws.glue.job_logs import LogStream
from localaws.roles import role_name
from localaws.runtime import Runtime, split_uri
from localaws.sagemaker.folders import ROOT_VARIABLE
from localaws.sagemaker.jobs import CHECKOUT, NOT_INHERITED, end_group

log = logging.getLogger(__name__)

GROUP = "/aws/sagemaker/Endpoints"
COMMAND = ("-m", "include.api", "serve", "--host", "127.0.0.1")
"""The image is this checkout: what `docker run <image> serve` starts."""
PORT_VARIABLE = "SAGEMAKER_BIND_TO_PORT"
PING_SECONDS = 2.0  # AWS's limit for an answer to /ping
INVOCATION_SECONDS = 60.0  # AWS's limit for an answer to /invocations


class NotServingError(RuntimeError):
    """A container that does not answer /ping; the message is what DescribeEndpoint gives as the reason."""


class Container:
    """One model's server. Not done: the image (the project's checkout stands for it), network isolation, instances."""

    def __init__(self, runtime: Runtime, endpoint: str, model: Any, folder: Path) -> None:
        """`model` is moto's; `folder` becomes the container's own and is not there yet."""
        self._runtime, self._model, self._folder = runtime, model, folder
        self._role = role_name(model.execution_role_arn)
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._group = f"{GROUP}/{endpoint}"

    def start(self, seconds: float) -> None:
        """Starts it and waits until it answers /ping with 200.

        Raises:
            NotServingError: it ended, or did not answer within `seconds`, or its archive is none.
            botocore.exceptions.ClientError: the model's archive cannot be had.
        """
        self._unpack()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        with (self._folder / "container.log").open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, *COMMAND],
                cwd=CHECKOUT,
                env=self._environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + seconds
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._pings():
                return
            time.sleep(0.2)
        self.stop()
        raise NotServingError(
            "The primary container for production variant did not pass the ping health check. Please check CloudWatch "
            f"logs for this endpoint ({self._group})."
        )

    def invoke(self, body: bytes, headers: dict[str, str]) -> requests.Response:
        """What POST /invocations answers."""
        url = f"http://127.0.0.1:{self._port}/invocations"
        return requests.post(url, data=body, headers=headers, timeout=INVOCATION_SECONDS)

    def stop(self) -> None:
        """Ends the process, if it was started, and ships its log."""
        if self._process is None:
            return
        if self._process.poll() is None:
            end_group(self._process)
        logs = self._runtime.client("logs", self._role)
        LogStream(logs, self._group, self._folder.name, self._folder / "container.log").ship()

    def _unpack(self) -> None:
        folder = self._folder / "ml" / "model"
        folder.mkdir(parents=True)
        archive = self._folder / "model.tar.gz"
        s3 = self._runtime.client("s3", self._role)
        s3.download_file(*split_uri(self._model.primary_container["ModelDataUrl"]), str(archive))
        try:
            with tarfile.open(archive) as packed:
                packed.extractall(folder, filter="data")
        except tarfile.TarError as error:
            raise NotServingError(f"Failed to extract model data archive: {error}") from error

    def _environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
        given = {
            "PYTHONPATH": str(CHECKOUT),
            "PYTHONUNBUFFERED": "1",
            ROOT_VARIABLE: str(self._folder / "ml"),
            PORT_VARIABLE: str(self._port),
        }
        asked = self._model.primary_container.get("Environment") or {}
        return inherited | self._runtime.environment(self._role) | given | asked

    def _pings(self) -> bool:
        try:
            answer = requests.get(f"http://127.0.0.1:{self._port}/ping", timeout=PING_SECONDS)
        except requests.exceptions.RequestException:
            return False
        return bool(answer.ok)
