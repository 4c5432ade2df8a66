"""The one place that makes clients of AWS services.

Region and endpoint come from AWS's own environment variables, so that the same code runs on AWS and on the local AWS.
"""

import os
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config

SERVICE_WORDS = {"secretsmanager": "SECRETS_MANAGER"}
"""Services whose name in AWS's environment variables is not boto3's name for them."""
CONNECT_SECONDS = 5


def aws_client(
    service: str,
    region: str | None = None,
    read_timeout: float = 60,
    attempts: int = 5,
) -> Any:
    """Return the process's client of a service: one for each region, endpoint and set of limits.

    Args:
        service: boto3's name of it, such as `s3`.
        region: None takes that of the environment.
        read_timeout: seconds to wait for an answer.
        attempts: how often a call is made at most when it fails in a way that may pass.
    """
    return _client(
        service,
        region or environment_region(),
        endpoint_of(service),
        read_timeout,
        attempts,
    )


def environment_region() -> str | None:
    """Return the region in AWS's variables; None leaves it to boto3, which also looks into its configuration file."""
    return (
        os.environ.get("AWS_REGION")
        or os.environ.get("AWS_DEFAULT_REGION")
        or None
    )


def endpoint_of(service: str) -> str | None:
    """Return the address of a service in AWS's variables, or None where it is AWS's own."""
    word = SERVICE_WORDS.get(service) or service.upper().replace("-", "_")
    return os.environ.get(
        f"AWS_ENDPOINT_URL_{word}", os.environ.get("AWS_ENDPOINT_URL")
    )


@lru_cache(maxsize=16)
def _client(
    service: str,
    region: str | None,
    endpoint: str | None,
    read_timeout: float,
    attempts: int,
) -> Any:
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    return boto3.session.Session().client(
        service,  # type: ignore[call-overload] # the stubs know each service by its literal name only
        region_name=region,
        endpoint_url=endpoint,
        config=config,
    )
