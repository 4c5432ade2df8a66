"""Where the findings of a drift analysis are kept: reports in S3, a run in MLflow, rows in the warehouse."""

import json
import math
import time
from collections.abc import Iterator, Mapping
from datetime import datetime

from mlflow.entities import Metric, RunTag

from include.contract import Contract
from include.lake.layout import Layout
from include.lake.objects import write_text
from include.monitoring.columns.drift import ColumnDrift
from include.monitoring.columns.outage import ROWS
from include.monitoring.findings import Findings
from include.registry.runs import find_or_create_run
from include.registry.tracking import connect, run_url, tracking_errors
from include.settings import Settings
from include.warehouse.client import Warehouse
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
    "triggers",
    "confirmed",
    "champion_version",
)


def report_files(run_id: str, findings: Findings) -> dict[str, str]:
    """Name to text of the run's reports: page, figures and summary, the page first.

    Only the summary where no columns were compared.
    """
    summary = {"summary.json": json.dumps({"run_id": run_id, **findings.details()}, indent=2) + "\n"}
    if findings.analysis is None:
        return summary
    report = findings.analysis.report
    return {"drift.html": report.html(), "drift.json": report.json(), **summary}


def write_reports(layout: Layout, run_id: str, files: Mapping[str, str]) -> str:
    """Stores the reports in the run's folder.

    Returns:
        The URI of the first of them.
    """
    folder = layout.report("drift", run_id)
    for name, text in files.items():
        write_text(folder + name, text)
    return folder + next(iter(files))


def log_to_mlflow(
    settings: Settings, contract: Contract, run_id: str, findings: Findings, files: Mapping[str, str]
) -> tuple[str, str]:
    """Logs metrics and reports to the MLflow run of this analysis, a new one or that of an earlier attempt.

    Returns:
        The MLflow run's id and the address of its page.

    Raises:
        TrackingUnavailableError: MLflow does not answer.
    """
    client = connect(settings.mlflow.tracking_uri)
    tags = {
        "verdict": findings.verdict,
        "champion_version": findings.champion_version,
        "triggers": ", ".join(findings.triggers),
        "confirmed": str(findings.confirmed).lower(),
    }
    now = int(time.time() * 1000)
    with tracking_errors():
        key_tags = {"kind": "drift", "analysis_run_id": run_id}
        mlflow_run = find_or_create_run(client, contract.names.experiment, key_tags, f"drift {run_id}")
        client.log_batch(
            mlflow_run,
            metrics=[Metric(key, value, now, 0) for key, value in _metrics(findings).items()],
            tags=[RunTag(key, value) for key, value in tags.items()],
        )
        for name, text in files.items():
            client.log_text(mlflow_run, text, name)
        client.set_terminated(mlflow_run)
        return mlflow_run, run_url(settings, client, mlflow_run)


def store_metrics(
    settings: Settings,
    contract: Contract,
    warehouse: Warehouse,
    run_id: str,
    findings: Findings,
    checked_at: datetime,
) -> None:
    """Replaces the run's rows in the warehouse's drift table, in one transaction.

    There is a row per monitored column, and one each for the scores, for every figure of the champion's performance
    and for a window without enough leads; the names of these stand in parentheses.

    Raises:
        WarehouseError: the transaction failed and changed nothing.
    """
    table = f"{settings.redshift.schema_name}.{contract.names.drift_table}"
    statements = [f"DELETE FROM {table} WHERE run_id = {literal(run_id)}"]  # noqa: S608 - quoted by `literal`
    if rows := _rows(run_id, findings, checked_at):
        statements.append(f"INSERT INTO {table} ({', '.join(COLUMNS)}) VALUES\n" + ",\n".join(rows))  # noqa: S608
    warehouse.transaction(statements)


def _rows(run_id: str, findings: Findings, checked_at: datetime) -> list[str]:
    before, after = (
        (literal(run_id), timestamp(checked_at)),
        (
            number(findings.drifted_share),
            literal(findings.verdict),
            literal(", ".join(findings.triggers)),
            boolean(findings.confirmed),
            literal(findings.champion_version),
        ),
    )
    return [f"({', '.join((*before, *cells, *after))})" for cells in _judged(findings)]


def _judged(findings: Findings) -> Iterator[tuple[str, ...]]:
    """Name, method, score, threshold, drifted and missing shares of everything that was judged, as SQL."""
    missing = ("NULL", "NULL")
    if analysis := findings.analysis:
        for column in analysis.report.columns:
            shares = analysis.missing_reference[column.column], analysis.missing_current[column.column]
            yield *_verdict(column), number(shares[0]), number(shares[1])
    if findings.model.prediction:
        yield *_verdict(findings.model.prediction), *missing
    for figure in findings.model.performance:
        found = ColumnDrift(f"({figure.name})", "lower bound of loss", figure.at_least, figure.limit, figure.drifted)
        yield *_verdict(found), *missing
    if any(outage.column == ROWS for outage in findings.outages):
        yield literal(ROWS), literal("row_collapse"), number(findings.current_rows), "NULL", "FALSE", *missing


def _verdict(found: ColumnDrift) -> tuple[str, ...]:
    cells = literal(found.column), literal(found.method), number(found.score), number(found.threshold)
    return *cells, boolean(found.drifted)


def number(value: float) -> str:
    """An SQL number with six digits; NULL for what is none."""
    return f"{value:.6g}" if math.isfinite(value) else "NULL"


def boolean(value: bool) -> str:
    """An SQL truth value."""
    return "TRUE" if value else "FALSE"


def _metrics(findings: Findings) -> dict[str, float]:
    figures = {
        "drift_share": findings.drifted_share,
        "outage_columns": float(len(findings.outages)),
        "current_rows": float(findings.current_rows),
        "matured_rows": float(findings.model.matured_rows),
    }
    if analysis := findings.analysis:
        figures["drifted_columns"] = float(len(analysis.report.drifted_columns))
        figures["reference_rows"] = float(analysis.reference_rows)
        for column in analysis.report.columns:
            figures[f"drift_score.{column.column}"] = column.score
            figures[f"drifted.{column.column}"] = float(column.drifted)
    if prediction := findings.model.prediction:
        figures |= {"prediction/score": prediction.score, "prediction/drifted": float(prediction.drifted)}
    for figure in findings.model.performance:
        figures |= {
            f"performance/{figure.name}": figure.current,
            f"performance/{figure.name}_loss": figure.loss,
            f"performance/{figure.name}_loss_at_least": figure.at_least,
        }
    return figures
