"""Build the ML image with Docker and push it to the stage's repository: `python -m infra.images --stage dev`.

One image is the scoring API, the SageMaker endpoint and the SageMaker training job, with two targets: SageMaker expects
root, Fargate gets a user without rights. Airflow needs neither.
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
SAGEMAKER = "sagemaker"
API = "api"
TAG_SUFFIX = {SAGEMAKER: "", API: "-api"}
"""Targets of the Dockerfile, and what their tags add to ImageTag."""
MANIFESTS = frozenset(
    (
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    )
)
"""What SageMaker takes: images in Docker's own format, no OCI image and no index of images.

Source: aws/amazon-sagemaker-feedback#180, aws/sagemaker-python-sdk#4325.
"""
FORMAT = ["--provenance=false", "--sbom=false", "--output", "type=docker"]
"""Attestations turn an image into an OCI index; `type=docker` writes Docker's media types."""
Run = Callable[[list[str], bytes], None]


def uri(
    environment: Environment, outputs: Mapping[str, str], target: str
) -> str:
    """Return repository and tag of one target's image. Raises DeploymentError before the repository exists."""
    if "RepositoryUri" not in outputs:
        raise DeploymentError(
            f"stage {environment.name} has no repository yet: make stacks STAGE={environment.name}"
        )
    return f"{outputs['RepositoryUri']}:{_tag(environment, target)}"


def is_pushed(
    environment: Environment, session: boto3.Session, target: str
) -> bool:
    """Tell whether the environment's repository holds one target's image."""
    return _media_type(environment, session, target) is not None


def _tag(environment: Environment, target: str) -> str:
    return environment["ImageTag"] + TAG_SUFFIX[target]


def _media_type(
    environment: Environment, session: boto3.Session, target: str
) -> str | None:
    """Return the media type of a pushed image's manifest; None where the tag is not in the repository."""
    ecr = session.client("ecr")
    try:
        answer = ecr.describe_images(
            repositoryName=environment["TrainingImage"],
            imageIds=[{"imageTag": _tag(environment, target)}],
        )
    except (
        ecr.exceptions.ImageNotFoundException,
        ecr.exceptions.RepositoryNotFoundException,
    ):
        return None
    return str(answer["imageDetails"][0].get("imageManifestMediaType", ""))


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
) -> list[str]:
    """Build and push the images that are not in the repository yet; return their URIs.

    Raises:
        ImageError: both tags are taken (tags never move), docker failed, or SageMaker would not take what was pushed.
        DeploymentError: the environment has no repository yet.
    """
    images = {
        target: uri(environment, outputs, target)
        for target in TAG_SUFFIX
        if not is_pushed(environment, session, target)
    }
    if not images:
        raise ImageError(
            f"{uri(environment, outputs, SAGEMAKER)} is pushed already, and a tag never moves: "
            f"raise ImageTag in {environment.file}"
        )
    for target, image in images.items():
        run(
            [
                "buildx",
                "build",
                *FORMAT,
                "--platform",
                PLATFORM,
                "--file",
                DOCKERFILE,
                "--target",
                target,
                "--tag",
                image,
                ".",
            ],
            b"",
        )
    _log_in(session, outputs["RepositoryUri"].split("/")[0], run)
    for target, image in images.items():
        run(["push", image], b"")
        _require_docker_format(environment, session, target)
    return list(images.values())


def _log_in(session: boto3.Session, registry: str, run: Run) -> None:
    """Log docker in; the password goes through standard input, where no list of processes shows it."""
    (access,) = session.client("ecr").get_authorization_token()[
        "authorizationData"
    ]
    token = base64.b64decode(access["authorizationToken"])
    user, _, password = token.partition(b":")
    run(
        ["login", "--username", user.decode(), "--password-stdin", registry],
        password,
    )


def _require_docker_format(
    environment: Environment, session: boto3.Session, target: str
) -> None:
    """Look at a pushed image's manifest. Raises ImageError, and frees the tag, where SageMaker would refuse it."""
    media_type = _media_type(environment, session, target)
    if media_type in MANIFESTS:
        return
    session.client("ecr").batch_delete_image(
        repositoryName=environment["TrainingImage"],
        imageIds=[{"imageTag": _tag(environment, target)}],
    )
    raise ImageError(
        f"{_tag(environment, target)} was pushed as {media_type or 'nothing'}, which SageMaker refuses, and is deleted "
        "again: build with the classic image store of Docker, or with a builder of the driver docker-container"
    )


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
        pushed = push(
            environment, session, Stacks(environment, session).outputs()
        )
    except (InfraError, ClientError, BotoCoreError) as error:
        log.error("%s", error)
        sys.exit(1)
    log.info(
        "pushed %s; make stacks STAGE=%s starts the API on it",
        " and ".join(pushed),
        environment.name,
    )


if __name__ == "__main__":
    main()
