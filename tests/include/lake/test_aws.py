"""Clients of AWS services: addresses and regions as AWS's own variables say."""

import pytest

from include.lake.aws import aws_client, endpoint_of, environment_region


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in (
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")


@pytest.mark.parametrize(
    "service",
    ["s3", "redshift-data", "sagemaker", "sagemaker-runtime", "secretsmanager"],
)
def test_a_services_own_address_comes_before_that_of_all_as_boto3_has_it(
    monkeypatch, service
):
    assert endpoint_of(service) is None
    assert "amazonaws.com" in aws_client(service, "eu-west-1").meta.endpoint_url
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://all:1")
    assert aws_client(service, "eu-west-1").meta.endpoint_url == "http://all:1"
    word = (
        aws_client(service, "eu-west-1")
        .meta.service_model.service_id.upper()
        .replace(" ", "_")
    )
    monkeypatch.setenv(f"AWS_ENDPOINT_URL_{word}", "http://own:1")
    assert aws_client(service, "eu-west-1").meta.endpoint_url == "http://own:1"


def test_the_region_is_the_environments_unless_one_is_given(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert aws_client("s3").meta.region_name == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    assert (
        aws_client("s3").meta.region_name == environment_region() == "eu-west-2"
    )
    assert aws_client("s3", "eu-west-3").meta.region_name == "eu-west-3"


def test_a_process_has_one_client_for_the_same_limits():
    assert aws_client("s3", "eu-west-1") is aws_client("s3", "eu-west-1")
    hasty = aws_client("s3", "eu-west-1", read_timeout=10, attempts=3)
    assert (
        hasty.meta.config.read_timeout,
        hasty.meta.config.retries["total_max_attempts"],
    ) == (10, 3)
    assert hasty is not aws_client("s3", "eu-west-1")
