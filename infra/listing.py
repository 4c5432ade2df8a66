"""Read what AWS lists, from all its pages, and wait until nothing is listed any more."""

from collections.abc import Callable
from typing import Any

import tenacity

from infra.errors import DeploymentError
from infra.waiting import wait_until

POLL_SECONDS = 5
ATTEMPTS = 60


def listed(
    client: Any, operation: str, member: str, **request: str
) -> list[dict[str, Any]]:
    """Return what an operation lists, from all its pages."""
    entries: list[dict[str, Any]] = []
    for page in client.get_paginator(operation).paginate(**request):
        entries += page[member]
    return entries


def log_groups(logs: Any, prefix: str) -> list[str]:
    """Return the names of the log groups that begin with a text."""
    groups = listed(
        logs, "describe_log_groups", "logGroups", logGroupNamePrefix=prefix
    )
    return [group["logGroupName"] for group in groups]


def wait_until_gone(present: Callable[[], list[Any]], message: str) -> None:
    """Wait until nothing is listed any more. Raises DeploymentError with the message."""
    if not wait_until(
        lambda: not present(),
        tenacity.stop_after_attempt(ATTEMPTS),
        POLL_SECONDS,
    ):
        raise DeploymentError(message)
