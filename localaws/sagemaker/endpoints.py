"""Run endpoints: a container for the config in use, and a new one beside it while an update is under way."""

import json
import logging
import uuid
from pathlib import Path
from threading import RLock, Thread
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.utils import utcnow
from moto.sagemaker.models import FakeEndpoint

from localaws.errors import NotServingError
from localaws.runtime import Runtime, split_uri
from localaws.sagemaker.container import Container

log = logging.getLogger(__name__)

STARTUP_SECONDS = 240.0
"""How long a container may take to answer /ping, where its variant does not say."""


class LocalEndpoint(FakeEndpoint):  # type: ignore[misc] # moto is untyped here
    """One endpoint with one variant and one container.

    As on AWS, an update that fails leaves the endpoint in service with the config that it had, and says why; a creation
    that fails leaves it Failed. Not done: several variants, weights, scaling, asynchronous and serverless inference.
    """

    runtime: Runtime

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.failure_reason: str | None = None
        self._lock = RLock()
        self._container: Container | None = None
        self._coming: Container | None = None
        self._deployment: Thread | None = None

    def start(self, config: Any, model: Any, status: str) -> None:
        """Bring `config` into service; returns at once. `status` is Creating or Updating."""
        self.endpoint_status = status
        self.failure_reason = None
        name = f"endpoint-{self.endpoint_name}"
        self._deployment = Thread(
            target=self._deploy, args=(config, model), name=name, daemon=True
        )
        self._deployment.start()

    def invoke(
        self, body: bytes, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """Return the container's answer: status, headers and body.

        Raises:
            NotServingError: no container is in service.
        """
        with self._lock:
            container = self._container
        if container is None:
            raise NotServingError(
                f"Endpoint {self.endpoint_name} of account is not in service."
            )
        answer = container.invoke(body, headers)
        self._capture(headers, body, answer)
        return answer.status_code, dict(answer.headers), answer.content

    def stop(self) -> None:
        """End the container, and a deployment under way."""
        with self._lock:
            containers = [self._coming, self._container]
            self._container = None
        for container in containers:
            if container:
                container.stop()
        if self._deployment:
            self._deployment.join(30)

    def _deploy(self, config: Any, model: Any) -> None:
        folder = (
            Path(self.runtime.data_dir)
            / "sagemaker"
            / f"{self.endpoint_name}-{uuid.uuid4().hex[:8]}"
        )
        container = Container(self.runtime, self.endpoint_name, model, folder)
        variant = config.production_variants[0]
        seconds = (
            variant.get("ContainerStartupHealthCheckTimeoutInSeconds")
            or STARTUP_SECONDS
        )
        with self._lock:
            self._coming = container
        try:
            container.start(seconds)
        except (NotServingError, ClientError, BotoCoreError) as error:
            self._fail(str(error))
            return
        except Exception as error:
            log.exception(
                "Endpoint %s", self.endpoint_name
            )  # nobody above catches it, and clients must see an end
            self._fail(f"InternalServerError: {type(error).__name__}")
            return
        self._replace_container(container, config)

    def _replace_container(self, container: Container, config: Any) -> None:
        """Put a container that answers, and its config, in place of the former ones."""
        with self._lock:
            former = self._container
            self._container = container
            self._coming = None
            self.endpoint_config_name = config.endpoint_config_name
            self.data_capture_config = config.data_capture_config
            self.production_variants = self._process_production_variants(
                config.production_variants
            )
            self._settle("InService", None)
        if former:
            former.stop()

    def _fail(self, reason: str) -> None:
        with self._lock:
            self._settle("InService" if self._container else "Failed", reason)

    def _settle(self, status: str, reason: str | None) -> None:
        log.info("Endpoint %s: %s %s", self.endpoint_name, status, reason or "")
        self.failure_reason = reason
        self.last_modified_time = utcnow()
        self.endpoint_status = status

    def _capture(
        self, headers: dict[str, str], body: bytes, answer: Any
    ) -> None:
        """Keep request and answer as AWS does, in an object of their own; every request, whatever the sampling."""
        if not self.data_capture_config.get("EnableCapture"):
            return
        event = str(uuid.uuid4())
        moment = utcnow()
        record = {
            "captureData": {
                "endpointInput": _captured(
                    "INPUT", headers.get("Content-Type"), body
                ),
                "endpointOutput": _captured(
                    "OUTPUT", answer.headers.get("Content-Type"), answer.content
                ),
            },
            "eventMetadata": {
                "eventId": event,
                "inferenceTime": moment.isoformat(),
            },
            "eventVersion": "0",
        }
        variant = self.production_variants[0]["VariantName"]
        destination = self.data_capture_config["DestinationS3Uri"].rstrip("/")
        folder = f"{destination}/{self.endpoint_name}/{variant}"
        bucket, key = split_uri(
            f"{folder}/{moment:%Y/%m/%d/%H}/{moment:%M-%S}-{event}.jsonl"
        )
        line = json.dumps(record).encode() + b"\n"
        self.runtime.client("s3").put_object(Bucket=bucket, Key=key, Body=line)


def _captured(
    mode: str, content_type: str | None, data: bytes
) -> dict[str, Any]:
    return {
        "mode": mode,
        "observedContentType": content_type,
        "data": data.decode("utf-8", "replace"),
    }
