"""Find the SageMaker endpoints of a stage, which DAGs make and no stack holds, with their logs.

Each contract has an endpoint of its own, whose name begins with that of the stage's contract. So does the name of
another stage's endpoint. Whose an endpoint is, the role of its model says; whose a log group is, its tag.
"""

import logging
from typing import Any

import boto3
from botocore.exceptions import ClientError

from include.contract.in_force import endpoint_name
from infra.account import log_days
from infra.environments import Environment
from infra.listing import listed, log_groups, wait_until_gone

log = logging.getLogger(__name__)

LOGS = "/aws/sagemaker/Endpoints/"
STAGE_TAG = "lead-conversion-stage"
"""Stacks.apply gives it to every stack, and so to the log group of the stage's own contract."""


def make_log_groups(
    environment: Environment, session: boto3.Session, key: str
) -> None:
    """Make the log groups of the further contracts' endpoints, which SageMaker would make without a key and for ever.

    One that is there keeps its logs. It gets the retention and the tag, unless it has another stage's tag.

    Args:
        environment: its contracts and how long it keeps logs.
        session: a boto3 session.
        key: ARN of the stage's key.
    """
    logs: Any = session.client("logs")
    for contract in environment.contracts:
        endpoint = endpoint_name(environment["EndpointName"], contract)
        name = f"{LOGS}{endpoint}"
        tags = {STAGE_TAG: environment.name}
        if name not in log_groups(logs, name):
            logs.create_log_group(logGroupName=name, kmsKeyId=key, tags=tags)
        elif _stage(logs, name) in ("", environment.name):
            logs.tag_log_group(logGroupName=name, tags=tags)
        else:
            continue
        logs.put_retention_policy(
            logGroupName=name, retentionInDays=log_days(environment)
        )


def own_log_groups(logs: Any, environment: Environment) -> list[str]:
    """Return the log groups of a stage's endpoints, those of contracts that are no longer in force included."""
    own = f"{LOGS}{environment['EndpointName']}"
    groups = []
    for name in log_groups(logs, own):
        if name == own or _stage(logs, name) == environment.name:
            groups.append(name)
    return groups


def stop_endpoints(sagemaker: Any, endpoint: str, role: str) -> list[str]:
    """Delete the endpoints of all contracts, which cost by the hour, with their configs and models.

    Args:
        sagemaker: a boto3 client.
        endpoint: name of the stage's own contract's endpoint, with which the other names begin.
        role: name of the stage's endpoint role; another stage's endpoints and models may begin with the same name.

    Returns:
        the names of the endpoints.

    Raises:
        DeploymentError: they were not gone in time.
    """
    models = _models(sagemaker, endpoint, role)
    present = _present(sagemaker, endpoint)
    names = []
    for name in present:
        if name == endpoint or _is_own(sagemaker, name, models):
            names.append(name)
    for name in names:
        if present[name] != "Deleting":
            sagemaker.delete_endpoint(EndpointName=name)
    if names:
        wait_until_gone(
            lambda: sorted(_present(sagemaker, endpoint).keys() & set(names)),
            f"endpoint {', '.join(names)} is not gone yet: run the deletion again",
        )
    configs = listed(
        sagemaker,
        "list_endpoint_configs",
        "EndpointConfigs",
        NameContains=endpoint,
    )
    # Config and model of a deployment have one name (include/endpoint/deployment.py).
    for config in configs:
        if config["EndpointConfigName"] in models:
            sagemaker.delete_endpoint_config(
                EndpointConfigName=config["EndpointConfigName"]
            )
    for model in models:
        sagemaker.delete_model(ModelName=model)
    return names


def has_role(arn: str, role: str) -> bool:
    """Tell whether an ARN is that of a role, by the role's name."""
    return arn.rsplit("/", 1)[-1] == role


def _present(sagemaker: Any, endpoint: str) -> dict[str, str]:
    """Return the status of the endpoint and of those whose names begin with its name and a dash, by name."""
    similar = listed(
        sagemaker, "list_endpoints", "Endpoints", NameContains=endpoint
    )
    present = {}
    for entry in similar:
        name = entry["EndpointName"]
        if name == endpoint or name.startswith(f"{endpoint}-"):
            present[name] = entry["EndpointStatus"]
    return present


def _is_own(sagemaker: Any, name: str, models: list[str]) -> bool:
    """Tell whether an endpoint serves one of the models; warn of one that serves a model which is gone."""
    description = sagemaker.describe_endpoint(EndpointName=name)
    config = description["EndpointConfigName"]
    if config in models:
        return True
    try:
        sagemaker.describe_model(ModelName=config)
    except ClientError:
        log.warning(
            "endpoint %s stays and costs by the hour: its model %s is gone, so nothing says whose it is; "
            "delete it by hand if it is this stage's",
            name,
            config,
        )
    return False


def _models(sagemaker: Any, endpoint: str, role: str) -> list[str]:
    """Return the names of the models in a role that belong to the endpoints of a stage."""
    names = []
    for model in listed(
        sagemaker, "list_models", "Models", NameContains=endpoint
    ):
        name = model["ModelName"]
        if not name.startswith(f"{endpoint}-"):
            continue
        if has_role(
            sagemaker.describe_model(ModelName=name)["ExecutionRoleArn"], role
        ):
            names.append(name)
    return names


def _stage(logs: Any, group: str) -> str:
    """Return the stage whose tag a log group has, "" without one."""
    tags = logs.list_tags_log_group(logGroupName=group)["tags"]
    return str(tags.get(STAGE_TAG, ""))
