"""A real local AWS: S3 and the Redshift Data API in one process, with the tables of the test contract."""

from collections.abc import Iterator

import pytest

from include.local.aws.server import running
from include.settings import settings
from include.warehouse.client import Warehouse


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("LEADS_CONTRACT", raising=False)
        with running() as endpoint:
            yield endpoint


@pytest.fixture
def warehouse(layout) -> Warehouse:
    return Warehouse(settings(), timeout=60)
