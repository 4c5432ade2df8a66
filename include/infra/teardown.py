"""What stands in the way of a stack's deletion, and what the retention parameter leaves behind."""

import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

from include.infra.stages import Stage, StageError

POLL_SECONDS, PATIENCE = 5, 60
SHARED_LOGS = ("/aws-glue/", "/aws/sagemaker/TrainingJobs")


def empty_bucket(s3: Any, bucket: str) -> int:
    """Delete every version of every object, as only an empty bucket can be deleted; returns how many."""
    deleted = 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in versions]
        if keys:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
        deleted += len(keys)
    return deleted


def release_studio(efs: Any, file_system: str, keep: bool) -> None:
    """Take Studio's file system out of the VPC, which it would hold; delete it unless the data is kept.

    SageMaker leaves it and its mount targets behind when a domain is deleted by a stack.
    """
    for target in efs.describe_mount_targets(FileSystemId=file_system)["MountTargets"]:
        efs.delete_mount_target(MountTargetId=target["MountTargetId"])
    _wait(
        lambda: efs.describe_mount_targets(FileSystemId=file_system)["MountTargets"],
        f"{file_system} of Studio is still in the VPC: delete it there once it is free, then run the deletion again",
    )
    if not keep:
        efs.delete_file_system(FileSystemId=file_system)


def close_studio(sagemaker: Any, domain: str) -> None:
    """Delete the applications and spaces that people opened in Studio: they cost by the hour and hold the domain.

    Notebooks are files of the file system and stay. Raises StageError where something does not end in time.
    """

    def apps() -> list[dict[str, Any]]:
        found = sagemaker.get_paginator("list_apps").paginate(DomainIdEquals=domain)
        return [app for page in found for app in page["Apps"] if app["Status"] != "Deleted"]

    def spaces() -> list[str]:
        found = sagemaker.get_paginator("list_spaces").paginate(DomainIdEquals=domain)
        return [space["SpaceName"] for page in found for space in page["Spaces"]]

    for app in apps():
        if app["Status"] != "Deleting":
            owner = {name: app[name] for name in ("UserProfileName", "SpaceName") if app.get(name)}
            sagemaker.delete_app(DomainId=domain, AppType=app["AppType"], AppName=app["AppName"], **owner)
    _wait(apps, f"Studio domain {domain} still has applications: run the deletion again")
    for space in spaces():
        sagemaker.delete_space(DomainId=domain, SpaceName=space)
    _wait(spaces, f"Studio domain {domain} still has spaces: run the deletion again")


def stop_endpoint(sagemaker: Any, endpoint: str) -> None:
    """Delete the SageMaker endpoint, which a DAG made and no stack holds; it costs by the hour."""
    try:
        sagemaker.delete_endpoint(EndpointName=endpoint)
    except ClientError as error:
        if "Could not find" not in str(error):
            raise


def outside_the_stacks(stage: Stage, session: boto3.Session) -> list[str]:
    """Delete what AWS and people made for a stage outside its stacks, or say that it stays where the data is kept.

    Returns:
        What is left, and why: logs, and the secret of the API's keys.
    """
    logs, secrets = session.client("logs"), session.client("secretsmanager")
    prefixes = (
        f"airflow-{stage['EnvironmentName']}-",
        f"/aws/sagemaker/Endpoints/{stage['EndpointName']}",
        f"/aws/redshift/{stage['RedshiftWorkgroup']}/",
    )
    groups, shared = ([name for prefix in some for name in _groups(logs, prefix)] for some in (prefixes, SHARED_LOGS))
    left = [f"log group {name}, which other jobs of the account write to (log storage)" for name in shared]
    if stage.keeps_data:
        secret = f"secret {stage['ApiKeysSecret']}: the API's keys, if any was made (0.40 $ a month)"
        return [*(f"log group {name} (log storage)" for name in groups), secret, *left]
    for name in groups:
        logs.delete_log_group(logGroupName=name)
    secrets.delete_secret(SecretId=stage["ApiKeysSecret"], ForceDeleteWithoutRecovery=True)
    return left


def kept(stage: Stage, outputs: dict[str, str]) -> list[str]:
    """What stays and goes on costing after the deletion, by the stage's Retention."""
    if not stage.keeps_data:
        return []
    return [
        f"bucket {stage['Bucket']}: leads, models, reports (S3 storage)",
        f"key {outputs.get('KeyArn', '')}: without it none of this can be read (1 $ a month)",
        f"snapshot lead-conversion-{stage.name}-final of the warehouse, for 365 days (backup storage)",
        "the MLflow server's volume with runs and registry (EBS storage)",
        f"file system {outputs.get('StudioFileSystem', '')}: Studio's notebooks (EFS storage)",
    ]


def _groups(logs: Any, prefix: str) -> list[str]:
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    return [group["logGroupName"] for page in pages for group in page["logGroups"]]


def _wait(left: Callable[[], list[Any]], otherwise: str) -> None:
    for _ in range(PATIENCE):
        if not left():
            return
        time.sleep(POLL_SECONDS)
    raise StageError(otherwise)
