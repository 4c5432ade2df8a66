"""The warehouse, with the tables of the test contract."""

import pytest

from include.settings import settings
from include.warehouse.client import Warehouse


@pytest.fixture
def warehouse(layout) -> Warehouse:
    return Warehouse(settings(), timeout=60)
