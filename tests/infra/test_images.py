"""The ML image's way into the repository: ECR on local AWS, docker's words recorded."""

import boto3
import pytest

from infra import images
from infra.environments import load_environment
from infra.errors import DeploymentError
from infra.package import ROOT

STAGE = load_environment(
    "dev", "123456789012", TrainingImage="images-of-this-test"
)


@pytest.fixture(scope="module")
def outputs(aws: boto3.Session) -> dict[str, str]:
    made = aws.client("ecr").create_repository(
        repositoryName=STAGE["TrainingImage"]
    )
    return {"RepositoryUri": made["repository"]["repositoryUri"]}


def test_the_image_is_built_for_awss_machines_and_pushed_with_a_token_of_the_moment(
    aws: boto3.Session, outputs: dict[str, str]
) -> None:
    said: list[tuple[list[str], bytes]] = []
    image = images.push(
        STAGE,
        aws,
        outputs,
        lambda arguments, given: said.append((arguments, given)),
    )
    build, login, push = (arguments for arguments, _ in said)
    assert image == f"{outputs['RepositoryUri']}:{STAGE['ImageTag']}"
    assert build == [
        "build",
        "--platform",
        "linux/amd64",
        "--file",
        images.DOCKERFILE,
        "--tag",
        image,
        ".",
    ]
    assert login[-1] == image.split("/")[0]
    assert said[1][1], (
        "the password goes through standard input, where no list of processes shows it"
    )
    assert push == ["push", image]


def test_a_tag_that_is_pushed_already_never_moves(
    aws: boto3.Session, outputs: dict[str, str]
) -> None:
    assert not images.is_pushed(STAGE, aws)
    image = {
        "imageManifest": "{}",
        "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
    }
    aws.client("ecr").put_image(
        repositoryName=STAGE["TrainingImage"],
        imageTag=STAGE["ImageTag"],
        **image,
    )
    assert images.is_pushed(STAGE, aws)
    with pytest.raises(
        images.ImageError,
        match=r"a tag never moves: raise ImageTag in infra/stages/dev\.yaml",
    ):
        images.push(
            STAGE,
            aws,
            outputs,
            lambda arguments, given: pytest.fail("nothing may be built"),
        )


def test_a_stage_without_stacks_is_told_what_to_do_first(
    aws: boto3.Session,
) -> None:
    with pytest.raises(
        DeploymentError, match="no repository yet: make stacks STAGE=dev"
    ):
        images.push(STAGE, aws, {})
    assert not images.is_pushed(load_environment("prod", "123456789012"), aws)


def test_a_machine_without_docker_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(images.ImageError, match="docker is not installed here"):
        images.docker(["version"])


def test_the_dockerfile_is_there() -> None:
    assert (ROOT / images.DOCKERFILE).is_file()
