from datetime import UTC, datetime

import pytest

from include.monitoring.judge import compare_leads
from include.monitoring.records import store_metrics

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def analysis(contract, accounts):
    return compare_leads(accounts, accounts, contract, 0.3, 0.5)


def test_a_row_holds_the_columns_method_score_and_missing_shares(warehouse, analysis, contract, drift_table):
    store_metrics("a run", analysis, contract, MOMENT, warehouse)
    (row,) = warehouse.query(f"SELECT * FROM {drift_table} WHERE column_name = 'region'")  # noqa: S608
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
        "verdict": "stable",
    }


def test_rows_of_other_runs_stay(warehouse, analysis, contract, drift_table):
    store_metrics("a run", analysis, contract, MOMENT, warehouse)
    store_metrics("another", analysis, contract, MOMENT, warehouse)
    assert warehouse.query(f"SELECT COUNT(*) AS n FROM {drift_table}") == [{"n": 14}]  # noqa: S608


def test_a_run_id_with_a_quote_is_stored_as_it_is(warehouse, analysis, contract, drift_table):
    store_metrics("it's a run'); DROP TABLE public.drift; --", analysis, contract, MOMENT, warehouse)
    (row,) = warehouse.query(f"SELECT DISTINCT run_id FROM {drift_table}")  # noqa: S608
    assert row["run_id"] == "it's a run'); DROP TABLE public.drift; --"
