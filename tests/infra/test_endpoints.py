"""The endpoints of all contracts of a stage, on local AWS where it can, else on answers that botocore checks."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from include.contract.in_force import settings_of
from include.settings import Settings
from infra import listing, teardown
from infra.endpoints import (
    LOGS,
    make_log_groups,
    own_log_groups,
    stop_endpoints,
)
from infra.environments import Environment, load_environment
from infra.errors import DeploymentError

ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"


@pytest.fixture
def sagemaker(aws: boto3.Session) -> Iterator[tuple[Any, Stubber]]:
    client = aws.client("sagemaker")
    with Stubber(client) as stub:
        yield client, stub


@pytest.fixture(autouse=True)
def _nothing_of_another_test(aws: boto3.Session) -> None:
    client: Any = aws.client("sagemaker")
    for name in running(client):
        client.delete_endpoint(EndpointName=name)
    for config in client.list_endpoint_configs()["EndpointConfigs"]:
        client.delete_endpoint_config(
            EndpointConfigName=config["EndpointConfigName"]
        )
    for model in client.list_models()["Models"]:
        client.delete_model(ModelName=model["ModelName"])
    logs: Any = aws.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        logs.delete_log_group(logGroupName=group["logGroupName"])


def stage(name: str, *contracts: str, **overrides: str) -> Environment:
    environment = load_environment(name, ACCOUNT, **overrides)
    further = {contract: f"{contract}/" for contract in contracts}
    return replace(environment, contracts=further)


def deploy(sagemaker: Any, environment: Environment, endpoint: str) -> None:
    """Do what the DAG deploy_endpoint does: a model in the stage's role, a config of the same name, an endpoint."""
    name = f"{endpoint}-contact-1-12345678"
    role = f"arn:aws:iam::{ACCOUNT}:role/{environment['EndpointRole']}"
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": "i", "ModelDataUrl": "s3://b/m.tar.gz"},
    )
    variant = {
        "VariantName": "v",
        "ModelName": name,
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[variant]
    )
    sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=name)


def running(sagemaker: Any) -> set[str]:
    present = sagemaker.list_endpoints()["Endpoints"]
    return {entry["EndpointName"] for entry in present}


def test_the_endpoints_of_all_contracts_are_deleted_removed_ones_too_and_no_other_stages(
    aws: boto3.Session,
) -> None:
    client: Any = aws.client("sagemaker")
    prod, dev = stage("prod"), stage("dev")
    name = prod["EndpointName"]
    own = {name, f"{name}-partners", f"{name}-contract-of-last-year"}
    others = {dev["EndpointName"], f"{dev['EndpointName']}-partners"}
    for endpoint in own:
        deploy(client, prod, endpoint)
    for endpoint in others:
        deploy(client, dev, endpoint)
    stopped = stop_endpoints(client, name, prod["EndpointRole"])
    assert set(stopped) == own
    assert running(client) == others
    configs = client.list_endpoint_configs()["EndpointConfigs"]
    assert len(configs) == len(others)


def test_an_endpoint_of_which_nothing_says_whose_it_is_stays_and_is_named(
    aws: boto3.Session, caplog: pytest.LogCaptureFixture
) -> None:
    client: Any = aws.client("sagemaker")
    prod = stage("prod")
    endpoint = f"{prod['EndpointName']}-partners"
    deploy(client, prod, endpoint)
    client.delete_model(ModelName=f"{endpoint}-contact-1-12345678")
    name, role = prod["EndpointName"], prod["EndpointRole"]
    assert stop_endpoints(client, name, role) == []
    assert f"endpoint {endpoint} stays and costs by the hour" in caplog.text


def test_the_logs_of_further_contracts_endpoints_end_and_go_with_the_stage(
    aws: boto3.Session, tmp_path: Any
) -> None:
    logs: Any = aws.client("logs")
    dev = stage("dev", "big_partners", "old", LogDays="30")
    settings = Settings(contracts_folder=str(tmp_path))
    (tmp_path / "big_partners.yaml").touch()
    suffix = settings_of(settings, "big_partners").endpoint.name.removeprefix(
        settings.endpoint.name
    )
    new = f"{LOGS}{dev['EndpointName']}{suffix}"
    old = f"{LOGS}{dev['EndpointName']}-old"
    logs.create_log_group(logGroupName=old)
    for _ in range(2):
        make_log_groups(dev, aws, KEY)
    groups = {
        group["logGroupName"]: group
        for group in logs.describe_log_groups()["logGroups"]
    }
    assert groups.keys() == {new, old}
    assert {group["retentionInDays"] for group in groups.values()} == {30}
    assert groups[new]["kmsKeyId"] == KEY
    without_old = replace(dev, contracts={"big_partners": "big/"})
    assert set(own_log_groups(logs, without_old)) == {new, old}
    teardown.delete_outside_stacks(without_old, aws)
    assert logs.describe_log_groups()["logGroups"] == []


def test_a_log_group_with_another_stages_tag_stays_as_it_is(
    aws: boto3.Session,
) -> None:
    """A contract may be called like a stage."""
    logs: Any = aws.client("logs")
    prod = stage("prod", "dev", LogDays="30", Retention="Delete")
    name = f"{LOGS}{stage('dev')['EndpointName']}"
    logs.create_log_group(
        logGroupName=name, tags={"lead-conversion-stage": "dev"}
    )
    make_log_groups(prod, aws, KEY)
    teardown.delete_outside_stacks(prod, aws)
    (group,) = logs.describe_log_groups()["logGroups"]
    assert "retentionInDays" not in group


def no_models(stub: Stubber) -> None:
    stub.add_response(
        "list_models", {"Models": []}, {"NameContains": "lead-conversion"}
    )


def listed_endpoints(stub: Stubber, *names: str) -> None:
    entries = [
        {
            "EndpointName": name,
            "EndpointArn": "a" * 20,
            "EndpointStatus": "InService",
            "CreationTime": "2026-01-01",
            "LastModifiedTime": "2026-01-01",
        }
        for name in names
    ]
    stub.add_response(
        "list_endpoints",
        {"Endpoints": entries},
        {"NameContains": "lead-conversion"},
    )


def test_the_endpoint_that_a_dag_made_is_deleted_and_waited_for(
    sagemaker: tuple[Any, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, stub = sagemaker
    monkeypatch.setattr(listing, "POLL_SECONDS", 0)
    no_models(stub)
    listed_endpoints(stub, "lead-conversion", "my-lead-conversion")
    stub.add_response(
        "delete_endpoint", {}, {"EndpointName": "lead-conversion"}
    )
    listed_endpoints(stub, "lead-conversion", "my-lead-conversion")
    listed_endpoints(stub, "my-lead-conversion")
    stub.add_response(
        "list_endpoint_configs",
        {"EndpointConfigs": []},
        {"NameContains": "lead-conversion"},
    )
    stop_endpoints(client, "lead-conversion", "sagemaker-endpoint-role")
    stub.assert_no_pending_responses()


def test_an_endpoint_that_is_not_gone_in_time_is_told(
    sagemaker: tuple[Any, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, stub = sagemaker
    monkeypatch.setattr(listing, "ATTEMPTS", 1)
    no_models(stub)
    listed_endpoints(stub, "lead-conversion")
    stub.add_response(
        "delete_endpoint", {}, {"EndpointName": "lead-conversion"}
    )
    listed_endpoints(stub, "lead-conversion")
    with pytest.raises(
        DeploymentError,
        match="endpoint lead-conversion is not gone yet: run the deletion again",
    ):
        stop_endpoints(client, "lead-conversion", "sagemaker-endpoint-role")


def test_an_endpoint_that_may_not_be_deleted_is_an_error(
    sagemaker: tuple[Any, Stubber],
) -> None:
    client, stub = sagemaker
    no_models(stub)
    listed_endpoints(stub, "lead-conversion")
    stub.add_client_error(
        "delete_endpoint", "AccessDeniedException", "not authorized"
    )
    with pytest.raises(client.exceptions.ClientError, match="not authorized"):
        stop_endpoints(client, "lead-conversion", "sagemaker-endpoint-role")


def test_a_stage_without_an_endpoint_loses_its_configs_and_models_and_no_other_stages(
    aws: boto3.Session,
) -> None:
    client = aws.client("sagemaker")
    prod, dev = (load_environment(name, ACCOUNT) for name in ("prod", "dev"))
    for stage in (prod, dev):
        name, role = (
            f"{stage['EndpointName']}-contact-1-12345678",
            f"arn:aws:iam::{ACCOUNT}:role/{stage['EndpointRole']}",
        )
        client.create_model(
            ModelName=name,
            ExecutionRoleArn=role,
            PrimaryContainer={
                "Image": "i",
                "ModelDataUrl": "s3://b/m.tar.gz",
            },
        )
        variant = {
            "VariantName": "v",
            "ModelName": name,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
        }
        client.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[variant]
        )
    stop_endpoints(client, prod["EndpointName"], prod["EndpointRole"])
    left = [f"{dev['EndpointName']}-contact-1-12345678"]
    assert [
        model["ModelName"] for model in client.list_models()["Models"]
    ] == left
    assert [
        one["EndpointConfigName"]
        for one in client.list_endpoint_configs()["EndpointConfigs"]
    ] == left


def test_the_logs_of_another_stage_whose_name_begins_alike_stay(
    aws: boto3.Session,
) -> None:
    logs = aws.client("logs")
    own, other = (
        "/aws/sagemaker/Endpoints/lead-conversion",
        "/aws/sagemaker/Endpoints/lead-conversion-dev",
    )
    for name in (own, other):
        logs.create_log_group(logGroupName=name)
    teardown.delete_outside_stacks(
        load_environment("prod", ACCOUNT, Retention="Delete"), aws
    )
    left = {
        group["logGroupName"]
        for group in logs.describe_log_groups()["logGroups"]
    }
    assert other in left
    assert own not in left
