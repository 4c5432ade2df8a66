"""An empty local AWS for the tests of infrastructure, and a session in it."""

from collections.abc import Iterator

import boto3
import pytest

from localaws.server import running

REGION = "ap-south-1"
RECORDED = ("acm", "ec2", "elasticfilesystem")
"""Services of which these tests need no more than moto's records: what is left in a VPC, a certificate."""


@pytest.fixture(scope="module")
def aws() -> Iterator[boto3.Session]:
    """An account in which nothing exists yet."""
    names = {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
    }
    with (
        pytest.MonkeyPatch.context() as patch,
        running(seeded=False, recorded=RECORDED) as endpoint,
    ):
        for name, value in (names | {"AWS_ENDPOINT_URL": endpoint}).items():
            patch.setenv(name, value)
        yield boto3.Session(region_name=REGION)
