"""The drift analysis of one run: reads the champion's training data and the current window, judges, records."""

import logging
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from include.contract import Contract
from include.lake.columns import ParquetColumns, open_parquet
from include.lake.errors import ObjectMissingError
from include.lake.layout import Layout
from include.monitoring.columns.assess import compare_leads
from include.monitoring.columns.frames import Leads
from include.monitoring.columns.outage import Outage, row_collapse
from include.monitoring.debounce import earlier_verdicts, in_words, is_confirmed
from include.monitoring.errors import ReferenceMissingError
from include.monitoring.findings import NOTHING, Findings, conclude
from include.monitoring.model_drift import ModelDrift, model_drift
from include.monitoring.prediction import REFERENCE_ROWS, SCORED
from include.monitoring.records import log_to_mlflow, report_files, store_metrics, write_reports
from include.registry.registry import ChampionInfo, champion
from include.registry.tracking import connect
from include.settings import Decisions, Settings
from include.training.snapshot import open_snapshot
from include.warehouse.client import Warehouse
from include.warehouse.templates import Statements

log = logging.getLogger(__name__)


def analyse_drift(
    settings: Settings,
    contract: Contract,
    statements: Statements,
    warehouse: Warehouse,
    run_id: str,
    window_uri: str,
    drift_share_threshold: float | None = None,
    checked_at: datetime | None = None,
    *,
    matured_uri: str | None = None,
    expected_rows: float | None = None,
    series: str = "",
) -> dict[str, Any]:
    """Compares the leads under `window_uri` with the champion's training snapshot and records the findings.

    Three things can call for a new model: drifted columns, a champion whose scores have moved, a champion that
    predicts worse than on its holdout. An outage comes before all of them, and nothing is scored in it. A re-run with
    the same `run_id` overwrites what the first one recorded.

    Args:
        settings: where reports lie and MLflow answers, and what the business decides.
        contract: what a lead is.
        statements: renders the SQL files.
        warehouse: has the table of drift metrics.
        run_id: of the DAG run; names reports, MLflow run and rows.
        window_uri: Parquet folder of the leads to judge; a folder without objects is an empty window.
        drift_share_threshold: share of drifted columns that means drift; None takes the setting.
        checked_at: moment written beside the figures; None takes the present.
        matured_uri: Parquet folder of leads with a final outcome; None where performance is not to be judged.
        expected_rows: leads that the window should hold by the weeks before; None where that is not known.
        series: prefix of the run ids among which a drift has to be confirmed; "" means all.

    Returns:
        A small dictionary for XCom with the keys of `findings.NOTHING`: verdict ("no_champion", "not_enough_data",
        "stable", "drift" or "outage"), triggers (of "data", "prediction", "performance"), confirmed (whether enough
        analyses drifted to retrain), figures, report_uri, mlflow_run_id, mlflow_run_url.

    Raises:
        ReferenceMissingError: the champion's snapshot was deleted.
        ColumnsDifferError: a column is absent on one side.
        ChampionUnreadableError: the champion cannot be loaded or cannot score.
        ParquetUnreadableError: an object of either side is damaged.
        TrackingUnavailableError: MLflow does not answer.
        WarehouseError: the figures could not be stored.
    """
    current = _read_window(window_uri)
    decisions = settings.decisions
    serving = champion(connect(settings.mlflow.tracking_uri), contract.model_name())
    if serving is None:
        return _not_analysed("no_champion", run_id, current)
    collapse = _collapse(decisions, len(current), expected_rows)
    if len(current) >= decisions.min_drift_rows:
        matured = _read_window(matured_uri) if matured_uri else pd.DataFrame()
        findings = _compare(decisions, contract, serving, current, matured, collapse, drift_share_threshold)
    elif collapse:
        findings = conclude(serving.version, None, ModelDrift(), collapse, len(current), decisions.drift_triggers)
    else:
        return _not_analysed("not_enough_data", run_id, current)
    return _record(settings, contract, statements, warehouse, run_id, findings, series, checked_at or datetime.now(UTC))


def _compare(
    decisions: Decisions,
    contract: Contract,
    serving: ChampionInfo,
    current: Leads,
    matured: Leads,
    collapse: tuple[Outage, ...],
    drift_share_threshold: float | None,
) -> Findings:
    threshold = decisions.drift_share_threshold if drift_share_threshold is None else drift_share_threshold
    reference = _read_reference(contract.model_name(), serving)
    analysis = compare_leads(reference, current, contract, threshold, decisions.outage_missing_jump)
    outages = collapse + analysis.outages
    model = ModelDrift() if outages else _model_drift(decisions, contract, serving, reference, current, matured)
    return conclude(serving.version, analysis, model, outages, len(current), decisions.drift_triggers)


def _model_drift(
    decisions: Decisions,
    contract: Contract,
    serving: ChampionInfo,
    reference: Leads,
    current: Leads,
    matured: Leads,
) -> ModelDrift:
    """The champion's own drift, on as many rows of each side as are scored at most."""
    judged_on = _rows(reference, REFERENCE_ROWS)
    scored = _rows(current, SCORED)
    closed = _rows(matured, len(matured))
    return model_drift(decisions, contract, serving, judged_on, scored, closed)


def _rows(leads: Leads, limit: int) -> pd.DataFrame:
    return leads.sample(limit) if isinstance(leads, ParquetColumns) else pd.DataFrame()


def _record(
    settings: Settings,
    contract: Contract,
    statements: Statements,
    warehouse: Warehouse,
    run_id: str,
    findings: Findings,
    series: str,
    checked_at: datetime,
) -> dict[str, Any]:
    decisions = settings.decisions
    before = earlier_verdicts(decisions, statements, warehouse, series, run_id, findings.champion_version, checked_at)
    counted = ([findings.verdict, *before], decisions.drift_debounce_k, decisions.drift_debounce_n)
    findings = findings.with_confirmation(is_confirmed(*counted), in_words(*counted))
    summary = NOTHING | findings.summary()
    files = report_files(run_id, findings)
    summary["report_uri"] = write_reports(Layout(settings, contract), run_id, files)
    summary["mlflow_run_id"], summary["mlflow_run_url"] = log_to_mlflow(settings, contract, run_id, findings, files)
    store_metrics(settings, contract, warehouse, run_id, findings, checked_at)
    log.info("Drift analysis %s: %s %s, %s", run_id, findings.verdict, findings.triggers, findings.confirmation)
    return summary


def _collapse(decisions: Decisions, rows: int, expected_rows: float | None) -> tuple[Outage, ...]:
    """An outage of the whole feed; where few leads are expected anyway, few say nothing."""
    if expected_rows is None or expected_rows < decisions.min_drift_rows:
        return ()
    found = row_collapse(rows, expected_rows, decisions.outage_row_share)
    return (found,) if found else ()


def _not_analysed(verdict: str, run_id: str, current: Leads) -> dict[str, Any]:
    log.info("Drift analysis %s: %s, %d rows in the window", run_id, verdict, len(current))
    return NOTHING | {"verdict": verdict, "current_rows": len(current)}


def _read_window(window_uri: str) -> Leads:
    try:
        return open_parquet(window_uri)
    except ObjectMissingError:  # UNLOAD of an empty result writes no object
        return pd.DataFrame()


def _read_reference(model: str, serving: ChampionInfo) -> Leads:
    uri = serving.tags.get("snapshot_uri")
    try:
        if uri:
            return open_snapshot(uri)
    except ObjectMissingError as error:
        raise ReferenceMissingError(model, serving.version, uri) from error
    raise ReferenceMissingError(model, serving.version, uri)
