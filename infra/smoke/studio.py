"""Query the warehouse as Studio's role does: with a twin of it, as nobody but SageMaker may assume the role itself."""

import json
from typing import Any

import boto3
import tenacity
from botocore.exceptions import ClientError

from include.warehouse.client import Warehouse
from include.warehouse.errors import WarehouseError
from infra.smoke.scratch import Scratch, is_missing

SUFFIX = "-smoke"
"""One twin a stage, so that one user of the warehouse at most stays behind."""
PATIENCE_SECONDS = 90
"""A new role is known everywhere only after some seconds."""
PAUSE_SECONDS = 5


def query(scratch: Scratch, role: str) -> dict[str, Any]:
    """Count the leads of this run as the twin of a role: its policies, and the tag that gives it the readers' role.

    Args:
        scratch: whose tables `bootstrap_platform`'s statements have granted.
        role: name of Studio's role.
    """
    iam: Any = scratch.session.client("iam")
    twin = role + SUFFIX
    _delete(iam, twin)
    scratch.cleaning.add(f"role {twin}", lambda: _delete(iam, twin))
    arn = _make(iam, role, twin, scratch.session)
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type((ClientError, WarehouseError)),
        wait=tenacity.wait_fixed(PAUSE_SECONDS),
        stop=tenacity.stop_after_delay(PATIENCE_SECONDS),
        reraise=True,
    )
    return {"leads": retrying(_count, scratch, arn)}


def _count(scratch: Scratch, arn: str) -> int:
    sts: Any = scratch.session.client("sts")
    credentials = sts.assume_role(RoleArn=arn, RoleSessionName=scratch.run)[
        "Credentials"
    ]
    session = boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=scratch.settings.region,
    )
    warehouse = Warehouse(
        scratch.settings, client=session.client("redshift-data")
    )
    table = scratch.contract.names.table
    schema = scratch.settings.redshift.schema_name
    (row,) = warehouse.query(f"SELECT COUNT(*) AS leads FROM {schema}.{table}")  # noqa: S608 - our own table
    return int(row["leads"])


def _make(iam: Any, role: str, twin: str, session: boto3.Session) -> str:
    """Make the twin, which the caller of this session alone may assume; return its ARN."""
    caller: Any = session.client("sts").get_caller_identity()
    partition = caller["Arn"].split(":")[1]
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{caller['Account']}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:userid": caller["UserId"]}},
    }
    original = iam.get_role(RoleName=role)["Role"]
    created = iam.create_role(
        RoleName=twin,
        Description=f"make smoke: {role} for one query",
        AssumeRolePolicyDocument=_document(trust),
        Tags=original.get("Tags", []),
    )
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        policy = iam.get_role_policy(RoleName=role, PolicyName=name)
        iam.put_role_policy(
            RoleName=twin,
            PolicyName=name,
            PolicyDocument=json.dumps(policy["PolicyDocument"]),
        )
    return str(created["Role"]["Arn"])


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _delete(iam: Any, role: str) -> None:
    """Delete a role with its policies; one that is not there is no error."""
    try:
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            iam.delete_role_policy(RoleName=role, PolicyName=name)
        iam.delete_role(RoleName=role)
    except ClientError as error:
        if not is_missing(error):
            raise
