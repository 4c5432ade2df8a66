"""What stays after a stage is deleted: on local AWS where it can, else on answers that botocore checks."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from infra import listing, teardown
from infra.environments import LAYERS, load_environment, template
from infra.errors import DeploymentError

ACCOUNT = "123456789012"
APP = {
    "DomainId": "d-1",
    "UserProfileName": "ml-developer",
    "AppType": "JupyterLab",
    "AppName": "default",
}


@pytest.fixture
def sagemaker(aws: boto3.Session) -> Iterator[tuple[Any, Stubber]]:
    client = aws.client("sagemaker")
    with Stubber(client) as stub:
        yield client, stub


def apps(stub: Stubber, *states: str) -> None:
    stub.add_response(
        "list_apps",
        {"Apps": [APP | {"Status": state} for state in states]},
        {"DomainIdEquals": "d-1"},
    )


def spaces(stub: Stubber, *names: str) -> None:
    found = [{"DomainId": "d-1", "SpaceName": name} for name in names]
    stub.add_response(
        "list_spaces", {"Spaces": found}, {"DomainIdEquals": "d-1"}
    )


def test_what_people_opened_in_studio_is_closed_before_its_domain_goes(
    sagemaker: tuple[Any, Stubber],
) -> None:
    client, stub = sagemaker
    apps(stub, "InService", "Deleted")
    stub.add_response("delete_app", {}, APP)
    apps(stub, "Deleted")
    spaces(stub, "mine")
    stub.add_response(
        "delete_space", {}, {"DomainId": "d-1", "SpaceName": "mine"}
    )
    spaces(stub)
    teardown.close_studio(client, "d-1")
    stub.assert_no_pending_responses()


def test_an_application_that_does_not_end_is_told(
    sagemaker: tuple[Any, Stubber], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, stub = sagemaker
    monkeypatch.setattr(listing, "POLL_SECONDS", 0)
    monkeypatch.setattr(listing, "ATTEMPTS", 1)
    apps(stub, "Deleting")
    apps(stub, "Deleting")
    with pytest.raises(
        DeploymentError,
        match="Studio domain d-1 still has applications: run the deletion again",
    ):
        teardown.close_studio(client, "d-1")


def test_training_jobs_that_run_in_the_stages_role_are_stopped_and_no_others(
    sagemaker: tuple[Any, Stubber],
) -> None:
    client, stub = sagemaker
    when = {"CreationTime": "2026-01-01", "TrainingJobStatus": "InProgress"}
    roles = {
        "own": "sagemaker-training-role",
        "others": "sagemaker-training-role-dev",
    }
    jobs = [
        {"TrainingJobName": name, "TrainingJobArn": "a" * 20, **when}
        for name in roles
    ]
    stub.add_response(
        "list_training_jobs",
        {"TrainingJobSummaries": jobs},
        {"StatusEquals": "InProgress"},
    )
    for name, role in roles.items():
        told = {
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{role}",
            "TrainingJobName": name,
            **when,
        }
        told |= {
            "TrainingJobArn": "a" * 20,
            "SecondaryStatus": "Training",
            "StoppingCondition": {},
        }
        told |= {
            "ModelArtifacts": {"S3ModelArtifacts": "s3://b"},
            "ResourceConfig": {"VolumeSizeInGB": 1},
        }
        told |= {"AlgorithmSpecification": {"TrainingInputMode": "File"}}
        stub.add_response(
            "describe_training_job", told, {"TrainingJobName": name}
        )
    stub.add_response("stop_training_job", {}, {"TrainingJobName": "own"})
    assert teardown.stop_training(client, "sagemaker-training-role") == ["own"]
    stub.assert_no_pending_responses()


def test_what_studio_and_ended_jobs_left_in_the_vpc_is_deleted(
    aws: boto3.Session,
) -> None:
    """The groups name each other, so neither can be deleted before both rules are gone."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"][
        "SubnetId"
    ]
    ec2.create_network_interface(SubnetId=subnet)
    names = [
        f"security-group-for-{way}-nfs-d-1" for way in ("inbound", "outbound")
    ] + ["mlops-sg"]
    groups = [
        ec2.create_security_group(GroupName=name, Description="x", VpcId=vpc)[
            "GroupId"
        ]
        for name in names
    ]
    for one, other, grant in (
        (groups[0], groups[1], ec2.authorize_security_group_ingress),
        (groups[1], groups[0], ec2.authorize_security_group_egress),
    ):
        pair = [{"GroupId": other}]
        rule = {
            "IpProtocol": "tcp",
            "FromPort": 2049,
            "ToPort": 2049,
            "UserIdGroupPairs": pair,
        }
        grant(GroupId=one, IpPermissions=[rule])
    inside = [{"Name": "vpc-id", "Values": [vpc]}]
    teardown.release_network(ec2, vpc)
    assert (
        ec2.describe_network_interfaces(Filters=inside)["NetworkInterfaces"]
        == []
    )
    left = {
        group["GroupName"]
        for group in ec2.describe_security_groups(Filters=inside)[
            "SecurityGroups"
        ]
    }
    assert left == {"default", "mlops-sg"}


def test_a_stage_that_keeps_its_data_says_what_stays_and_costs(
    aws: boto3.Session,
) -> None:
    stage = load_environment("prod", ACCOUNT)
    aws.client("logs").create_log_group(
        logGroupName=f"airflow-{stage['EnvironmentName']}-Scheduler"
    )
    stacks = teardown.left_by_stacks(
        stage,
        {
            "KeyArn": "arn:key",
            "StudioFileSystem": "fs-1",
            "MlflowVolume": "vol-1",
        },
    )
    outside = teardown.delete_outside_stacks(stage, aws)
    assert [" ".join(line.split()[:2]).strip(":") for line in stacks] == [
        f"bucket {stage['Bucket']}",
        "key arn:key",
        "snapshot lead-conversion-prod-final",
        "volume vol-1",
        "file system",
    ]
    assert (
        outside[0]
        == "log group airflow-LeadConversion-MLOps-Prod-Scheduler (log storage)"
    )
    assert outside[1].startswith("secret prod/scoring-api/keys: the API's keys")
    assert aws.client("logs").describe_log_groups()["logGroups"], (
        "and deletes none of it"
    )


def test_what_is_said_to_be_kept_is_what_the_templates_keep() -> None:
    kept = {
        (layer, name)
        for layer in LAYERS
        for name, resource in template(layer)["Resources"].items()
        if resource.get("DeletionPolicy") == {"Ref": "Retention"}
    }
    billed = {
        ("storage", "DataBucket"),
        ("storage", "Key"),
        ("tracking", "Runs"),
    }
    logs = {
        ("warehouse", "ConnectionLog"),
        ("warehouse", "UserLog"),
        ("sagemaker", "EndpointLog"),
    } | {
        ("airflow", f"{kind}Log")
        for kind in (
            "DAGProcessing",
            "Scheduler",
            "Task",
            "WebServer",
            "Worker",
        )
    }
    assert kept == billed | logs | {("storage", "DataBucketPolicy")}
    snapshot = template("warehouse")["Resources"]["Namespace"]["Properties"][
        "FinalSnapshotName"
    ]["If"]
    assert snapshot[:2] == [
        "Keep",
        {
            "Sub": teardown.final_snapshot(
                load_environment("prod", ACCOUNT)
            ).replace("prod", "${Stage}")
        },
    ]


def test_the_mlflow_server_stands_still_before_its_volume_goes(
    aws: boto3.Session,
) -> None:
    ec2: Any = aws.client("ec2")
    (image,) = ec2.describe_images(MaxResults=5)["Images"][:1]
    (server,) = ec2.run_instances(
        ImageId=image["ImageId"], MinCount=1, MaxCount=1
    )["Instances"]
    teardown.stop_server(ec2, server["InstanceId"])
    (reservation,) = ec2.describe_instances(InstanceIds=[server["InstanceId"]])[
        "Reservations"
    ]
    assert reservation["Instances"][0]["State"]["Name"] == "stopped"
