"""The database role of the warehouse's readers, made through the Data API of local AWS."""

from typing import Any

import boto3
import pytest

from infra import warehouse_role
from infra.environments import load_environment
from infra.errors import DeploymentError

SECRET = "arn:aws:secretsmanager:ap-south-1:123456789012:secret:admin-abcdef"  # noqa: S105 - its ARN
STAGE = load_environment(
    "dev", "123456789012", RedshiftWorkgroup="default-workgroup"
)


class Answering:
    """A session whose Data API ends every statement with one status and error."""

    def __init__(self, status: str, error: str = "") -> None:
        self._description = {"Status": status, "Error": error}
        self.requests: list[dict[str, Any]] = []

    def client(self, service: str) -> Any:
        return self

    def execute_statement(self, **request: Any) -> dict[str, str]:
        self.requests.append(request)
        return {"Id": "1"}

    def describe_statement(self, Id: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        return self._description


def test_the_role_is_made_with_the_administrators_secret(
    aws: boto3.Session,
) -> None:
    warehouse_role.make(STAGE, aws, SECRET)
    (statement,) = aws.client("redshift-data").list_statements()["Statements"]
    assert statement["QueryString"] == "CREATE ROLE leads_reader_dev"
    assert statement["Status"] == "FINISHED"


def test_a_role_that_is_there_stays() -> None:
    session: Any = Answering("FAILED", 'role "leads_reader" already exists')
    warehouse_role.make(STAGE, session, SECRET)
    assert session.requests[0]["SecretArn"] == SECRET


def test_any_other_failure_stops_the_stacks() -> None:
    session: Any = Answering("FAILED", "permission denied")
    with pytest.raises(DeploymentError, match="permission denied"):
        warehouse_role.make(STAGE, session, SECRET)
