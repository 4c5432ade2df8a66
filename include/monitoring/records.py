"""Record a drift analysis: reports in S3, a run in MLflow, rows in the warehouse."""

import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from mlflow.entities import Metric, RunTag

from include.contract import Contract
from include.lake.layout import Layout
from include.lake.objects import write_text
from include.monitoring.columns.assess import Analysis
from include.monitoring.columns.outage import ROWS
from include.monitoring.summary import DriftDetails
from include.pages.optional import attempt
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
ADDRESSES = {"report_uri", "mlflow_run_id", "mlflow_run_url"}
CONTRACT = "(contract)"
"""Stands for the contract itself where columns are listed; no field of a contract can be called so."""


@dataclass(frozen=True)
class _Row:
    """What one row of the drift table says besides the verdict of the whole analysis."""

    name: str
    method: str
    score: float
    threshold: float | None
    drifted: bool
    missing_reference: float | None = None
    missing_current: float | None = None

    def cells(self) -> tuple[str, ...]:
        """Return the cells as SQL, in the order of COLUMNS."""
        return (
            literal(self.name),
            literal(self.method),
            number(self.score),
            number(self.threshold),
            boolean(self.drifted),
            number(self.missing_reference),
            number(self.missing_current),
        )


def report_files(
    details: DriftDetails, analysis: Analysis | None
) -> dict[str, str]:
    """Return name to text of the run's reports: page, figures and summary, the page first.

    Where no columns were compared there is only the summary. A page that Evidently cannot make is logged and left out.
    """
    content = details.model_dump(mode="json", exclude=ADDRESSES)
    summary = {"summary.json": json.dumps(content, indent=2) + "\n"}
    if analysis is None:
        return summary
    figures = {"drift.json": analysis.report.json(), **summary}
    page = attempt("page of Evidently", analysis.report.html)
    if page is None:
        return figures
    return {"drift.html": page, **figures}


def write_reports(layout: Layout, run_id: str, files: Mapping[str, str]) -> str:
    """Store the reports in the run's folder and return the URI of the first of them."""
    folder = layout.report("drift", run_id)
    for name, text in files.items():
        write_text(folder + name, text)
    return folder + next(iter(files))


def log_to_mlflow(
    settings: Settings,
    contract: Contract,
    details: DriftDetails,
    files: Mapping[str, str],
) -> tuple[str, str]:
    """Log metrics and reports to the MLflow run of this analysis, a new one or that of an earlier attempt.

    Returns:
        The MLflow run's id and the address of its page.

    Raises:
        TrackingUnavailableError: MLflow does not answer.
    """
    client = connect(settings.mlflow)
    tags = {
        "verdict": details.verdict,
        "champion_version": details.champion_version,
        "triggers": ", ".join(details.triggers),
        "confirmed": str(details.confirmed).lower(),
    }
    logged_at = int(time.time() * 1000)
    key_tags = {"kind": "drift", "analysis_run_id": details.run_id}
    with tracking_errors():
        run = find_or_create_run(
            client,
            contract.names.experiment,
            key_tags,
            f"drift {details.run_id}",
        )
        client.log_batch(
            run,
            metrics=[
                Metric(name, value, logged_at, 0)
                for name, value in _metrics(details).items()
            ],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )
        for name, text in files.items():
            client.log_text(run, text, name)
        client.set_terminated(run)
        return run, run_url(settings, client, run)


def store_metrics(
    settings: Settings,
    contract: Contract,
    warehouse: Warehouse,
    details: DriftDetails,
    checked_at: datetime,
) -> None:
    """Replace the run's rows in the warehouse's drift table, in one transaction.

    There is a row per monitored column, and one each for the scores, for every figure of the champion's performance,
    for a window without enough leads and for a changed contract; the names of these stand in parentheses.

    Raises:
        WarehouseError: the transaction failed and changed nothing.
    """
    table = f"{settings.redshift.schema_name}.{contract.names.drift_table}"
    run_id = literal(details.run_id)
    statements = [f"DELETE FROM {table} WHERE run_id = {run_id}"]  # noqa: S608 - quoted by `literal`
    rows = _rows(details, checked_at)
    if rows:
        columns = ", ".join(COLUMNS)
        values = ",\n".join(rows)
        statements.append(f"INSERT INTO {table} ({columns}) VALUES\n{values}")  # noqa: S608
    warehouse.transaction(statements)


def _rows(details: DriftDetails, checked_at: datetime) -> list[str]:
    """Return the run's rows as SQL."""
    first_cells = (literal(details.run_id), timestamp(checked_at))
    last_cells = (
        number(details.drifted_share),
        literal(details.verdict),
        literal(", ".join(details.triggers)),
        boolean(details.confirmed),
        literal(details.champion_version),
    )
    rows = []
    for row in _compared(details):
        cells = (*first_cells, *row.cells(), *last_cells)
        rows.append(f"({', '.join(cells)})")
    return rows


def _compared(details: DriftDetails) -> Iterator[_Row]:
    """Yield a row for everything that was looked at."""
    for column in details.columns:
        yield _Row(
            column.column,
            column.method,
            column.score,
            column.threshold,
            column.drifted,
            column.missing_reference,
            column.missing_current,
        )
    prediction = details.prediction
    if prediction:
        yield _Row(
            prediction.column,
            prediction.method,
            prediction.score,
            prediction.threshold,
            prediction.drifted,
        )
    for figure in details.performance:
        yield _Row(
            f"({figure.name})",
            "lower bound of loss",
            figure.at_least,
            figure.limit,
            figure.drifted,
        )
    if ROWS in details.outages:
        yield _Row(
            ROWS, "row_collapse", details.current_rows, None, drifted=False
        )
    changed_columns = len(details.columns_added) + len(details.columns_removed)
    if changed_columns:
        yield _Row(
            CONTRACT,
            "columns_changed",
            changed_columns,
            None,
            drifted="contract" in details.triggers,
        )


def number(value: float | None) -> str:
    """Return an SQL number with six digits; NULL for what is none."""
    if value is None or not math.isfinite(value):
        return "NULL"
    return f"{value:.6g}"


def boolean(value: bool) -> str:
    """Return an SQL truth value."""
    return "TRUE" if value else "FALSE"


def _metrics(details: DriftDetails) -> dict[str, float]:
    """Return the metrics of the MLflow run; those of columns only where columns were compared."""
    metrics = {
        "drift_share": details.drifted_share,
        "outage_columns": float(len(details.outages)),
        "current_rows": float(details.current_rows),
        "matured_rows": float(details.matured_rows),
    }
    if details.reference_rows:
        metrics["drifted_columns"] = float(len(details.drifted_columns))
        metrics["reference_rows"] = float(details.reference_rows)
    for column in details.columns:
        metrics[f"drift_score.{column.column}"] = column.score
        metrics[f"drifted.{column.column}"] = float(column.drifted)
    if details.prediction:
        metrics["prediction/score"] = details.prediction.score
        metrics["prediction/drifted"] = float(details.prediction.drifted)
    for figure in details.performance:
        metrics[f"performance/{figure.name}"] = figure.current
        metrics[f"performance/{figure.name}_loss"] = figure.loss
        metrics[f"performance/{figure.name}_loss_at_least"] = figure.at_least
    return metrics
