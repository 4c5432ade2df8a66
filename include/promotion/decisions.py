"""Write, read and carry out decisions: one JSON record each, tags on the version that was judged, rollbacks."""

import logging
from collections.abc import Callable
from datetime import datetime

from mlflow.tracking import MlflowClient

from include.contract import Contract, KnownAt
from include.lake.errors import ObjectMissingError
from include.lake.layout import Layout
from include.lake.objects import read_json, write_json
from include.promotion.record import Approval, DecisionRecord
from include.registry import registry
from include.registry.errors import NoChampionError
from include.registry.ledger import ChampionLedger
from include.registry.models import load_pipeline
from include.registry.registry import ChampionInfo
from include.registry.tracking import connect, tracking_errors
from include.registry.versions import DIGEST_TAG
from include.settings import Settings

log = logging.getLogger(__name__)


def decision_id(run_id: str, stage: str, outcome: str = "") -> str:
    """Return the name of the decision that a run takes about a stage; repeated tasks get the same one.

    Args:
        run_id: of the run.
        stage: capture, engagement or contact.
        outcome: whose model it is, "" for the main one.
    """
    if outcome:
        return f"{run_id}/{outcome}/{stage}"
    return f"{run_id}/{stage}"


def record_uri(layout: Layout, run_id: str, name: str) -> str:
    """Return where the record of a run's decision lies; `name` is the stage, or `<stage>-rollback`."""
    return f"{layout.report('gate', run_id)}{name}.json"


def read_record(uri: str) -> DecisionRecord:
    """Return the record at `uri`. Raises ObjectMissingError where there is none."""
    return DecisionRecord.model_validate({"report_uri": uri} | read_json(uri))


def recorded(uri: str) -> DecisionRecord | None:
    """Return the record at `uri`, or None before the decision."""
    try:
        return read_record(uri)
    except ObjectMissingError:
        return None


def publish(client: MlflowClient, record: DecisionRecord) -> None:
    """Write a record to its `report_uri`, and its gist to the tags of the version that was judged."""
    write_json(record.report_uri, record.as_json())
    for name, value in record.tags.items():
        client.set_model_version_tag(record.model, record.version, name, value)
    reasons = "; ".join(record.reasons)
    log.info(
        "Gate for %s version %s: %s by rule %s (%s)",
        record.model,
        record.version,
        record.verdict,
        record.rule,
        reasons,
    )


@tracking_errors()
def answer(settings: Settings, uri: str, approval: Approval) -> DecisionRecord:
    """Add a person's answer to the record at `uri` and return the record.

    Args:
        settings: where MLflow answers.
        uri: of the record.
        approval: the answer.

    Raises:
        ObjectMissingError: there is no such record.
        TrackingUnavailableError: MLflow does not answer.
    """
    record = read_record(uri).model_copy(update={"approval": approval})
    publish(connect(settings.mlflow), record)
    return record


def asked_rollback(
    contract: Contract,
    run_id: str,
    stage: str,
    reason: str,
    decided_at: datetime,
) -> DecisionRecord:
    """Return the record of a rollback that was asked for and not carried out; nothing is written.

    Args:
        contract: names the models.
        run_id: of the run that asks.
        stage: capture, engagement or contact.
        reason: why, in words.
        decided_at: moment of the question or of the rollback.
    """
    return DecisionRecord(
        decision_id=decision_id(run_id, stage, contract.outcome),
        decided_at=decided_at.isoformat(),
        verdict="rollback",
        model=contract.model_name(KnownAt(stage)),
        stage=stage,
        reasons=(reason,),
    )


def roll_back(
    settings: Settings,
    contract: Contract,
    run_id: str,
    stage: str,
    reason: str,
    decided_at: datetime,
    approval: Approval | None = None,
    check: Callable[[ChampionInfo], object] = load_pipeline,
) -> DecisionRecord:
    """Make the champion before the present one the champion again, once a run, and record it.

    What is to be undone is written down first: a task that is repeated after a crash finishes that rollback and does
    not go back one champion more.

    Args:
        settings: where the record lies.
        contract: names the models.
        run_id: of the run that rolls back.
        stage: capture, engagement or contact.
        reason: why, in words.
        decided_at: moment of the rollback.
        approval: of a second person, None where nobody was asked.
        check: raises an error for a version that cannot serve, before any alias moves; loads it by default.

    Returns:
        The record, with the verdict "rollback", the version that serves again and the champion that was replaced.

    Raises:
        NoChampionError: there is no champion, or none before it.
        ModelUnreadableError: the version that would serve again cannot be loaded.
        TrackingUnavailableError: MLflow does not answer.
    """
    client = connect(settings.mlflow)
    model = contract.model_name(KnownAt(stage))
    ledger = ChampionLedger.of(settings, contract)
    uri = record_uri(Layout(settings, contract), run_id, f"{stage}-rollback")
    record = recorded(uri)
    if record is None:
        present = registry.champion(client, model, ledger)
        loss = registry.lost_champion(client, model, ledger)
        if present is None and not loss:
            raise NoChampionError(
                f"{model} has no champion to roll back; run data_drift_redshift_retrain first"
            )
        record = asked_rollback(
            contract, run_id, stage, reason, decided_at
        ).model_copy(
            update={
                "champion_version": present.version if present else None,
                "report_uri": uri,
            }
        )
        if approval:
            record = record.model_copy(update={"approval": approval})
        write_json(uri, record.as_json())
    target = registry.rollback_target(
        client, model, record.champion_version, ledger
    )
    if target is not None:
        check(target)
    serving = registry.rollback(client, model, record.champion_version, ledger)
    digest = serving.tags.get(DIGEST_TAG)
    record = record.model_copy(
        update={"version": serving.version, "files_sha256": digest}
    )
    write_json(uri, record.as_json())
    return record
