"""What is found before a stage is created, on local AWS; MWAA's and CloudFormation's states are played."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra import preflight
from infra.environments import Environment, load_environment
from infra.errors import DeploymentError
from infra.mwaa_environment import CHANGING

ACCOUNT = "123456789012"
SOMEBODY = {"AlertEmail": "people@acme.test"}


class Mwaa:
    """An environment in a state, or none."""

    def __init__(self, state: str = "") -> None:
        self._state = state

    def get_environment(self, Name: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if not self._state:
            raise ClientError(
                {
                    "Error": {
                        "Code": "ResourceNotFoundException",
                        "Message": Name,
                    }
                },
                "GetEnvironment",
            )
        return {"Environment": {"Status": self._state}}


class Session:
    """Local AWS with an environment in a state, and other services played where a test says so."""

    def __init__(
        self,
        session: boto3.Session,
        state: str = "",
        s3: Any = None,
        redshift: Any = None,
    ) -> None:
        self._session, self.region_name = session, session.region_name
        self._played = {
            "mwaa": Mwaa(state),
            "s3": s3,
            "redshift-serverless": redshift,
        }

    def play(self, **services: Any) -> None:
        self._played |= services

    def client(self, service: str) -> Any:
        return self._played.get(service) or self._session.client(service)


class Found:
    """Stacks of which some are there, in a state."""

    def __init__(self, **states: str) -> None:
        self._states = states

    def describe(self, layer: str) -> dict[str, Any] | None:
        return (
            {"StackStatus": self._states[layer]}
            if layer in self._states
            else None
        )


def findings(session: Any, stage: Environment, stacks: Any = None) -> str:
    with pytest.raises(
        DeploymentError, match=r"stage \w+, nothing was changed:"
    ) as found:
        preflight.check(stage, session, stacks or Found())
    return str(found.value)


NOBODYS = "AlertEmail mlops@example.com is nobody's: set who gets alarms and budget mails in infra/stages/{}.yaml"
UNENCRYPTED = (
    "CertificateArn is missing: keys and leads would cross the network unencrypted; request a certificate for "
    "the API's name from ACM in ap-south-1 and set it in infra/stages/prod.yaml"
)


class Acm:
    """One certificate that is in force."""

    def describe_certificate(self, CertificateArn: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        return {"Certificate": {"Status": "ISSUED"}}


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("dev", [NOBODYS.format("dev")]),
        ("prod", [UNENCRYPTED, NOBODYS.format("prod")]),
    ],
)
def test_the_stages_as_they_are_shipped_lack_what_nobody_else_can_know(
    aws: boto3.Session, name: str, missing: list[str]
) -> None:
    stage = load_environment(name, ACCOUNT)
    assert findings(Session(aws), stage).splitlines()[1:] == missing
    arn = f"arn:aws:acm:{aws.region_name}:{ACCOUNT}:certificate/1"
    session = Session(aws)
    session.play(acm=Acm())
    complete = load_environment(name, ACCOUNT, **SOMEBODY, CertificateArn=arn)
    preflight.check(complete, session, Found())  # does not raise


def test_a_stage_that_keeps_no_data_may_do_without_a_certificate(
    aws: boto3.Session,
) -> None:
    passing = load_environment("prod", ACCOUNT, **SOMEBODY, Retention="Delete")
    preflight.check(passing, Session(aws), Found())  # does not raise
    lasting = load_environment("dev", ACCOUNT, **SOMEBODY, Retention="Retain")
    assert "CertificateArn is missing" in findings(Session(aws), lasting)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"Retention": "Keep"},
            "Retention 'Keep' is none of Delete, Retain: correct it in infra/stages/dev.yaml",
        ),
        (
            {"EnvironmentClass": "mw1.tiny"},
            "EnvironmentClass 'mw1.tiny' is none of mw1.micro",
        ),
        ({"MaxWorkers": "many"}, "MaxWorkers 'many' is no number"),
        ({"MaxWorkers": "99"}, "MaxWorkers 99 is not from 1 to 25"),
        (
            {"MinWorkers": "5", "MaxWorkers": "2"},
            "MinWorkers 5 is more than MaxWorkers 2",
        ),
        (
            {"RetentionPersonalDays": "60", "ScratchDays": "60"},
            "QuarantineDays 90 is more than RetentionPersonalDays 60",
        ),
        ({"VpcRange": "10.43.0.0/16"}, "VpcRange '10.43.0.0/16' does not fit"),
        ({"AlertEmail": "nobody"}, "AlertEmail 'nobody' does not fit"),
        ({"ApiClients": "0.0.0.0/0"}, "ApiClients is the whole internet"),
        (
            {"ApiClients": "10.0.0.300/8"},
            "ApiClients 10.0.0.300/8 is no range of addresses: correct it in",
        ),
        (
            {"VpcRange": "10.999"},
            "VpcRange 10.999 is no range of addresses: correct it in",
        ),
        (
            {"AlertEmail": "mlops@example.com"},
            "AlertEmail mlops@example.com is nobody's: set who gets alarms",
        ),
        (
            {"GithubRepository": "leads"},
            "GithubRepository 'leads' does not fit",
        ),
        (
            {"CertificateArn": "my-certificate"},
            "CertificateArn 'my-certificate' does not fit",
        ),
    ],
)
def test_a_wrong_parameter_is_named_with_what_would_be_right(
    aws: boto3.Session, given: dict[str, str], said: str
) -> None:
    assert said in findings(
        Session(aws), load_environment("dev", ACCOUNT, **SOMEBODY | given)
    )


def test_a_parameter_that_the_last_layer_needs_is_missed_before_the_first_is_created(
    aws: boto3.Session,
) -> None:
    stage = load_environment("dev", ACCOUNT, **SOMEBODY)
    without = Environment(
        stage.name,
        stage.account,
        {
            name: value
            for name, value in stage.values.items()
            if name != "ApiTasks"
        },
    )
    assert "ApiTasks, which layer api needs, is missing: set it in" in findings(
        Session(aws), without
    )


def test_every_finding_is_told_at_once(aws: boto3.Session) -> None:
    stage = load_environment(
        "dev",
        ACCOUNT,
        **SOMEBODY,
        Retention="Keep",
        MaxWorkers="many",
        MwaaBucket="No_Name",
    )
    assert len(findings(Session(aws), stage).splitlines()) == 4


def test_a_missing_certificate_is_named_with_the_region(
    aws: boto3.Session,
) -> None:
    arn = f"arn:aws:acm:{aws.region_name}:{ACCOUNT}:certificate/00000000-0000-0000-0000-000000000000"
    said = findings(
        Session(aws),
        load_environment("prod", ACCOUNT, **SOMEBODY, CertificateArn=arn),
    )
    assert "no such certificate in ap-south-1; request one there" in said


def test_a_certificate_that_nobody_has_validated_is_not_enough(
    aws: boto3.Session,
) -> None:
    asked = aws.client("acm").request_certificate(
        DomainName="leads.example.com", ValidationMethod="DNS"
    )
    said = findings(
        Session(aws),
        load_environment(
            "prod", ACCOUNT, **SOMEBODY, CertificateArn=asked["CertificateArn"]
        ),
    )
    assert "is PENDING_VALIDATION: validate it first" in said


@pytest.mark.parametrize("state", [*CHANGING, "DELETING"])
def test_an_environment_that_is_changing_is_waited_for(
    aws: boto3.Session, state: str
) -> None:
    said = findings(
        Session(aws, state), load_environment("prod", ACCOUNT, **SOMEBODY)
    )
    assert f"LeadConversion-MLOps-Prod is {state}: wait for its end" in said


def test_a_stack_that_somebody_is_changing_is_waited_for(
    aws: boto3.Session,
) -> None:
    said = findings(
        Session(aws),
        load_environment("dev", ACCOUNT, **SOMEBODY),
        Found(warehouse="UPDATE_IN_PROGRESS"),
    )
    assert (
        "stack lead-conversion-dev-warehouse is UPDATE_IN_PROGRESS: wait for its end"
        in said
    )


@pytest.mark.parametrize(
    "state", ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"]
)
def test_a_stack_that_takes_no_update_is_named_before_another_is_touched(
    aws: boto3.Session, state: str
) -> None:
    said = findings(
        Session(aws),
        load_environment("dev", ACCOUNT, **SOMEBODY),
        Found(storage=state),
    )
    assert (
        f"stack lead-conversion-dev-storage is {state} and takes no update: continue its rollback"
        in said
    )


@pytest.mark.parametrize(
    "state", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"]
)
def test_a_stack_that_takes_an_update_is_no_finding(
    aws: boto3.Session, state: str
) -> None:
    preflight.check(
        load_environment("dev", ACCOUNT, **SOMEBODY),
        Session(aws),
        Found(storage=state),
    )  # does not raise


@pytest.mark.parametrize(
    ("code", "parameter"), [("403", "Bucket"), ("301", "MwaaBucket")]
)
def test_a_bucket_name_that_another_account_or_region_has_is_named(
    aws: boto3.Session, code: str, parameter: str
) -> None:
    class TakenElsewhere:
        def head_bucket(self, Bucket: str) -> None:  # noqa: N803 - boto3's name
            found = code if Bucket == "somebody-elses" else "404"
            raise ClientError(
                {"Error": {"Code": found, "Message": ""}}, "HeadBucket"
            )

    session = Session(aws, s3=TakenElsewhere())
    said = findings(
        session,
        load_environment(
            "dev", ACCOUNT, **SOMEBODY | {parameter: "somebody-elses"}
        ),
    )
    assert said.splitlines()[1:] == [
        f"{parameter} somebody-elses is taken, by another account or in another region: choose another name"
    ]


class Redshift:
    """Redshift Serverless with the last snapshot of an earlier deletion, or without."""

    def __init__(self, *snapshots: str) -> None:
        self._snapshots = snapshots

    def get_snapshot(self, snapshotName: str) -> None:  # noqa: N803 - boto3's name
        if snapshotName not in self._snapshots:
            raise ClientError(
                {"Error": {"Code": "ResourceNotFoundException", "Message": ""}},
                "GetSnapshot",
            )


def test_a_stage_whose_last_snapshot_is_there_already_is_not_deleted(
    aws: boto3.Session,
) -> None:
    stage, stacks = (
        load_environment("prod", ACCOUNT),
        Found(warehouse="CREATE_COMPLETE"),
    )
    taken = Session(aws, redshift=Redshift("lead-conversion-prod-final"))
    with pytest.raises(
        DeploymentError,
        match="nothing was deleted:\nsnapshot lead-conversion-prod-final of an earlier",
    ):
        preflight.require_settled(stage, taken, stacks)
    preflight.require_settled(
        stage, Session(aws, redshift=Redshift("another")), stacks
    )
    preflight.require_settled(stage, taken, Found())
    preflight.require_settled(load_environment("dev", ACCOUNT), taken, stacks)


def test_githubs_identity_provider_is_made_once_in_an_account(
    aws: boto3.Session,
) -> None:
    iam, repository = aws.client("iam"), {"GithubRepository": "acme/leads"}
    gone = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    said = findings(
        Session(aws),
        load_environment(
            "dev", ACCOUNT, **SOMEBODY, **repository, GithubProviderArn=gone
        ),
    )
    assert f"GithubProviderArn {gone} is not there: leave it out" in said
    made = iam.create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com",
        ClientIDList=["sts.amazonaws.com"],
    )["OpenIDConnectProviderArn"]
    said = findings(
        Session(aws), load_environment("dev", ACCOUNT, **SOMEBODY, **repository)
    )
    assert (
        f"has GitHub's identity provider already: set GithubProviderArn: {made}"
        in said
    )
    preflight.check(
        load_environment(
            "dev", ACCOUNT, **SOMEBODY, **repository, GithubProviderArn=made
        ),
        Session(aws),
        Found(),
    )
    preflight.check(
        load_environment("dev", ACCOUNT, **SOMEBODY, **repository),
        Session(aws),
        Found(ci="CREATE_COMPLETE"),
    )


def test_a_stages_own_buckets_are_not_taken_for_somebody_elses(
    aws: boto3.Session,
) -> None:
    stage = load_environment(
        "dev",
        ACCOUNT,
        **SOMEBODY,
        Bucket="own-data-bucket",
        MwaaBucket="own-code-bucket",
    )
    for name in ("own-data-bucket", "own-code-bucket"):
        where = {"LocationConstraint": aws.region_name}
        aws.client("s3").create_bucket(
            Bucket=name, CreateBucketConfiguration=where
        )
    assert (
        "Bucket own-data-bucket exists already, outside the stacks"
        in findings(Session(aws), stage)
    )
    preflight.check(stage, Session(aws), Found(storage="CREATE_COMPLETE"))


class Tracking(Found):
    """Stacks of which `tracking` is there, with the image that its server runs."""

    def describe(self, layer: str) -> dict[str, Any] | None:
        parameter = {"ParameterKey": "Image", "ParameterValue": "ami-first"}
        state = {"StackStatus": "CREATE_COMPLETE", "Parameters": [parameter]}
        return state if layer == "tracking" else None


def test_another_image_for_the_mlflow_server_is_refused_before_it_fails_at_its_address(
    aws: boto3.Session,
) -> None:
    stage = load_environment("dev", ACCOUNT, **SOMEBODY, Image="ami-second")
    message = findings(Session(aws), stage, Tracking())
    assert "the MLflow server runs ami-first" in message
    same = load_environment("dev", ACCOUNT, **SOMEBODY, Image="ami-first")
    preflight.check(same, Session(aws), Tracking())
