"""Report what reps say of the scores: a page and JSON in S3, metrics in MLflow, the figures that the desk shows."""

import logging
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from mlflow.entities import Metric

from include.feedback.agreement import agreement
from include.lake.layout import Layout
from include.lake.objects import write_json, write_text
from include.lake.web import browser_address
from include.pages.optional import attempt
from include.pages.render import render
from include.registry.runs import find_or_create_run
from include.registry.tracking import connect, tracking_errors
from include.settings import Settings
from include.warehouse.client import Warehouse
from include.warehouse.templates import Statements

log = logging.getLogger(__name__)

SHARES = ("right", "too_high", "too_low", "borne_out", "reps_agree", "loudest")


def report_agreement(
    layout: Layout,
    statements: Statements,
    warehouse: Warehouse,
    run_id: str,
    collected: Mapping[str, Any],
    reported_at: datetime,
) -> dict[str, Any]:
    """Write the report of one run of collect_feedback, over that of an earlier try.

    Args:
        layout: where reports lie.
        statements: renders the SQL files.
        warehouse: has the tables of feedback and of scores.
        run_id: names the report's folder and its MLflow run.
        collected: what `include.feedback.collect.collect` returned.
        reported_at: written in the report.

    Returns:
        The figures as the JSON has them, with the page's URI and address where it could be made.

    Raises:
        WarehouseError: a statement failed.
        TrackingUnavailableError: MLflow does not answer.
    """
    (counts,) = warehouse.query(statements.render("count_feedback"))
    verdicts = warehouse.query(statements.render("count_verdicts"))
    pairs = warehouse.query(statements.render("count_pairs"))
    models = agreement(verdicts, pairs)
    report = {
        "run_id": run_id,
        "reported_at": reported_at.isoformat(),
        "collected": {
            name: collected[name]
            for name in ("objects", "collected", "malformed")
        },
        **{name: int(value) for name, value in counts.items()},
        "models": models,
    }
    folder = layout.report("feedback", run_id)
    write_json(folder + "agreement.json", report)
    write_json(layout.agreement, report)
    _log_to_mlflow(
        layout.settings,
        run_id,
        layout.contract.names.experiment,
        report,
    )
    log.info(
        "%s flags of reps on %s model versions reported in %s",
        report["flags"],
        len(models),
        folder,
    )
    addresses = attempt(
        "page of agreement", lambda: _write_page(layout, folder, report)
    )
    return report | (addresses or {})


def _write_page(
    layout: Layout, folder: str, report: Mapping[str, Any]
) -> dict[str, str]:
    """Write the page into the report's folder and return its URI and address."""
    uri = folder + "agreement.html"
    write_text(uri, render(__package__, "agreement.html", report=report))
    return {
        "agreement_page_uri": uri,
        "agreement_page_url": browser_address(layout.settings, uri),
    }


@tracking_errors()
def _log_to_mlflow(
    settings: Settings, run_id: str, experiment: str, report: Mapping[str, Any]
) -> None:
    """Log the figures and the JSON to the MLflow run of this report."""
    client = connect(settings.mlflow)
    logged_at = int(time.time() * 1000)
    tags = {"kind": "feedback", "feedback_run_id": run_id}
    run = find_or_create_run(
        client,
        experiment,
        tags,
        f"feedback {run_id}",
    )
    metrics = [
        Metric(name, value, logged_at, 0) for name, value in _metrics(report)
    ]
    client.log_batch(run, metrics)
    client.log_dict(run, dict(report), "agreement.json")
    client.set_terminated(run)


def _metrics(report: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Yield name and value of every metric: totals first, then those of each model version."""
    for name in ("flags", "unknown_leads", "with_outcome"):
        yield f"feedback/{name}", float(report[name])
    yield "feedback/malformed", float(report["collected"]["malformed"])
    for figures in report["models"]:
        stage = figures["stage"] or "unknown"
        prefix = f"feedback/{stage}-{figures['model_version']}"
        yield f"{prefix}/reps", float(figures["reps"])
        for name in SHARES:
            if figures[name] is not None:
                yield f"{prefix}/{name}", figures[name]
