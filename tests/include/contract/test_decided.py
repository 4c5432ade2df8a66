"""What holds for a data set: the contract's decisions, unless this deployment overrules them."""

import pytest
from pydantic import ValidationError

from include.contract import Contract, decisions_of, load_contract
from include.decisions import Decisions
from include.settings import DecisionOverrides, Settings


def deciding(**decided) -> Contract:
    """Return the default contract with other decisions."""
    contract = load_contract("x_education")
    return contract.model_copy(update={"decisions": Decisions(**decided)})


def test_the_contract_decides_and_defaults_fill_the_rest():
    decisions = decisions_of(Settings(), deciding(drift_share_threshold=0.5))
    assert decisions.drift_share_threshold == 0.5
    assert decisions.min_drift_rows == Decisions().min_drift_rows


def test_an_environment_variable_overrules_the_contract(monkeypatch):
    monkeypatch.setenv("LEADS_DRIFT_SHARE_THRESHOLD", "0.4")
    decisions = decisions_of(
        Settings(), deciding(drift_share_threshold=0.5, min_drift_rows=7)
    )
    assert decisions.drift_share_threshold == 0.4
    assert decisions.min_drift_rows == 7


def test_a_contradiction_of_both_is_named():
    settings = Settings(decisions=DecisionOverrides(drift_debounce_k=3))
    with pytest.raises(ValidationError, match="drift_debounce_k is 3"):
        decisions_of(settings, deciding(drift_debounce_n=2))


def test_an_unknown_decision_is_refused():
    with pytest.raises(ValidationError, match="drift_shar"):
        Decisions(drift_shar=0.5)
