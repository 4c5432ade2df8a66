"""What a sales rep reads of a feature."""

import numpy as np
import pandas as pd
import pytest

from include.asof.sentences import sentence
from tests.include.asof.conftest import declare

FEATURES = declare("""
- name: contacts
  kind: count
  events: {source: crm}
  label: Contacts in the first week
  reason: {value: "{value} contacts in the first week", one: 1 contact in the first week, zero: no contact so far}
- name: days
  kind: days_since_last
  events: {source: crm}
  label: Days since the last contact
  reason: {value: "last contact {value:.0f} days ago", missing: never contacted}
- name: industry
  kind: value_as_it_was
  of: {source: accounts, column: industry}
  label: Industry
  reason: "industry: {value}"
- name: industry_rate
  kind: historical_rate
  outcome: converted
  by: {source: accounts, column: industry}
  label: Rate of the industry
  reason: "industry: {industry} ({value:.0%} convert)"
""")
BY_NAME = {feature.name: feature for feature in FEATURES}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("contacts", 4, "4 contacts in the first week"),
        ("contacts", np.int64(1), "1 contact in the first week"),
        ("contacts", 0.0, "no contact so far"),
        ("contacts", pd.NA, "Contacts in the first week: unknown"),
        ("days", 2.6, "last contact 3 days ago"),
        ("days", float("nan"), "never contacted"),
        ("industry", "fin{tech}", "industry: fin{tech}"),
        ("industry", None, "Industry: unknown"),
        ("industry_rate", 0.125, "industry: fintech (12% convert)"),
    ],
)
def test_a_value_has_its_sentence(name, value, expected):
    values = {"industry": "fintech"} | {name: value}
    assert sentence(BY_NAME[name], values) == expected


def test_another_value_that_is_missing_is_called_unknown():
    values = {"industry_rate": 0.5, "industry": None}
    assert (
        sentence(BY_NAME["industry_rate"], values)
        == "industry: unknown (50% convert)"
    )
