"""Create what the guide's AWS account has before the first DAG runs: bucket, roles, secrets, Data Catalog database."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from botocore.exceptions import ClientError

from localaws.account import Account
from localaws.roles import (
    API_ROLE,
    LOCAL_API_KEY,
    MLFLOW_ROLE,
    MWAA_ROLE,
    REDSHIFT_ROLE,
)
from localaws.runtime import Runtime

_ALREADY_EXISTS = (
    "BucketAlreadyOwnedByYou",
    "EntityAlreadyExists",
    "ResourceExistsException",
    "AlreadyExistsException",
)


def seed(runtime: Runtime, account: Account) -> None:
    """Create what is absent; safe to run again."""
    _create_bucket(runtime, account)
    _create_roles(runtime, account)
    _create_warehouse_secret(runtime, account)
    _create_api_keys(runtime, account)
    _create_catalog(runtime, account)


@contextmanager
def _unless_it_exists() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in _ALREADY_EXISTS:
            raise


def _create_bucket(runtime: Runtime, account: Account) -> None:
    s3 = runtime.client("s3")
    # us-east-1 is the one region that CreateBucket refuses by name.
    configuration = {
        "CreateBucketConfiguration": {"LocationConstraint": runtime.region}
    }
    if runtime.region == "us-east-1":
        configuration = {}
    with _unless_it_exists():
        s3.create_bucket(Bucket=account.bucket, **configuration)
    policy = {
        "Version": "2012-10-17",
        "Statement": [_readable_reports(account)],
    }
    s3.put_bucket_policy(Bucket=account.bucket, Policy=json.dumps(policy))


def _readable_reports(account: Account) -> dict[str, object]:
    """Return the statement that lets anyone read reports.

    Links to reports open in a browser, which signs nothing. On AWS they lead to the console, behind its login.
    """
    folders = (f"{account.reports_prefix}/*", f"*/{account.reports_prefix}/*")
    resources = [
        f"arn:aws:s3:::{account.bucket}/{folder}" for folder in folders
    ]
    return {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": resources,
    }


def _create_roles(runtime: Runtime, account: Account) -> None:
    trusted_services = {
        account.glue_role: ["glue.amazonaws.com"],
        account.training_role: ["sagemaker.amazonaws.com"],
        account.endpoint_role: ["sagemaker.amazonaws.com"],
        MWAA_ROLE: ["airflow.amazonaws.com", "airflow-env.amazonaws.com"],
        REDSHIFT_ROLE: [
            "redshift.amazonaws.com",
            "redshift-serverless.amazonaws.com",
        ],
        MLFLOW_ROLE: ["ec2.amazonaws.com"],
        API_ROLE: ["ecs-tasks.amazonaws.com"],
    }
    for name, services in trusted_services.items():
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": services},
            "Action": "sts:AssumeRole",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        with _unless_it_exists():
            runtime.client("iam").create_role(
                RoleName=name, AssumeRolePolicyDocument=document
            )


def _create_warehouse_secret(runtime: Runtime, account: Account) -> None:
    credentials = {
        "username": "awsuser",
        "password": secrets.token_urlsafe(24),
        "engine": "redshift",
        "workgroup": account.workgroup,
        "dbname": account.database,
    }
    _create_secret(runtime, account.warehouse_secret, credentials)


def _create_api_keys(runtime: Runtime, account: Account) -> None:
    digest = sha256(LOCAL_API_KEY.encode()).hexdigest()
    _create_secret(runtime, account.api_keys_secret, {"local": digest})


def _create_secret(
    runtime: Runtime, name: str, content: dict[str, str]
) -> None:
    with _unless_it_exists():
        runtime.client("secretsmanager").create_secret(
            Name=name, SecretString=json.dumps(content)
        )


def _create_catalog(runtime: Runtime, account: Account) -> None:
    with _unless_it_exists():
        runtime.client("glue").create_database(
            DatabaseInput={"Name": account.glue_database}
        )
