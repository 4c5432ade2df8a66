"""What stands in the way of a stack's deletion, and what the retention parameter leaves behind."""

import time
from typing import Any

from include.infra.stages import Stage

POLL_SECONDS, PATIENCE = 5, 60


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
    for _ in range(PATIENCE):
        if not efs.describe_mount_targets(FileSystemId=file_system)["MountTargets"]:
            break
        time.sleep(POLL_SECONDS)
    if not keep:
        efs.delete_file_system(FileSystemId=file_system)


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
