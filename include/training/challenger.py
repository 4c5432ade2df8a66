"""Makes the best family of a training the challenger: refit, judged on the holdout, logged and registered."""

import json
import logging
from typing import Any

import mlflow
import pandas as pd
from mlflow.entities.model_registry import ModelVersion
from mlflow.tracking import MlflowClient
from sklearn.pipeline import Pipeline

from include.contract import Contract, KnownAt, load_contract
from include.registry.registry import CHALLENGER, find_version, register
from include.registry.tracking import connect, tracking_errors
from include.settings import settings
from include.training.dataset import Dataset, load_dataset
from include.training.evaluate import evaluate_classification_model
from include.training.families import build_pipeline
from include.training.packaging import log_pipeline
from include.training.runs import child_run, log_snapshot_input

log = logging.getLogger(__name__)


def choose_winner(results: list[dict[str, Any]], metric: str) -> dict[str, Any]:
    """The result with the largest `metric` on the validation side; the first of them where several tie.

    Raises:
        ValueError: there are no results.
    """
    if not results:
        raise ValueError("no family was trained, so there is no challenger; check the train_family tasks")
    return max(results, key=lambda result: float(result["metrics"][metric]))


@tracking_errors()
def register_challenger(
    snapshot_uri: str,
    results: list[dict[str, Any]],
    stage: str,
    parent_run_id: str,
    primary_metric: str | None = None,
) -> dict[str, Any]:
    """Refits the winner on train and validation and registers it under the alias `challenger`.

    Asked again for the same training and stage, it finds the version it registered the first time.

    Args:
        snapshot_uri: folder of the training snapshot.
        results: what `train_family` returned, of any stage; those of other stages are left out.
        stage: capture, engagement or contact.
        parent_run_id: what `start_training` returned.
        primary_metric: figure by which a family wins on the validation side; None takes the setting.

    Returns:
        model, version, stage, family, run_id and metrics on the holdout.

    Raises:
        ValueError: no result belongs to the stage.
        TrackingUnavailable: MLflow does not answer.
    """
    contract, client = load_contract(settings().contract), connect()
    model = contract.model_name(KnownAt(stage))
    found = find_version(client, model, {"training_run_id": parent_run_id})
    if found is None:
        metric = primary_metric or settings().primary_metric
        winner = choose_winner([result for result in results if result["stage"] == stage], metric)
        found = _train_and_register(
            client, contract, load_dataset(snapshot_uri, contract, KnownAt(stage)), winner, parent_run_id
        )
        _close_parent(client, parent_run_id, stage, results)
    client.set_registered_model_alias(model, CHALLENGER, found.version)
    log.info("Challenger of %s is version %s (%s)", model, found.version, found.tags["family"])
    return {
        "model": model,
        "version": str(found.version),
        "stage": stage,
        "family": found.tags["family"],
        "run_id": found.run_id,
        "metrics": json.loads(found.tags["metrics"]),
    }


def _train_and_register(
    client: MlflowClient, contract: Contract, data: Dataset, winner: dict[str, Any], parent_run_id: str
) -> ModelVersion:
    stage, threshold = winner["stage"], winner["metrics"]["threshold"]
    with child_run(client, parent_run_id, "challenger", stage) as run_id:
        pipeline = _refit(contract, data, winner)
        rows, outcome = data.part("holdout")
        metrics = evaluate_classification_model(outcome, pipeline.predict_proba(rows)[:, 1], threshold)
        mlflow.log_params({"family": winner["family"], "stage": stage, "threshold": threshold, **winner["params"]})
        mlflow.log_metrics({f"holdout_{name}": value for name, value in metrics.items()})
        log_snapshot_input(client, run_id, data.manifest)
        logged = log_pipeline(pipeline, data.part("train")[0])
    tags = {
        "training_run_id": parent_run_id,
        "snapshot_uri": data.manifest["uri"],
        "snapshot_sha256": data.manifest["sha256"],
        "contract": contract.contract,
        "contract_version": str(contract.version),
        "stage": stage,
        "family": winner["family"],
        "threshold": repr(threshold),
        "metrics": json.dumps(metrics),
        **{f"holdout_{name}": f"{value:.4f}" for name, value in metrics.items()},
    }
    return register(client, contract.model_name(KnownAt(stage)), logged.model_uri, run_id, tags, logged.model_id)


def _refit(contract: Contract, data: Dataset, winner: dict[str, Any]) -> Pipeline:
    rows, outcome = data.part("train", "validation")
    pipeline = build_pipeline(winner["family"], contract, KnownAt(winner["stage"]), winner["params"])
    return pipeline.fit(rows, outcome)


def _close_parent(client: MlflowClient, parent_run_id: str, stage: str, results: list[dict[str, Any]]) -> None:
    table = pd.DataFrame(
        {"family": one["family"], "stage": one["stage"], **one["metrics"], "params": json.dumps(one["params"])}
        for one in results
    )
    client.log_text(parent_run_id, table.to_csv(index=False), f"results-{stage}.csv")
    client.set_terminated(parent_run_id)
