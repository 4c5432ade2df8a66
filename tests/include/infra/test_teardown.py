"""What stays after a stage is deleted: on local AWS where it can, else on answers that botocore checks."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from include.infra import teardown
from include.infra.stages import StageError, load_stage

ACCOUNT = "123456789012"
APP = {"DomainId": "d-1", "UserProfileName": "ml-developer", "AppType": "JupyterLab", "AppName": "default"}


@pytest.fixture
def sagemaker(aws: boto3.Session) -> Iterator[tuple[Any, Stubber]]:
    client = aws.client("sagemaker")
    with Stubber(client) as stub:
        yield client, stub


def apps(stub: Stubber, *states: str) -> None:
    stub.add_response("list_apps", {"Apps": [APP | {"Status": state} for state in states]}, {"DomainIdEquals": "d-1"})


def spaces(stub: Stubber, *names: str) -> None:
    found = [{"DomainId": "d-1", "SpaceName": name} for name in names]
    stub.add_response("list_spaces", {"Spaces": found}, {"DomainIdEquals": "d-1"})


def test_what_people_opened_in_studio_is_closed_before_its_domain_goes(sagemaker: tuple[Any, Stubber]) -> None:
    client, stub = sagemaker
    apps(stub, "InService", "Deleted")
    stub.add_response("delete_app", {}, APP)
    apps(stub, "Deleted")
    spaces(stub, "mine")
    stub.add_response("delete_space", {}, {"DomainId": "d-1", "SpaceName": "mine"})
    spaces(stub)
    teardown.close_studio(client, "d-1")
    stub.assert_no_pending_responses()


def test_an_application_that_does_not_end_is_told(
    sagemaker: tuple[Any, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, stub = sagemaker
    monkeypatch.setattr(teardown, "POLL_SECONDS", 0)
    monkeypatch.setattr(teardown, "PATIENCE", 1)
    apps(stub, "Deleting")
    apps(stub, "Deleting")
    with pytest.raises(StageError, match="Studio domain d-1 still has applications: run the deletion again"):
        teardown.close_studio(client, "d-1")


def test_the_endpoint_that_a_dag_made_is_deleted(sagemaker: tuple[Any, Stubber]) -> None:
    client, stub = sagemaker
    stub.add_response("delete_endpoint", {}, {"EndpointName": "lead-conversion"})
    teardown.stop_endpoint(client, "lead-conversion")
    stub.assert_no_pending_responses()


def test_a_stage_without_an_endpoint_is_deleted_too(aws: boto3.Session) -> None:
    teardown.stop_endpoint(aws.client("sagemaker"), "nobody-made-it")


def test_an_endpoint_that_may_not_be_deleted_is_an_error(sagemaker: tuple[Any, Stubber]) -> None:
    client, stub = sagemaker
    stub.add_client_error("delete_endpoint", "AccessDeniedException", "not authorized")
    with pytest.raises(client.exceptions.ClientError, match="not authorized"):
        teardown.stop_endpoint(client, "lead-conversion")


def test_a_stage_that_keeps_its_data_says_what_stays_and_costs(aws: boto3.Session) -> None:
    stage = load_stage("prod", ACCOUNT)
    aws.client("logs").create_log_group(logGroupName=f"airflow-{stage['EnvironmentName']}-Scheduler")
    stacks = teardown.kept(stage, {"KeyArn": "arn:key", "StudioFileSystem": "fs-1"})
    outside = teardown.outside_the_stacks(stage, aws)
    assert [line.split()[0] for line in stacks] == ["bucket", "key", "snapshot", "the", "file"]
    assert outside[0] == "log group airflow-LeadConversion-MLOps-Prod-Scheduler (log storage)"
    assert outside[1].startswith("secret prod/scoring-api/keys: the API's keys")
    assert aws.client("logs").describe_log_groups()["logGroups"], "and deletes none of it"
