"""What can be known to fail before the first stack is touched: each check names the cause and the way out."""

import re
from typing import Any

import boto3
from botocore.exceptions import ClientError

from include.infra.stages import Stage, StageError

BUCKET_NAME = re.compile(r"(?!xn--|sthree-)(?!.*(-s3alias|--ol-s3)$)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
CHANGING = ("CREATING", "UPDATING", "DELETING", "ROLLING_BACK", "MAINTENANCE")


def check(stage: Stage, session: boto3.Session, exists: bool) -> None:
    """Raises StageError with every finding at once; nothing has been changed then.

    Args:
        stage: what is about to be created or updated.
        session: account and region.
        exists: whether the stage's buckets are its own already.
    """
    found = [
        *(problem for name in ("Bucket", "MwaaBucket") for problem in _bucket(stage[name], name, session, exists)),
        *_certificate(stage, session),
        *_clients(stage),
        *_environment(stage, session),
    ]
    if found:
        raise StageError(f"stage {stage.name}, nothing was changed:\n" + "\n".join(found))


def _bucket(bucket: str, parameter: str, session: boto3.Session, exists: bool) -> list[str]:
    if not BUCKET_NAME.fullmatch(bucket):
        return [f"{parameter} {bucket!r} is no bucket name: 3 to 63 lower-case letters, digits and dashes"]
    if exists:
        return []
    try:
        session.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return [] if code == "404" else [f"{parameter} {bucket} belongs to another account: choose another name"]
    return [f"{parameter} {bucket} exists already, outside the stacks: choose another name, or delete it"]


def _certificate(stage: Stage, session: boto3.Session) -> list[str]:
    arn = stage.given.get("CertificateArn", "")
    if not arn:
        return []
    try:
        found = session.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError:
        return [f"CertificateArn {arn}: no such certificate in {session.region_name}; request one there"]
    state = found["Status"]
    return [] if state == "ISSUED" else [f"CertificateArn {arn} is {state}: validate it first"]


def _clients(stage: Stage) -> list[str]:
    open_to_all = stage["ApiClients"].endswith("/0")
    return ["ApiClients is the whole internet: name the ranges of your own clients"] if open_to_all else []


def _environment(stage: Stage, session: boto3.Session) -> list[str]:
    mwaa: Any = session.client("mwaa")
    try:
        state = mwaa.get_environment(Name=stage["EnvironmentName"])["Environment"]["Status"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
    return [f"{stage['EnvironmentName']} is {state}: wait until it is AVAILABLE"] if state in CHANGING else []
