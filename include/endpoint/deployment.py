"""The champions as a SageMaker endpoint: what is asked of SageMaker, whether it came to be, and the way back.

Model and endpoint config are named by what is in them, so that the same champions in the same surroundings are the same
config, and a config that has served can be gone back to by its name.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from include.contract import Contract, KnownAt
from include.endpoint.errors import NotDeployedError
from include.endpoint.training_job import environment
from include.lake.aws import aws_client
from include.lake.layout import Layout
from include.settings import Settings

log = logging.getLogger(__name__)

VARIANT = "champion"
IN_SERVICE, FAILED = "InService", "Failed"
STARTUP_SECONDS = 300
"""How long a new container may load its champions until it answers /ping."""
CAPTURED = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
TEXTS = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json", "application/jsonlines"]}
NAME_LENGTH = 63
DIGEST_LENGTH = 8


def requests(settings: Settings, layout: Layout, packed: Mapping[str, str]) -> dict[str, Any]:
    """Return the requests of CreateModel, CreateEndpointConfig and CreateEndpoint.

    Args:
        settings: name, role, image, instances and share of captured requests.
        layout: where captured requests go.
        packed: what `include.endpoint.bundle.bundle` returned.

    Returns:
        `model`, `config` and `endpoint`, and `name`, which model and config share.
    """
    container = {
        "Image": settings.endpoint.image,
        "ModelDataUrl": packed["model_data_url"],
        "Environment": environment(settings),
    }
    # The container asks nobody for anything: its champions lie in its own folder.
    model = {"PrimaryContainer": container, "ExecutionRoleArn": settings.endpoint.role, "EnableNetworkIsolation": True}
    variant = {
        "VariantName": VARIANT,
        "InitialInstanceCount": settings.endpoint.instances,
        "InstanceType": settings.endpoint.instance,
        "ContainerStartupHealthCheckTimeoutInSeconds": STARTUP_SECONDS,
    }
    capture = {
        "EnableCapture": settings.endpoint.capture_percentage > 0,
        "InitialSamplingPercentage": settings.endpoint.capture_percentage,
        "DestinationS3Uri": layout.endpoint_capture,
        "CaptureOptions": CAPTURED,
        "CaptureContentTypeHeader": TEXTS,
    }
    content = [packed["sha256"], container["Image"], container["Environment"], settings.endpoint.role, variant, capture]
    name = _name(settings.endpoint.name, packed["versions"], content)
    return {
        "name": name,
        "model": {"ModelName": name, **model},
        "config": {
            "EndpointConfigName": name,
            "ProductionVariants": [{**variant, "ModelName": name}],
            "DataCaptureConfig": capture,
        },
        "endpoint": {"EndpointName": settings.endpoint.name, "EndpointConfigName": name},
    }


def present(settings: Settings) -> dict[str, str] | None:
    """`config` and `status` of the endpoint as it is now; None where there is none."""
    try:
        found = _client("sagemaker", settings.region).describe_endpoint(EndpointName=settings.endpoint.name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationException":
            return None
        raise
    described = {"config": found["EndpointConfigName"], "status": found["EndpointStatus"]}
    return described | ({"reason": found["FailureReason"]} if found.get("FailureReason") else {})


def verify(settings: Settings, contract: Contract, config: str, versions: str) -> dict[str, str]:
    """Make sure that the endpoint serves a config with these champions: asks for its state, and for a score.

    SageMaker goes back to the former config by itself when an update fails, and calls the endpoint in service again.

    Args:
        settings: name of the endpoint.
        contract: names of the models.
        config: that was deployed.
        versions: as `bundle` names them, `contact-7-capture-3`.

    Raises:
        NotDeployedError: another config serves, or none, or other champions answer.
    """
    now = present(settings)
    if now is None or (now["config"], now["status"]) != (config, IN_SERVICE):
        raise NotDeployedError(f"endpoint {settings.endpoint.name} should serve {config}, but is {now or 'not there'}")
    runtime = _client("sagemaker-runtime", settings.region)
    answer = runtime.invoke_endpoint(
        EndpointName=settings.endpoint.name, ContentType="application/json", Accept="application/json", Body=b"[{}]"
    )
    told = json.loads(answer["Body"].read())
    expected = _by_model(contract, versions)
    if told["versions"] != expected or len(told["predictions"]) != 1:
        raise NotDeployedError(
            f"endpoint {settings.endpoint.name} answers with {told['versions']}, expected {expected}"
        )
    return {"endpoint": settings.endpoint.name, "config": config, "versions": versions}


def roll_back(settings: Settings, previous: str | None) -> dict[str, str] | None:
    """Takes a deployment back: the former config serves again, without downtime.

    A first deployment that failed leaves an endpoint that can only be deleted, so it is.

    Args:
        settings: name of the endpoint.
        previous: config that served before; None where there was no endpoint.

    Returns:
        endpoint and config that it goes back to; None where there is nothing to wait for.

    Raises:
        botocore.exceptions.ClientError: SageMaker refuses, as it does while the endpoint is being changed.
    """
    now, api = present(settings), _client("sagemaker", settings.region)
    if now is None or (now["config"], now["status"]) == (previous, IN_SERVICE):
        return None
    if previous is None:
        log.warning("The first deployment of endpoint %s failed (%s): deleted", settings.endpoint.name, now)
        api.delete_endpoint(EndpointName=settings.endpoint.name)
        return None
    log.warning("Endpoint %s goes from %s back to config %s", settings.endpoint.name, now, previous)
    if now["config"] != previous:
        api.update_endpoint(EndpointName=settings.endpoint.name, EndpointConfigName=previous)
    return {"endpoint": settings.endpoint.name, "config": previous}


def _name(endpoint: str, versions: str, content: object) -> str:
    """Endpoint, versions and a digest of all that is deployed, as SageMaker takes a name."""
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:DIGEST_LENGTH]
    return f"{f'{endpoint}-{versions}'[: NAME_LENGTH - DIGEST_LENGTH - 1].strip('-')}-{digest}"


def _by_model(contract: Contract, versions: str) -> dict[str, str]:
    words = versions.split("-")
    return {
        contract.model_name(KnownAt(stage)): version for stage, version in zip(words[::2], words[1::2], strict=True)
    }


def _client(service: str, region: str) -> Any:
    return aws_client(service, region, read_timeout=65)
