"""Champion against challenger on the same holdout rows: figures, verdict and the record of the decision."""

import logging
import pickle
from dataclasses import asdict
from typing import Any

import mlflow.sklearn
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from include.contract import KnownAt, load_contract
from include.lake.layout import Layout
from include.lake.objects import ObjectMissing, read_json, write_json
from include.registry.gate import GateReport, Verdict, judge, success_floors
from include.registry.registry import CHALLENGER, CHAMPION, ChampionInfo, NoChallenger, aliased
from include.registry.tracking import TrackingUnavailable, connect, tracking_errors
from include.settings import settings
from include.training.dataset import Dataset, load_dataset
from include.training.evaluate import evaluate_classification_model

log = logging.getLogger(__name__)
UNREADABLE = (MlflowException, pickle.UnpicklingError, ImportError, AttributeError, EOFError, OSError)
SUMMARY = ("verdict", "model", "version", "champion_version", "stage", "reasons", "metrics", "report_uri")


class ModelUnreadable(RuntimeError):  # noqa: N818 - says what is the matter
    """A registered version whose artefact cannot be loaded."""


@tracking_errors()
def compare(snapshot_uri: str, stage: str, primary_metric: str | None = None) -> dict[str, Any]:
    """Judges the challenger of a stage and writes the decision record.

    Run again after its challenger has been promoted, it returns the decision that is on record.

    Args:
        snapshot_uri: folder of the snapshot whose holdout both models are scored on.
        stage: capture, engagement or contact.
        primary_metric: figure in which the challenger must be better; None takes the setting.

    Returns:
        verdict ("promote" or "keep"), model, version, champion_version, stage, reasons, metrics of both,
        report_uri of the full record.

    Raises:
        NoChallenger: no version carries the alias.
        ModelUnreadable: a version cannot be loaded.
        ObjectMissing: the snapshot is gone.
        TrackingUnavailable: MLflow does not answer.
    """
    contract, client = load_contract(settings().contract), connect()
    data = load_dataset(snapshot_uri, contract, KnownAt(stage))
    model, run_id = contract.model_name(KnownAt(stage)), data.manifest["run_id"]
    record_uri = f"{Layout(settings(), contract).report('gate', run_id)}{stage}.json"
    challenger = aliased(client, model, CHALLENGER)
    metric = primary_metric or settings().primary_metric
    record = _recorded(record_uri, model) if challenger is None else _decide(client, challenger, data, stage, metric)
    record["report_uri"] = record_uri
    write_json(record_uri, record)
    log.info(
        "Gate for %s version %s: %s (%s)", model, record["version"], record["verdict"], "; ".join(record["reasons"])
    )
    return {name: record[name] for name in SUMMARY}


def _decide(
    client: MlflowClient, challenger: ChampionInfo, data: Dataset, stage: str, primary_metric: str
) -> dict[str, Any]:
    present = aliased(client, challenger.model, CHAMPION)
    rows, outcome = data.part("holdout")
    report = GateReport(
        primary_metric=primary_metric,
        challenger=holdout_metrics(challenger, rows, outcome),
        champion=holdout_metrics(present, rows, outcome) if present else None,
        floors=success_floors(settings(), KnownAt(stage)),
    )
    return _record(challenger, present, data, stage, report, judge(report))


def _record(
    challenger: ChampionInfo,
    present: ChampionInfo | None,
    data: Dataset,
    stage: str,
    report: GateReport,
    verdict: Verdict,
) -> dict[str, Any]:
    return {
        "verdict": "promote" if verdict.promote else "keep",
        "model": challenger.model,
        "version": challenger.version,
        "champion_version": present.version if present else None,
        "stage": stage,
        "reasons": list(verdict.reasons),
        "metrics": {"challenger": report.challenger, "champion": report.champion},
        "rules": [{**asdict(rule), "passed": rule.passed} for rule in verdict.rules],
        "report": asdict(report),
        "holdout_rows": int((data.split == "holdout").sum()),
        "snapshot": {name: data.manifest[name] for name in ("uri", "run_id", "rows", "sha256")},
    }


def holdout_metrics(version: ChampionInfo, rows: pd.DataFrame, outcome: pd.Series) -> dict[str, float]:
    """Figures of a registered version on raw rows, at its own threshold. Raises ModelUnreadable."""
    try:
        with tracking_errors():
            pipeline = mlflow.sklearn.load_model(version.uri)
    except TrackingUnavailable:  # an OSError too, but a passing one
        raise
    except UNREADABLE as error:
        raise ModelUnreadable(
            f"{version.uri} cannot be loaded ({type(error).__name__}); the champion stays as it is, "
            f"check the artefact of run {version.run_id}"
        ) from error
    return evaluate_classification_model(outcome, pipeline.predict_proba(rows)[:, 1], float(version.tags["threshold"]))


def _recorded(record_uri: str, model: str) -> dict[str, Any]:
    try:
        record: dict[str, Any] = read_json(record_uri)
    except ObjectMissing as error:
        raise NoChallenger(f"{model} has no challenger; run train_models first") from error
    return record
