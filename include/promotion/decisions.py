"""Decision records: one JSON file a decision, tags on the version judged, and how a decision is carried out."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mlflow.tracking import MlflowClient

from include.contract import KnownAt, load_contract
from include.lake.errors import ObjectMissingError
from include.lake.layout import Layout
from include.lake.objects import read_json, write_json
from include.registry import registry
from include.registry.errors import NoChampionError
from include.registry.tracking import connect, tracking_errors
from include.settings import settings

log = logging.getLogger(__name__)
APPROVE = "Approve"


def decision_id(run_id: str, stage: str) -> str:
    """Name of the decision that a run takes about a stage; the same however often its tasks are repeated."""
    return f"{run_id}/{stage}"


def record_uri(run_id: str, name: str) -> str:
    """Where the record of a run's decision lies; `name` is the stage, or `<stage>-rollback`."""
    return f"{Layout(settings(), load_contract(settings().contract)).report('gate', run_id)}{name}.json"


def recorded(uri: str) -> dict[str, Any] | None:
    """The record at `uri`, None before the decision."""
    try:
        record: dict[str, Any] = read_json(uri)
    except ObjectMissingError:
        return None
    return record


def publish(client: MlflowClient, record: Mapping[str, Any]) -> None:
    """Writes a record to its `report_uri` and its gist to the tags of the version that was judged."""
    write_json(record["report_uri"], record)
    tags = {
        "gate_verdict": record["verdict"],
        "gate_rule": record["rule"],
        "gate_reason": "; ".join(record["reasons"]),
        "gate_record": record["report_uri"],
    }
    if answer := record["approval"]:
        tags["gate_approval"] = f"{answer['choice']} by {answer['by'] or 'nobody'} at {answer['answered_at']}"
    for name, value in tags.items():
        client.set_model_version_tag(record["model"], record["version"], name, value)
    log.info(
        "Gate for %s version %s: %s by rule %s (%s)",
        record["model"],
        record["version"],
        record["verdict"],
        record["rule"],
        "; ".join(record["reasons"]),
    )


@tracking_errors()
def answer(uri: str, approval: Mapping[str, Any]) -> dict[str, Any]:
    """Adds a person's answer to the record at `uri` and returns the record.

    Args:
        uri: of the record.
        approval: asked_at, answered_at, by (None where nobody answered in time) and choice.

    Raises:
        ObjectMissingError: there is no such record.
        TrackingUnavailableError: MLflow does not answer.
    """
    record: dict[str, Any] = read_json(uri) | {"approval": dict(approval)}
    publish(connect(settings().mlflow.tracking_uri), record)
    return record


def roll_back(run_id: str, stage: str, reason: str, decided_at: datetime) -> dict[str, Any]:
    """Brings the champion before the present one back, once a run, and records it.

    What is to be undone is written down first: a task that is repeated after a crash finishes that rollback and does
    not go back one champion more.

    Args:
        run_id: of the run that rolls back.
        stage: capture, engagement or contact.
        reason: why, in words.
        decided_at: moment of the rollback.

    Returns:
        The record: decision_id, decided_at, verdict "rollback", model, stage, version (serves again),
        champion_version (the one replaced), reasons, report_uri.

    Raises:
        NoChampionError: there is no champion, or none before it.
        TrackingUnavailableError: MLflow does not answer.
    """
    client = connect(settings().mlflow.tracking_uri)
    model, uri = load_contract(settings().contract).model_name(KnownAt(stage)), record_uri(run_id, f"{stage}-rollback")
    record = recorded(uri)
    if record is None:
        present = registry.champion(client, model)
        if present is None:
            raise NoChampionError(f"{model} has no champion to roll back; run data_drift_redshift_retrain first")
        record = {
            "decision_id": decision_id(run_id, stage),
            "decided_at": decided_at.isoformat(),
            "verdict": "rollback",
            "model": model,
            "stage": stage,
            "champion_version": present.version,
            "reasons": [reason],
            "report_uri": uri,
        }
        write_json(uri, record)
    record["version"] = registry.rollback(client, model, record["champion_version"]).version
    write_json(uri, record)
    return record
