"""Leads of which every column holds one and the same value on both sides."""

import json

import numpy as np
import pandas as pd
import pytest

from bench._generated import generated_contract
from include.monitoring.columns.assess import compare_leads

CONTRACT = generated_contract({"channel": "category", "visits": "number"})


@pytest.fixture(scope="module")
def analysis():
    leads = pd.DataFrame(
        {
            "lead": [f"{number}" for number in range(400)],
            "arrived": np.arange(400),
            "won": np.arange(400) % 2,
            "channel": "web",
            "visits": 1.0,
        }
    )
    return compare_leads(leads.head(200), leads.tail(200), CONTRACT, 0.3, 0.5)


def test_that_is_no_drift_and_no_outage(analysis):
    assert analysis.report.columns == ()
    assert not analysis.drifted
    assert analysis.outages == ()


def test_its_report_says_so(analysis):
    assert "one value" in analysis.report.html()
    assert json.loads(analysis.report.json()) == {}
