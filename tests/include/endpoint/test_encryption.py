"""Which key SageMaker is asked to use, and where it would refuse one."""

import boto3
import pytest
from botocore.validate import ParamValidator

from include.endpoint import deployment
from include.endpoint.encryption import volume_key
from include.endpoint.training_job import training_job
from include.lake.layout import Layout
from include.settings import EndpointSettings, Settings, TrainingSettings

KEY = "arn:aws:kms:ap-south-1:123456789012:key/1"
PACKED = {
    "model_data_url": "s3://b/a/model.tar.gz",
    "sha256": "0" * 64,
    "versions": "contact-7-capture-3",
}


def job(contract, **changes):
    current = Settings(training=TrainingSettings(**changes))
    layout = Layout(current, contract)
    return training_job(
        current, layout, "run", "s3://b/s/", "a", "lightgbm", "contact"
    )


def config(contract, **changes):
    current = Settings(endpoint=EndpointSettings(**changes))
    return deployment.requests(current, Layout(current, contract), PACKED)[
        "config"
    ]


def problems(operation, request):
    """What botocore's model of SageMaker has against a request."""
    model = boto3.client(
        "sagemaker",
        region_name="ap-south-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    ).meta.service_model
    shape = model.operation_model(operation).input_shape
    return ParamValidator().validate(request, shape).generate_report()


def test_results_and_volumes_of_a_training_have_the_key_of_the_settings(
    contract,
):
    request = job(contract, kms_key=KEY, role="arn:aws:iam::1:role/long-enough")
    assert request["OutputDataConfig"]["KmsKeyId"] == KEY
    assert request["ResourceConfig"]["VolumeKmsKeyId"] == KEY
    assert problems("CreateTrainingJob", request) == ""


def test_volumes_and_captured_requests_of_the_endpoint_have_the_key_of_the_settings(
    contract,
):
    request = config(contract, kms_key=KEY)
    assert request["KmsKeyId"] == KEY
    assert request["DataCaptureConfig"]["KmsKeyId"] == KEY
    assert problems("CreateEndpointConfig", request) == ""


def test_without_a_key_the_requests_name_none(contract):
    assert "KmsKeyId" not in str(job(contract))
    assert "KmsKeyId" not in str(config(contract))


def test_another_key_is_another_config(contract):
    names = {
        config(contract, kms_key=key)["EndpointConfigName"]
        for key in ("", KEY, f"{KEY}2")
    }
    assert len(names) == 3


@pytest.mark.parametrize(
    ("instance", "takes_a_key"),
    [
        ("ml.m5.large", True),
        ("ml.t2.medium", True),
        ("ml.c5.xlarge", True),
        ("ml.c5d.xlarge", False),
        ("ml.m5d.large", False),
        ("ml.g4dn.xlarge", False),
        ("ml.g5.xlarge", False),
    ],
)
def test_no_key_is_asked_for_where_the_instance_has_disks_of_its_own(
    instance, takes_a_key
):
    named = volume_key("VolumeKmsKeyId", KEY, instance)
    assert bool(named) is takes_a_key
