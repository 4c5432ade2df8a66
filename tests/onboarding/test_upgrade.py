"""A contract of format 1 is written in format 2 with the same meaning and with its comments."""

import re
import warnings

import pytest
import yaml

from include.contract import Contract, load_contract, parse_contract
from onboarding.errors import UpgradeError
from onboarding.upgrade import upgraded_text

SMALL = """\
contract: small # ours
version: 3
description: a small contract
names: {table: leads, scores_table: s, drift_table: d, promotions_table: p, feedback_table: f, model: m, experiment: e}
key: lead_id
label: won
clock: nr
columns:
  # who it is
  - {name: Lead Id, field: lead_id, type: string, label: Lead, description: The lead., known_at: capture, because: x}
  - {name: Nr, field: nr, type: integer, label: Number, description: Counts up., known_at: capture, because: x}
  - {name: Won, field: won, type: integer, minimum: 0, maximum: 1, label: Won, description: d,
     known_at: contact, because: x}
  - {name: Visits, field: clicks, type: integer, minimum: 0, protected: true, known_at: capture, because: x,
     description: Visits., label: Visits}
"""


def contract_of(text: str) -> Contract:
    return parse_contract(yaml.safe_load(text), "test")


def test_the_guides_contract_means_the_same_in_format_2(old_contract):
    upgraded = upgraded_text(old_contract, "test")
    assert contract_of(upgraded) == contract_of(old_contract)


def test_the_contract_that_ships_is_the_old_one_in_format_2(old_contract):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shipped = load_contract("x_education")
    assert shipped == contract_of(old_contract)
    decided = shipped.decisions.model_fields_set
    assert decided == contract_of(old_contract).decisions.model_fields_set


def test_every_comment_of_the_guides_contract_stays(old_contract):
    comments = re.findall(r"(?:^|\s)(# .*)", old_contract)
    upgraded = upgraded_text(old_contract, "test")
    assert len(comments) > 5
    for comment in comments:
        assert comment in upgraded


def test_names_and_keys_that_follow_from_others_are_left_out():
    upgraded = upgraded_text(SMALL, "test")
    columns = yaml.safe_load(upgraded)["columns"]
    assert contract_of(upgraded) == contract_of(SMALL)
    assert "field" not in columns[1]
    assert columns[3]["field"] == "clicks"
    assert "label" not in columns[3]
    assert "description" not in columns[3]


def test_columns_and_comments_of_flow_style_stay_as_they_are():
    upgraded = upgraded_text(SMALL, "test")
    assert "contract: small # ours" in upgraded
    assert "  # who it is" in upgraded


def test_protected_columns_are_named_in_the_decisions():
    upgraded = yaml.safe_load(upgraded_text(SMALL, "test"))
    assert upgraded["decisions"]["protected"] == ["clicks"]


@pytest.mark.parametrize(
    "decisions",
    [
        "decisions: {floors_contact: {roc_auc: 0.7}, min_drift_rows: 90}",
        "decisions:\n  min_drift_rows: 90\n  floors_contact:\n    roc_auc: 0.7\n  drift_share_threshold: 0.4",
    ],
)
def test_decisions_stay_whatever_their_style(decisions):
    text = SMALL.replace("columns:", f"{decisions}\ncolumns:")
    assert contract_of(upgraded_text(text, "test")) == contract_of(text)


@pytest.mark.parametrize(
    "tokens", ['null_tokens: ["", x]', 'null_tokens:\n  - ""\n  - x']
)
def test_null_tokens_move_into_the_files_block(tokens):
    text = SMALL.replace("key: lead_id", f"{tokens}\nkey: lead_id")
    upgraded = yaml.safe_load(upgraded_text(text, "test"))
    assert upgraded["files"]["null_tokens"] == ["", "x"]


def test_a_contract_of_format_2_is_refused():
    upgraded = upgraded_text(SMALL, "test")
    with pytest.raises(UpgradeError, match="of format 2 already"):
        upgraded_text(upgraded, "test")


def test_a_contract_with_a_mistake_is_refused_and_the_mistake_is_named():
    with pytest.raises(UpgradeError, match="known_at"):
        upgraded_text(SMALL.replace("contact", "later"), "test")
