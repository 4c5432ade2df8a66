"""Where the findings of a drift analysis are kept: reports in S3, a run in MLflow, rows in the warehouse."""

import json
import time
from datetime import datetime
from typing import Any, Protocol

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, RunTag

from include.contract import Contract
from include.lake.layout import Layout
from include.lake.objects import write_text
from include.monitoring.judge import Analysis
from include.registry.tracking import connect, run_url, tracking_errors
from include.settings import settings
from include.warehouse.templates import literal, timestamp

COLUMNS = (
    "run_id",
    "checked_at",
    "column_name",
    "method",
    "score",
    "threshold",
    "drifted",
    "missing_reference",
    "missing_current",
    "drifted_share",
    "verdict",
)


class Statements(Protocol):
    """The part of `include.warehouse.client.Warehouse` that storing needs."""

    def transaction(self, statements: list[str]) -> None:
        """Runs all statements in one transaction."""


def write_reports(run_id: str, analysis: Analysis, details: dict[str, Any], contract: Contract) -> str:
    """Stores page, figures and summary in the run's report folder; returns the URI of the page."""
    folder = Layout(settings(), contract).report("drift", run_id)
    for name, text in _files(analysis, details).items():
        write_text(folder + name, text)
    return folder + "drift.html"


def log_to_mlflow(run_id: str, analysis: Analysis, details: dict[str, Any], contract: Contract) -> tuple[str, str]:
    """Logs metrics and reports to the MLflow run of this analysis, a new one or that of an earlier attempt.

    Returns:
        The MLflow run's id and the address of its page.

    Raises:
        TrackingUnavailable: MLflow does not answer.
    """
    client = connect()
    tags = {"verdict": analysis.verdict, "champion_version": str(details["champion_version"])}
    now = int(time.time() * 1000)
    with tracking_errors():
        mlflow_run = _find_or_create_run(client, contract.names.experiment, run_id)
        client.log_batch(
            mlflow_run,
            metrics=[Metric(key, value, now, 0) for key, value in _metrics(analysis).items()],
            tags=[RunTag(key, value) for key, value in tags.items()],
        )
        for name, text in _files(analysis, details).items():
            client.log_text(mlflow_run, text, name)
        client.set_terminated(mlflow_run)
        return mlflow_run, run_url(client, mlflow_run)


def store_metrics(
    run_id: str, analysis: Analysis, contract: Contract, checked_at: datetime, warehouse: Statements
) -> None:
    """Replaces the run's rows in the warehouse's drift table, one row per monitored column, in one transaction.

    Raises:
        WarehouseError: the transaction failed and changed nothing.
    """
    table = f"{settings().redshift_schema}.{contract.names.drift_table}"
    statements = [f"DELETE FROM {table} WHERE run_id = {literal(run_id)}"]  # noqa: S608 - quoted by `literal`
    if rows := _rows(run_id, analysis, checked_at):
        statements.append(f"INSERT INTO {table} ({', '.join(COLUMNS)}) VALUES\n" + ",\n".join(rows))  # noqa: S608
    warehouse.transaction(statements)


def _rows(run_id: str, analysis: Analysis, checked_at: datetime) -> list[str]:
    return [
        "("
        + ", ".join(
            [
                literal(run_id),
                timestamp(checked_at),
                literal(column.column),
                literal(column.method),
                f"{column.score:.6g}",
                f"{column.threshold:.6g}",
                "TRUE" if column.drifted else "FALSE",
                f"{analysis.missing_reference[column.column]:.6g}",
                f"{analysis.missing_current[column.column]:.6g}",
                f"{analysis.report.drifted_share:.6g}",
                literal(analysis.verdict),
            ]
        )
        + ")"
        for column in analysis.report.columns
    ]


def _metrics(analysis: Analysis) -> dict[str, float]:
    figures = {
        "drift_share": analysis.report.drifted_share,
        "drifted_columns": float(len(analysis.report.drifted_columns)),
        "outage_columns": float(len(analysis.outages)),
        "reference_rows": float(analysis.reference_rows),
        "current_rows": float(analysis.current_rows),
    }
    for column in analysis.report.columns:
        figures[f"drift_score.{column.column}"] = column.score
        figures[f"drifted.{column.column}"] = float(column.drifted)
    return figures


def _files(analysis: Analysis, details: dict[str, Any]) -> dict[str, str]:
    return {
        "drift.html": analysis.report.html(),
        "drift.json": analysis.report.json(),
        "summary.json": json.dumps(details, indent=2) + "\n",
    }


def _find_or_create_run(client: MlflowClient, experiment: str, run_id: str) -> str:
    experiment_key = mlflow.set_experiment(experiment).experiment_id
    wanted = {"kind": "drift", "analysis_run_id": run_id}
    condition = " AND ".join(f"tags.{tag} = {literal(value)}" for tag, value in wanted.items())
    runs = client.search_runs([experiment_key], condition, max_results=1)
    run = runs[0] if runs else client.create_run(experiment_key, tags=wanted, run_name=f"drift {run_id}")
    return str(run.info.run_id)
