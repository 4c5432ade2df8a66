"""Columns of a small contract, as the parsers of bodies know them."""

import pytest

from include.scoring.leads.names import LeadNames


@pytest.fixture
def names(contract) -> LeadNames:
    return LeadNames(contract)
