"""The roles of ten contracts, created for real on local AWS from a template that is too large for a request."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from infra.contract_rules import LARGEST_TEMPLATE
from infra.environments import load_environment, template_body
from infra.stacks import Stacks
from tests.infra.test_contract_rules import NINE
from tests.infra.test_policies import NAMES

OUTPUTS = (
    "KeyArn", "WorkgroupArn", "RepositoryArn", "PrivateSubnetA", "PrivateSubnetB", "SecurityGroup", "MlflowClients",
)  # fmt: skip
"""What the layers before hand to the roles."""


@pytest.fixture(scope="module")
def stacks(aws: boto3.Session) -> Stacks:
    """The layer of the roles in an environment with ten contracts."""
    environment = replace(
        load_environment("dev", "123456789012"), contracts=NINE
    )
    storage: Any = aws.client("s3")
    storage.create_bucket(
        Bucket=environment["MwaaBucket"],
        CreateBucketConfiguration={"LocationConstraint": aws.region_name},
    )
    stacks = Stacks(environment, aws, poll_seconds=0)
    extra = {name: NAMES[name] for name in OUTPUTS}
    assert stacks.apply("roles", extra) == "created"
    return stacks


def test_a_template_that_is_too_large_is_put_into_the_code_bucket() -> None:
    stored: dict[str, Any] = {}

    def put_object(**request: Any) -> None:
        stored.update(request)

    session: Any = SimpleNamespace(
        region_name="eu-west-1",
        client=lambda _: SimpleNamespace(put_object=put_object),
    )
    environment = replace(
        load_environment("dev", "123456789012"), contracts=NINE
    )
    made = Stacks(environment, session)
    bucket = environment["MwaaBucket"]
    assert made._template("network").keys() == {"TemplateBody"}
    assert not stored
    assert made._template("roles") == {
        "TemplateURL": f"https://{bucket}.s3.eu-west-1.amazonaws.com/templates/roles.yaml"
    }
    assert (stored["Bucket"], stored["Key"]) == (bucket, "templates/roles.yaml")
    assert stored["Body"].decode() == template_body("roles", NINE)


def attached(aws: boto3.Session, role: str) -> list[dict[str, Any]]:
    """Return the documents of the managed policies that a role has."""
    iam: Any = aws.client("iam")
    documents = []
    for entry in iam.list_attached_role_policies(RoleName=role)[
        "AttachedPolicies"
    ]:
        arn = entry["PolicyArn"]
        policy = iam.get_policy(PolicyArn=arn)["Policy"]
        version = iam.get_policy_version(
            PolicyArn=arn, VersionId=policy["DefaultVersionId"]
        )
        documents.append(version["PolicyVersion"]["Document"])
    return documents


@pytest.mark.slow
def test_the_template_is_read_from_s3_and_the_role_has_the_managed_policies(
    stacks: Stacks, aws: boto3.Session
) -> None:
    assert len(template_body("roles", NINE)) > LARGEST_TEMPLATE
    documents = attached(aws, stacks.environment["MwaaRole"])
    assert len(documents) == 3
    for name, prefix in NINE.items():
        holders = [
            document
            for document in documents
            if f"/{prefix}raw-data/*" in str(document)
        ]
        assert len(holders) == 1, name
        assert f"job/s3ToRedshift-dev-{name}'" in str(holders[0])
