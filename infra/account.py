"""Make once what an account needs before the first stack: a role of ECS, and log groups that do not last for ever."""

import logging
from typing import Any

import boto3

from infra.environments import Environment, template

log = logging.getLogger(__name__)

ECS = "ecs.amazonaws.com"
SHARED_LOG_GROUPS = (
    "/aws-glue/crawlers",
    "/aws-glue/jobs/error",
    "/aws-glue/jobs/logs-v2",
    "/aws-glue/jobs/output",
    "/aws/sagemaker/TrainingJobs",
    "/aws/sagemaker/studio",
)
"""Groups that Glue and SageMaker make by themselves, without a retention, and that all jobs of the account share."""


def prepare(environment: Environment, session: boto3.Session) -> None:
    """Make what is absent; change nothing that is there."""
    _make_ecs_role(session.client("iam"))
    _make_log_groups(session.client("logs"), log_days(environment))


def log_days(environment: Environment) -> int:
    """Return for how many days a stage keeps its logs."""
    default = template("sagemaker")["Parameters"]["LogDays"]["Default"]
    return int(environment.values.get("LogDays", default))


def _make_ecs_role(iam: Any) -> None:
    """Make ECS's service-linked role, without which CloudFormation cannot make an account's first cluster.

    Source: aws-cloudformation/cloudformation-coverage-roadmap#818.
    """
    if ecs_roles(iam):
        return
    iam.create_service_linked_role(AWSServiceName=ECS)
    log.info("account    service-linked role of ECS made")


def ecs_roles(iam: Any) -> list[str]:
    """Return the names of ECS's service-linked roles: none in an account that never had a cluster."""
    roles = iam.list_roles(PathPrefix=f"/aws-service-role/{ECS}/")["Roles"]
    return [role["RoleName"] for role in roles]


def _make_log_groups(logs: Any, days: int) -> None:
    """Make the shared groups with a retention. One that is there is others' too: it stays as it is, and is named."""
    for name in SHARED_LOG_GROUPS:
        present = logs.describe_log_groups(logGroupNamePrefix=name)
        groups = {
            group["logGroupName"]: group for group in present["logGroups"]
        }
        if name not in groups:
            logs.create_log_group(logGroupName=name)
            logs.put_retention_policy(logGroupName=name, retentionInDays=days)
        elif "retentionInDays" not in groups[name]:
            log.warning(
                "account    log group %s keeps its logs for ever, those of other projects too: give it a retention",
                name,
            )
