"""The verdict that follows from what was found."""

from types import SimpleNamespace

import pytest

from include.monitoring.columns.assess import compare_leads
from include.monitoring.columns.drift import ColumnDrift
from include.monitoring.columns.outage import Outage
from include.monitoring.findings import NOTHING, conclude
from include.monitoring.model_drift import ModelDrift

ALL = ("data", "prediction", "performance")
MOVED = ModelDrift(prediction=ColumnDrift("(prediction)", "wasserstein", 0.4, 0.25, True))
DRIFTED = SimpleNamespace(verdict="drift")
BROKEN = (Outage("fit", "missing", "missing in 97% of rows"),)


def found(analysis=None, model=None, outages=(), watched=ALL):
    findings = conclude("7", analysis, model or ModelDrift(), outages, 500, watched)
    return findings.verdict, findings.triggers


def test_nothing_found_is_stable():
    assert found() == ("stable", ())


def test_every_kind_of_drift_is_named():
    assert found(DRIFTED, MOVED) == ("drift", ("data", "prediction"))


def test_one_kind_is_enough():
    assert found(model=MOVED) == ("drift", ("prediction",))


def test_a_kind_that_is_turned_off_starts_nothing():
    assert found(DRIFTED, watched=("prediction", "performance")) == ("stable", ())


def test_an_outage_comes_before_every_drift():
    assert found(DRIFTED, MOVED, BROKEN) == ("outage", ())


@pytest.mark.parametrize("compared", [True, False])
def test_a_summary_has_the_same_keys_whatever_was_compared(contract, accounts, compared):
    analysis = compare_leads(accounts, accounts, contract, 0.3, 0.5) if compared else None
    findings = conclude("7", analysis, MOVED, BROKEN, 500, ALL)
    assert set(findings.summary()) | {"report_uri", "mlflow_run_id", "mlflow_run_url"} == set(NOTHING)
