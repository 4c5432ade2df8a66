"""Reports what reps say of the scores: a page and JSON in S3, metrics in MLflow, the figures that the desk shows."""

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
from include.pages.render import render as page
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
    """Writes the report of one run of collect_feedback, over that of an earlier try.

    Args:
        layout: where reports lie.
        statements: renders the SQL files.
        warehouse: has the tables of feedback and of scores.
        run_id: names the report's folder and its MLflow run.
        collected: what `include.feedback.collect.collect` returned.
        reported_at: written in the report.

    Returns:
        The figures as the JSON has them, with the page's URI and address.

    Raises:
        WarehouseError: a statement failed.
        TrackingUnavailableError: MLflow does not answer.
    """
    (counts,) = warehouse.query(statements.render("count_feedback"))
    verdicts = warehouse.query(statements.render("count_verdicts"))
    pairs = warehouse.query(statements.render("count_pairs"))
    models = agreement(verdicts, pairs)
    found = {
        "run_id": run_id,
        "reported_at": reported_at.isoformat(),
        "collected": {name: collected[name] for name in ("objects", "collected", "malformed")},
        **{name: int(value) for name, value in counts.items()},
        "models": models,
    }
    folder = layout.report("feedback", run_id)
    write_json(folder + "agreement.json", found)
    write_text(folder + "agreement.html", page(__package__, "agreement.html", found=found))
    write_json(layout.agreement, found)
    _log_to_mlflow(layout.settings, run_id, layout.contract.names.experiment, found)
    log.info("%s flags of reps on %s model versions reported in %s", found["flags"], len(models), folder)
    uri = folder + "agreement.html"
    return found | {"agreement_page_uri": uri, "agreement_page_url": browser_address(layout.settings, uri)}


@tracking_errors()
def _log_to_mlflow(settings: Settings, run_id: str, experiment: str, found: Mapping[str, Any]) -> None:
    client = connect(settings.mlflow.tracking_uri)
    now = int(time.time() * 1000)
    tags = {"kind": "feedback", "feedback_run_id": run_id}
    run = find_or_create_run(client, experiment, tags, f"feedback {run_id}")
    client.log_batch(run, [Metric(name, value, now, 0) for name, value in _metrics(found)])
    client.log_dict(run, dict(found), "agreement.json")
    client.set_terminated(run)


def _metrics(found: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name in ("flags", "unknown_leads", "with_outcome"):
        yield f"feedback/{name}", float(found[name])
    yield "feedback/malformed", float(found["collected"]["malformed"])
    for one in found["models"]:
        version = f"{one['stage'] or 'unknown'}-{one['model_version']}"
        yield f"feedback/{version}/reps", float(one["reps"])
        for name in SHARES:
            if one[name] is not None:
                yield f"feedback/{version}/{name}", one[name]
