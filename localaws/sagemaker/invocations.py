"""Answer SageMaker's runtime API: InvokeEndpoint, by the endpoint's own container."""

import json
from types import SimpleNamespace
from typing import Any

from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime import urls as moto_urls
from moto.sagemakerruntime.models import SageMakerRuntimeBackend
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from localaws.errors import NotServingError
from localaws.sagemaker.endpoints import LocalEndpoint

Answer = tuple[int, dict[str, str], bytes | str]

ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
FORWARDED = ("Content-Type", "Accept", ATTRIBUTES)
RETURNED = ("Content-Type", ATTRIBUTES)


class LocalSageMakerRuntimeBackend(SageMakerRuntimeBackend):  # type: ignore[misc] # moto is untyped here
    """The runtime API without a state of its own: endpoints are those of LocalSageMakerBackend."""

    @property
    def _url_module(self) -> Any:
        paths = {
            "{0}/endpoints/(?P<name>[^/]+)/invocations$": LocalSageMakerRuntimeResponse.dispatch
        }
        return SimpleNamespace(url_bases=moto_urls.url_bases, url_paths=paths)


class LocalSageMakerRuntimeResponse(SageMakerRuntimeResponse):  # type: ignore[misc] # moto is untyped here
    """InvokeEndpoint; asynchronous invocations are not there."""

    def invoke_endpoint(self) -> Answer:
        """Return the container's answer; ModelError (424) for one other than 2xx, as AWS passes it on."""
        name = self.path.split("/")[2]
        endpoint = sagemaker_backends[self.current_account][
            self.region
        ].endpoints.get(name)
        if not isinstance(endpoint, LocalEndpoint):
            return _error(
                400,
                "ValidationError",
                f"Endpoint {name} of account {self.current_account} not found.",
            )
        forwarded = {
            header: self.headers[header]
            for header in FORWARDED
            if self.headers.get(header)
        }
        body = (
            self.raw_body
            if isinstance(self.raw_body, bytes)
            else str(self.raw_body or "").encode()
        )
        try:
            status, headers, content = endpoint.invoke(body, forwarded)
        except NotServingError as error:
            return _error(400, "ValidationError", str(error))
        if status // 100 != 2:
            reason = content.decode("utf-8", "replace")
            message = f'Received error ({status}) from primary container with message "{reason}".'
            return _error(
                424,
                "ModelError",
                message,
                OriginalStatusCode=status,
                OriginalMessage=reason,
            )
        returned = {
            name: value for name, value in headers.items() if name in RETURNED
        }
        returned["x-Amzn-Invoked-Production-Variant"] = (
            endpoint.production_variants[0]["VariantName"]
        )
        return 200, returned, content


def _error(
    status: int, error_type: str, message: str, **members: Any
) -> Answer:
    headers = {
        "x-amzn-ErrorType": error_type,
        "Content-Type": "application/json",
        "status": str(
            status
        ),  # moto reads an answer's status out of its headers
    }
    return status, headers, json.dumps({"message": message, **members})
