"""Build the ML image with Docker and push it to the stage's repository: `python -m infra.images --stage dev`.

One image is the scoring API, the SageMaker endpoint and the SageMaker training job. Airflow needs none of them.
"""

import argparse
import base64
import logging
import subprocess
import sys
from collections.abc import Callable, Mapping

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.environments import Environment, load_environment
from infra.errors import DeploymentError, ImageError, InfraError
from infra.package import ROOT
from infra.stacks import Stacks

log = logging.getLogger(__name__)

DOCKERFILE = "docker/ml.Dockerfile"
PLATFORM = "linux/amd64"
"""Of Fargate's tasks and of SageMaker's instances, whatever the machine that builds."""
Run = Callable[[list[str], bytes], None]


def uri(environment: Environment, outputs: Mapping[str, str]) -> str:
    """Return repository and tag of the environment's image. Raises DeploymentError before the repository exists."""
    if "RepositoryUri" not in outputs:
        raise DeploymentError(
            f"stage {environment.name} has no repository yet: make stacks STAGE={environment.name}"
        )
    return f"{outputs['RepositoryUri']}:{environment['ImageTag']}"


def is_pushed(environment: Environment, session: boto3.Session) -> bool:
    """Tell whether the environment's repository holds its ImageTag."""
    ecr = session.client("ecr")
    try:
        ecr.describe_images(
            repositoryName=environment["TrainingImage"],
            imageIds=[{"imageTag": environment["ImageTag"]}],
        )
    except (
        ecr.exceptions.ImageNotFoundException,
        ecr.exceptions.RepositoryNotFoundException,
    ):
        return False
    return True


def docker(arguments: list[str], stdin: bytes = b"") -> None:
    """Run docker. Raises ImageError."""
    try:
        subprocess.run(  # noqa: S603, S607 - our own words
            ["docker", *arguments],  # noqa: S607 - the docker on PATH
            input=stdin,
            check=True,
            cwd=ROOT,
        )
    except FileNotFoundError as error:
        raise ImageError(
            "docker is not installed here: run this where it is"
        ) from error
    except subprocess.CalledProcessError as error:
        raise ImageError(
            f"docker {arguments[0]} ended with {error.returncode}; its own words stand above"
        ) from error


def push(
    environment: Environment,
    session: boto3.Session,
    outputs: Mapping[str, str],
    run: Run = docker,
) -> str:
    """Build and push the environment's image; return its URI.

    Raises:
        ImageError: the tag is taken (tags never move), or docker failed.
        DeploymentError: the environment has no repository yet.
    """
    image = uri(environment, outputs)
    if is_pushed(environment, session):
        raise ImageError(
            f"{image} is pushed already, and a tag never moves: raise ImageTag in {environment.file}"
        )
    run(
        [
            "build",
            "--platform",
            PLATFORM,
            "--file",
            DOCKERFILE,
            "--tag",
            image,
            ".",
        ],
        b"",
    )
    (access,) = session.client("ecr").get_authorization_token()[
        "authorizationData"
    ]
    token = base64.b64decode(access["authorizationToken"])
    user, _, password = token.partition(b":")
    registry = image.split("/")[0]
    run(
        ["login", "--username", user.decode(), "--password-stdin", registry],
        password,
    )
    run(["push", image], b"")
    return image


def main() -> None:
    """Run the command line: exit status 1 and the reason where nothing was pushed."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.images", description=__doc__
    )
    parser.add_argument("--stage", required=True)
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.INFO, format="%(message)s", stream=sys.stdout
    )
    session = boto3.Session()
    try:
        account = session.client("sts").get_caller_identity()["Account"]
        environment = load_environment(arguments.stage, account)
        image = push(
            environment, session, Stacks(environment, session).outputs()
        )
    except (InfraError, ClientError, BotoCoreError) as error:
        log.error("%s", error)
        sys.exit(1)
    log.info(
        "%s is pushed; make stacks STAGE=%s starts the API on it",
        image,
        environment.name,
    )


if __name__ == "__main__":
    main()
