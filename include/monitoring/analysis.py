"""The drift analysis of one run: reads the champion's training data and the current window, judges, records."""

import logging
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from include.contract import Contract, load_contract
from include.lake.frames import read_parquet
from include.lake.objects import ObjectMissing
from include.monitoring.judge import Analysis, compare_leads
from include.monitoring.records import log_to_mlflow, store_metrics, write_reports
from include.registry.registry import ChampionInfo, champion
from include.settings import settings
from include.training.snapshot import load_snapshot
from include.warehouse.client import Warehouse

log = logging.getLogger(__name__)


class ReferenceMissing(LookupError):  # noqa: N818 - says what happened
    """The champion's training snapshot cannot be read any more, so nothing can be compared with it."""

    def __init__(self, model: str, version: str, snapshot_uri: str | None) -> None:
        super().__init__(
            f"champion {model} version {version}: its training snapshot {snapshot_uri or '(no tag snapshot_uri)'} is "
            "gone; restore it from the bucket's versions, or start the master DAG with force_retrain"
        )


def analyse_drift(
    run_id: str,
    window_uri: str,
    drift_share_threshold: float | None = None,
    checked_at: datetime | None = None,
) -> dict[str, Any]:
    """Compares the leads under `window_uri` with the champion's training snapshot and records the findings.

    A re-run with the same `run_id` overwrites what the first one recorded.

    Args:
        run_id: of the DAG run; names reports, MLflow run and rows.
        window_uri: Parquet folder of the leads to judge; a folder without objects is an empty window.
        drift_share_threshold: share of drifted columns that means drift; None takes the setting.
        checked_at: moment written beside the figures; None takes the present.

    Returns:
        A small dictionary for XCom: verdict ("no_champion", "not_enough_data", "stable", "drift" or "outage"),
        drifted_share, drifted_columns, outage_columns, reference_rows, current_rows, report_uri, mlflow_run_id,
        mlflow_run_url.

    Raises:
        ReferenceMissing: the champion's snapshot was deleted.
        ColumnsDiffer: a monitored column is absent on one side.
        TrackingUnavailable: MLflow does not answer.
        WarehouseError: the figures could not be stored.
    """
    current_settings = settings()
    contract = load_contract(current_settings.contract)
    current = _read_window(window_uri)
    model = contract.model_name()
    serving = champion(model)
    if serving is None or len(current) < current_settings.min_drift_rows:
        verdict = "no_champion" if serving is None else "not_enough_data"
        log.info("Drift analysis %s: %s, %d rows in %s", run_id, verdict, len(current), window_uri)
        return _summary(verdict, current_rows=len(current))

    threshold = current_settings.drift_share_threshold if drift_share_threshold is None else drift_share_threshold
    reference = _read_reference(model, serving)
    analysis = compare_leads(reference, current, contract, threshold, current_settings.outage_missing_jump)
    return _record(run_id, analysis, contract, serving, checked_at or datetime.now(UTC))


def _record(
    run_id: str, analysis: Analysis, contract: Contract, serving: ChampionInfo, checked_at: datetime
) -> dict[str, Any]:
    summary = _summary(
        analysis.verdict,
        drifted_share=round(analysis.report.drifted_share, 4),
        drifted_columns=list(analysis.report.drifted_columns),
        outage_columns=[outage.column for outage in analysis.outages],
        reference_rows=analysis.reference_rows,
        current_rows=analysis.current_rows,
    )
    details = summary | {
        "run_id": run_id,
        "champion_version": serving.version,
        "outages": {outage.column: outage.detail for outage in analysis.outages},
        "columns": analysis.table(),
    }
    summary["report_uri"] = write_reports(run_id, analysis, details, contract)
    summary["mlflow_run_id"], summary["mlflow_run_url"] = log_to_mlflow(run_id, analysis, details, contract)
    store_metrics(run_id, analysis, contract, checked_at, Warehouse(settings()))
    log.info("Drift analysis %s: %s, share %.2f", run_id, analysis.verdict, analysis.report.drifted_share)
    return summary


def _read_window(window_uri: str) -> pd.DataFrame:
    try:
        return read_parquet(window_uri)
    except ObjectMissing:  # UNLOAD of an empty result writes no object
        return pd.DataFrame()


def _read_reference(model: str, serving: ChampionInfo) -> pd.DataFrame:
    uri = serving.tags.get("snapshot_uri")
    try:
        if uri:
            return load_snapshot(uri)
    except ObjectMissing as error:
        raise ReferenceMissing(model, serving.version, uri) from error
    raise ReferenceMissing(model, serving.version, uri)


def _summary(verdict: str, **figures: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "verdict": verdict,
        "drifted_share": 0.0,
        "drifted_columns": [],
        "outage_columns": [],
        "reference_rows": 0,
        "current_rows": 0,
        "report_uri": None,
        "mlflow_run_id": None,
        "mlflow_run_url": None,
    }
    return empty | figures
