"""`python -m infra.images --stage dev`: the ML image, built with Docker, into the stage's repository.

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

from infra.package import ROOT
from infra.stacks import Stacks
from infra.stages import Stage, StageError, load_stage

log = logging.getLogger(__name__)

DOCKERFILE = "docker/ml.Dockerfile"
PLATFORM = "linux/amd64"
"""Of Fargate's tasks and of SageMaker's instances, whatever the machine that builds."""
Run = Callable[[list[str], bytes], None]


class ImageError(StageError):
    """The image was not pushed; the message says what to do."""


def uri(stage: Stage, outputs: Mapping[str, str]) -> str:
    """Repository and tag of the stage's image. Raises StageError before the repository exists."""
    if "RepositoryUri" not in outputs:
        raise StageError(f"stage {stage.name} has no repository yet: make stacks STAGE={stage.name}")
    return f"{outputs['RepositoryUri']}:{stage['ImageTag']}"


def is_pushed(stage: Stage, session: boto3.Session) -> bool:
    """Whether the stage's repository holds its ImageTag."""
    ecr = session.client("ecr")
    try:
        ecr.describe_images(repositoryName=stage["TrainingImage"], imageIds=[{"imageTag": stage["ImageTag"]}])
    except (ecr.exceptions.ImageNotFoundException, ecr.exceptions.RepositoryNotFoundException):
        return False
    return True


def docker(arguments: list[str], given: bytes = b"") -> None:
    """Run docker on what is given to its standard input. Raises ImageError."""
    try:
        subprocess.run(["docker", *arguments], input=given, check=True, cwd=ROOT)  # noqa: S603, S607 - our own words
    except FileNotFoundError as error:
        raise ImageError("docker is not installed here: run this where it is") from error
    except subprocess.CalledProcessError as error:
        raise ImageError(f"docker {arguments[0]} ended with {error.returncode}; its own words stand above") from error


def push(stage: Stage, session: boto3.Session, outputs: Mapping[str, str], run: Run = docker) -> str:
    """Build and push the stage's image; returns its URI.

    Raises:
        ImageError: the tag is taken (tags never move), or docker failed.
        StageError: the stage has no repository yet.
    """
    image = uri(stage, outputs)
    if is_pushed(stage, session):
        where = f"infra/stages/{stage.name}.yaml"
        raise ImageError(f"{image} is pushed already, and a tag never moves: raise ImageTag in {where}")
    run(["build", "--platform", PLATFORM, "--file", DOCKERFILE, "--tag", image, "."], b"")
    (access,) = session.client("ecr").get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(access["authorizationToken"]).partition(b":")
    run(["login", "--username", user.decode(), "--password-stdin", image.split("/")[0]], password)
    run(["push", image], b"")
    return image


def main() -> None:
    """The command line: exit status 1 and the reason where nothing was pushed."""
    parser = argparse.ArgumentParser(prog="python -m infra.images", description=__doc__)
    parser.add_argument("--stage", required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    session = boto3.Session()
    try:
        stage = load_stage(arguments.stage, session.client("sts").get_caller_identity()["Account"])
        pushed = push(stage, session, Stacks(stage, session).outputs())
    except (StageError, ClientError, BotoCoreError) as error:
        log.error("%s", error)
        sys.exit(1)
    log.info("%s is pushed; make stacks STAGE=%s starts the API on it", pushed, stage.name)


if __name__ == "__main__":
    main()
