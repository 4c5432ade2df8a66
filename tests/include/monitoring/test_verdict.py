"""The verdict that follows from what was found."""

from types import SimpleNamespace

import pytest

from include.decisions import Decisions
from include.monitoring.columns.assess import compare_leads
from include.monitoring.columns.drift import ColumnDrift
from include.monitoring.columns.outage import Outage
from include.monitoring.contract_change import ContractChange
from include.monitoring.model_drift import ModelDrift
from include.monitoring.summary import DriftSummary, describe
from include.monitoring.verdict import DriftVerdict, Evidence, assess_drift

ALL = ("data", "prediction", "performance")
MOVED = ModelDrift(
    prediction=ColumnDrift("(prediction)", "wasserstein", 0.4, 0.25, True)
)
DRIFTED = SimpleNamespace(drifted=True)
BROKEN = (Outage("fit", "missing", "missing in 97% of rows"),)
CHANGED = ContractChange(added=("size",), removed=("fit", "visits"))


def found(analysis=None, model=None, outages=(), watched=ALL):
    verdict = assess_drift(
        Decisions(drift_triggers=watched),
        Evidence(analysis, model or ModelDrift(), outages),
    )
    return verdict.verdict, verdict.triggers


def test_nothing_found_is_stable():
    assert found() == ("stable", ())


def test_every_kind_of_drift_is_named():
    assert found(DRIFTED, MOVED) == ("drift", ("data", "prediction"))


def test_one_kind_is_enough():
    assert found(model=MOVED) == ("drift", ("prediction",))


def test_a_kind_that_is_turned_off_starts_nothing():
    assert found(DRIFTED, watched=("prediction", "performance")) == (
        "stable",
        (),
    )


def test_an_outage_comes_before_every_drift():
    assert found(DRIFTED, MOVED, BROKEN) == ("outage", ())


@pytest.mark.parametrize("watched", [ALL, ("data",)])
def test_a_changed_contract_is_a_reason_to_retrain_that_needs_no_confirmation(
    watched,
):
    decisions = Decisions(
        drift_triggers=watched, drift_debounce_k=3, drift_debounce_n=3
    )
    verdict = assess_drift(
        decisions, Evidence(change=CHANGED), ["stable", "stable"]
    )
    assert (verdict.verdict, verdict.triggers, verdict.calls_for_retrain) == (
        "drift",
        ("contract",),
        True,
    )
    assert (
        verdict.confirmation
        == "contract changed, columns added: size; columns removed: fit, visits"
    )


def test_an_outage_comes_before_a_changed_contract():
    verdict = assess_drift(
        Decisions(), Evidence(outages=BROKEN, change=CHANGED)
    )
    assert (verdict.verdict, verdict.triggers, verdict.calls_for_retrain) == (
        "outage",
        (),
        False,
    )


def test_a_drift_waits_for_as_many_analyses_as_the_business_wants():
    decisions = Decisions(drift_debounce_k=2, drift_debounce_n=2)
    first = assess_drift(decisions, Evidence(DRIFTED), ["stable"])
    second = assess_drift(decisions, Evidence(DRIFTED), ["drift"])
    assert (first.verdict, first.calls_for_retrain, first.drift_confirmed) == (
        "drift",
        False,
        False,
    )
    assert (
        second.verdict,
        second.calls_for_retrain,
        second.drift_confirmed,
    ) == ("drift", True, True)


def test_a_verdict_from_before_drifts_had_to_be_confirmed_is_confirmed():
    assert DriftVerdict.model_validate({"verdict": "drift"}).drift_confirmed
    assert not DriftVerdict.model_validate({"verdict": "stable"}).confirmed


@pytest.mark.parametrize("compared", [True, False])
def test_a_summary_says_what_was_found_whatever_was_compared(
    contract, accounts, compared
):
    analysis = (
        compare_leads(accounts, accounts, contract, 0.3, 0.5)
        if compared
        else None
    )
    evidence = Evidence(analysis, MOVED, BROKEN, CHANGED)
    summary = describe(
        "r1", "7", 500, evidence, assess_drift(Decisions(), evidence)
    ).summary
    assert (
        summary.verdict,
        summary.outage_columns,
        summary.prediction_score,
    ) == ("outage", ("fit",), 0.4)
    assert (summary.columns_added, summary.columns_removed) == (
        ("size",),
        ("fit", "visits"),
    )
    assert summary.reference_rows == (600 if compared else 0)
    assert set(summary.model_dump()) == set(DriftSummary.model_fields)
