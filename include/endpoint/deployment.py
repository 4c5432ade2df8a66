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
from include.endpoint.encryption import output_key, volume_key
from include.endpoint.errors import NotDeployedError
from include.endpoint.training_job import environment
from include.lake.aws import aws_client
from include.lake.layout import Layout
from include.settings import Settings

log = logging.getLogger(__name__)

VARIANT = "champion"
IN_SERVICE = "InService"
STARTUP_SECONDS = 300
"""How long a new container may load its champions until it answers /ping."""
CAPTURED = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
TEXTS = {
    "CsvContentTypes": ["text/csv"],
    "JsonContentTypes": ["application/json", "application/jsonlines"],
}
NAME_LENGTH = 63
DIGEST_LENGTH = 8


def requests(
    settings: Settings, layout: Layout, packed: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the requests of CreateModel, CreateEndpointConfig and CreateEndpoint.

    Args:
        settings: name, role, image, instances and share of captured requests.
        layout: where captured requests go.
        packed: what `include.endpoint.bundle.bundle` returned.

    Returns:
        `model`, `config` and `endpoint`, and `name`, which model and config share; `champions_name` is what the name
        begins with, without the counts that a run published.
    """
    endpoint = settings.endpoint
    container = {
        "Image": endpoint.image,
        "ModelDataUrl": packed["model_data_url"],
        "Environment": environment(settings),
    }
    variant = {
        "VariantName": VARIANT,
        "InitialInstanceCount": endpoint.instances,
        "InstanceType": endpoint.instance,
        "ContainerStartupHealthCheckTimeoutInSeconds": STARTUP_SECONDS,
    }
    capture = {
        "EnableCapture": endpoint.capture_percentage > 0,
        "InitialSamplingPercentage": endpoint.capture_percentage,
        "DestinationS3Uri": layout.endpoint_capture,
        "CaptureOptions": CAPTURED,
        "CaptureContentTypeHeader": TEXTS,
        **output_key(endpoint.kms_key),
    }
    volumes = volume_key("KmsKeyId", endpoint.kms_key, endpoint.instance)
    content = [
        packed["sha256"],
        container["Image"],
        container["Environment"],
        endpoint.role,
        variant,
        capture,
        layout.contract.model_dump(mode="json"),
    ]
    if volumes:  # without a key the name stays that of the deployments before there was one
        content.append(volumes)
    counts = packed.get("counts_sha256", "")[:DIGEST_LENGTH]
    champions_name = _name(endpoint.name, packed["versions"], content, counts)
    name = f"{champions_name}-{counts}" if counts else champions_name
    return {
        "name": name,
        "champions_name": champions_name,
        "model": {
            "ModelName": name,
            "PrimaryContainer": container,
            "ExecutionRoleArn": endpoint.role,
            # The container asks nobody for anything: its champions lie in its own folder.
            "EnableNetworkIsolation": True,
        },
        "config": {
            "EndpointConfigName": name,
            "ProductionVariants": [{**variant, "ModelName": name}],
            "DataCaptureConfig": capture,
            **volumes,
        },
        "endpoint": {
            "EndpointName": endpoint.name,
            "EndpointConfigName": name,
        },
    }


def present(settings: Settings) -> dict[str, str] | None:
    """Return `config` and `status` of the endpoint as it is now, and the `reason` of a failure; None without one."""
    sagemaker = _client("sagemaker", settings.region)
    try:
        description = sagemaker.describe_endpoint(
            EndpointName=settings.endpoint.name
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationException":
            return None
        raise
    state = {
        "config": description["EndpointConfigName"],
        "status": description["EndpointStatus"],
    }
    reason = description.get("FailureReason")
    if reason:
        state["reason"] = reason
    return state


def serves(state: Mapping[str, str] | None, config: str | None) -> bool:
    """Tell whether the endpoint, whose state `present` returned, is in service with a config."""
    if state is None:
        return False
    return state["config"] == config and state["status"] == IN_SERVICE


def is_deployed(
    state: Mapping[str, str] | None,
    planned: Mapping[str, Any],
    bring_counts: bool = False,
) -> bool:
    """Tell whether the endpoint serves what is planned already, so that there is nothing to deploy.

    Counts that a run has published since are no reason to deploy, unless they are asked for: new instances are started
    for each deployment, and every load publishes counts.

    Args:
        state: of the endpoint, as `present` returned it.
        planned: what `requests` returned.
        bring_counts: whether the endpoint must have these counts too.
    """
    if bring_counts or state is None:
        return serves(state, planned["name"])
    champions_name = planned["champions_name"]
    config = state["config"]
    same = config == champions_name or config.startswith(f"{champions_name}-")
    return same and state["status"] == IN_SERVICE


def verify(
    settings: Settings,
    contract: Contract,
    config: str,
    versions: str,
    further: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Make sure that the endpoint serves a config with these champions: ask for its state, and for a score.

    SageMaker goes back to the former config by itself when an update fails, and calls the endpoint in service again.

    Args:
        settings: name of the endpoint.
        contract: names of the models.
        config: that was deployed.
        versions: as `bundle` names them, `contact-7-capture-3`.
        further: further outcome to its versions, for those that have a champion.

    Raises:
        NotDeployedError: another config serves, or none, or other champions answer.
    """
    name = settings.endpoint.name
    state = present(settings)
    if not serves(state, config):
        raise NotDeployedError(
            f"endpoint {name} should serve {config}, but is {state or 'not there'}"
        )
    runtime = _client("sagemaker-runtime", settings.region)
    response = runtime.invoke_endpoint(
        EndpointName=name,
        ContentType="application/json",
        Accept="application/json",
        Body=json.dumps([{contract.key: None}]).encode(),
    )
    answer = json.loads(response["Body"].read())
    expected = _versions_by_model(contract, versions)
    if answer["versions"] != expected or len(answer["predictions"]) != 1:
        raise NotDeployedError(
            f"endpoint {name} answers with {answer['versions']}, expected {expected}"
        )
    for outcome, of_outcome in (further or {}).items():
        view = contract.for_outcome(outcome)
        expected = _versions_by_model(view, of_outcome)
        reply = answer["outcomes"].get(outcome, {})
        if reply.get("versions") != expected:
            raise NotDeployedError(
                f"endpoint {name} answers for {outcome} with {reply.get('versions')}, expected {expected}"
            )
    return {"endpoint": name, "config": config, "versions": versions}


def roll_back(
    settings: Settings, previous: str | None
) -> dict[str, str] | None:
    """Take a deployment back: the former config serves again, without downtime.

    A first deployment that failed leaves an endpoint that can only be deleted, so it is.

    Args:
        settings: name of the endpoint.
        previous: config that served before; None where there was no endpoint.

    Returns:
        endpoint and config that it goes back to; None where there is nothing to wait for.

    Raises:
        botocore.exceptions.ClientError: SageMaker refuses, as it does while the endpoint is being changed.
    """
    name = settings.endpoint.name
    sagemaker = _client("sagemaker", settings.region)
    state = present(settings)
    if state is None or serves(state, previous):
        return None
    if previous is None:
        log.warning(
            "The first deployment of endpoint %s failed (%s): deleted",
            name,
            state,
        )
        sagemaker.delete_endpoint(EndpointName=name)
        return None
    log.warning(
        "Endpoint %s goes from %s back to config %s", name, state, previous
    )
    if state["config"] != previous:
        sagemaker.update_endpoint(
            EndpointName=name, EndpointConfigName=previous
        )
    return {"endpoint": name, "config": previous}


def _name(endpoint: str, versions: str, content: object, counts: str) -> str:
    """Return endpoint, versions and a digest of all that is deployed, as SageMaker takes a name.

    There is room behind it for `counts`, the digest of what a run published.
    """
    text = json.dumps(content, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]
    longest = NAME_LENGTH - DIGEST_LENGTH - 1
    if counts:
        longest -= len(counts) + 1
    readable = f"{endpoint}-{versions}"[:longest].strip("-")
    return f"{readable}-{digest}"


def _versions_by_model(contract: Contract, versions: str) -> dict[str, str]:
    """Return registered model to version, from `contact-7-capture-3`."""
    words = versions.split("-")
    by_model: dict[str, str] = {}
    for stage, version in zip(words[::2], words[1::2], strict=True):
        by_model[contract.model_name(KnownAt(stage))] = version
    return by_model


def _client(service: str, region: str) -> Any:
    return aws_client(service, region, read_timeout=65)
