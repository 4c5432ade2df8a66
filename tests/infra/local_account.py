"""Local AWS as an account for the command lines of infra/: what it lacks answers as in an account without it."""

from types import SimpleNamespace
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.deploy import Deployer
from infra.environments import Environment
from infra.mwaa_environment import MwaaEnvironment
from infra.stacks import Stacks
from infra.uploads import CodeBucket


class NoEnvironmentYet:
    """MWAA of an account without environments."""

    def get_environment(self, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        missing = {
            "Error": {"Code": "ResourceNotFoundException", "Message": Name}
        }
        raise ClientError(missing, "GetEnvironment")


class SageMakerWithoutApps:
    """Local AWS's SageMaker, which cannot list what people opened in Studio; nobody has opened anything."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def get_paginator(self, operation: str) -> Any:
        if operation not in ("list_apps", "list_spaces"):
            return self._client.get_paginator(operation)
        pages: list[dict[str, Any]] = [{"Apps": [], "Spaces": []}]
        return SimpleNamespace(paginate=lambda **given: pages)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class Session:
    """A session of local AWS, which has no MWAA."""

    def __init__(self, session: boto3.Session) -> None:
        self._session, self.region_name = session, session.region_name

    def client(self, service: str) -> Any:
        if service == "mwaa":
            return NoEnvironmentYet()
        client = self._session.client(service)
        return (
            SageMakerWithoutApps(client) if service == "sagemaker" else client
        )


def work_of(stage: Environment, session: Any) -> Deployer:
    bucket = CodeBucket(session.client("s3"), stage["MwaaBucket"])
    environment = MwaaEnvironment(
        session.client("mwaa"), stage["EnvironmentName"]
    )
    return Deployer(
        stage,
        Stacks(stage, session, poll_seconds=0),
        bucket,
        environment,
        session.region_name,
    )
