"""Every layer created for real on local AWS, as far as it knows the types."""

import inspect
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from include.contract import load_contract
from include.lake.layout import Layout
from include.settings import Settings
from infra import mlflow_server
from infra.environments import LAYERS, TEMPLATES, load_environment, template
from infra.errors import DeploymentError, StackFailedError
from infra.mwaa_environment import PATIENCE, REPLACEMENT
from infra.package import ROOT
from infra.policies import resolve
from infra.stack_rules import _schema
from infra.stacks import Stacks
from localaws.stacks import STAND_INS

NOT_ON_LOCAL_AWS = {
    "AWS::Budgets::Budget",
    "AWS::MWAA::Environment",
    "AWS::RedshiftServerless::Namespace",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SageMaker::Domain",
    "AWS::SageMaker::UserProfile",
}
"""Types that local AWS only stands in for: created by name, they do nothing there."""

CODE = {
    "RequirementsVersion": "1",
    "PluginsVersion": "1",
    "StartupVersion": "1",
}


@pytest.fixture(scope="module")
def stacks(aws: boto3.Session) -> Stacks:
    """All layers of production, created in order."""
    made = Stacks(load_environment("prod", "123456789012"), aws, poll_seconds=0)
    for layer in LAYERS:
        extra = CODE | {
            "ApiImage": f"{made.outputs().get('RepositoryUri', '')}:1"
        }
        assert made.apply(layer, extra) == "created"
    return made


def test_the_types_that_local_aws_cannot_make_are_these_and_no_others() -> None:
    used = {
        resource["Type"]
        for layer in LAYERS
        for resource in template(layer)["Resources"].values()
    }
    assert used & STAND_INS == NOT_ON_LOCAL_AWS


def test_every_layer_is_created_and_hands_its_outputs_on(
    stacks: Stacks,
) -> None:
    outputs = stacks.outputs()
    assert outputs["WorkgroupArn"].startswith("arn:aws:redshift-serverless:")
    assert outputs["MlflowTrackingUri"].startswith("https://10.42.")


def test_the_vpc_has_what_the_guide_asks_for(
    stacks: Stacks, aws: boto3.Session
) -> None:
    ec2: Any = aws.client("ec2")
    vpc = [{"Name": "vpc-id", "Values": [stacks.outputs()["VpcId"]]}]
    endpoints = {
        item["ServiceName"].rsplit(".", 1)[-1]
        for item in ec2.describe_vpc_endpoints(Filters=vpc)["VpcEndpoints"]
    }
    assert endpoints == {
        "s3",
        "redshift",
        "redshift-data",
        "secretsmanager",
        "kms",
        "sts",
    }
    (group,) = ec2.describe_security_groups(
        GroupIds=[stacks.outputs()["SecurityGroup"]]
    )["SecurityGroups"]
    assert group["GroupName"] == "mlops-sg"
    members = [
        pair["GroupId"]
        for rule in group["IpPermissions"]
        for pair in rule["UserIdGroupPairs"]
    ]
    assert stacks.outputs()["SecurityGroup"] in members
    assert not [rule for rule in group["IpPermissions"] if rule["IpRanges"]]


def test_the_buckets_are_versioned_encrypted_and_closed(
    stacks: Stacks, aws: boto3.Session
) -> None:
    s3: Any = aws.client("s3")
    for name in (
        stacks.environment["Bucket"],
        stacks.environment["MwaaBucket"],
    ):
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        (rule,) = s3.get_bucket_encryption(Bucket=name)[
            "ServerSideEncryptionConfiguration"
        ]["Rules"]
        assert (
            rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
            == stacks.outputs()["KeyArn"]
        )
        closed = s3.get_public_access_block(Bucket=name)[
            "PublicAccessBlockConfiguration"
        ]
        assert all(closed.values())


def test_the_secret_has_a_password_that_nobody_has_seen(
    stacks: Stacks, aws: boto3.Session
) -> None:
    name = stacks.environment["RedshiftSecret"]
    secret = aws.client("secretsmanager").get_secret_value(SecretId=name)[
        "SecretString"
    ]
    assert '"username": "awsuser"' in secret
    assert len(secret) > 80


def test_a_layer_that_is_not_there_yet_is_asked_for_by_name(
    aws: boto3.Session,
) -> None:
    empty = Stacks(load_environment("dev", "123456789012"), aws, poll_seconds=0)
    with pytest.raises(
        DeploymentError,
        match="layer glue needs .*WorkgroupAddress.*create the layers before it",
    ):
        empty.apply("glue")


def test_the_templates_pass_cfn_lint() -> None:
    linter = Path(sys.executable).with_name("cfn-lint")
    command = [
        str(linter),
        "--regions",
        "ap-south-1",
        "--template",
        *sorted(map(str, TEMPLATES.glob("*"))),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_dags_crawler_is_the_templates() -> None:
    from lifecycle.crawler import crawler_config
    from lifecycle.names import Names

    config = crawler_config(Names())
    crawler = template("glue")["Resources"]["Crawler"]["Properties"]
    assert crawler["Description"] == config["Description"]
    assert set(crawler) == set(config)


@pytest.mark.parametrize("name", ["Job", "ScoringJob"])
def test_the_dags_glue_jobs_are_the_templates(name: str) -> None:
    from lifecycle import glue_jobs

    wanted, description = {
        "Job": (glue_jobs.JOB, glue_jobs.JOB_DESCRIPTION),
        "ScoringJob": (
            glue_jobs.SCORING_JOB,
            glue_jobs.SCORING_JOB_DESCRIPTION,
        ),
    }[name]
    job = template("glue")["Resources"][name]["Properties"]
    # The guide's leads come from one source; the DAG leaves out what only several sources need.
    arguments = {
        key: value
        for key, value in wanted["DefaultArguments"].items()
        if "if names.contract.unify else ''" not in value
    }
    own = {
        "Name": job["Name"],
        "Role": job["Role"],
        "Description": description,
        "DefaultArguments": arguments,
    }
    assert _places(job) == _places(wanted | own)


def _places(job: dict[str, Any]) -> dict[str, Any]:
    """The job with only the file's name of every place in S3, which template and DAG write in their own ways."""
    layout = {
        "scoring_script": "score_leads.py",
        "job_code": "include.zip",
        "scoring_requirements": "score_leads.requirements.txt",
        "job_script": "s3_to_redshift.py",
    }

    def place(value: Any) -> Any:
        if isinstance(value, dict) and "Sub" in value:
            return value["Sub"].rsplit("/", 1)[-1]
        return layout.get(
            str(value).strip("{} ").removeprefix("names.layout."), value
        )

    parts = {
        key: {name: place(one) for name, one in job[key].items()}
        for key in ("Command", "DefaultArguments")
        if key in job
    }
    return job | parts


def test_regions_zones_are_those_where_redshift_can_be(
    stacks: Stacks, aws: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account may have opted into Local Zones, which are listed too and come first by name."""
    regular = [{"Name": "zone-type", "Values": ["availability-zone"]}]
    local = {"ZoneName": "ap-south-1-aaa-1a", "ZoneType": "local-zone"}
    zones = [{"ZoneName": f"ap-south-1{letter}"} for letter in "abc"]

    class Ec2:
        def describe_availability_zones(self, **request: Any) -> Any:
            filtered = request.get("Filters") == regular
            return {"AvailabilityZones": zones if filtered else [local, *zones]}

    monkeypatch.setattr(aws, "client", lambda service: Ec2())
    found = Stacks.__new__(Stacks)
    found._session = aws
    assert found._zones("network", None) == {
        "ZoneA": "ap-south-1a",
        "ZoneB": "ap-south-1b",
        "ZoneC": "ap-south-1c",
    }


def test_another_newest_image_does_not_touch_an_existing_server(
    stacks: Stacks, aws: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stacks.describe("tracking")
    assert before is not None
    monkeypatch.setattr(
        mlflow_server,
        "NEWEST_IMAGE",
        "/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-x86_64",
    )
    stacks.apply("tracking")
    after = stacks.describe("tracking")
    assert after is not None
    assert before["Parameters"] == after["Parameters"]
    assert before["Outputs"] == after["Outputs"]


def test_a_stack_of_a_template_that_looked_its_image_up_keeps_what_was_found(
    aws: boto3.Session,
) -> None:
    looked_up = {
        "ParameterKey": "Image",
        "ParameterValue": mlflow_server.NEWEST_IMAGE,
        "ResolvedValue": "ami-of-that-day",
    }
    existing = {"Parameters": [looked_up]}
    assert mlflow_server.image(existing, aws) == "ami-of-that-day"


def test_the_mlflow_server_is_the_clients_version() -> None:
    locked = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    (pin,) = [
        pin
        for pin in mlflow_server.requirements().split()
        if pin.startswith("mlflow==")
    ]
    assert pin.replace("mlflow==", "mlflow-skinny==") in locked.splitlines()


def test_the_servers_pins_fit_into_a_parameter_and_its_user_data_into_a_machine() -> (
    None
):
    """CloudFormation: 4,096 bytes a parameter's value; EC2: 16 KB of user data."""
    pins = mlflow_server.requirements()
    assert len(pins) <= 4096
    assert len(pins.split()) > 50
    server = template("tracking")["Resources"]["Server"]["Properties"]
    assert len(server["UserData"]["Fn::Base64"]["Sub"] + pins) <= 16 * 1024


def test_a_stack_that_fails_gives_its_first_reasons(aws: boto3.Session) -> None:
    """CloudFormation of local AWS refuses at once; that of AWS rolls back later, as told here."""
    stacks = Stacks(
        load_environment("dev", "123456789012"), aws, poll_seconds=0
    )
    name = stacks.environment.stack("storage")
    gone = {
        "service_error_code": "ValidationError",
        "service_message": f"Stack with id {name} does not exist",
    }
    event = {
        "StackId": "i",
        "EventId": "e",
        "StackName": name,
        "Timestamp": datetime(2026, 1, 1, tzinfo=UTC),
    }
    taken = {
        "LogicalResourceId": "DataBucket",
        "ResourceStatus": "CREATE_FAILED",
        "ResourceStatusReason": "already exists",
    }
    failed = {
        "StackName": name,
        "CreationTime": event["Timestamp"],
        "StackStatus": "ROLLBACK_COMPLETE",
    }
    with Stubber(stacks._api) as stub:
        for _ in range(1 + len(LAYERS)):
            stub.add_client_error("describe_stacks", **gone)
        stub.add_response("create_stack", {"StackId": "i"})
        stub.add_response("describe_stacks", {"Stacks": [failed]})
        stub.add_response(
            "describe_stack_events",
            {
                "StackEvents": [
                    event | taken | {"ResourceStatusReason": "already exists"}
                ]
            },
        )
        with pytest.raises(
            StackFailedError,
            match="lead-conversion-dev-storage: DataBucket: already exists",
        ):
            stacks.apply("storage")


class Waiter:
    """Finds the stack at its end at the first look, and keeps how long it would have been waited for."""

    def get_waiter(self, name: str) -> "Waiter":
        return self

    def wait(self, **request: Any) -> None:
        config = request["WaiterConfig"]
        self.seconds = config["Delay"] * config["MaxAttempts"]


def test_trainings_end_before_an_update_replaces_their_workers_and_the_update_is_waited_for(
    aws: boto3.Session,
) -> None:
    properties = template("airflow")["Resources"]["Environment"]["Properties"]
    assert properties["WorkerReplacementStrategy"] == REPLACEMENT
    stacks = Stacks(load_environment("dev", "123456789012"), aws)
    waiter = Waiter()
    stacks._api = waiter
    stacks._wait("airflow", "stack_update_complete")
    update = _schema("AWS::MWAA::Environment")["handlers"]["update"]
    assert waiter.seconds > 60 * update["timeoutInMinutes"]
    assert waiter.seconds > PATIENCE


LASTING = {
    "snapshot": "that of a registered version is read; the task delete_snapshots deletes the others",
    "endpoint_model": "the endpoint loads it again at each start of a container",
}
"""Folders of runs that no rule empties, and why."""


def test_what_a_run_leaves_for_the_next_one_ends_in_time() -> None:
    """Every folder of the layout that is made anew by each run, below processed-data/ and model-artifacts/."""
    stage = load_environment("prod", "123456789012", ContractPrefix="b2b/")
    rules = template("storage")["Resources"]["DataBucket"]["Properties"][
        "LifecycleConfiguration"
    ]["Rules"]
    expiring = tuple(
        resolve(rule["Prefix"], stage.values)
        for rule in rules
        if rule.get("ExpirationInDays") == {"Ref": "ScratchDays"}
    )
    contract = load_contract("x_education")
    names = contract.names.model_copy(update={"prefix": "b2b/"})
    layout = Layout(Settings(), contract.model_copy(update={"names": names}))
    kept = set()
    for name, method in inspect.getmembers(Layout, inspect.isfunction):
        if list(inspect.signature(method).parameters)[1:] not in (
            ["run_id"],
            ["load_id"],
        ):
            continue
        key = method(layout, "r").split("/", 3)[3]
        made_below = (stage["ProcessedPrefix"], stage["ArtifactsPrefix"])
        if key.split("/")[1] in made_below and not key.startswith(expiring):
            kept.add(name)
    assert kept == set(LASTING)
    assert layout.endpoint_capture.split("/", 3)[3].startswith(expiring)


def test_personal_data_in_files_ends_only_where_the_stage_says_so() -> None:
    storage = template("storage")
    rules = {
        rule["Id"]: rule
        for rule in storage["Resources"]["DataBucket"]["Properties"][
            "LifecycleConfiguration"
        ]["Rules"]
    }
    for name in ("personal-data-raw-files", "personal-data-feedback"):
        assert rules[name]["Status"] == {
            "If": ["Erases", "Enabled", "Disabled"]
        }
        condition, days, _ = rules[name]["ExpirationInDays"]["If"]
        assert (condition, days) == ("Erases", {"Ref": "RetentionPersonalDays"})
    assert storage["Parameters"]["RetentionPersonalDays"]["Default"] == 0


def test_files_and_old_versions_leave_the_buckets_in_time() -> None:
    rules = template("storage")["Resources"]["DataBucket"]["Properties"][
        "LifecycleConfiguration"
    ]["Rules"]
    assert {rule["Id"] for rule in rules} >= {
        "raw-files-become-cheaper",
        "old-versions",
    }


def test_an_update_that_changes_nothing_is_none_defaults_and_secrets_included(
    stacks: Stacks,
) -> None:
    layers = ("network", "storage", "alerts")
    assert [stacks.apply(layer) for layer in layers] == ["unchanged"] * 3


def test_the_policies_of_a_role_can_be_read_as_they_were_written(
    stacks: Stacks, aws: boto3.Session
) -> None:
    policy = aws.client("iam").get_role_policy(
        RoleName=stacks.environment["StudioRole"], PolicyName="exploration"
    )
    document: Any = policy["PolicyDocument"]
    assert document["Version"] == "2012-10-17"
