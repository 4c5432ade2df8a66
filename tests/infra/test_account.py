"""What an empty account lacks, on local AWS."""

from typing import Any

import boto3
import pytest

from infra import account
from infra.environments import load_environment

STAGE = load_environment("dev", "123456789012", LogDays="30")


def retention(logs: Any) -> dict[str, int | None]:
    groups = logs.describe_log_groups()["logGroups"]
    return {
        group["logGroupName"]: group.get("retentionInDays") for group in groups
    }


def test_an_empty_account_gets_ecss_role_and_log_groups_that_end(
    aws: boto3.Session, caplog: pytest.LogCaptureFixture
) -> None:
    iam: Any = aws.client("iam")
    assert account.ecs_roles(iam) == []
    account.prepare(STAGE, aws)
    assert len(account.ecs_roles(iam)) == 1
    assert retention(aws.client("logs")) == dict.fromkeys(
        account.SHARED_LOG_GROUPS, 30
    )
    account.prepare(STAGE, aws)
    assert "for ever" not in caplog.text


def test_a_log_group_that_others_use_stays_as_it_is_and_is_named(
    aws: boto3.Session, caplog: pytest.LogCaptureFixture
) -> None:
    logs: Any = aws.client("logs")
    theirs, endless = account.SHARED_LOG_GROUPS[:2]
    account.prepare(STAGE, aws)
    logs.put_retention_policy(logGroupName=theirs, retentionInDays=7)
    logs.delete_retention_policy(logGroupName=endless)
    account.prepare(STAGE, aws)
    assert retention(logs)[theirs] == 7
    assert retention(logs)[endless] is None
    assert f"{endless} keeps its logs for ever" in caplog.text
