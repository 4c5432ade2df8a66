"""The ML image's way into the repository: ECR on local AWS, docker's words recorded."""

import json
import re
from collections.abc import Iterator

import boto3
import pytest

from infra import images
from infra.environments import airflow_variables, load_environment
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


DOCKER_FORMAT = "application/vnd.docker.distribution.manifest.v2+json"
OCI_FORMAT = "application/vnd.oci.image.manifest.v1+json"


class FakeDocker:
    """Record docker's words, and let a push land in ECR with a manifest of one media type."""

    def __init__(self, aws: boto3.Session, media_type: str) -> None:
        self.words: list[tuple[list[str], bytes]] = []
        self._ecr = aws.client("ecr")
        self._media_type = media_type

    def __call__(self, arguments: list[str], stdin: bytes) -> None:
        self.words.append((arguments, stdin))
        if arguments[0] == "push":
            self._ecr.put_image(
                repositoryName=STAGE["TrainingImage"],
                imageTag=arguments[1].rsplit(":")[-1],
                imageManifest=json.dumps({"tag": arguments[1]}),
                imageManifestMediaType=self._media_type,
            )


def forget(aws: boto3.Session) -> None:
    for suffix in images.TAG_SUFFIX.values():
        aws.client("ecr").batch_delete_image(
            repositoryName=STAGE["TrainingImage"],
            imageIds=[{"imageTag": STAGE["ImageTag"] + suffix}],
        )


@pytest.fixture
def docker(aws: boto3.Session, outputs: dict[str, str]) -> Iterator[FakeDocker]:
    yield FakeDocker(aws, DOCKER_FORMAT)
    forget(aws)


def test_both_targets_are_built_for_awss_machines_in_dockers_format(
    aws: boto3.Session, outputs: dict[str, str], docker: FakeDocker
) -> None:
    pushed = images.push(STAGE, aws, outputs, docker)
    tag = f"{outputs['RepositoryUri']}:{STAGE['ImageTag']}"
    assert pushed == [tag, f"{tag}-api"]
    builds = [words for words, _ in docker.words if words[0] == "buildx"]
    assert builds == [
        [
            "buildx",
            "build",
            "--provenance=false",
            "--sbom=false",
            "--output",
            "type=docker",
            "--platform",
            "linux/amd64",
            "--file",
            images.DOCKERFILE,
            "--target",
            target,
            "--tag",
            image,
            ".",
        ]
        for target, image in zip(("sagemaker", "api"), pushed, strict=True)
    ]


def test_the_password_goes_through_standard_input(
    aws: boto3.Session, outputs: dict[str, str], docker: FakeDocker
) -> None:
    images.push(STAGE, aws, outputs, docker)
    ((words, password),) = [
        entry for entry in docker.words if entry[0][0] == "login"
    ]
    assert words[-1] == outputs["RepositoryUri"].split("/")[0]
    assert password, "where no list of processes shows it"


def test_an_image_that_sagemaker_would_refuse_is_found_after_the_push_and_frees_its_tag(
    aws: boto3.Session, outputs: dict[str, str]
) -> None:
    with pytest.raises(
        images.ImageError, match=r"pushed as application/vnd\.oci\.image"
    ):
        images.push(STAGE, aws, outputs, FakeDocker(aws, OCI_FORMAT))
    assert not images.is_pushed(STAGE, aws, images.SAGEMAKER)


def test_a_tag_that_is_pushed_already_never_moves(
    aws: boto3.Session, outputs: dict[str, str], docker: FakeDocker
) -> None:
    assert not images.is_pushed(STAGE, aws, images.SAGEMAKER)
    images.push(STAGE, aws, outputs, docker)
    assert images.is_pushed(STAGE, aws, images.SAGEMAKER)
    with pytest.raises(
        images.ImageError,
        match=r"a tag never moves: raise ImageTag in infra/stages/dev\.yaml",
    ):
        images.push(
            STAGE,
            aws,
            outputs,
            lambda arguments, stdin: pytest.fail("nothing may be built"),
        )


def test_a_push_that_ended_between_the_two_images_goes_on_with_the_second(
    aws: boto3.Session, outputs: dict[str, str], docker: FakeDocker
) -> None:
    first = images.uri(STAGE, outputs, images.SAGEMAKER)
    docker(["push", first], b"")
    assert images.push(STAGE, aws, outputs, docker) == [f"{first}-api"]


def test_a_stage_without_stacks_is_told_what_to_do_first(
    aws: boto3.Session,
) -> None:
    with pytest.raises(
        DeploymentError, match="no repository yet: make stacks STAGE=dev"
    ):
        images.push(STAGE, aws, {})
    prod = load_environment("prod", "123456789012")
    assert not images.is_pushed(prod, aws, images.API)


def test_a_machine_without_docker_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(images.ImageError, match="docker is not installed here"):
        images.docker(["version"])


def last_user(target: str) -> str:
    """Return the user that a target of the Dockerfile ends with."""
    recipe = (ROOT / images.DOCKERFILE).read_text(encoding="utf-8")
    stages = re.split(r"^FROM \S+ AS ", recipe, flags=re.MULTILINE)[1:]
    (stage,) = [one for one in stages if one.split()[0] == target]
    return re.findall(r"^USER (\S+)", stage, flags=re.MULTILINE)[-1]


def test_sagemaker_gets_root_as_it_expects_and_fargate_does_not() -> None:
    """SageMaker: "expects all containers to run with root users" (your-algorithms-inference-code.html)."""
    assert last_user(images.SAGEMAKER) == "root"
    assert last_user(images.API) not in ("root", "0")


def test_sagemaker_starts_the_one_target_and_fargate_the_other(
    outputs: dict[str, str],
) -> None:
    names = (
        "KeyArn",
        "PrivateSubnetA",
        "PrivateSubnetB",
        "SecurityGroup",
        "MlflowClients",
        "MlflowCertificateUri",
        "MlflowWriterSecret",
    )
    known = dict.fromkeys((*names, "MlflowTrackingUri"), "x") | outputs
    variables = airflow_variables(STAGE, known, "ap-south-1")
    sagemaker = images.uri(STAGE, outputs, images.SAGEMAKER)
    assert variables["LEADS_TRAINING_IMAGE"] == sagemaker
    assert variables["LEADS_ENDPOINT_IMAGE"] == sagemaker
    assert images.uri(STAGE, outputs, images.API) != sagemaker
