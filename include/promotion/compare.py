"""Compare champion and challenger on the same holdout rows: scores, report, verdict and the record of the decision."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from mlflow.tracking import MlflowClient

from include.contract import Contract, KnownAt, decisions_of
from include.decisions import Decisions
from include.evaluation.evaluate import evaluate_classification_model
from include.evaluation.intervals import roc_auc_interval
from include.evaluation.segment_fields import segments
from include.lake.layout import Layout
from include.promotion.decisions import (
    decision_id,
    publish,
    record_uri,
    recorded,
)
from include.promotion.gate import (
    chance_of,
    choose_rule,
    floors_name,
    judge,
    limits_of,
    success_floors,
)
from include.promotion.gate_report import GateReport, RuleName
from include.promotion.holdout import (
    Scored,
    holdout_scores,
    judged_scores,
    seen_by,
)
from include.promotion.paired import paired_changes
from include.promotion.record import (
    DecisionRecord,
    DecisionSummary,
    Figures,
    RecordedInterval,
    RecordedSnapshot,
    Segment,
)
from include.promotion.segment_changes import segment_changes
from include.registry.errors import NoChallengerError
from include.registry.ledger import ChampionLedger
from include.registry.registry import ChampionInfo, champion
from include.registry.registry import challenger as challenger_of
from include.registry.tracking import connect, tracking_errors
from include.settings import Settings
from include.training.data.dataset import Dataset, load_dataset
from include.training.data.splits import held_out_of

SECONDS_PER_DAY = 86400


@dataclass(frozen=True)
class _Holdout:
    """The leads on which both models are scored.

    Attributes:
        rows: whether a lead of the data set is one of them (bool per row).
        left_out: leads of the holdout that the champion had learnt from, None where nobody can tell.
    """

    rows: pd.Series
    left_out: int | None


@tracking_errors()
def compare(
    settings: Settings,
    contract: Contract,
    run_id: str,
    snapshot_uri: str,
    stage: str,
    primary_metric: str | None = None,
    *,
    mode: str = "enabled",
    drift_confirmed: bool = False,
    decided_at: datetime | None = None,
) -> DecisionSummary:
    """Judge the challenger of a stage and publish the decision record.

    A run decides once: asked again, it returns the decision that is on record.

    Args:
        settings: where the record lies and MLflow answers, and what the business decides.
        contract: what a lead is.
        run_id: of the run that decides; names the record.
        snapshot_uri: folder of the snapshot whose holdout both models are scored on.
        stage: capture, engagement or contact.
        primary_metric: figure in which the challenger must be better; None takes the setting.
        mode: the promotion mode, for the record.
        drift_confirmed: whether the run was started by confirmed drift.
        decided_at: moment of the decision; None takes the present.

    Returns:
        The record without what is large; `report_uri` is the full record's.

    Raises:
        NoChallengerError: no version carries the alias.
        DigestMissingError: nobody recorded a digest of the challenger's files, though the model has a champion.
        ModelUnreadableError: a version cannot be loaded, or carries no decision.
        ObjectMissingError: the snapshot is gone.
        TrackingUnavailableError: MLflow does not answer.
    """
    decisions = decisions_of(settings, contract)
    client = connect(settings.mlflow)
    uri = record_uri(Layout(settings, contract), run_id, stage)
    record = recorded(uri)
    if record is None:
        record = _decide(
            decisions,
            contract,
            client,
            ChampionLedger.of(settings, contract),
            snapshot_uri,
            KnownAt(stage),
            primary_metric or decisions.primary_metric,
            drift_confirmed,
            decided_at or datetime.now(UTC),
        ).model_copy(
            update={
                "decision_id": decision_id(run_id, stage, contract.outcome),
                "mode": mode,
                "report_uri": uri,
            }
        )
    publish(client, record)
    return record.summary


def _decide(
    decisions: Decisions,
    contract: Contract,
    client: MlflowClient,
    ledger: ChampionLedger,
    snapshot_uri: str,
    stage: KnownAt,
    primary_metric: str,
    drift_confirmed: bool,
    decided_at: datetime,
) -> DecisionRecord:
    """Return the record of the gate's decision, without the facts about the run that asks for it."""
    model = contract.model_name(stage)
    challenger = challenger_of(client, model, ledger)
    held_out = held_out_of(challenger.tags if challenger else {})
    data = load_dataset(snapshot_uri, contract, stage, held_out)
    present = champion(client, model, ledger)
    if challenger is None:
        raise NoChallengerError(
            f"{model} has no challenger; run train_models first"
        )
    rule, why_rule = choose_rule(
        _age_days(present, decided_at),
        drift_confirmed,
        decisions.champion_max_age_days,
    )
    holdout = _holdout(contract, present, data, stage)
    leads = data.frame[holdout.rows]
    challenger_scores, files_sha256 = judged_scores(challenger, leads)
    report = gate_report(
        decisions,
        rule,
        primary_metric,
        data.target[holdout.rows],
        challenger_scores,
        holdout_scores(present, leads) if present else None,
        data.groups[holdout.rows],
        segments(leads, contract, stage),
        stage,
    )
    verdict = judge(report)
    interval = roc_auc_interval(data.target[holdout.rows], challenger_scores[0])
    return DecisionRecord(
        decided_at=decided_at.isoformat(),
        stage=stage,
        verdict=verdict.verdict,
        reasons=verdict.reasons,
        rules=verdict.rules,
        rule=rule,
        why_rule=why_rule,
        model=model,
        version=challenger.version,
        files_sha256=files_sha256,
        champion_version=present.version if present else None,
        metrics=_figures(report),
        gain=report.gain,
        segments=tuple(
            Segment(**segment.model_dump()) for segment in report.segments
        ),
        report=report,
        holdout_rows=len(leads),
        holdout_positives=int(data.target[holdout.rows].sum()),
        interval=RecordedInterval(metric="roc_auc", **asdict(interval)),
        left_out_rows=holdout.left_out,
        snapshot=RecordedSnapshot.model_validate(data.manifest),
        approval=None,
    )


def _age_days(
    champion: ChampionInfo | None, decided_at: datetime
) -> float | None:
    """Return the days since the champion was registered, None where there is no champion."""
    if champion is None:
        return None
    return (decided_at - champion.created_at).total_seconds() / SECONDS_PER_DAY


def _holdout(
    contract: Contract,
    champion: ChampionInfo | None,
    data: Dataset,
    stage: KnownAt,
) -> _Holdout:
    """Return the holdout without the leads that the champion has learnt from."""
    rows = data.split == "holdout"
    training_leads = (
        seen_by(contract, champion, data, stage) if champion else None
    )
    if training_leads is None:
        return _Holdout(rows, None)
    return _Holdout(rows & ~training_leads, int((rows & training_leads).sum()))


def _figures(report: GateReport) -> Figures:
    challenger = dict(report.challenger)
    if report.champion is None:
        return Figures(challenger=challenger, champion=None)
    return Figures(challenger=challenger, champion=dict(report.champion))


def gate_report(
    decisions: Decisions,
    rule: RuleName,
    metric: str,
    outcome: Any,
    challenger: Scored,
    champion: Scored | None,
    groups: Any,
    fields: pd.DataFrame,
    stage: KnownAt,
) -> GateReport:
    """Return what the gate needs to know of two models' scores on the same leads.

    Args:
        decisions: floors and limits.
        rule: of the decision.
        metric: the primary one.
        outcome: 0 or 1, shape (n,).
        challenger: probabilities and threshold.
        champion: the same, None where there is none.
        groups: number of the group of identical rows per lead, shape (n,).
        fields: segment fields, shape (n, fields).
        stage: whose floors.
    """
    floors = success_floors(decisions, stage)
    origin = floors_name(stage) if floors else None
    limits = limits_of(decisions)
    figures = evaluate_classification_model(outcome, *challenger)
    chance = None if floors else chance_of(outcome)
    if champion is None:
        return GateReport(
            rule=rule,
            primary_metric=metric,
            challenger=figures,
            champion=None,
            floors=floors,
            floors_origin=origin,
            chance=chance,
            limits=limits,
        )
    changes = paired_changes(outcome, champion, challenger, groups, metric)
    return GateReport(
        rule=rule,
        primary_metric=metric,
        challenger=figures,
        champion=evaluate_classification_model(outcome, *champion),
        floors=floors,
        floors_origin=origin,
        chance=chance,
        gain=changes[metric],
        brier=changes["brier"],
        segments=segment_changes(
            outcome,
            champion[0],
            challenger[0],
            groups,
            fields,
            limits.segment_rows,
        ),
        segment_rule="surely_lost",
        limits=limits,
    )
