"""A real warehouse with the tables that a test names."""

import pytest

from include.settings import settings
from include.warehouse.client import Warehouse


@pytest.fixture
def warehouse_with(statements):
    """The maker of a warehouse in which SQL files were run: `warehouse_with("create_leads", ...)`."""

    def make(*names):
        made = Warehouse(settings(), timeout=60)
        for name in names:
            made.execute(statements.render(name))
        return made

    return make
