"""What stands in the way of a stack's deletion, and what the retention parameter leaves behind."""

import time
from collections.abc import Callable
from typing import Any

import boto3

from infra.stages import Stage, StageError

POLL_SECONDS, PATIENCE = 5, 60
SHARED_LOGS = ("/aws-glue/", "/aws/sagemaker/TrainingJobs", "/aws/sagemaker/studio")
NFS_GROUPS = ("security-group-for-inbound-nfs-*", "security-group-for-outbound-nfs-*")
"""SageMaker makes the two for Studio's file system and leaves them behind; they name each other and hold the VPC."""


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


def stop_endpoint(sagemaker: Any, endpoint: str, role: str) -> None:
    """Delete the endpoint, which a DAG made and no stack holds and which costs by the hour, its configs and its models.

    Args:
        sagemaker: a boto3 client.
        endpoint: its name, with which those of its configs and models begin.
        role: name of the stage's endpoint role; another stage's models may begin with the same name.

    Raises:
        StageError: it was not gone in time.
    """

    def present() -> list[str]:
        found = sagemaker.list_endpoints(NameContains=endpoint, MaxResults=100)["Endpoints"]
        return [one["EndpointName"] for one in found if one["EndpointName"] == endpoint]

    if present():
        sagemaker.delete_endpoint(EndpointName=endpoint)
        _wait(present, f"endpoint {endpoint} is not gone yet: run the deletion again")
    models = _models(sagemaker, endpoint, role)
    # Config and model of a deployment have one name (include/endpoint/deployment.py).
    for page in sagemaker.get_paginator("list_endpoint_configs").paginate(NameContains=endpoint):
        for config in page["EndpointConfigs"]:
            if config["EndpointConfigName"] in models:
                sagemaker.delete_endpoint_config(EndpointConfigName=config["EndpointConfigName"])
    for model in models:
        sagemaker.delete_model(ModelName=model)


def stop_training(sagemaker: Any, role: str) -> list[str]:
    """Stop the training jobs that run in a stage's role, which cost until they end; returns their names."""
    pages = sagemaker.get_paginator("list_training_jobs").paginate(StatusEquals="InProgress")
    running = [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]
    own = [name for name in running if _has(sagemaker.describe_training_job(TrainingJobName=name)["RoleArn"], role)]
    for name in own:
        sagemaker.stop_training_job(TrainingJobName=name)
    return own


def release_network(ec2: Any, vpc: str) -> None:
    """Delete what others left in the VPC and what would hold it: Studio's two groups, network interfaces of nothing.

    The interfaces of NAT gateways and VPC endpoints are in use, and go with the stack that made them.
    """
    inside = {"Name": "vpc-id", "Values": [vpc]}
    free = [inside, {"Name": "status", "Values": ["available"]}]
    for interface in ec2.describe_network_interfaces(Filters=free)["NetworkInterfaces"]:
        ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    named = [inside, {"Name": "group-name", "Values": list(NFS_GROUPS)}]
    groups = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    for group in groups:
        if group["IpPermissions"]:
            ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
        if group["IpPermissionsEgress"]:
            ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
    for group in groups:
        ec2.delete_security_group(GroupId=group["GroupId"])


def outside_the_stacks(stage: Stage, session: boto3.Session) -> list[str]:
    """Delete what AWS and people made for a stage outside its stacks, or say that it stays where the data is kept.

    Returns:
        What is left, and why: logs, and the secret of the API's keys.
    """
    logs, secrets = session.client("logs"), session.client("secretsmanager")
    endpoint = f"/aws/sagemaker/Endpoints/{stage['EndpointName']}"
    prefixes = (f"airflow-{stage['EnvironmentName']}-", f"/aws/redshift/{stage['RedshiftWorkgroup']}/", endpoint)
    own = [name for prefix in prefixes for name in _groups(logs, prefix)]
    groups = [name for name in own if name == endpoint or not name.startswith(endpoint)]
    shared = [name for prefix in SHARED_LOGS for name in _groups(logs, prefix)]
    left = [f"log group {name}, which other jobs of the account write to (log storage)" for name in shared]
    if stage.keeps_data:
        secret = f"secret {stage['ApiKeysSecret']}: the API's keys, if any was made (0.40 $ a month)"
        return [*(f"log group {name} (log storage)" for name in groups), secret, *left]
    for name in groups:
        logs.delete_log_group(logGroupName=name)
    secrets.delete_secret(SecretId=stage["ApiKeysSecret"], ForceDeleteWithoutRecovery=True)
    return left


def kept(stage: Stage, outputs: dict[str, str]) -> list[str]:
    """What the deletion of the stacks leaves, and what of it goes on costing, by the stage's Retention."""
    key, provider = outputs.get("KeyArn", ""), "GitHub's identity provider, for other stages (nothing)"
    free = [provider] if "DeployRoleArn" in outputs else []
    if not stage.keeps_data:
        return [f"key {key}, for the 7 days until AWS deletes it (nothing)", *free]
    return [
        f"bucket {stage['Bucket']}: leads, models, reports, old versions for 30 days (S3 storage)",
        f"key {key}: without it none of this can be read (1 $ a month)",
        f"snapshot {final_snapshot(stage)} of the warehouse, for 365 days (backup storage)",
        f"volume {outputs.get('MlflowVolume', '')}: the MLflow server's runs and registry (EBS storage)",
        f"file system {outputs.get('StudioFileSystem', '')}: Studio's notebooks (EFS storage)",
        *free,
    ]


def final_snapshot(stage: Stage) -> str:
    """Name of the snapshot that Redshift takes when a stage that keeps its data is deleted."""
    return f"lead-conversion-{stage.name}-final"


def _models(sagemaker: Any, endpoint: str, role: str) -> list[str]:
    pages = sagemaker.get_paginator("list_models").paginate(NameContains=endpoint)
    names = [model["ModelName"] for page in pages for model in page["Models"]]
    return [
        name
        for name in names
        if name.startswith(f"{endpoint}-")
        if _has(sagemaker.describe_model(ModelName=name)["ExecutionRoleArn"], role)
    ]


def _has(arn: str, role: str) -> bool:
    return arn.rsplit("/", 1)[-1] == role


def _groups(logs: Any, prefix: str) -> list[str]:
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    return [group["logGroupName"] for page in pages for group in page["logGroups"]]


def _wait(left: Callable[[], list[Any]], otherwise: str) -> None:
    for _ in range(PATIENCE):
        if not left():
            return
        time.sleep(POLL_SECONDS)
    raise StageError(otherwise)
