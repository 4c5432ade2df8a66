"""Remove what stands in the way of a stack's deletion, and name what the retention parameter leaves behind."""

from typing import Any

import boto3

from infra.endpoints import has_role, own_log_groups
from infra.environments import Environment
from infra.listing import listed, log_groups, wait_until_gone

SHARED_LOGS = (
    "/aws-glue/",
    "/aws/sagemaker/TrainingJobs",
    "/aws/sagemaker/studio",
)
NFS_GROUPS = (
    "security-group-for-inbound-nfs-*",
    "security-group-for-outbound-nfs-*",
)
"""SageMaker makes the two for Studio's file system and leaves them behind; they name each other and hold the VPC."""
FREE_PROVIDER = "GitHub's identity provider, for other stages (nothing)"


def empty_bucket(s3: Any, bucket: str, prefix: str = "") -> int:
    """Delete every version of every object below a prefix, as only an empty bucket can be deleted; return how many."""
    deleted = 0
    for page in s3.get_paginator("list_object_versions").paginate(
        Bucket=bucket, Prefix=prefix
    ):
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [
            {"Key": version["Key"], "VersionId": version["VersionId"]}
            for version in versions
        ]
        if keys:
            s3.delete_objects(
                Bucket=bucket, Delete={"Objects": keys, "Quiet": True}
            )
        deleted += len(keys)
    return deleted


def release_studio(efs: Any, file_system: str, keep: bool) -> None:
    """Take Studio's file system out of the VPC, which it would hold; delete it unless the data is kept.

    SageMaker leaves it and its mount targets behind when a domain is deleted by a stack.
    """

    def mount_targets() -> list[dict[str, Any]]:
        return list(
            efs.describe_mount_targets(FileSystemId=file_system)["MountTargets"]
        )

    for target in mount_targets():
        efs.delete_mount_target(MountTargetId=target["MountTargetId"])
    wait_until_gone(
        mount_targets,
        f"{file_system} of Studio is still in the VPC: delete it there once it is free, then run the deletion again",
    )
    if not keep:
        efs.delete_file_system(FileSystemId=file_system)


def close_studio(sagemaker: Any, domain: str) -> None:
    """Delete the applications and spaces that people opened in Studio: they cost by the hour and hold the domain.

    Notebooks are files of the file system and stay.

    Raises:
        DeploymentError: something does not end in time.
    """

    def apps() -> list[dict[str, Any]]:
        present = listed(sagemaker, "list_apps", "Apps", DomainIdEquals=domain)
        return [app for app in present if app["Status"] != "Deleted"]

    def spaces() -> list[dict[str, Any]]:
        return listed(sagemaker, "list_spaces", "Spaces", DomainIdEquals=domain)

    for app in apps():
        if app["Status"] != "Deleting":
            owner = {
                name: app[name]
                for name in ("UserProfileName", "SpaceName")
                if app.get(name)
            }
            sagemaker.delete_app(
                DomainId=domain,
                AppType=app["AppType"],
                AppName=app["AppName"],
                **owner,
            )
    wait_until_gone(
        apps,
        f"Studio domain {domain} still has applications: run the deletion again",
    )
    for space in spaces():
        sagemaker.delete_space(DomainId=domain, SpaceName=space["SpaceName"])
    wait_until_gone(
        spaces,
        f"Studio domain {domain} still has spaces: run the deletion again",
    )


def stop_server(ec2: Any, instance: str) -> None:
    """Stop the MLflow server and wait, so that its database is closed and its volume unmounted before both go."""
    ec2.stop_instances(InstanceIds=[instance])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[instance])


def stop_training(sagemaker: Any, role: str) -> list[str]:
    """Stop the training jobs that run in an environment's role, which cost until they end; return their names."""
    jobs = listed(
        sagemaker,
        "list_training_jobs",
        "TrainingJobSummaries",
        StatusEquals="InProgress",
    )
    names = []
    for job in jobs:
        name = job["TrainingJobName"]
        description = sagemaker.describe_training_job(TrainingJobName=name)
        if has_role(description["RoleArn"], role):
            names.append(name)
    for name in names:
        sagemaker.stop_training_job(TrainingJobName=name)
    return names


def release_network(ec2: Any, vpc: str) -> None:
    """Delete what others left in the VPC and what would hold it: Studio's two groups, network interfaces of nothing.

    The interfaces of NAT gateways and VPC endpoints are in use, and go with the stack that made them.
    """
    in_vpc = {"Name": "vpc-id", "Values": [vpc]}
    unused = [in_vpc, {"Name": "status", "Values": ["available"]}]
    for interface in ec2.describe_network_interfaces(Filters=unused)[
        "NetworkInterfaces"
    ]:
        ec2.delete_network_interface(
            NetworkInterfaceId=interface["NetworkInterfaceId"]
        )
    studio = [in_vpc, {"Name": "group-name", "Values": list(NFS_GROUPS)}]
    groups = ec2.describe_security_groups(Filters=studio)["SecurityGroups"]
    for group in groups:
        if group["IpPermissions"]:
            ec2.revoke_security_group_ingress(
                GroupId=group["GroupId"], IpPermissions=group["IpPermissions"]
            )
        if group["IpPermissionsEgress"]:
            ec2.revoke_security_group_egress(
                GroupId=group["GroupId"],
                IpPermissions=group["IpPermissionsEgress"],
            )
    for group in groups:
        ec2.delete_security_group(GroupId=group["GroupId"])


def delete_outside_stacks(
    environment: Environment, session: boto3.Session
) -> list[str]:
    """Delete what AWS and people made for an environment outside its stacks, where its data is not kept.

    Returns:
        What stays, and why: logs, and the secret of the API's keys.
    """
    logs = session.client("logs")
    groups = _own_log_groups(logs, environment)
    remains = []
    if environment.keeps_data:
        remains += [f"log group {name} (log storage)" for name in groups]
        remains.append(
            f"secret {environment['ApiKeysSecret']}: the API's keys, if any was made (0.40 $ a month)"
        )
    else:
        for name in groups:
            logs.delete_log_group(logGroupName=name)
        secrets = session.client("secretsmanager")
        secrets.delete_secret(
            SecretId=environment["ApiKeysSecret"],
            ForceDeleteWithoutRecovery=True,
        )
    for prefix in SHARED_LOGS:
        for name in log_groups(logs, prefix):
            remains.append(
                f"log group {name}, which other jobs of the account write to (log storage)"
            )
    return remains


def left_by_stacks(
    environment: Environment, outputs: dict[str, str]
) -> list[str]:
    """Name what the deletion of the stacks leaves, and what of it goes on costing, by the environment's Retention."""
    key = outputs.get("KeyArn", "")
    provider = [FREE_PROVIDER] if "DeployRoleArn" in outputs else []
    if not environment.keeps_data:
        return [
            f"key {key}, for the 7 days until AWS deletes it (nothing)",
            *provider,
        ]
    return [
        f"bucket {environment['Bucket']}: leads, models, reports, old versions for 30 days (S3 storage)",
        f"key {key}: without it none of this can be read (1 $ a month)",
        f"snapshot {final_snapshot(environment)} of the warehouse, for 365 days (backup storage)",
        f"volume {outputs.get('MlflowVolume', '')}: the MLflow server's runs and registry (EBS storage)",
        f"file system {outputs.get('StudioFileSystem', '')}: Studio's notebooks (EFS storage)",
        *provider,
    ]


def final_snapshot(environment: Environment) -> str:
    """Return the name of the snapshot that Redshift takes when an environment that keeps its data is deleted."""
    return f"lead-conversion-{environment.name}-final"


def _own_log_groups(logs: Any, environment: Environment) -> list[str]:
    """Return the log groups of an environment."""
    groups = log_groups(logs, f"airflow-{environment['EnvironmentName']}-")
    groups += log_groups(
        logs, f"/aws/redshift/{environment['RedshiftWorkgroup']}/"
    )
    groups += own_log_groups(logs, environment)
    return groups
