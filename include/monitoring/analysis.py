"""Analyse drift for one run: compare the current window with the champion's training data, and record what follows."""

import logging
from datetime import UTC, datetime

import pandas as pd

from include.contract import Contract, decisions_of
from include.decisions import Decisions
from include.lake.columns import ParquetColumns, open_parquet
from include.lake.errors import ObjectMissingError, ParquetUnreadableError
from include.lake.layout import Layout
from include.monitoring.columns.assess import compare_leads
from include.monitoring.columns.frames import (
    Leads,
    columns_of_both,
    comparable_columns,
)
from include.monitoring.columns.outage import Outage, row_collapse
from include.monitoring.contract_change import (
    UNCHANGED,
    ContractChange,
    contract_change,
)
from include.monitoring.debounce import earlier_verdicts
from include.monitoring.errors import ReferenceMissingError
from include.monitoring.model_drift import ModelDrift, model_drift
from include.monitoring.prediction import REFERENCE_ROWS, SCORED
from include.monitoring.records import (
    log_to_mlflow,
    report_files,
    store_metrics,
    write_reports,
)
from include.monitoring.summary import DriftDetails, DriftSummary, describe
from include.monitoring.verdict import Evidence, VerdictName, assess_drift
from include.registry.ledger import ChampionLedger
from include.registry.registry import ChampionInfo, champion
from include.registry.tracking import connect
from include.settings import Settings
from include.training.data.snapshot import open_snapshot
from include.training.errors import SnapshotChangedError
from include.warehouse.client import Warehouse
from include.warehouse.templates import Statements

log = logging.getLogger(__name__)

REFERENCE_ERRORS = (
    ReferenceMissingError,
    SnapshotChangedError,
    ParquetUnreadableError,
)


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
) -> DriftSummary:
    """Compare the leads under `window_uri` with the champion's training snapshot, and record the findings.

    Four things can call for a new model: a contract that has changed since the champion was trained, drifted columns,
    a champion whose scores have moved, a champion that predicts worse than on its holdout. An outage comes before all
    of them, and nothing is scored in it. A re-run with the same `run_id` overwrites what the first one recorded.

    Args:
        settings: where reports lie and MLflow answers, and what the business decides.
        contract: what a lead is.
        statements: renders the SQL files.
        warehouse: has the table of drift metrics.
        run_id: of the DAG run; names reports, MLflow run and rows.
        window_uri: Parquet folder of the current leads; a folder without objects is an empty window.
        drift_share_threshold: share of drifted columns that means drift; None takes the setting.
        checked_at: moment written beside the figures; None takes the present.
        matured_uri: Parquet folder of leads with a final outcome; None where performance is not to be looked at.
        expected_rows: leads that the window should hold by the weeks before; None where that is not known.
        series: prefix of the run ids among which a drift has to be confirmed; "" means all.

    Returns:
        The verdict with the figures that other tasks need.

    Raises:
        ReferenceMissingError: the champion's snapshot was deleted.
        ChampionUnreadableError: the champion cannot be loaded or cannot score.
        ParquetUnreadableError: an object of either side is damaged.
        TrackingUnavailableError: MLflow does not answer.
        WarehouseError: the figures could not be stored.
    """
    current = _read_window(window_uri)
    decisions = decisions_of(settings, contract)
    serving = champion(
        connect(settings.mlflow),
        contract.model_name(),
        ChampionLedger.of(settings, contract),
    )
    if serving is None:
        return _not_analysed("no_champion", run_id, current)
    collapse = _collapse(decisions, len(current), expected_rows)
    if len(current) >= decisions.min_drift_rows:
        matured = _read_window(matured_uri) if matured_uri else pd.DataFrame()
        evidence = _compare(
            decisions,
            contract,
            serving,
            current,
            matured,
            collapse,
            drift_share_threshold,
        )
    else:
        evidence = Evidence(
            outages=collapse, change=_change_without_window(contract, serving)
        )
        if not (evidence.outages or evidence.change):
            return _not_analysed("not_enough_data", run_id, current)
    moment = checked_at or datetime.now(UTC)
    earlier = earlier_verdicts(
        decisions,
        statements,
        warehouse,
        series,
        run_id,
        serving.version,
        moment,
    )
    verdict = assess_drift(decisions, evidence, earlier)
    details = describe(
        run_id,
        serving.version,
        len(current),
        evidence,
        verdict,
    ).labelled({column.field: column.label for column in contract.columns})
    return _record(
        settings,
        contract,
        warehouse,
        details,
        evidence,
        moment,
    )


def _compare(
    decisions: Decisions,
    contract: Contract,
    serving: ChampionInfo,
    current: Leads,
    matured: Leads,
    collapse: tuple[Outage, ...],
    drift_share_threshold: float | None,
) -> Evidence:
    """Return what a window with enough leads shows; the champion is not asked about leads of an outage."""
    threshold = (
        decisions.drift_share_threshold
        if drift_share_threshold is None
        else drift_share_threshold
    )
    reference = _read_reference(contract.model_name(), serving)
    change = contract_change(contract, reference)
    if not columns_of_both(reference, current, comparable_columns(contract)):
        log.warning(
            "The champion's snapshot and the window have no column in common; %s",
            change,
        )
        return Evidence(outages=collapse, change=change)
    analysis = compare_leads(
        reference,
        current,
        contract,
        threshold,
        decisions.outage_missing_jump,
    )
    outages = collapse + analysis.outages
    if outages:
        return Evidence(analysis, ModelDrift(), outages, change)
    # Scores on both sides are made without the removed columns, so that their absence does not look like a drift.
    # Of a level that is only written differently, the champion is asked as of the level itself.
    held_back = analysis.folded(_rows(reference, REFERENCE_ROWS)).drop(
        columns=list(change.removed), errors="ignore"
    )
    scored = analysis.folded(_rows(current, SCORED))
    closed = analysis.folded(_rows(matured, len(matured)))
    model = model_drift(
        decisions,
        contract,
        serving,
        held_back,
        scored,
        closed,
    )
    return Evidence(analysis, model, (), change)


def _change_without_window(
    contract: Contract, serving: ChampionInfo
) -> ContractChange:
    """Return the change of the contract where the window has too few leads for anything else.

    Nothing is compared then, so a snapshot that cannot be read is no error.
    """
    try:
        return contract_change(
            contract, _read_reference(contract.model_name(), serving)
        )
    except REFERENCE_ERRORS as error:
        log.warning("Cannot tell whether the contract has changed: %s", error)
        return UNCHANGED


def _rows(leads: Leads, limit: int) -> pd.DataFrame:
    """Return at most so many rows as a frame; an empty window has none."""
    return (
        leads.sample(limit)
        if isinstance(leads, ParquetColumns)
        else pd.DataFrame()
    )


def _record(
    settings: Settings,
    contract: Contract,
    warehouse: Warehouse,
    details: DriftDetails,
    evidence: Evidence,
    checked_at: datetime,
) -> DriftSummary:
    """Write reports, MLflow run and table rows, and return the summary with their addresses."""
    files = report_files(details, evidence.analysis)
    report_uri = write_reports(
        Layout(settings, contract), details.run_id, files
    )
    mlflow_run_id, mlflow_run_url = log_to_mlflow(
        settings,
        contract,
        details,
        files,
    )
    store_metrics(settings, contract, warehouse, details, checked_at)
    log.info(
        "Drift analysis %s: %s %s, %s",
        details.run_id,
        details.verdict,
        details.triggers,
        details.confirmation,
    )
    addresses = {
        "report_uri": report_uri,
        "mlflow_run_id": mlflow_run_id,
        "mlflow_run_url": mlflow_run_url,
    }
    return details.summary.model_copy(update=addresses)


def _collapse(
    decisions: Decisions, rows: int, expected_rows: float | None
) -> tuple[Outage, ...]:
    """Return the outage of the whole feed, if it is one; where few leads are expected anyway, few say nothing."""
    if expected_rows is None or expected_rows < decisions.min_drift_rows:
        return ()
    outage = row_collapse(rows, expected_rows, decisions.outage_row_share)
    return (outage,) if outage else ()


def _not_analysed(
    verdict: VerdictName, run_id: str, current: Leads
) -> DriftSummary:
    log.info(
        "Drift analysis %s: %s, %d rows in the window",
        run_id,
        verdict,
        len(current),
    )
    return DriftSummary(verdict=verdict, current_rows=len(current))


def _read_window(window_uri: str) -> Leads:
    """Return the leads of a folder; UNLOAD of an empty result writes no object, which is an empty window."""
    try:
        return open_parquet(window_uri)
    except ObjectMissingError:
        return pd.DataFrame()


def _read_reference(model: str, serving: ChampionInfo) -> Leads:
    """Return the champion's training snapshot. Raises ReferenceMissingError where it is gone."""
    uri = serving.tags.get("snapshot_uri")
    try:
        if uri:
            return open_snapshot(uri)
    except ObjectMissingError as error:
        raise ReferenceMissingError(model, serving.version, uri) from error
    raise ReferenceMissingError(model, serving.version, uri)
