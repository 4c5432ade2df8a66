"""What the guide's AWS account has before the first DAG runs: bucket, roles, secrets and Data Catalog database."""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256

from botocore.exceptions import ClientError

from include.settings import Settings
from localaws.roles import API_ROLE, LOCAL_API_KEY, MLFLOW_ROLE, MWAA_ROLE, REDSHIFT_ROLE
from localaws.runtime import Runtime

_EXISTS = ("BucketAlreadyOwnedByYou", "EntityAlreadyExists", "ResourceExistsException", "AlreadyExistsException")


def seed(runtime: Runtime, settings: Settings) -> None:
    """Create what is absent; safe to run again."""
    steps: tuple[Callable[[Runtime, Settings], None], ...] = (_bucket, _roles, _secret, _api_key, _catalog)
    for step in steps:
        step(runtime, settings)


@contextmanager
def _unless_it_exists() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] not in _EXISTS:
            raise


def _bucket(runtime: Runtime, settings: Settings) -> None:
    with _unless_it_exists():
        where = {"LocationConstraint": runtime.region}
        extra = {} if runtime.region == "us-east-1" else {"CreateBucketConfiguration": where}
        runtime.client("s3").create_bucket(Bucket=settings.s3.bucket, **extra)
    policy = {"Version": "2012-10-17", "Statement": [_readable_reports(settings)]}
    runtime.client("s3").put_bucket_policy(Bucket=settings.s3.bucket, Policy=json.dumps(policy))


def _readable_reports(settings: Settings) -> dict[str, object]:
    """Links to reports open in a browser, which signs nothing; on AWS they lead to the console, behind its login."""
    folders = (f"{settings.s3.reports_prefix}/*", f"*/{settings.s3.reports_prefix}/*")
    resources = [f"arn:aws:s3:::{settings.s3.bucket}/{folder}" for folder in folders]
    return {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": resources}


def _roles(runtime: Runtime, settings: Settings) -> None:
    services = {
        settings.glue.role: ["glue.amazonaws.com"],
        settings.training.role: ["sagemaker.amazonaws.com"],
        settings.endpoint.role: ["sagemaker.amazonaws.com"],
        MWAA_ROLE: ["airflow.amazonaws.com", "airflow-env.amazonaws.com"],
        REDSHIFT_ROLE: ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"],
        MLFLOW_ROLE: ["ec2.amazonaws.com"],
        API_ROLE: ["ecs-tasks.amazonaws.com"],
    }
    for name, trusted in services.items():
        trust = {"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        with _unless_it_exists():
            runtime.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)


def _secret(runtime: Runtime, settings: Settings) -> None:
    value = {
        "username": "awsuser",
        "password": secrets.token_urlsafe(24),
        "engine": "redshift",
        "workgroup": settings.redshift.workgroup,
        "dbname": settings.redshift.database,
    }
    with _unless_it_exists():
        runtime.client("secretsmanager").create_secret(Name=settings.redshift.secret, SecretString=json.dumps(value))


def _api_key(runtime: Runtime, settings: Settings) -> None:
    value = json.dumps({"local": sha256(LOCAL_API_KEY.encode()).hexdigest()})
    with _unless_it_exists():
        runtime.client("secretsmanager").create_secret(Name=settings.api.keys_secret, SecretString=value)


def _catalog(runtime: Runtime, settings: Settings) -> None:
    with _unless_it_exists():
        runtime.client("glue").create_database(DatabaseInput={"Name": settings.glue.database})
