"""Make the database role of those who may read the warehouse: only its administrator can."""

from typing import Any

import boto3
import tenacity

from infra.environments import Environment
from infra.errors import DeploymentError
from infra.waiting import wait_until

POLL_SECONDS = 2
ATTEMPTS = 60
FINAL = ("FINISHED", "FAILED", "ABORTED")
PRESENT = "already exists"


def make(
    environment: Environment, session: boto3.Session, secret_arn: str
) -> None:
    """Make the role with the administrator's secret; one that is there stays. Raises DeploymentError.

    `bootstrap_platform` grants to it, as MWAA's role, which owns the tables.
    """
    api: Any = session.client("redshift-data")
    statement = api.execute_statement(
        WorkgroupName=environment["RedshiftWorkgroup"],
        Database=environment["RedshiftDatabase"],
        SecretArn=secret_arn,
        Sql=f"CREATE ROLE {environment['RedshiftReaderRole']}",
    )
    description: dict[str, Any] = {}

    def is_done() -> bool:
        nonlocal description
        description = api.describe_statement(Id=statement["Id"])
        return description["Status"] in FINAL

    wait_until(is_done, tenacity.stop_after_attempt(ATTEMPTS), POLL_SECONDS)
    error = description.get("Error", "")
    if description["Status"] != "FINISHED" and PRESENT not in error:
        raise DeploymentError(
            f"role {environment['RedshiftReaderRole']} was not made in the warehouse: {error or description['Status']}"
        )
