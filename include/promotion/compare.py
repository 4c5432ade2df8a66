"""Champion against challenger on the same holdout rows: scores, report, verdict and the record of the decision."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
from mlflow.tracking import MlflowClient

from include.contract import Contract, KnownAt, load_contract
from include.evaluation.artifacts import segments
from include.evaluation.evaluate import evaluate_classification_model
from include.promotion.decisions import decision_id, publish, record_uri, recorded
from include.promotion.gate import GateReport, RuleName, choose_rule, judge, limits_of, success_floors
from include.promotion.holdout import Scored, holdout_scores, seen_by
from include.promotion.paired import paired_changes, segment_changes
from include.registry.errors import NoChallengerError
from include.registry.registry import CHALLENGER, CHAMPION, aliased
from include.registry.tracking import connect, tracking_errors
from include.settings import Settings, settings
from include.training.dataset import load_dataset

SUMMARY = (
    "decision_id",
    "verdict",
    "rule",
    "why_rule",
    "mode",
    "model",
    "version",
    "champion_version",
    "stage",
    "reasons",
    "rules",
    "gain",
    "metrics",
    "report_uri",
)


@tracking_errors()
def compare(
    run_id: str,
    snapshot_uri: str,
    stage: str,
    primary_metric: str | None = None,
    *,
    mode: str = "enabled",
    drift_confirmed: bool = False,
    decided_at: datetime | None = None,
) -> dict[str, Any]:
    """Judges the challenger of a stage and publishes the decision record.

    A run decides once: asked again, it returns the decision that is on record.

    Args:
        run_id: of the run that decides; names the record.
        snapshot_uri: folder of the snapshot whose holdout both models are scored on.
        stage: capture, engagement or contact.
        primary_metric: figure in which the challenger must be better; None takes the setting.
        mode: the promotion mode, for the record.
        drift_confirmed: whether the run was started by confirmed drift.
        decided_at: moment of the decision; None takes the present.

    Returns:
        The record without what is large, see SUMMARY; report_uri is the full record's.

    Raises:
        NoChallengerError: no version carries the alias.
        ModelUnreadableError: a version cannot be loaded.
        ObjectMissingError: the snapshot is gone.
        TrackingUnavailableError: MLflow does not answer.
    """
    contract, client, uri = (
        load_contract(settings().contract),
        connect(settings().mlflow.tracking_uri),
        record_uri(run_id, stage),
    )
    record = recorded(uri)
    if record is None:
        record = {
            "decision_id": decision_id(run_id, stage),
            "decided_at": (decided_at or datetime.now(UTC)).isoformat(),
            "mode": mode,
            "stage": stage,
            "report_uri": uri,
            **_decide(client, contract, snapshot_uri, KnownAt(stage), primary_metric, drift_confirmed, decided_at),
            "approval": None,
        }
    publish(client, record)
    return {name: record[name] for name in SUMMARY}


def _decide(
    client: MlflowClient,
    contract: Contract,
    snapshot_uri: str,
    stage: KnownAt,
    primary_metric: str | None,
    drift_confirmed: bool,
    decided_at: datetime | None,
) -> dict[str, Any]:
    data, model = load_dataset(snapshot_uri, contract, stage), contract.model_name(stage)
    challenger, champion = aliased(client, model, CHALLENGER), aliased(client, model, CHAMPION)
    if challenger is None:
        raise NoChallengerError(f"{model} has no challenger; run train_models first")
    age = ((decided_at or datetime.now(UTC)) - champion.created_at).total_seconds() / 86400 if champion else None
    rule, why = choose_rule(age, drift_confirmed, settings().decisions.champion_max_age_days)
    holdout = data.split == "holdout"
    learnt = seen_by(champion, data, contract, stage) if champion else None
    if learnt is not None:
        holdout &= ~learnt
    report = gate_report(
        rule,
        primary_metric or settings().decisions.primary_metric,
        data.target[holdout],
        holdout_scores(challenger, data.frame[holdout]),
        holdout_scores(champion, data.frame[holdout]) if champion else None,
        data.groups[holdout],
        segments(data.frame[holdout], contract),
        settings(),
        stage,
    )
    return {
        **judge(report).as_record(),
        "rule": rule,
        "why_rule": why,
        "model": model,
        "version": challenger.version,
        "champion_version": champion.version if champion else None,
        "metrics": {"challenger": dict(report.challenger), "champion": report.champion and dict(report.champion)},
        "gain": report.gain and report.gain.model_dump(),
        "segments": [segment.model_dump() for segment in report.segments],
        "report": report.model_dump(mode="json"),
        "holdout_rows": int(holdout.sum()),
        "left_out_rows": None if learnt is None else int((learnt & (data.split == "holdout")).sum()),
        "snapshot": {name: data.manifest[name] for name in ("uri", "run_id", "rows", "sha256")},
    }


def gate_report(
    rule: RuleName,
    metric: str,
    outcome: Any,
    challenger: Scored,
    champion: Scored | None,
    groups: Any,
    fields: pd.DataFrame,
    current: Settings,
    stage: KnownAt,
) -> GateReport:
    """What the gate needs to know of two models' scores on the same leads.

    Args:
        rule: of the decision.
        metric: the primary one.
        outcome: 0 or 1, shape (n,).
        challenger: probabilities and threshold.
        champion: the same, None where there is none.
        groups: number of the group of identical rows per lead, shape (n,).
        fields: segment fields, shape (n, fields).
        current: floors and limits.
        stage: whose floors.
    """
    floors, limits = success_floors(current, stage), limits_of(current)
    figures = evaluate_classification_model(outcome, *challenger)
    base = {"rule": rule, "primary_metric": metric, "challenger": figures, "floors": floors, "limits": limits}
    if champion is None:
        return GateReport(**base, champion=None)
    changes = paired_changes(outcome, champion, challenger, groups, metric)
    return GateReport(
        **base,
        champion=evaluate_classification_model(outcome, *champion),
        gain=changes[metric],
        brier=changes["brier"],
        segments=segment_changes(outcome, champion, challenger, fields, limits.segment_rows),
    )
