from datetime import UTC, datetime

import pytest

from include.monitoring.columns.assess import compare_leads
from include.monitoring.columns.drift import ColumnDrift, DriftReport
from include.monitoring.columns.outage import ROWS, Outage
from include.monitoring.contract_change import ContractChange
from include.monitoring.model_drift import ModelDrift
from include.monitoring.performance import FigureDrift
from include.monitoring.records import number, report_files, store_metrics
from include.monitoring.summary import describe
from include.monitoring.verdict import DriftVerdict, Evidence
from include.settings import settings

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


MOVED = ColumnDrift("(prediction)", "wasserstein", 0.4, 0.25, True)
WORSE = FigureDrift("roc_auc", 0.95, 0.85, 0.1, 0.06, 0.03, True)


@pytest.fixture
def store(warehouse, contract):
    """Stores findings as those of a run."""

    def store_as(run, findings):
        details = findings.model_copy(update={"run_id": run})
        store_metrics(settings(), contract, warehouse, details, MOMENT)

    return store_as


@pytest.fixture
def findings(contract, accounts):
    """Columns alike, but a champion whose scores have moved and that predicts worse."""
    analysis = compare_leads(accounts, accounts, contract, 0.3, 0.5)
    evidence = Evidence(analysis, ModelDrift(MOVED, (WORSE,), 400))
    verdict = DriftVerdict(
        verdict="drift", triggers=("prediction", "performance"), confirmed=True
    )
    return describe("", "7", 600, evidence, verdict)


def test_a_row_holds_the_columns_method_score_and_missing_shares(
    store, warehouse, findings, drift_table
):
    store("a run", findings)
    (row,) = warehouse.query(
        f"SELECT * FROM {drift_table} WHERE column_name = 'region'"
    )  # noqa: S608
    assert row.pop("checked_at").startswith("2026-01-02 03:04:05")
    assert row == {
        "run_id": "a run",
        "column_name": "region",
        "method": "jensenshannon",
        "score": 0.0,
        "threshold": 0.1,
        "drifted": False,
        "missing_reference": 0.2,
        "missing_current": 0.2,
        "drifted_share": 0.0,
        "verdict": "drift",
        "triggers": "prediction, performance",
        "confirmed": True,
        "champion_version": "7",
    }


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("(prediction)", ("wasserstein", 0.4, 0.25, True, None)),
        ("(roc_auc)", ("lower bound of loss", 0.06, 0.03, True, None)),
    ],
)
def test_scores_and_figures_of_the_champion_have_rows_of_their_own(
    store, warehouse, findings, drift_table, name, cells
):
    store("a run", findings)
    (row,) = warehouse.query(
        f"SELECT * FROM {drift_table} WHERE column_name = '{name}'"
    )
    assert (
        tuple(
            row[key]
            for key in (
                "method",
                "score",
                "threshold",
                "drifted",
                "missing_current",
            )
        )
        == cells
    )


def test_a_window_without_enough_leads_has_one_row(
    store, warehouse, drift_table
):
    evidence = Evidence(outages=(Outage(ROWS, "row_collapse", "0 leads"),))
    empty = describe("", "7", 0, evidence, DriftVerdict(verdict="outage"))
    store("a run", empty)
    (row,) = warehouse.query(
        f"SELECT column_name, score, verdict FROM {drift_table}"
    )
    assert row == {"column_name": "(rows)", "score": 0.0, "verdict": "outage"}


def test_a_changed_contract_has_a_row_of_its_own(store, warehouse, drift_table):
    evidence = Evidence(
        change=ContractChange(added=("size",), removed=("fit",))
    )
    verdict = DriftVerdict(
        verdict="drift", triggers=("contract",), confirmed=True
    )
    store("a run", describe("", "7", 50, evidence, verdict))
    (row,) = warehouse.query(
        f"SELECT column_name, score, drifted, verdict, confirmed FROM {drift_table}"
    )
    assert row == {
        "column_name": "(contract)",
        "score": 2.0,
        "drifted": True,
        "verdict": "drift",
        "confirmed": True,
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_stored_as_null(value):
    assert number(value) == "NULL"


def test_rows_of_other_runs_stay(store, warehouse, findings, drift_table):
    store("a run", findings)
    store("another", findings)
    assert warehouse.query(f"SELECT COUNT(*) AS n FROM {drift_table}") == [
        {"n": 18}
    ]  # noqa: S608


def test_a_run_id_with_a_quote_is_stored_as_it_is(
    store, warehouse, findings, drift_table
):
    store("it's a run'); DROP TABLE public.drift; --", findings)
    (row,) = warehouse.query(f"SELECT DISTINCT run_id FROM {drift_table}")  # noqa: S608
    assert row["run_id"] == "it's a run'); DROP TABLE public.drift; --"


def test_an_analysis_whose_page_cannot_be_made_keeps_its_figures(
    findings, contract, accounts, monkeypatch, caplog
):
    def fail(_):
        raise RuntimeError("no such font")

    analysis = compare_leads(accounts, accounts, contract, 0.3, 0.5)
    assert list(report_files(findings, analysis)) == [
        "drift.html",
        "drift.json",
        "summary.json",
    ]
    monkeypatch.setattr(DriftReport, "html", fail)
    assert list(report_files(findings, analysis)) == [
        "drift.json",
        "summary.json",
    ]
    assert "Could not make the page of Evidently" in caplog.text
