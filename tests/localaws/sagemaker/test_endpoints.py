"""What CreateEndpoint, UpdateEndpoint and InvokeEndpoint refuse; tests/include/endpoint/test_deployment.py serves."""

import time
import uuid

import pytest
from botocore.exceptions import ClientError

from localaws.account import Account


class Hosting:
    """Creates models whose archive is none, so that their containers cannot start."""

    def __init__(self, client, bucket):
        self.api, self.runtime, self.s3, self.bucket = (
            client("sagemaker"),
            client("sagemaker-runtime"),
            client("s3"),
            bucket,
        )
        self.name = f"h-{uuid.uuid4().hex[:8]}"

    def model(self, **changes):
        key = f"model-artifacts/endpoint/{self.name}.tar.gz"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=b"no archive")
        request = {
            "ModelName": self.name,
            "PrimaryContainer": {
                "Image": "i",
                "ModelDataUrl": f"s3://{self.bucket}/{key}",
            },
            "ExecutionRoleArn": f"arn:aws:iam::123456789012:role/{Account().endpoint_role}",
        }
        self.api.create_model(**request | changes)

    def config(self, **changes):
        variant = {
            "VariantName": "v",
            "ModelName": self.name,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        request = {
            "EndpointConfigName": self.name,
            "ProductionVariants": [variant],
        }
        self.api.create_endpoint_config(**request | changes)

    def endpoint(self):
        self.api.create_endpoint(
            EndpointName=self.name, EndpointConfigName=self.name
        )
        for _ in range(300):
            described = self.api.describe_endpoint(EndpointName=self.name)
            if described["EndpointStatus"] != "Creating":
                return described
            time.sleep(0.1)
        raise TimeoutError(described)


@pytest.fixture
def hosting(client, bucket):
    return Hosting(client, bucket)


def test_names_that_are_taken_are_refused_in_awss_words(hosting):
    hosting.model()
    with pytest.raises(
        ClientError, match="Cannot create already existing model"
    ):
        hosting.model()
    hosting.config()
    with pytest.raises(
        ClientError,
        match="Cannot create already existing endpoint configuration",
    ):
        hosting.config()
    hosting.endpoint()
    with pytest.raises(
        ClientError, match="Cannot create already existing endpoint"
    ):
        hosting.endpoint()


def test_an_endpoint_whose_container_cannot_start_fails_and_says_why(hosting):
    hosting.model()
    hosting.config()
    described = hosting.endpoint()
    assert described["EndpointStatus"] == "Failed"
    assert "extract model data" in described["FailureReason"]
    with pytest.raises(ClientError, match="failed endpoint"):
        hosting.api.update_endpoint(
            EndpointName=hosting.name, EndpointConfigName=hosting.name
        )
    with pytest.raises(ClientError, match="not in service"):
        hosting.runtime.invoke_endpoint(EndpointName=hosting.name, Body=b"{}")
    hosting.api.delete_endpoint(EndpointName=hosting.name)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        hosting.api.describe_endpoint(EndpointName=hosting.name)


def test_an_archive_that_is_not_there_is_the_reason(hosting):
    container = {
        "Image": "i",
        "ModelDataUrl": f"s3://{hosting.bucket}/nowhere.tar.gz",
    }
    hosting.model(PrimaryContainer=container)
    hosting.config()
    assert "Not Found" in hosting.endpoint()["FailureReason"]


def test_what_does_not_exist_cannot_be_updated_called_or_deployed(hosting):
    with pytest.raises(
        ClientError, match="Could not find endpoint configuration"
    ):
        hosting.api.create_endpoint(
            EndpointName=hosting.name, EndpointConfigName="nothing"
        )
    with pytest.raises(ClientError, match="Could not find endpoint"):
        hosting.api.update_endpoint(
            EndpointName="nobody", EndpointConfigName="nothing"
        )
    with pytest.raises(ClientError, match="nobody of account .* not found"):
        hosting.runtime.invoke_endpoint(EndpointName="nobody", Body=b"{}")


def test_several_variants_are_refused_by_name(hosting):
    hosting.model()
    variant = {
        "ModelName": hosting.name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    with pytest.raises(
        ClientError, match="not supported by local AWS: .*several variants"
    ):
        hosting.config(
            ProductionVariants=[
                {"VariantName": name, **variant} for name in ("a", "b")
            ]
        )
