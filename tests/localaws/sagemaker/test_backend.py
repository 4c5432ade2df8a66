"""What CreateTrainingJob and StopTrainingJob refuse, and jobs in lists."""

import os
import time

import boto3
import pytest
from botocore.exceptions import ClientError

from localaws.account import Account
from localaws.server import running
from tests.localaws.conftest import SCRIPT_CONTAINER


def test_a_name_that_is_taken_is_refused(training):
    request = training.request("pass")
    training.api.create_training_job(**request)
    with pytest.raises(ClientError, match="ResourceInUse.*must be unique"):
        training.api.create_training_job(**request)


@pytest.mark.parametrize(
    "name", ["with_underscore", "-leading", "trailing-", "dot.ted"]
)
def test_a_name_that_aws_would_refuse_is_refused(training, name):
    with pytest.raises(
        ClientError, match="ValidationException.*regular expression"
    ):
        training.start("pass", TrainingJobName=name)


def test_an_unknown_job_cannot_be_described_or_stopped(training):
    with pytest.raises(ClientError, match="ValidationException"):
        training.api.describe_training_job(TrainingJobName="nobody")
    with pytest.raises(training.api.exceptions.ResourceNotFound):
        training.api.stop_training_job(TrainingJobName="nobody")


@pytest.mark.parametrize(
    ("change", "feature"),
    [
        (
            {
                "ResourceConfig": {
                    "InstanceType": "ml.m5.large",
                    "InstanceCount": 2,
                    "VolumeSizeInGB": 1,
                }
            },
            "instances",
        ),
        (
            {
                "AlgorithmSpecification": {
                    "AlgorithmName": "arn",
                    "TrainingInputMode": "File",
                }
            },
            "TrainingImage",
        ),
        (
            {
                "AlgorithmSpecification": {
                    "TrainingImage": "i",
                    "TrainingInputMode": "Pipe",
                }
            },
            "Pipe",
        ),
    ],
)
def test_what_local_aws_does_not_do_is_refused_by_name(
    training, change, feature
):
    with pytest.raises(
        ClientError, match=f"not supported by local AWS: .*{feature}"
    ):
        training.start("pass", **change)


@pytest.mark.parametrize(
    "entry_point",
    [
        ["sh", "-c", "touch /tmp/x"],
        ["python", "-c", "print()"],
        ["/usr/bin/python", "-m", "include.endpoint.training_container"],
        ["python", "-m", "http.server"],
        ["python", "-m", "include.endpoint.training_container", "train"],
    ],
)
def test_a_program_that_is_not_of_the_images_is_refused(training, entry_point):
    request = training.request(None)
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = entry_point
    with pytest.raises(ClientError, match="none of this project's images"):
        training.api.create_training_job(**request)


@pytest.mark.parametrize(
    "name", ["PYTHONPATH", "LD_PRELOAD", "PATH", "HOME", "SAGEMAKER_BASE_DIR"]
)
def test_a_variable_that_can_put_another_program_in_place_is_refused(
    training, name
):
    with pytest.raises(ClientError, match=f"variable {name} in Environment"):
        training.start(None, Environment={name: "/x"})
    container = {"Image": "i", "Environment": {name: "/x"}}
    with pytest.raises(ClientError, match=f"variable {name} in Environment"):
        training.api.create_model(
            ModelName="foreign",
            PrimaryContainer=container,
            ExecutionRoleArn="arn:aws:iam::123456789012:role/r",
        )


def test_a_channel_by_manifest_file_is_refused_by_name(training):
    channel = training.channel("snapshot", S3DataType="ManifestFile")
    with pytest.raises(
        ClientError, match="channel snapshot is not an S3Prefix"
    ):
        training.start("pass", InputDataConfig=[channel])


def test_a_refused_job_leaves_no_trace(training):
    request = training.request(
        "pass",
        AlgorithmSpecification={
            "TrainingImage": "i",
            "TrainingInputMode": "Pipe",
        },
    )
    with pytest.raises(ClientError):
        training.api.create_training_job(**request)
    found = training.api.list_training_jobs(
        NameContains=request["TrainingJobName"]
    )
    assert found["TrainingJobSummaries"] == []


def test_jobs_are_listed_with_their_status(training):
    name = training.run("pass")["TrainingJobName"]
    (listed,) = training.api.list_training_jobs(NameContains=name)[
        "TrainingJobSummaries"
    ]
    assert (listed["TrainingJobName"], listed["TrainingJobStatus"]) == (
        name,
        "Completed",
    )


def test_moto_still_answers_the_rest_of_sagemaker(training):
    training.api.create_model(
        ModelName="plain",
        PrimaryContainer={"Image": "i", "ModelDataUrl": "s3://b/m.tar.gz"},
        ExecutionRoleArn="arn:aws:iam::123456789012:role/r",
    )
    assert (
        training.api.describe_model(ModelName="plain")["ModelName"] == "plain"
    )


def test_a_running_job_ends_with_the_server(training, tmp_path):
    file = tmp_path / "pid"
    script = f"import os, pathlib, time; pathlib.Path({str(file)!r}).write_text(str(os.getpid())); time.sleep(60)"
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    with running(modules=[SCRIPT_CONTAINER]) as url:
        api = boto3.client(
            "sagemaker", endpoint_url=url, region_name=Account().region, **keys
        )
        api.create_training_job(**training.request(script))
        for _ in range(200):
            if file.exists() and file.read_text():
                break
            time.sleep(0.05)
        process = int(file.read_text())
        os.kill(process, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
